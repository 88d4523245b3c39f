import contextlib
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import LockError, UserError
from odoo.tests import tagged

from odoo.addons.base.models.ir_cron import IrCron

from ..exceptions import JobCancelled, JobError, JobWaiting
from ..models import progbox_long_job_mixin
from ..models.progbox_archive_job import ProgboxArchiveJob
from ..models.progbox_export import ProgboxExport
from ..models.progbox_job_mixin import MAX_ATTEMPTS, QueueRun
from .common import ArchiveCommon

LOGGER = "odoo.addons.progbox_invoice_archive.models.progbox_job_mixin"
SIZE = 16


class BatchCommon(ArchiveCommon):
    """A kind of job that takes many rows at once, whatever it does with them."""

    def setUp(self):
        super().setUp()
        self.kind = self.server[self.MODEL._name]
        self.cron = self.kind._job_leader()
        self.kind.search([])._job_finish("cancelled")
        self.startPatcher(
            patch.object(self.MODEL, "_job_batch_size", SIZE, create=True)
        )
        self.batches = []

    def executing(self, effect):
        """Let each batch do this."""

        def execute(jobs):
            self.batches.append(len(jobs))
            return effect(jobs)

        return patch.object(self.MODEL, "_job_execute_batch", execute, create=True)

    def run_cron(self, effect):
        with self.executing(effect), self.crons_come_to_their_end():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def muted(self):
        return self.assertLogs(LOGGER, "WARNING")

    def states(self, jobs):
        return jobs.mapped("state")


