from odoo import models


class ProgboxDocumentType(models.Model):
    _inherit = "progbox.document.type"
