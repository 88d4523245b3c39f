import contextlib
import logging
import math
import time
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
# On Odoo's bus, to the pages that show jobs.
JOB_MESSAGE = "progbox_jobs"
# What the engine writes on a job as it goes on.
JOB_FIELDS = frozenset(
    {
        "attempts",
        "begun",
        "done_on",
        "error",
        "error_detail",
        "next_try",
        "priority",
        "state",
    }
)
# What changes on the way and no page shows.
UNSEEN = JOB_FIELDS | {"checkpoint"}


class QueueRun:
    """Where one run of a cron stands in the queue, however long the queue is.

    A run goes through the queue once, in its order, and takes what was ready when
    it began. What is queued meanwhile, or comes back after a failure, is left to the
    next run: Odoo gives a run ten seconds.
    """

    def __init__(self):
        self.began = fields.Datetime.now()
        # Of the job that was taken last: the columns of QUEUE_ORDER.
        self.last = None
        # Of the manager of each company, for the kinds of jobs that speak to them.
        self.languages = {}


class ProgboxJobMixin(models.AbstractModel):
    """Work that survives a killed worker, runs once and retries by itself.

    Each job is run in transactions of its own. A short job holds the lock of its
    row to the end and never writes "running": when its worker dies, PostgreSQL
    frees it. Only the engine moves a job from state to state; people retry it
    through the action.

    A kind of work with many small jobs may take hundreds of them at once: it sets
    ``_job_batch_size`` and defines :meth:`_job_execute_batch`.
    """

    _name = "progbox.job.mixin"
    _inherit = "progbox.own.values.mixin"
    _description = "Background Job"
    _order = QUEUE_ORDER
    # XML id of the cron that does this kind of work; each kind names its own.
    _job_cron = None
    # How many ready jobs are taken at once.
    _job_batch_size = 1

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
    begun = fields.Boolean(
        readonly=True,
        copy=False,
        help="An attempt has begun and nothing has come of it yet: either a worker is "
        "at it, or the server was stopped.",
    )
    next_try = fields.Datetime(default=fields.Datetime.now, readonly=True)
    done_on = fields.Datetime(string="Finished On", readonly=True)
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

    def _job_execute_batch(self):
        """Do the work of several locked jobs at once, and settle each by itself.

        For kinds of work with ``_job_batch_size`` above 1. What is common to all of
        them is done first; then each job gets its own :meth:`_job_outcome`. Example::

            _job_batch_size = 200

            def _job_execute_batch(self):
                # One call for all files. When the service is away, all of them wait.
                try:
                    answers = self._client().upload(self.mapped("path"))
                except ServiceAway as away:
                    reason = self.env._("The service does not answer.")
                    raise JobWaiting(reason, away.retry_after) from away
                for transfer, answer in zip(self, answers, strict=True):
                    with transfer._job_outcome() as transfer:
                        if answer.busy:
                            raise JobWaiting(answer.text, answer.retry_after)
                        if answer.refused:
                            raise JobError(answer.text)
                        transfer._job_write({"revision": answer.revision})

        The whole runs in one transaction, inside a savepoint. An exception that
        leaves this method undoes all of it and is the outcome of every job: that is
        for what all of them have in common. After an attempt that did not succeed,
        or that a dying server cut short, a job comes again in a batch of a quarter
        of the size, so that one that fails a whole batch, or kills its worker, is
        soon alone. It counts as an attempt of each job.

        :raise: as :meth:`_job_execute`, for all jobs alike
        """
        for job in self:
            with job._job_outcome() as attempted:
                prepared = attempted._job_prepare()
                try:
                    remaining_error = attempted._job_execute(prepared)
                finally:
                    if prepared:
                        attempted._job_discard(prepared)
                if remaining_error:
                    attempted._job_fail(remaining_error)

    @api.model
    def _job_leader(self):
        """Return the cron that is woken when there is work.

        :rtype: ir.cron, empty when an administrator has deleted it: jobs then wait
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(self._job_cron)
        crons = self.env["ir.cron"].sudo().with_context(active_test=False)
        # Posting waits: one query finds it, and reads what waking it looks at.
        cron = crons.search_fetch(Domain("id", "=", cron_id), ["active"])
        # One that a person has made in its place has no XML id.
        return cron or self._job_find_crons()[:1]

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

    def _job_language_in(self, run):
        """Return the language, which a kind of many small jobs keeps for its run.

        :param QueueRun run: that the job is done in
        """
        return self._job_language()

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
        if vals.get("state", "running") != "running":
            vals = {**vals, "begun": False}
        engine = self.sudo().with_context(progbox_job_engine=JOB_ENGINE)
        result = engine.write(vals)
        if "state" in vals or vals.keys() - UNSEEN:
            self._job_tell()
        return result

    def _job_tell(self):
        """Let the pages that show such jobs know that there is something new.

        They read it with the rights of whoever sees them: the message names the kind
        of job, and no job. One for each transaction and company is enough.
        """
        told = self.env.cr.precommit.data.setdefault("progbox_jobs_told", set())
        owner = self._fields.get("company_id") or self._fields.get("company_ids")
        for company in self.sudo()[owner.name] if owner else ():
            for model in self._job_shown_by():
                channel = (company, model)
                if channel not in told:
                    told.add(channel)
                    self.env["bus.bus"]._sendone(channel, JOB_MESSAGE, model)

    @api.model
    def _job_shown_by(self):
        """Return the names of the models whose pages show such jobs."""
        return [self._name]

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
                    "Queued again: %(count)s. The list shows what comes of it.",
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
    def _job_ready_domain(self, now):
        """Return what is, or was, ready at a naive UTC datetime."""
        return Domain("state", "in", ("pending", "waiting")) & Domain(
            "next_try", "<=", now
        )

    @api.model
    def _job_run(self):
        """Cron: run ready jobs, each batch in transactions of its own."""
        cron = self.env["ir.cron"]
        run = QueueRun()
        ready = self.search_count(self._job_ready_domain(run.began), limit=COUNT_LIMIT)
        self._job_forget_killed_runs()
        cron._commit_progress(remaining=ready)
        if ready and self.env.context.get("cron_end_time", math.inf) < time.monotonic():
            # Odoo calls up to ten times in a row, and has ten seconds for all of it.
            self._job_trigger()
            return
        self._job_wake_other_workers(ready)
        while jobs := self._job_begin(run):
            if jobs := jobs._job_lock_begun():
                jobs._job_process_or_postpone()
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
    def _job_begin(self, run):
        """Take the next ready jobs and commit that their attempt has begun.

        :param QueueRun run: goes on to them
        :return: one job, or a batch of them; empty when there is none
        """
        if jobs := self._job_lock_next(run):
            if len(jobs) == 1:
                jobs = jobs.with_context(lang=jobs._job_language_in(run))
            jobs._job_begin_attempt()
            # Counts already: Odoo lets a cron rest when three servers in a row have
            # died under it without progress. Here, each job has its own limit.
            self.env["ir.cron"]._commit_progress(len(jobs))
        return jobs

    def _job_begin_attempt(self):
        """Count an attempt before it is made, or give up."""
        for attempts, jobs in self.grouped("attempts").items():
            jobs._job_begin_attempt_number(attempts + 1)

    def _job_begin_attempt_number(self, attempts):
        interrupted = attempts - FREE_INTERRUPTIONS
        if attempts > MAX_ATTEMPTS:
            self._job_give_up_interrupted()
            self._job_write({"attempts": attempts})
            return
        values = {"attempts": attempts, "begun": True}
        if interrupted > 0:
            # Holds only if this attempt never comes to its end.
            values["next_try"] = fields.Datetime.now() + next_delay(interrupted)
            self._job_trigger(values["next_try"])
        self._job_write(values)

    @api.model
    def _job_lock_next(self, run):
        """Lock the jobs that a run takes next.

        The search begins in the index where the last one ended: it costs the same
        however many jobs this run has done, or other workers have.

        :param QueueRun run: goes on to them
        :return: one job, or a batch of them; empty when there is none
        """
        # With the states of the index in so many words, PostgreSQL uses its order also
        # for kinds whose domain is an alternative (see progbox.long.job.mixin).
        states = Domain("state", "in", OPEN_STATES)
        query = self._search(
            states & self._job_ready_domain(run.began),
            order=QUEUE_ORDER,
            limit=self._job_batch_size,
        )
        position = [
            SQL.identifier(self._table, column) for column in QUEUE_ORDER.split(", ")
        ]
        if run.last:
            query.add_where(SQL("(%s) > %s", SQL(", ").join(position), run.last))
        attempts = SQL.identifier(self._table, "attempts")
        lock = SQL(
            "%s FOR NO KEY UPDATE SKIP LOCKED", query.select(*position, attempts)
        )
        self.flush_model()
        while True:
            try:
                self.env.cr.execute(lock, log_exceptions=False)
                return self._job_cut_batch(run, self.env.cr.fetchall())
            except psycopg2.errors.SerializationFailure:
                # Another worker has had that job since our transaction began.
                self.env.cr.rollback()

    @api.model
    def _job_cut_batch(self, run, rows):
        """Return as many of the locked jobs as may be tried together.

        :param QueueRun run: goes on to them
        :param rows: the columns of QUEUE_ORDER and the attempts of each job
        """
        ids, limit = [], self._job_batch_size
        for *position, attempts in rows:
            limit = min(limit, self._job_batch_limit(attempts or 0))
            if len(ids) >= limit:
                break
            run.last = tuple(position)
            ids.append(position[-1])
        return self.browse(ids)

    @api.model
    def _job_batch_limit(self, attempts):
        """Return how many jobs may be in a batch with one of that many attempts."""
        return max(self._job_batch_size >> (2 * attempts), 1)

    def _job_lock_begun(self):
        """Lock jobs anew whose attempt has begun.

        :return: those that no other worker has or had meanwhile
        """
        if self._job_batch_size == 1:
            return self._job_lock()
        # A batch has no preparation: its execution begins in this transaction.
        self._job_begin_execution()
        if jobs := self._job_lock():
            return jobs
        # A single row that another worker has just had lets the whole lock fail.
        self._job_begin_execution()
        return self._job_lock()

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
        """Process one job, or a batch, in transactions of its own."""
        try:
            self._job_process(self.env["ir.cron"]._commit_progress)
        except CONCURRENCY_ERRORS as error:
            self.env.cr.rollback()
            if jobs := self._job_lock():
                jobs._job_unsettled()._job_postpone(error)

    def _job_process(self, new_transaction=lambda: float("inf")):
        """Attempt one job, or a batch of them, and record what came of it.

        :param new_transaction: called to end a transaction; returns the seconds
            that are left for the work
        """
        attempt = self._job_attempt_batch
        if self._job_batch_size == 1:
            attempt = self.ensure_one()._job_attempt
        try:
            attempt(new_transaction)
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the job must say so
            self._job_unsettled()._job_settle(error)

    def _job_attempt_batch(self, new_transaction):
        """Execute a batch of jobs."""
        # Who calls this without the cron has not begun them.
        self.filtered(lambda job: not job.begun)._job_write({"begun": True})
        with self.env.cr.savepoint():
            self._job_execute_batch()
        self._job_fail_forgotten()

    def _job_unsettled(self):
        """Return those of the locked jobs whose attempt has no outcome yet."""
        if self._job_batch_size == 1:
            return self
        return self.filtered("begun")

    def _job_fail_forgotten(self):
        """Let the jobs fail that their batch has left without an outcome."""
        if forgotten := self._job_unsettled():
            forgotten._job_fail(RuntimeError("the batch left it without an outcome"))

    @contextlib.contextmanager
    def _job_outcome(self):
        """Settle one job of a batch by what happens inside.

        It is done, unless an exception says otherwise: JobWaiting, JobCancelled, or
        any other, which is its failure. What the job wrote until then is undone, and
        the others go on. Inside, it may also be settled by :meth:`_job_finish`,
        :meth:`_job_fail` or :meth:`_job_wait`; then that stays.
        """
        self.ensure_one()
        job = self.with_context(lang=self._job_language())
        job._job_check_held()
        try:
            with self.env.cr.savepoint():
                yield job
        except CONCURRENCY_ERRORS as error:
            job._job_postpone(error)
        except Exception as error:  # noqa: BLE001 whatever it is, the job must say so
            job._job_settle(error)
        else:
            if job.begun:
                job._job_finish("done")

    def _job_check_held(self):
        """Check that no other worker may have the job: a short one is locked."""

    def _job_settle(self, error):
        """Record an exception as the outcome of these jobs."""
        if isinstance(error, JobWaiting):
            self._job_wait(error.reason, error.until)
        elif isinstance(error, JobCancelled):
            self._job_finish("cancelled", str(error))
        else:
            self._job_fail(error)

    def _job_attempt(self, new_transaction):
        """Prepare and execute one job."""
        prepared = None
        try:
            with self.env.cr.savepoint():
                # pylint: disable-next=assignment-from-none
                prepared = self._job_prepare()
            new_transaction()
            self._job_carry_out(prepared)
        finally:
            if prepared:
                self._job_discard(prepared)

    def _job_carry_out(self, prepared):
        """Execute one job that is prepared, and record that it is done."""
        self._job_begin_execution()
        # Whoever took the job meanwhile has finished it.
        if not self._job_lock():
            return
        with self.env.cr.savepoint():
            remaining_error = self._job_execute(prepared)
        if remaining_error:
            self._job_fail(remaining_error)
        else:
            self._job_finish("done")

    def _job_postpone(self, error):
        """Come back in a minute: somebody else holds what the job needs."""
        _logger.info("%s met another transaction and comes again: %s", self, error)
        soon = fields.Datetime.now() + timedelta(minutes=1)
        for attempts, jobs in self.grouped("attempts").items():
            values = {"next_try": soon, "begun": False}
            if not isinstance(error, psycopg2.errors.UniqueViolation):
                values["attempts"] = max(attempts - 1, 0)
            jobs._job_write(values)
        self._job_trigger(soon)

    def _job_wait(self, reason, until):
        """Look again later, without an error.

        :param str reason: what the jobs wait for, in the user's words
        :param until: naive UTC datetime of the next look
        """
        # Not in this run any more, whatever the clock says.
        until = max(until, fields.Datetime.now() + timedelta(seconds=1))
        self._job_write(
            {
                "state": "waiting",
                "error": reason,
                "error_detail": False,
                "attempts": 0,
                "next_try": until,
            }
        )
        self._job_trigger(until)

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
        for job in self:
            if len(self) > 1:
                job = job.with_context(lang=job._job_language())
            job._job_fail_one(error, detail, give_up)

    def _job_fail_one(self, error, detail, give_up):
        give_up = give_up or self.attempts >= MAX_ATTEMPTS
        # Not in this run any more, however short the delay.
        delay = max(next_delay(self.attempts), timedelta(seconds=1))
        next_try = fields.Datetime.now() + delay
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
