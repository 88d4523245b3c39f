from odoo import Command, fields, models


class ProgboxCompilation(models.Model):
    _inherit = "progbox.compilation"

    project_ids = fields.Many2many(
        "project.project",
        "progbox_compilation_project_rel",
        "compilation_id",
        "project_id",
        string="Projects",
        readonly=True,
        help="Whose invoices and bills these are.",
    )

    def _values_again(self):
        projects = [Command.set(self.project_ids.ids)]
        return {**super()._values_again(), "project_ids": projects}

    def _subject(self):
        """A backup of one project is called like the project."""
        projects = self.project_ids
        return super()._subject() or (len(projects) == 1 and projects.display_name)
