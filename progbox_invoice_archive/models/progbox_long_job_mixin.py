import contextlib
import math
import os
import socket
import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import psycopg2.errors

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import config
from odoo.tools.sql import escape_psql

from odoo.addons.base.models.ir_cron import MIN_TIME_PER_JOB

from ..exceptions import JobError
from .progbox_job_mixin import CONCURRENCY_ERRORS

# A worker that has not been heard of for this long is dead. Longer than any piece of
# work that does not yield, such as a call of another server; a job waits no longer
# after a fault.
LEASE = timedelta(minutes=2)
# A server that died with the same step so many times did not do so by chance.
MOST_INTERRUPTIONS = 2
# Seconds between two commits on the way: what a killed worker loses at most.
COMMIT_INTERVAL = 2
# Seconds that a run has to come to its end.
BEFORE_LIMIT = 10


def _sent(generator, answer):
    """Go through a generator; each of its yields returns what a function says then."""
    with contextlib.suppress(StopIteration):
        value = next(generator)
        while True:
            yield value
            value = generator.send(answer())


def longest_piece(cron_end_time):
    """Return how many seconds a piece of work may take that cannot be interrupted.

    At the server's time limit not the piece is ended, but the whole server.

    :param cron_end_time: in the context of a scheduled action: when Odoo's time for it
        is up
    """
    begin = cron_end_time - MIN_TIME_PER_JOB
    left = begin + _server_limit() - BEFORE_LIMIT - time.monotonic()
    return max(left, 1)


def _server_limit():
    """Return the seconds after which the server is ended, if an action goes on."""
    limit = config["limit_time_real_cron"]
    if not limit and config["workers"]:  # processes without a limit
        return math.inf
    if limit <= 0:  # a server with threads then takes the other one
        limit = config["limit_time_real"]
    return limit or math.inf


class LeaseLost(Exception):
    """Another worker has taken the job over."""


