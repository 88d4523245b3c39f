from odoo import models


class ProgboxUpload(models.Model):
    """A file on its way in: its bytes arrive in pieces, and stay until it is whole."""

    _name = "progbox.upload"
    _description = "Upload"
