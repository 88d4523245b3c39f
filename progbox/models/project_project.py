from odoo import api, models


class ProjectProject(models.Model):
    _name = "project.project"
    _inherit = ["project.project", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Projects")