class ProgboxLongJobMixin(models.AbstractModel):
    """A job that takes longer than one cron run, or than one transaction.

    A commit frees the lock of the row, so the worker holds a lease instead: the
    state "running" and a time that it puts off at each commit. A job whose lease
    has run out is taken over, and goes on where the last commit left it. A run
    that comes to the end of its time leaves the job to the next one.
    """

    _name = "progbox.long.job.mixin"
    _inherit = "progbox.job.mixin"
    _description = "Long Background Job"

    lease_until = fields.Datetime(readonly=True, copy=False)
    lease_holder = fields.Char(
        readonly=True, copy=False, help="Host, process and thread that do the work."
    )

    interruptions = fields.Integer(
        readonly=True,
        copy=False,
        aggregator=None,
        help="How often in a row the server has stopped during the same step.",
    )
    interrupted_step = fields.Char(readonly=True, copy=False)

    # ------------------------------------------------------------------
    # To define by each kind of long job
    # ------------------------------------------------------------------

    def _job_steps(self):
        """Do the work, in pieces of less than a second.

        A generator. After each piece it yields the values to write on the job,
        from which another worker could go on; the transaction may end there. It
        yields None in the middle of a longer piece: the transaction may end, the run
        does not. Such a yield returns whether the time of the run is up: the piece then
        has seconds to come to a place where the next run can go on. A run that takes a
        minute ends the server for everybody (``limit_time_real_cron``).

        :return: generator of dictionaries of field values, or None
        :raise: as _job_execute() of a short job
        """
        raise NotImplementedError

    def _job_execute_batch(self):
        """Do the work of several jobs at once, in pieces of less than a second.

        As for short jobs, but a generator: at each ``yield``, outside of every
        :meth:`_job_outcome`, the transaction may end. What was settled before stays,
        the others keep their lease, and go back to the queue when the time is up. An
        exception undoes what was done since the last commit, and is the outcome of
        the jobs that have none yet. Example::

            def _job_execute_batch(self):
                sessions = self._client().start_sessions(len(self))
                for transfer, session in zip(self, sessions, strict=True):
                    for block in transfer._blocks():
                        session.append(block)
                        yield
                    with transfer._job_outcome():
                        transfer._job_write({"revision": session.commit()})

        :return: iterator of anything
        """
        raise NotImplementedError

    def _job_step_name(self):
        """Return what the work is at, in the user's words; for most it is one step.

        A job is given up when the server has stopped twice in the same one, without
        a run between that came to its end. One of a batch is not: any other of it may
        be to blame.
        """
        if self._job_batch_size > 1:
            return False
        return self.env["ir.model"]._get(self._name).name

    # ------------------------------------------------------------------
    # Engine
    # ------------------------------------------------------------------

    @api.model
    def _job_ready_domain(self, now):
        abandoned = Domain("lease_until", "<", now) | self._job_gone_workers_domain()
        running = Domain("state", "=", "running")
        return super()._job_ready_domain(now) | (running & abandoned)

    @api.model
    def _job_gone_workers_domain(self):
        """Return the jobs of workers of this process that are not at them any more.

        Their run broke off, as when PostgreSQL was killed, or the server has reloaded
        since. This worker is one of them: it is here.
        """
        here, this = self._job_process_name(), threading.current_thread()
        others = [thread for thread in threading.enumerate() if thread is not this]
        return Domain("lease_holder", "=like", f"{escape_psql(here)}%") & Domain(
            "lease_holder", "not in", [f"{here}{thread.ident}" for thread in others]
        )

    @api.model
    def _job_run(self):
        result = super()._job_run()
        # What still runs here is another worker's, or a dead one's: look again then.
        running = Domain("state", "=", "running")
        if job := self.search(running, order="lease_until", limit=1):
            self._job_trigger(job.lease_until + timedelta(seconds=1))
        return result

    def _job_begin_attempt(self):
        stopped = len(self) == 1 and self.begun
        result = super()._job_begin_attempt()
        if len(self) == 1 and self.state != "failed":
            self._job_count_interruption(stopped)
        begun = self.filtered(lambda job: job.state != "failed")
        begun._job_write({"state": "running", **self._job_lease()})
        return result

    def _job_count_interruption(self, stopped):
        """Give up when the server stops again and again in the same step.

        :param bool stopped: whether it did, since the last attempt began
        """
        step = stopped and self._job_step_name()
        if not step:
            if self.interruptions:
                self._job_write({"interruptions": 0, "interrupted_step": False})
            return
        times = self.interruptions + 1 if step == self.interrupted_step else 1
        self._job_write({"interruptions": times, "interrupted_step": step})
        if times >= MOST_INTERRUPTIONS:
            reason = self.env._(
                "The server stopped %(count)s times in a row during the step "
                '"%(step)s". Look at the server\'s log for the cause, then retry.',
                count=times,
                step=step,
            )
            self._job_fail(JobError(reason), give_up=True)

    def _job_attempt(self, new_transaction):
        """Go through the steps, until the end or until the time is up."""
        try:
            if not self._job_lock():
                return
            if not self._job_walk(new_transaction):
                self._job_pause()
                return
        except LeaseLost:
            self.env.cr.rollback()
            return
        except CONCURRENCY_ERRORS:
            raise
        except Exception:
            # Back to the last commit: only what was whole is kept.
            self.env.cr.rollback()
            if self._job_lock():
                raise
            return
        self._job_finish("done")

    def _job_walk(self, new_transaction):
        """Take the steps.

        :return: whether the last one has been taken
        """
        with contextlib.closing(self._job_steps()) as steps:
            committed, run = time.monotonic(), SimpleNamespace(is_over=False)
            for progress in _sent(steps, lambda: run.is_over):
                self._job_write(progress or {})
                if run.is_over and progress is not None:
                    return False
                if time.monotonic() - committed < COMMIT_INTERVAL:
                    continue
                self._job_renew()
                run.is_over = not new_transaction()
                committed = time.monotonic()
                if run.is_over and progress is not None:
                    return False
        if not self._job_lock():
            raise LeaseLost
        return True

    def _job_attempt_batch(self, new_transaction):
        """Go through the steps of a batch, until the end or until the time is up."""
        try:
            if self._job_walk_batch(new_transaction):
                self._job_fail_forgotten()
            else:
                self._job_unsettled()._job_pause()
        except LeaseLost:
            # The others are still ours, and go on in the next run.
            self.env.cr.rollback()
            self._job_lock()._job_pause()
        except CONCURRENCY_ERRORS:
            raise
        except Exception:
            # Back to the last commit: only what was whole is kept.
            self.env.cr.rollback()
            if self._job_lock():
                raise

    def _job_walk_batch(self, new_transaction):
        """Take the steps of a batch.

        :return: whether the last one has been taken
        """
        with contextlib.closing(self._job_execute_batch()) as steps:
            committed = time.monotonic()
            for _step in steps:
                if time.monotonic() - committed < COMMIT_INTERVAL:
                    continue
                self._job_unsettled()._job_renew()
                left = new_transaction()
                committed = time.monotonic()
                if not left:
                    return False
        return True

    def _job_unsettled(self):
        if self._job_batch_size == 1:
            return self
        return self._job_lock()

    def _job_check_held(self):
        if not self._job_lock():
            raise LeaseLost

    def _job_renew(self):
        """Put the end of the lease off, unless it has been lost."""
        if self._job_lock() != self:
            raise LeaseLost
        self._job_write(self._job_lease())
        self.env.flush_all()
        # Nothing that was read before the commit may grow with the work.
        self.env.invalidate_all()

    def _job_pause(self):
        """Let the next run go on: time is up, and that is no failed attempt."""
        if self:
            now = fields.Datetime.now()
            self._job_write({"state": "pending", "attempts": 0, "next_try": now})
            self._job_trigger()

    def _job_write(self, vals):
        if vals.get("state", "running") != "running":
            vals = {**vals, "lease_until": False, "lease_holder": False}
        return super()._job_write(vals)

    def _job_postpone(self, error):
        self._job_write({"state": "pending"})
        return super()._job_postpone(error)

    def _job_lock(self):
        """Lock the row, unless another worker has taken the lease.

        :rtype: the job, or an empty recordset
        """
        self.flush_recordset()
        self.invalidate_recordset(["state", "lease_holder"])
        try:
            job = self.try_lock_for_update(allow_referencing=True)
        except psycopg2.errors.SerializationFailure:
            self.env.cr.rollback()
            return self.browse()
        return job.filtered(
            lambda job: (
                job.state == "running" and job.lease_holder == self._job_worker()
            )
        )

    def _job_lease(self):
        return {
            "lease_until": fields.Datetime.now() + LEASE,
            "lease_holder": self._job_worker(),
        }

    @api.model
    def _job_worker(self):
        """Return the name of this worker: no other that lives has it."""
        return f"{self._job_process_name()}{threading.get_ident()}"

    @api.model
    def _job_process_name(self):
        return f"{socket.gethostname()}:{os.getpid()}:"
