from odoo import fields, models


class ProgboxCompileWizardFile(models.TransientModel):
    _inherit = "progbox.compile.wizard.file"

    category = fields.Selection(selection_add=[("document", "ProGBox document")])
