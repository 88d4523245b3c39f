from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import progbox_long_job_mixin, verification_sql
from ..models.verification_check import VerificationCheck
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestVerificationRuns(VerificationCommon):
    """A run comes to its end, whatever happens on the way."""

    def setUp(self):
        super().setUp()
        path = self.path(self.moves[4])
        self.addCleanup(path.write_bytes, path.read_bytes())
        self.startPatcher(patch.object(verification_sql, "PAGE_SIZE", 2))
        self.startPatcher(patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", 0))

    def damage(self):
        self.path(self.moves[4]).write_bytes(b"forged")

    def outcome(self, run):
        return (
            run.state,
            run.position,
            run.files,
            run.volume,
            run.last_sequence,
            run.last_hash,
            run.finding_counts,
            sorted((f.kind, f.sequence, f.number) for f in run.finding_ids),
        )

    def test_a_run_goes_on_where_its_time_was_up(self):
        self.damage()
        whole = self.outcome(self.verify())
        run = self.runs._start_here(self.company, {"door": "command"})
        attempts = 0
        while run._job_process(lambda: 0) or run.state != "done":
            attempts += 1
            self.assertEqual((run.state, run.attempts), ("pending", 0))
            self.assertFalse(run.lease_until)
            run._job_begin_attempt()
        self.assertGreater(attempts, 3)
        self.assertEqual(self.outcome(run), whole)

    def test_a_killed_worker_s_run_is_taken_over(self):
        self.damage()
        whole = self.outcome(self.verify())
        run = self.runs._start_here(self.company, {"door": "command"})
        steps = run._job_steps()
        run._job_write(next(steps))
        run._job_write(next(steps))
        steps.close()
        # The other worker is dead: it has written up to here.
        run._job_write({"lease_holder": "elsewhere:1:1"})
        ready = self.runs._job_ready_domain(fields.Datetime.now())
        self.assertNotIn(run, self.runs.search(ready))
        run._job_process()
        self.assertEqual(run.state, "running", "a living worker was disturbed")
        run._job_write({"lease_until": fields.Datetime.now() - timedelta(seconds=1)})
        self.assertIn(run, self.runs.search(ready))
        self.run_cron()
        self.assertEqual(run.attempts, 2)
        self.assertEqual(self.outcome(run), whole)

    def run_cron(self):
        with self.crons_come_to_their_end():
            self.env.ref(
                "progbox_invoice_archive.ir_cron_verification"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def test_who_lost_the_lease_writes_nothing_more(self):
        run = self.runs._enqueue_runs(self.company, "cron")
        add_findings = type(run)._add_findings
        positions = []

        def take_over(this, findings):
            if this.position:
                positions.append(this.position)
                this._job_write({"lease_holder": "elsewhere:1:1"})
            return add_findings(this, findings)

        with patch.object(type(run), "_add_findings", take_over):
            self.run_cron()
        self.assertEqual(positions, [2])
        # Rolled back to the last commit: the other one goes on from there.
        self.assertEqual((run.state, run.position), ("running", 2))

    def test_an_error_is_kept_and_the_run_comes_again(self):
        run = self.runs._enqueue_runs(self.company, "cron")

        def fail(check, *arguments):
            raise ZeroDivisionError

        with (
            patch.object(VerificationCheck, "_check_part", fail),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            self.run_cron()
        self.assertEqual(run.state, "pending")
        self.assertIn("ZeroDivisionError", run.error)
        self.assertEqual(run.position, len(self.moves))
        run._job_write({"next_try": fields.Datetime.now()})
        self.run_cron()
        self.assertIntact(run)

    def test_two_runs_of_one_company_never_at_once(self):
        run = self.runs._enqueue_runs(self.company, "button")
        self.assertEqual(self.runs._enqueue_runs(self.company, "cron"), run)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.runs.create({"company_id": self.company.id, "door": "cron"})
        run._job_begin_attempt()
        with self.assertRaisesRegex(UserError, "is being verified by"):
            self.runs._start_here(self.company, {"door": "command"})

    def test_the_command_line_goes_first(self):
        queued = self.runs._enqueue_runs(self.company, "button")
        self.assertIntact(self.verify())
        self.assertEqual(queued.state, "cancelled")
        self.assertEqual(queued.result, "failed")

    def test_many_findings_are_counted_and_the_first_listed(self):
        path = "odoo.addons.progbox_invoice_archive.models.progbox_verification"
        self.tamper(
            "UPDATE progbox_document SET partner_name = 'x' WHERE company_id = %s",
            self.company.id,
        )
        with patch(f"{path}.LISTED_PER_KIND", 2):
            run = self.verify()
        self.assertEqual(len(run.finding_ids), 2)
        self.assertEqual(run.finding_count, len(self.moves))
        self.assertEqual(run.findings_by_kind, [["Document changed", len(self.moves)]])