@tagged("post_install", "-at_install")
class TestJobBatch(BatchCommon):
    """Each job of a batch has its own end."""

    MODEL = ProgboxArchiveJob

    def queue(self, number):
        move = self.draft()
        return self.kind.create(
            [{"move_id": move.id, "company_id": self.company.id, "reason": "posting"}]
            * number
        )

    def test_a_batch_is_taken_at_once_and_all_of_it_is_done(self):
        jobs = self.queue(SIZE * 2 + 3)

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    pass

        self.run_cron(effect)
        self.assertEqual(self.batches, [SIZE, SIZE, 3])
        self.assertEqual(set(self.states(jobs)), {"done"})
        self.assertEqual(set(jobs.mapped("attempts")), {1})
        self.assertFalse(any(jobs.mapped("begun")))
        self.assertTrue(all(jobs.mapped("done_on")))

    def test_a_kind_without_a_hook_of_its_own_does_one_after_the_other(self):
        jobs = self.queue(5)
        done = []

        def execute(job, _prepared):
            job.ensure_one()
            done.append(job.id)
            if job == jobs[1]:
                raise ZeroDivisionError
            if job == jobs[2]:
                return JobError("Half of it.")
            return None

        prepare = patch.object(ProgboxArchiveJob, "_job_prepare", lambda job: None)
        execute = patch.object(ProgboxArchiveJob, "_job_execute", execute)
        with prepare, execute, self.muted(), self.crons_come_to_their_end():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(done, jobs.ids)
        self.assertEqual(
            self.states(jobs), ["done", "pending", "pending", "done", "done"]
        )
        self.assertEqual(jobs[2].error, "Half of it.")

    def test_one_bad_job_does_not_poison_the_others(self):
        jobs = self.queue(6)
        until = fields.Datetime.now() + timedelta(hours=1)
        ends = {
            jobs[1].id: UserError("No."),
            jobs[2].id: JobWaiting("The service is busy.", until),
            jobs[3].id: JobCancelled("The file is gone."),
            jobs[4].id: LockError("Somebody else has it."),
        }
        types = self.env["progbox.document.type"].sudo()

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    code = f"batch{job.id}"
                    job.env["progbox.document.type"].create(
                        {"name": code, "code": code}
                    )
                    if error := ends.get(job.id):
                        raise error

        with self.muted():
            self.run_cron(effect)
        self.assertEqual(
            self.states(jobs),
            ["done", "pending", "waiting", "cancelled", "pending", "done"],
        )
        self.assertEqual(
            jobs.mapped("error"),
            [False, "No.", "The service is busy.", "The file is gone.", False, False],
        )
        self.assertEqual(jobs.mapped("attempts"), [1, 1, 0, 1, 0, 1])
        self.assertEqual(jobs[2].next_try, until)
        for job in jobs[1] | jobs[4]:
            self.assertGreater(job.next_try, fields.Datetime.now())
        self.assertFalse(any(jobs.mapped("begun")))
        # What the jobs wrote stays with those that are done, and with no other.
        kept = types.search([("code", "like", "batch")], order="id").mapped("code")
        self.assertEqual(kept, [f"batch{job.id}" for job in (jobs[0], jobs[5])])

    def test_the_database_s_own_errors_are_one_job_s_as_well(self):
        jobs = self.queue(3)

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    if job == jobs[1]:
                        job.env.cr.execute("SELECT 1 / 0", log_exceptions=False)

        with self.muted():
            self.run_cron(effect)
        self.assertEqual(self.states(jobs), ["done", "pending", "done"])
        self.assertIn("DivisionByZero", jobs[1].error)

    def test_a_job_may_be_settled_by_hand_inside(self):
        jobs = self.queue(2)

        def effect(batch):
            with batch[0]._job_outcome() as job:
                job._job_finish("cancelled", "Not needed.")
            with batch[1]._job_outcome() as job:
                job._job_fail(JobError("Refused."), give_up=True)

        with self.muted():
            self.run_cron(effect)
        self.assertEqual(self.states(jobs), ["cancelled", "failed"])
        self.assertEqual(jobs.mapped("error"), ["Not needed.", "Refused."])

    def test_what_all_have_in_common_is_the_outcome_of_all(self):
        jobs = self.queue(3)
        until = fields.Datetime.now() + timedelta(hours=1)

        def effect(_batch):
            raise JobWaiting("The service is away.", until)

        self.run_cron(effect)
        self.assertEqual(set(self.states(jobs)), {"waiting"})
        self.assertEqual(set(jobs.mapped("next_try")), {until})
        self.assertEqual(set(jobs.mapped("attempts")), {0})

    def test_a_job_that_fails_its_whole_batch_is_soon_alone(self):
        jobs = self.queue(SIZE)
        bad = jobs[5]

        def effect(batch):
            if bad in batch:
                raise ZeroDivisionError
            for job in batch:
                with job._job_outcome():
                    pass

        for size in (SIZE, SIZE // 4, 1):
            jobs.filtered(lambda job: job.state == "pending")._job_write(
                {"next_try": fields.Datetime.now()}
            )
            with self.muted():
                self.run_cron(effect)
            self.assertEqual(max(self.batches), size)
            self.batches.clear()
        self.assertEqual(jobs.filtered(lambda job: job.state != "done"), bad)
        self.assertEqual((bad.state, bad.attempts), ("pending", 3))
        self.assertIn("ZeroDivisionError", bad.error)

    def test_what_the_batch_leaves_without_an_outcome_has_failed(self):
        jobs = self.queue(2)

        def effect(batch):
            with batch[0]._job_outcome():
                pass

        with self.muted():
            self.run_cron(effect)
        self.assertEqual(self.states(jobs), ["done", "pending"])
        self.assertIn("without an outcome", jobs[1].error)

    def test_nothing_is_lost_when_the_worker_is_killed(self):
        jobs = self.queue(SIZE)
        # The attempts are committed, and then nothing comes any more.
        with patch.object(IrCron, "_commit_progress"):
            self.assertEqual(self.kind._job_begin(QueueRun()), jobs)
        self.assertTrue(all(jobs.mapped("begun")))
        self.assertEqual(set(jobs.mapped("attempts")), {1})

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    pass

        self.run_cron(effect)
        self.assertEqual(set(self.states(jobs)), {"done"})
        # Who kills the worker is found by trying in ever smaller batches.
        self.assertEqual(self.batches, [SIZE // 4] * 4)

    def test_a_fresh_job_is_not_in_a_large_batch_with_a_suspicious_one(self):
        jobs = self.queue(8)
        jobs[3]._job_write({"attempts": 3})
        run, sizes = QueueRun(), []
        while batch := self.kind._job_lock_next(run):
            sizes.append(batch.ids)
        self.assertEqual(sizes, [jobs[:3].ids, jobs[3].ids, jobs[4:].ids])

    def test_a_job_that_kills_its_worker_is_given_up(self):
        jobs = self.queue(3)
        jobs[1]._job_write({"attempts": MAX_ATTEMPTS})
        executed = []

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    executed.append(job.id)

        with self.muted():
            self.run_cron(effect)
        self.assertEqual(executed, [jobs[0].id, jobs[2].id])
        self.assertEqual(self.states(jobs), ["done", "failed", "done"])
        self.assertIn("server stopped", jobs[1].error)

    def test_each_error_is_said_in_the_language_of_its_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.progbox_archive_user_id = self.env.user
        self.env.user.lang = "fr_FR"
        jobs = self.queue(2)

        def effect(_batch):
            raise OSError(28, "No space left on device")

        with self.muted():
            self.run_cron(effect)
        for job in jobs:
            self.assertIn("Libérez de l'espace", job.error)


@tagged("post_install", "-at_install")
class TestLongJobBatch(BatchCommon):
    """A batch that commits on the way holds a lease for each job."""

    MODEL = ProgboxExport

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", -1))

    def queue(self, number):
        values = {"name": "Batch", "kind": "zip", "target": "zip"}
        values["domain"] = [("id", "=", 0)]
        return self.kind.create([values] * number)

    def begun(self, jobs):
        with patch.object(IrCron, "_commit_progress"):
            self.assertEqual(self.kind._job_begin(QueueRun()), jobs)
        return jobs

    def process(self, jobs, effect, **options):
        """Do as the cron does with jobs that have begun, without its rollback."""
        with (
            self.executing(effect),
            patch.object(self.env.cr, "rollback", lambda: None),
        ):
            jobs._job_process(**options)
        self.env.invalidate_all()

    def test_each_job_is_settled_on_the_way(self):
        jobs = self.queue(3)
        seen = []

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    if job == jobs[1]:
                        raise JobError("No.")
                yield
                seen.append(batch.mapped("state"))

        with self.muted():
            self.run_cron(effect)
        self.assertEqual(seen[0], ["done", "running", "running"])
        self.assertEqual(seen[1], ["done", "pending", "running"])
        self.assertEqual(self.states(jobs), ["done", "pending", "done"])
        self.assertFalse(any(jobs.mapped("lease_until")))
        self.assertFalse(any(jobs.mapped("begun")))

    def test_the_leases_of_the_unsettled_are_renewed(self):
        jobs = self.begun(self.queue(2))
        old = fields.Datetime.now() + timedelta(seconds=5)
        jobs._job_write({"lease_until": old})

        def effect(batch):
            with batch[0]._job_outcome():
                pass
            yield
            self.assertFalse(batch[0].lease_until)
            self.assertGreater(batch[1].lease_until, old)
            with batch[1]._job_outcome():
                pass

        self.process(jobs, effect)
        self.assertEqual(self.states(jobs), ["done", "done"])

    def test_what_the_time_does_not_allow_goes_on_in_the_next_run(self):
        jobs = self.begun(self.queue(3))

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    pass
                yield

        self.process(jobs, effect, new_transaction=lambda: 0)
        self.assertEqual(self.states(jobs), ["done", "pending", "pending"])
        self.assertEqual(jobs.mapped("attempts"), [1, 0, 0])
        self.assertFalse(any(jobs.mapped("lease_until")))
        self.run_cron(effect)
        self.assertEqual(self.states(jobs), ["done", "done", "done"])

    def test_another_worker_takes_over_what_a_killed_one_held(self):
        jobs = self.begun(self.queue(SIZE))
        jobs._job_write({"lease_holder": "another:1:1"})
        self.assertFalse(self.kind._job_lock_next(QueueRun()))
        # One was settled and committed before the kill.
        jobs[0]._job_finish("done")
        past = fields.Datetime.now() - timedelta(seconds=5)
        jobs[1:]._job_write({"lease_until": past, "lease_holder": "dead:1:1"})
        done = []

        def effect(batch):
            for job in batch:
                with job._job_outcome():
                    done.append(job.id)
                yield

        self.run_cron(effect)
        self.assertEqual(done, jobs[1:].ids)
        self.assertEqual(set(self.states(jobs)), {"done"})
        self.assertEqual(max(self.batches), SIZE // 4)

    def test_a_worker_that_has_lost_a_lease_settles_nothing_of_it(self):
        jobs = self.begun(self.queue(3))

        def effect(batch):
            with batch[0]._job_outcome():
                pass
            yield
            batch[1]._job_write({"lease_holder": "another:1:1"})
            with batch[1]._job_outcome():
                self.fail("worked on what another worker has")
            yield

        self.process(jobs, effect)
        self.assertEqual(self.states(jobs), ["done", "running", "pending"])
        self.assertEqual(jobs[1].lease_holder, "another:1:1")
        self.assertEqual(jobs[2].attempts, 0)

    def test_an_exception_is_the_outcome_of_those_that_have_none(self):
        jobs = self.begun(self.queue(3))

        def effect(batch):
            with batch[0]._job_outcome():
                pass
            yield
            raise JobError("The line is cut.")

        with self.muted():
            self.process(jobs, effect)
        self.assertEqual(self.states(jobs), ["done", "pending", "pending"])
        self.assertEqual(jobs[1:].mapped("error"), ["The line is cut."] * 2)

    def test_the_steps_are_closed_when_the_batch_stops(self):
        jobs = self.begun(self.queue(2))
        closed = []

        def effect(_batch):
            with contextlib.ExitStack() as stack:
                stack.callback(closed.append, True)
                yield

        self.process(jobs, effect, new_transaction=lambda: 0)
        self.assertEqual(closed, [True])
