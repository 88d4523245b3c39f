from odoo import api, models


class HrEmployee(models.Model):
    _name = "hr.employee"
    _inherit = ["hr.employee", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Employees")
