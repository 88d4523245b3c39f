from odoo import models


class ProgboxMixin(models.AbstractModel):
    """Records with a ProGBox tab: documents of their own and of their relatives."""

    _name = "progbox.mixin"
    _description = "Record With Documents"
