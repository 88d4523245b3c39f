from odoo import api, models


class ProgboxCompileWizardLine(models.TransientModel):
    _inherit = "progbox.compile.wizard.line"

    @api.depends("wizard_id.with_documents")
    def _compute_sums(self):
        return super()._compute_sums()
