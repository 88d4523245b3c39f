from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ProgboxBillingPeriod(models.Model):
    """Periods of a project: its invoices and bills of these days, in one backup.

    Its invoices stay in the periods of their company as well, by their date: an invoice
    can be of several projects.
    """

    _inherit = "progbox.billing.period"
    _check_company_auto = True

    project_id = fields.Many2one(
        "project.project",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Whose invoices and bills these are. Empty for a period of the company.",
    )
    project_readable = fields.Boolean(
        compute="_compute_project_readable",
        search="_search_project_readable",
        compute_sudo=True,
        export_string_translation=False,
    )

    @api.depends("project_id")
    def _compute_scope_key(self):
        result = super()._compute_scope_key()
        for period in self.filtered("project_id"):
            period.scope_key = -period.project_id.id
        return result

    @api.depends("project_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_project_readable(self):
        projects = self.project_id
        readable = projects.sudo(False)._progbox_readable_ones(projects.ids)
        for period in self:
            project = period.project_id
            period.project_readable = not project or project.id in readable.ids

    @api.model
    def _search_project_readable(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        found = Domain("project_id", "=", False)
        query = self.env["project.project"]._progbox_readable()
        return found if query is None else found | Domain("project_id", "in", query)

    def write(self, vals):
        if "project_id" in vals and (kept := self._with_invoices()):
            raise UserError(
                self.env._(
                    "%(period)s has invoices: it stays with its company or project.",
                    period=kept[0].display_name,
                )
            )
        result = super().write(vals)
        if "project_id" in vals:
            # Odoo asks before, about the project that it leaves.
            self.check_access("write")
        return result

    def _check_access(self, operation):
        # The rights on a project may have changed since they were last asked for.
        self.invalidate_recordset(["project_readable"], flush=False)
        return super()._check_access(operation)

    @api.depends("project_id")
    def _compute_display_name(self):
        return super()._compute_display_name()

    def _name_of_days(self):
        days = super()._name_of_days()
        # Whoever reads the period reads the project.
        project = self.sudo().project_id
        if not project:
            return days
        return self.env._(
            "%(project)s, %(period)s", project=project.display_name, period=days
        )

    def _compute_counts(self):
        ours = self.filtered("project_id")
        result = super(ProgboxBillingPeriod, self - ours)._compute_counts()
        for period in ours:
            period.invoice_count = len(period._moves(self._customer_types()))
            period.bill_count = len(period._moves(self._vendor_types()))
        return result

    def _moves(self, types):
        if not self.project_id:
            return super()._moves(types)
        self.ensure_one()
        moves = self.project_id._progbox_moves()
        return moves.filtered(
            lambda move: (
                move.move_type in types
                and (day := move._progbox_day())
                and self._contains(day)
            )
        )

    def _action_moves(self, xmlid, types):
        action = super()._action_moves(xmlid, types)
        if not self.project_id:
            return action
        return {**action, "domain": [("id", "in", self._moves(types).ids)]}

    def _job_values(self):
        values = super()._job_values()
        if projects := self.project_id:
            values["project_ids"] = [Command.set(projects.ids)]
        return values
