from odoo import api, models


class ProgboxClosing(models.Model):
    """Each closing takes the ledger, up to itself, out of Odoo."""

    _inherit = "progbox.closing"

    @api.model_create_multi
    def create(self, vals_list):
        closings = super().create(vals_list)
        self.env["progbox.dropbox.anchor"]._queue_company(closings.company_id)
        return closings
