import logging
import traceback
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..exceptions import JobCancelled, JobError, JobWaiting
from ..tools.backoff import next_delay
from ..tools.sentinels import JOB_ENGINE

_logger = logging.getLogger(__name__)

# Another transaction was faster: the same work succeeds a moment later.
CONCURRENCY_ERRORS = (
    ConcurrencyError,
    LockError,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.UniqueViolation,
)
# An attempt that a dying server cut short counts, so that a job which kills its
# worker is given up; the first few are taken up again at once.
FREE_INTERRUPTIONS = 3
MAX_ATTEMPTS = 10
# Counting the queue exactly is not worth a scan of it.
COUNT_LIMIT = 1000
# What the crons run.
JOB_CODE = "model._job_run()"
# Whatever a kind of job is listed by.
QUEUE_ORDER = "priority, next_try, id"
# The server goes on with these by itself; a person can make it go on with the failed.
OPEN_STATES = ("pending", "running", "waiting")
UNFINISHED_STATES = (*OPEN_STATES, "failed")


class ProgboxJobMixin(models.AbstractModel):
    """Work that survives a killed worker, runs once and retries by itself.

    Each job is run in transactions of its own. A short job holds the lock of its
    row to the end and never writes "running": when its worker dies, PostgreSQL
    frees it. Only the engine moves a job from state to state; people retry it
    through the action.
    """

    _name = "progbox.job.mixin"
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
        # One that a person has made in its place has no XML id.
        return cron.sudo() if cron else self._job_find_crons()[:1]

    @api.model
    def _job_crons(self):
        """Return all crons that do this kind of work, the leader first.

        :rtype: ir.cron
        """
        return self._job_leader() | self._job_find_crons()

    @api.model
    def _job_find_crons(self):
        crons = self.env["ir.cron"].sudo()
        return crons.with_context(active_test=False).search(
            Domain("ir_actions_server_id.model_id.model", "=", self._name)
            & Domain("code", "like", JOB_CODE),
            order="id",
        )

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

    # ------------------------------------------------------------------
    # Engine
    # ------------------------------------------------------------------

    @api.model
    def _job_trigger(self, at=None):
        """Wake the leading worker, now or at a naive UTC datetime."""
        # Without the cron, which an administrator may delete, jobs wait.
        if leader := self._job_leader():
            leader._trigger(at)

    @api.model
    def _job_ready_domain(self):
        return Domain("state", "in", ("pending", "waiting")) & Domain(
            "next_try", "<=", fields.Datetime.now()
        )

    @api.model
    def _job_run(self):
        """Cron: run ready jobs, one transaction each, until the time is up."""
        cron = self.env["ir.cron"]
        ready = self.search_count(self._job_ready_domain(), limit=COUNT_LIMIT)
        self._job_forget_killed_runs()
        cron._commit_progress(remaining=ready)
        self._job_wake_other_workers(ready)
        passed_over = set()
        while job := self._job_begin(passed_over):
            if job := job._job_lock():
                job._job_process_or_postpone()
            if not cron._commit_progress():
                # Odoo comes back, but looks once a minute only unless it is woken.
                self._job_trigger()
                return
        cron._commit_progress(remaining=0)

    @api.model
    def _job_forget_killed_runs(self):
        """Do not let Odoo rest a cron under which three servers have died.

        That limit is each job's own: the one that kills its worker is given up.
        """
        progress_id = self.env.context.get("ir_cron_progress_id")
        progress = self.env["ir.cron.progress"].sudo().browse(progress_id)
        progress.timed_out_counter = 0

    @api.model
    def _job_wake_other_workers(self, ready):
        """Wake the workers behind the leading one when there is work for them."""
        workers = self._job_crons()
        if ready > len(workers) > 1:
            current = self.env.context.get("cron_id")
            if current in (workers[0].id, None):
                for worker in workers[1:]:
                    worker._trigger()

    @api.model
    def _job_begin(self, passed_over):
        """Take the next ready job and commit that its attempt has begun.

        :param set passed_over: ids that this run has already had; extended
        :rtype: the job, or an empty recordset when there is none
        """
        if job := self._job_lock_next(passed_over):
            passed_over.add(job.id)
            job = job.with_context(lang=job._job_language())
            job._job_begin_attempt()
            # Counts already: Odoo lets a cron rest when three servers in a row have
            # died under it without progress. Here, each job has its own limit.
            self.env["ir.cron"]._commit_progress(1)
        return job

    def _job_begin_attempt(self):
        """Count an attempt before it is made, or give up."""
        attempts = self.attempts + 1
        interrupted = attempts - FREE_INTERRUPTIONS
        values = {"attempts": attempts}
        if attempts > MAX_ATTEMPTS:
            self._job_give_up_interrupted()
        elif interrupted > 0:
            # Holds only if this attempt never comes to its end.
            values["next_try"] = fields.Datetime.now() + next_delay(interrupted)
            self._job_trigger(values["next_try"])
        self._job_write(values)

    @api.model
    def _job_lock_next(self, passed_over):
        domain = self._job_ready_domain() & Domain("id", "not in", list(passed_over))
        query = self._search(domain, order=QUEUE_ORDER, limit=1)
        lock = SQL("%s FOR NO KEY UPDATE SKIP LOCKED", query.select())
        while True:
            try:
                self.env.cr.execute(lock, log_exceptions=False)
                return self.browse(id_ for [id_] in self.env.cr.fetchall())
            except psycopg2.errors.SerializationFailure:
                # Another worker has had that job since our transaction began.
                self.env.cr.rollback()

    def _job_lock(self):
        """Lock the job anew: a commit has let go of it.

        :rtype: the job, or an empty recordset when another worker has or had it
        """
        try:
            job = self.try_lock_for_update(allow_referencing=True)
        except psycopg2.errors.SerializationFailure:
            self.env.cr.rollback()
            return self.browse()
        return job.filtered(lambda job: job.state in ("pending", "waiting"))

    def _job_give_up_interrupted(self):
        self._job_fail(
            JobError(
                self.env._(
                    "The server stopped %(count)s times while it worked on this. "
                    "Look at the server's log, then retry.",
                    count=MAX_ATTEMPTS,
                )
            ),
            give_up=True,
        )

    def _job_process_or_postpone(self):
        """Process one job in transactions of its own."""
        try:
            self._job_process(self.env["ir.cron"]._commit_progress)
        except CONCURRENCY_ERRORS as error:
            self.env.cr.rollback()
            if job := self._job_lock():
                job._job_postpone(error)

    def _job_process(self, new_transaction=lambda: float("inf")):
        """Attempt one job and record what came of it.

        :param new_transaction: called to end a transaction; returns the seconds
            that are left for the work
        """
        self.ensure_one()
        try:
            self._job_attempt(new_transaction)
        except JobWaiting as waiting:
            self._job_write(
                {
                    "state": "waiting",
                    "error": waiting.reason,
                    "error_detail": False,
                    "attempts": 0,
                    "next_try": waiting.until,
                }
            )
            self._job_trigger(waiting.until)
        except JobCancelled as cancelled:
            self._job_finish("cancelled", str(cancelled))
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the job must say so
            self._job_fail(error)

    def _job_attempt(self, new_transaction):
        """Prepare and execute one job."""
        prepared = None
        try:
            with self.env.cr.savepoint():
                prepared = self._job_prepare()
            new_transaction()
            self._job_begin_execution()
            # Whoever took the job meanwhile has finished it.
            if not self._job_lock():
                return
            with self.env.cr.savepoint():
                remaining_error = self._job_execute(prepared)
        finally:
            if prepared:
                self._job_discard(prepared)
        if remaining_error:
            self._job_fail(remaining_error)
        else:
            self._job_finish("done")

    def _job_postpone(self, error):
        """Come back in a minute: somebody else holds what the job needs."""
        _logger.info("%s met another transaction and comes again: %s", self, error)
        soon = fields.Datetime.now() + timedelta(minutes=1)
        values = {"next_try": soon}
        if not isinstance(error, psycopg2.errors.UniqueViolation):
            values["attempts"] = max(self.attempts - 1, 0)
        self._job_write(values)
        self._job_trigger(soon)

    def _job_finish(self, state, reason=False):
        self._job_write(
            {
                "state": state,
                "error": reason,
                "error_detail": False,
                "done_on": fields.Datetime.now(),
            }
        )

    def _job_fail(self, error, give_up=False):
        """Keep the error, and the next try or the end of trying."""
        readable = isinstance(error, UserError)
        _logger.warning("%s failed: %s", self, error, exc_info=not readable)
        detail = getattr(error, "detail", None)
        if not readable:
            detail = "".join(traceback.format_exception(error))
        give_up = give_up or self.attempts >= MAX_ATTEMPTS
        next_try = fields.Datetime.now() + next_delay(self.attempts)
        self._job_write(
            {
                "state": "failed" if give_up else "pending",
                "error": self._job_error_text(error),
                "error_detail": detail,
                "next_try": not give_up and next_try,
            }
        )
        if not give_up:
            self._job_trigger(next_try)
        self._job_on_error()

    def _job_error_text(self, error):
        """Return the error in the user's words."""
        if isinstance(error, UserError):
            return str(error)
        if isinstance(error, OSError) and error.strerror:
            return self.env._(
                "The server could not write or read a file: %(reason)s. Make room or "
                "correct the rights on the server, then retry.",
                reason=error.strerror,
            )
        return self.env._(
            "An unexpected error stopped the work: %(error)s. The administrator "
            "finds the detail in the job and in the server's log.",
            error=f"{type(error).__name__}: {error}"[:500],
        )
