from odoo import api, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Invoices")
