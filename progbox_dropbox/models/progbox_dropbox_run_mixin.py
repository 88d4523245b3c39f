from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import (
    OPEN_STATES,
    UNFINISHED_STATES,
)

# What is over is forgotten after this time; the last one of an account stays.
KEPT = relativedelta(years=1)


class ProgboxDropboxRunMixin(models.AbstractModel):
    """A long job that goes through all copies of an account, one at a time."""

    _name = "progbox.dropbox.run.mixin"
    _inherit = ["progbox.dropbox.job.mixin", "progbox.long.job.mixin"]
    _description = "Run through the Copies of a Dropbox"
    _order = "id desc"
    # The window action that shows such runs, to be named by each kind.
    _run_action = None

    user_id = fields.Many2one(
        "res.users",
        string="Requested By",
        readonly=True,
        ondelete="set null",
        help="Empty when it came by the timetable.",
    )
    position = fields.Integer(readonly=True, aggregator=None)
    total = fields.Integer(readonly=True, aggregator=None)
    progress = fields.Float(compute="_compute_progress")

    @api.depends("position", "total", "state")
    def _compute_progress(self):
        for run in self:
            share = run.position / run.total if run.total else 0
            run.progress = 100 if run.state == "done" else min(100 * share, 100)

    def action_stop(self):
        """End what is under way. What it has come to stays."""
        self._job_check_manager()
        for run in self.filtered(lambda run: run.state in UNFINISHED_STATES):
            run._job_finish(
                "cancelled", self.env._("Stopped by %(user)s.", user=self.env.user.name)
            )

    def _action(self):
        """Return the action that shows this run."""
        action = self.env["ir.actions.actions"]._for_xml_id(self._run_action)
        return {**action, "res_id": self.id, "views": [(False, "form")]}

    @api.model
    def _of_account(self, account, user_id):
        """Return the open run of an account, a new one if there is none."""
        of_account = Domain("account_id", "=", account.id)
        is_open = Domain("state", "in", OPEN_STATES)
        return self.sudo().search(of_account & is_open, limit=1) or self._job_new(
            account, user_id=user_id
        )

    @api.autovacuum
    def _gc_runs(self):
        """Forget runs that are long over, with what they have found."""
        if self._abstract:
            return
        runs = self.sudo()
        groups = runs._read_group([], ["account_id"], ["id:max"])
        newest = [id_ for _account, id_ in groups]
        runs.search(
            Domain("state", "not in", OPEN_STATES)
            & Domain("done_on", "<", fields.Datetime.now() - KEPT)
            & Domain("id", "not in", newest)
        ).unlink()
