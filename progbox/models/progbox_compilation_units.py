from odoo import api, models

from odoo.addons.progbox_invoice_archive.tools.sorting import natural_key


class ProgboxCompilationUnits(models.AbstractModel):
    """One file per project: which invoice is of which."""

    _inherit = "progbox.compilation.units"

    @api.model
    def _find_units(self, job):
        units = super()._find_units(job)
        if job.split_by != "project":
            return units
        moves = [unit.res_id for unit in units if unit.res_model == "account.move"]
        projects = self._progbox_projects(job, moves)
        return [
            unit._replace(
                group=self._progbox_group(
                    projects.get(unit.res_id, ())
                    if unit.res_model == "account.move"
                    else ()
                )
            )
            for unit in units
        ]

    @api.model
    def _progbox_projects(self, job, move_ids):
        """Return the projects of invoices, by the graph of relations, as tuples by id.

        Of those that the backup was asked for; without any, of all that the requester
        may read.
        """
        projects = self.env["project.project"]
        found = {}
        if asked := projects._progbox_readable_ones(job.sudo().project_ids.ids):
            for project in asked:
                for id_ in project._progbox_move_ids():
                    found.setdefault(id_, []).append(project)
            return found
        for move in self.env["account.move"].browse(move_ids):
            found[move.id] = projects.browse(move._progbox_relative_ids(projects._name))
        return found

    @api.model
    def _progbox_group(self, projects):
        """Return the key and the name of the file: one for each set of projects."""
        if not projects:
            return "", self.env._("No project")
        named = sorted(
            projects, key=lambda one: (natural_key(one.display_name), one.id)
        )
        names = ", ".join(project.display_name for project in named)
        ids = " ".join(str(project.id) for project in named)
        return f"{names.casefold()} {ids}", names
