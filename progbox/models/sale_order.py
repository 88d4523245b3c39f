from odoo import api, models


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Quotations")
