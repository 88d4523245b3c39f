from odoo import api, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Clients")
