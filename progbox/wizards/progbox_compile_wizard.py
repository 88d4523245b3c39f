from odoo import Command, api, fields, models


class ProgboxCompileWizard(models.TransientModel):
    _inherit = "progbox.compile.wizard"

    project_ids = fields.Many2many(
        "project.project",
        "progbox_compile_wizard_project_rel",
        "wizard_id",
        "project_id",
        readonly=True,
    )
    documents_text = fields.Char(compute="_compute_texts")

    @api.depends("counts")
    def _compute_texts(self):
        result = super()._compute_texts()
        for wizard in self:
            wizard.documents_text = wizard._count_text("document", are_files=True)
        return result

    @api.depends("with_documents")
    def _compute_total_text(self):
        return super()._compute_total_text()

    def _wanted_kinds(self):
        return {**super()._wanted_kinds(), "document": self.with_documents}

    @api.model
    def _open_for_projects(self, projects):
        """Return the action that shows the wizard for the invoices of projects."""
        action = self._open(projects._progbox_moves())
        wizard = self.browse(action["res_id"])
        wizard.project_ids = projects
        if len(projects) > 1:
            wizard.split_by = "project"
        return action

    def _job_values(self):
        values = super()._job_values()
        if projects := self.project_ids:
            values["project_ids"] = [Command.set(projects.ids)]
            values["name"] = self.env._(
                "Invoices and bills of %(projects)s",
                projects=", ".join(projects.mapped("display_name")),
            )
        return values
