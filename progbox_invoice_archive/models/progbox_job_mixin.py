from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools.sentinels import JOB_ENGINE
from .progbox_job_engine import QUEUE_ORDER

# The server goes on with these by itself; a person can make it go on with the failed.
OPEN_STATES = ("pending", "running", "waiting")
UNFINISHED_STATES = (*OPEN_STATES, "failed")


class ProgboxJobMixin(models.AbstractModel):
    """Work that survives a killed worker, runs once and retries by itself.

    Only the engine moves a job from state to state; people retry it through the
    action.
    """

    _name = "progbox.job.mixin"
    _inherit = "progbox.job.engine"
    _description = "Background Job"
    _order = QUEUE_ORDER
    # XML id of the cron that does this kind of work; each kind names its own.
    _job_cron = None

    state = fields.Selection(
        [
            ("pending", "Queued"),
            ("running", "Running"),
            ("waiting", "Waiting"),
            ("done", "Done"),
            ("failed", "Given Up"),
            ("cancelled", "Cancelled"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    priority = fields.Integer(
        default=0, readonly=True, aggregator=None, help="Lower runs first."
    )
    attempts = fields.Integer(readonly=True, aggregator=None)
    next_try = fields.Datetime(default=fields.Datetime.now, readonly=True)
    done_on = fields.Datetime(readonly=True)
    error = fields.Text(
        string="What Happened",
        readonly=True,
        help="Why the job has not succeeded yet, and what to do about it.",
    )
    error_detail = fields.Text(
        string="Technical Detail", readonly=True, groups="base.group_system"
    )

    _ready_idx = models.Index(
        "(priority, next_try, id) WHERE state IN ('pending', 'waiting', 'running')"
    )

    # ------------------------------------------------------------------
    # To define by each kind of job
    # ------------------------------------------------------------------

    def _job_prepare(self):
        """Do what takes long and writes nothing to the database, if there is such.

        Runs with the job locked, in a transaction of its own, so that the locks of
        the execution are short.

        :return: whatever :meth:`_job_execute` needs
        :raise: as :meth:`_job_execute`
        """
        return None

    def _job_discard(self, prepared):
        """Clean up what was prepared, whether it was used or not."""

    def _job_begin_execution(self):
        """Take the locks that must be the first thing in their transaction."""

    def _job_execute(self, prepared):
        """Do the work of one locked job, inside a savepoint.

        :return: None when all is done, or the JobError that remains although the
            work that could be done stays
        :raise JobWaiting: to look again later, without an error
        :raise JobCancelled: when there is nothing left to do it for
        :raise JobError: for a failure with a readable reason
        """
        raise NotImplementedError

    @api.model
    def _job_leader(self):
        """Return the cron that is woken when there is work.

        :rtype: ir.cron, empty when an administrator has deleted it: jobs then wait
        """
        cron = self.env.ref(self._job_cron, raise_if_not_found=False)
        return (cron or self.env["ir.cron"]).sudo()

    @api.model
    def _job_crons(self):
        """Return all crons that do this kind of work, the leader first.

        :rtype: ir.cron
        """
        return self._job_leader()

    def _job_language(self):
        """Return the language of what the job has to say: its manager's."""
        return self.company_id._progbox_archive_manager().lang

    def _job_on_error(self):
        """React to an attempt that failed; the job holds its error by now."""

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    def write(self, vals):
        if self.env.context.get("progbox_job_engine") is not JOB_ENGINE:
            raise AccessError(
                self.env._(
                    "Jobs are changed by the server alone. Use the buttons to "
                    "retry a job."
                )
            )
        return super().write(vals)

    def _job_write(self, vals):
        """Write as the engine; the only way to change a job."""
        engine = self.sudo().with_context(progbox_job_engine=JOB_ENGINE)
        return engine.write(vals)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_retry(self):
        """Try the failed and waiting jobs among these again, now."""
        self._job_check_manager()
        again = self.filtered(lambda job: job.state in ("pending", "waiting", "failed"))
        again._job_write(
            {"state": "pending", "attempts": 0, "next_try": fields.Datetime.now()}
        )
        if again:
            self._job_trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if again else "warning",
                "message": self.env._(
                    "%(count)s queued again. The list shows what comes of it.",
                    count=len(again),
                )
                if again
                else self.env._("Nothing here can be tried again."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _job_check_manager(self):
        """Check that the user may steer the jobs; kinds of jobs may let others, too.

        :raise AccessError: for anybody but an archive manager of the company
        """
        self.check_access("read")
        if not self.env.su:
            self.env.user._check_archive_manager()
