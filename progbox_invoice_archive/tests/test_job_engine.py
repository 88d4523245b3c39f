from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import LockError, UserError
from odoo.sql_db import Cursor
from odoo.tests import tagged

from odoo.addons.base.models.ir_cron import IrCron

from ..exceptions import JobError, JobWaiting
from ..models import progbox_job_mixin
from ..models.progbox_archive_job import ProgboxArchiveJob
from ..models.progbox_job_mixin import (
    FREE_INTERRUPTIONS,
    JOB_FIELDS,
    MAX_ATTEMPTS,
    ProgboxJobMixin,
    QueueRun,
)
from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestJobEngine(ArchiveCommon):
    """A job succeeds once, or says why not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.posted()
        cls.job = cls.jobs_of(cls.move)
        cls.jobs.search([("id", "!=", cls.job.id)]).unlink()
        cls.cron = cls.env.ref("progbox_invoice_archive.ir_cron_archive")

    @contextmanager
    def executing(self, effect):
        """Let every job do this instead of archiving."""

        def execute(job, prepared):
            if isinstance(effect, BaseException):
                raise effect
            return effect(job)

        with patch.object(ProgboxArchiveJob, "_job_execute", execute):
            yield

    def run_cron(self):
        with self.crons_come_to_their_end():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_the_cron_does_what_is_due(self):
        later = self.posted()
        self.jobs_of(later)._job_write(
            {"next_try": fields.Datetime.now() + timedelta(hours=1)}
        )
        executed = []
        with self.executing(lambda job: executed.append(job.id)):
            self.run_cron()
        self.assertEqual(executed, self.job.ids)
        self.assertEqual(self.job.state, "done")
        self.assertTrue(self.job.done_on)

    def test_every_field_of_the_engine_is_named_once(self):
        mixin = self.env["progbox.job.mixin"]
        own = {name for name, field in mixin._fields.items() if field.store}
        self.assertEqual(own - {"id"}, JOB_FIELDS)

    def test_a_done_job_is_never_done_again(self):
        executed = []
        with self.executing(lambda job: executed.append(job.id)):
            self.run_cron()
            self.run_cron()
        self.assertEqual(len(executed), 1)

    def test_a_failure_keeps_the_reason_and_the_next_try(self):
        error = JobError("The roof is leaking.", "drip\ndrip")
        with (
            self.executing(error),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            self.run_cron()
        self.assertEqual(self.job.state, "pending")
        self.assertEqual(self.job.error, "The roof is leaking.")
        self.assertEqual(self.job.error_detail, "drip\ndrip")
        self.assertGreater(self.job.next_try, fields.Datetime.now())
        self.assertTrue(self.job.to_fix)
        self.assertIn(self.job, self.jobs.search([("to_fix", "=", True)]))
        self.assertEqual(self.move.progbox_archive_state, "fix")

    def test_what_a_failing_job_wrote_is_undone(self):
        def half(job):
            job.env["progbox.document.type"].create({"name": "Half", "code": "half"})
            raise ZeroDivisionError

        with self.executing(half), self.mute():
            self.run_cron()
        self.assertFalse(
            self.env["progbox.document.type"].search([("code", "=", "half")])
        )

    def mute(self):
        return self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING")

    def test_one_bad_job_does_not_stop_the_others(self):
        other = self.posted()

        def execute(job):
            if job == self.job:
                raise ZeroDivisionError
            return None

        with self.executing(execute), self.mute():
            self.run_cron()
        self.assertEqual(self.jobs_of(other).state, "done")
        self.assertIn("ZeroDivisionError", self.job.error)
        self.assertIn("Traceback", self.job.error_detail)

    def test_a_full_disk_is_said_in_plain_words(self):
        with self.executing(OSError(28, "No space left on device")), self.mute():
            self.run_cron()
        self.assertIn("No space left on device", self.job.error)
        self.assertIn("Make room", self.job.error)

    def test_the_manager_reads_the_error_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.progbox_archive_user_id = self.env.user
        self.env.user.lang = "fr_FR"
        with self.executing(OSError(28, "No space left on device")), self.mute():
            self.run_cron()
        self.assertIn("Libérez de l'espace", self.job.error)

    def test_a_run_asks_once_who_the_manager_is(self):
        self.queue(2)
        ask, asked = ProgboxJobMixin._job_language, []

        def note(job):
            asked.append(job.company_id)
            return ask(job)

        with patch.object(ProgboxJobMixin, "_job_language", note):
            with self.executing(lambda job: None), self.not_committing():
                with self.nothing_prepared():
                    self.jobs._job_run()
        self.assertEqual(asked, [self.company])

    def test_delays_grow_and_end(self):
        delays = []
        with self.executing(UserError("No.")), self.mute():
            for _attempt in range(MAX_ATTEMPTS):
                self.job._job_write({"next_try": fields.Datetime.now()})
                self.run_cron()
                if self.job.next_try:
                    delays.append(self.job.next_try - fields.Datetime.now())
        self.assertEqual(self.job.state, "failed")
        self.assertEqual(self.job.attempts, MAX_ATTEMPTS)
        self.assertEqual(len(delays), MAX_ATTEMPTS - 1)
        self.assertLess(delays[0], timedelta(minutes=2))
        self.assertGreater(delays[-1], timedelta(hours=2))

    def test_a_job_that_kills_its_worker_is_given_up(self):
        self.job._job_write({"attempts": MAX_ATTEMPTS})
        executed = []
        with self.executing(lambda job: executed.append(job)), self.mute():
            self.run_cron()
        self.assertFalse(executed)
        self.assertEqual(self.job.state, "failed")
        self.assertIn("server stopped", self.job.error)

    def test_a_job_that_is_cut_short_again_comes_back_at_its_time(self):
        self.job._job_write({"attempts": FREE_INTERRUPTIONS})
        with self.not_committing() as processed:
            self.assertEqual(self.jobs._job_begin(QueueRun()), self.job)
        self.assertGreater(self.job.next_try, fields.Datetime.now())
        self.assertEqual(self.triggers_at(self.job.next_try).cron_id, self.cron)
        # Odoo lets a cron rest that dies three times without progress.
        self.assertEqual(processed, [1])

    def test_what_the_time_does_not_allow_is_taken_up_at_once(self):
        other = self.posted()
        self.env["ir.cron.trigger"].sudo().search([]).unlink()
        with self.executing(lambda job: None), self.not_committing(time_left=0):
            self.jobs._job_run()
        self.assertEqual(self.job.state, "done")
        self.assertEqual(self.jobs_of(other).state, "pending")
        self.assertEqual(self.triggers_at(fields.Datetime.now()).cron_id, self.cron)

    @contextmanager
    def not_committing(self, time_left=10):
        """Do as if the server's cron gave this much time; yield what is reported."""
        processed = []

        def commit_progress(_cron, count=0, **_values):
            self.env.flush_all()
            if count:
                processed.append(count)
            return time_left

        with patch.object(IrCron, "_commit_progress", commit_progress):
            yield processed

    def triggers_at(self, moment):
        triggers = self.env["ir.cron.trigger"].sudo()
        return triggers.search([("call_at", "<=", moment)])[-1:]

    def test_retrying_starts_anew(self):
        with self.executing(UserError("No.")), self.mute():
            self.run_cron()
        self.job.action_retry()
        self.assertEqual((self.job.state, self.job.attempts), ("pending", 0))
        with self.executing(lambda job: None):
            self.run_cron()
        self.assertEqual(self.job.state, "done")
        self.assertFalse(self.job.error)

    def test_a_waiting_job_is_no_error(self):
        until = fields.Datetime.now() + timedelta(hours=1)
        with self.executing(JobWaiting("For the answer.", until)):
            self.run_cron()
        self.assertEqual(self.job.state, "waiting")
        self.assertEqual(self.job.next_try, until)
        self.assertFalse(self.job.to_fix)

    def test_a_locked_invoice_comes_again(self):
        with self.executing(LockError("Somebody else has it.")):
            self.run_cron()
        self.assertEqual(self.job.state, "pending")
        self.assertEqual(self.job.attempts, 0)
        self.assertFalse(self.job.error)
        self.assertGreater(self.job.next_try, fields.Datetime.now())

    def test_the_manager_is_warned_once_and_the_warning_goes_away(self):
        other = self.posted()
        manager = self.company._progbox_archive_manager()
        activities = self.env["mail.activity"].sudo()

        def warnings():
            return activities.search([("progbox_company_id", "=", self.company.id)])

        with self.executing(UserError("No.")), self.mute():
            self.run_cron()
        self.assertEqual(len(warnings()), 1)
        self.assertEqual(warnings().user_id, manager)
        self.assertIn(self.company.name, warnings().summary)
        (self.job | self.jobs_of(other)).action_retry()
        with self.executing(lambda job: None):
            self.run_cron()
        self.assertFalse(warnings())

    def test_no_more_workers_than_wanted(self):
        crons = self.jobs._job_crons
        self.jobs._job_set_workers(3)
        self.assertEqual(len(crons().filtered("active")), 3)
        self.jobs._job_set_workers(1)
        self.assertEqual(len(crons().filtered("active")), 1)
        self.assertEqual(
            crons()[0], self.env.ref("progbox_invoice_archive.ir_cron_archive")
        )
        self.jobs._job_set_workers(2)
        self.assertEqual(len(crons()), 3, "the idle worker was not taken again")

    def test_a_long_queue_wakes_the_other_workers(self):
        self.jobs._job_set_workers(2)
        second = self.jobs._job_crons()[1]
        triggers = self.env["ir.cron.trigger"].sudo()
        self.jobs._job_wake_other_workers(2)
        self.assertFalse(triggers.search([("cron_id", "=", second.id)]))
        self.jobs._job_wake_other_workers(20)
        self.assertTrue(triggers.search([("cron_id", "=", second.id)]))

    # ------------------------------------------------------------------
    # The way through the queue
    # ------------------------------------------------------------------

    def queue(self, number=3, **values):
        """Return so many jobs, for invoices that nobody looks at."""
        jobs = self.jobs.create(
            [
                {"move_id": self.move.id, "company_id": self.company.id, **values}
                | {"reason": "posting"}
            ]
            * number
        )
        return jobs

    def taken(self, run=None):
        """Return the jobs that a run takes, in its order."""
        run = run or QueueRun()
        taken = []
        while job := self.jobs._job_lock_next(run):
            taken.append(job)
        return taken

    def test_urgent_jobs_come_first_then_those_that_have_waited_longest(self):
        now = fields.Datetime.now()
        late, early, last = self.queue()
        urgent = self.queue(1, priority=-1)
        not_ready = self.queue(1)
        early._job_write({"next_try": now - timedelta(hours=2)})
        late._job_write({"next_try": now - timedelta(hours=1)})
        last._job_write({"priority": 5, "next_try": now - timedelta(hours=9)})
        not_ready._job_write({"next_try": now + timedelta(hours=1)})
        self.assertEqual(self.taken(), [urgent, early, late, self.job, last])

    def test_a_run_takes_each_job_once_however_soon_it_is_ready_again(self):
        executed = []

        def back_at_once(job):
            executed.append(job.id)
            if job.id % 2:
                raise JobWaiting("Again.", fields.Datetime.now() - timedelta(hours=1))
            raise JobError("No.")

        jobs = self.job | self.queue(5)
        delay = patch.object(progbox_job_mixin, "next_delay", lambda _n: timedelta(0))
        with delay, self.executing(back_at_once), self.mute(), self.nothing_prepared():
            self.run_cron()
        self.assertEqual(sorted(executed), jobs.ids)

    def nothing_prepared(self):
        return patch.object(ProgboxArchiveJob, "_job_prepare", lambda job: None)

    def test_what_is_queued_meanwhile_is_left_to_the_next_run(self):
        run = QueueRun()
        self.assertEqual(self.jobs._job_lock_next(run), self.job)
        urgent = self.queue(1, priority=-1)
        self.assertFalse(self.jobs._job_lock_next(run))
        self.assertEqual(self.taken(), [urgent, self.job])

    def test_the_search_for_the_next_job_does_not_grow(self):
        self.queue(40)
        run, statements = QueueRun(), []
        execute = Cursor.execute

        def note(cursor, query, *arguments, **options):
            execute(cursor, query, *arguments, **options)
            statements.append(cursor._obj.query)

        self.jobs._job_lock_next(run)
        self.env.flush_all()
        with patch.object(Cursor, "execute", note):
            self.assertEqual(len(self.taken(run)), 40)
        self.assertEqual(len(statements), 41)
        self.assertLessEqual(len(statements[40]), len(statements[0]) + 4)
