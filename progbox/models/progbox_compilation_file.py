from odoo import fields, models


class ProgboxCompilationFile(models.Model):
    _inherit = "progbox.compilation.file"

    kind = fields.Selection(
        selection_add=[("document", "ProGBox document")],
        ondelete={"document": "cascade"},
    )
