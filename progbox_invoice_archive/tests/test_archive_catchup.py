from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..models import progbox_archive_catchup
from ..models.invoice_neighbours import PUT_OFF
from .common import PDF
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestArchiveCatchup(VerificationCommon):
    """What came by another door than posting is found later."""

    INVOICES = 0

    def test_the_history_is_taken_only_when_asked_for(self):
        move = self.posted(date="2024-05-02")
        self.forget(move)
        self.made_before_the_archive(move)
        catchup = self.env["progbox.archive.catchup"].sudo()
        catchup._run_once()
        self.assertFalse(self.jobs_of(move))
        self.assertEqual(move.progbox_archive_state, "missing")
        self.company.progbox_archive_history = True
        catchup._run_once()
        self.assertEqual(self.jobs_of(move).reason, "history")

    def made_before_the_archive(self, move):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET create_date = '2024-05-02' WHERE id = %s",
            [move.id],
        )

    def test_a_draft_from_before_that_was_posted_past_odoo_is_found(self):
        self.company.progbox_archive_started = "2026-01-01"
        old, new = self.draft(date="2024-05-02"), self.draft(date="2026-11-02")
        for move in old | new:
            self.made_before_the_archive(move)
            self.env.cr.execute(
                "UPDATE account_move SET state = 'posted' WHERE id = %s", [move.id]
            )
        self.env.invalidate_all()
        run = self.server["progbox.verification"]._start_here(
            self.company, {"door": "command"}
        )
        run._job_process()
        self.assertEqual(run.finding_counts, {"invoice_missing": 1})
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.assertEqual(self.jobs_of(new).reason, "catchup")
        self.assertFalse(self.jobs_of(old))

    def test_what_came_by_another_door_is_found(self):
        self.company.progbox_archive_started = "2020-01-01"
        move = self.posted()
        self.forget(move)
        self.env["progbox.archive.catchup"].sudo()._run_once()
        job = self.jobs_of(move)
        self.assertEqual(job.reason, "catchup")
        self.run_jobs(move)
        self.assertEqual(self.documents(move).origin, "generated")

    def test_the_catchup_passes_over_what_is_archived_or_queued(self):
        self.company.progbox_archive_started = "2020-01-01"
        archived = self.archived()
        queued = self.posted()
        bill = self.posted("in_invoice")
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.assertEqual(len(self.jobs_of(archived)), 1)
        self.assertEqual(len(self.jobs_of(queued)), 1)
        self.assertFalse(self.jobs_of(bill))

    def test_what_is_put_off_fills_no_queue(self):
        job = self.jobs_of(self.posted())
        length = self.catchup._queue_length()
        job._job_write({"reason": "changed", "priority": 3})
        self.assertEqual(self.catchup._queue_length(), length + 1)
        job._job_write({"priority": PUT_OFF})
        self.assertEqual(self.catchup._queue_length(), length)

    # ------------------------------------------------------------------
    # Legal documents
    # ------------------------------------------------------------------

    def setUp(self):
        super().setUp()
        self.catchup = self.env["progbox.archive.catchup"].sudo()
        self.env["ir.config_parameter"].sudo().set_param(
            progbox_archive_catchup.SEEN_UNTIL, False
        )

    def with_legal_pdf(self, age):
        """Archive an invoice, and attach a PDF to it by another door, days ago."""
        move = self.archived()
        legal = self.env["ir.attachment"].create(
            {
                "name": "legal.pdf",
                "raw": PDF,
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET write_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=age), legal.id],
        )
        return move

    def found(self, moves):
        self.catchup._run_once()
        jobs = self.jobs_of(moves).filtered(lambda job: job.reason == "legal")
        return jobs.move_id

    def test_the_first_run_looks_at_all_legal_documents(self):
        moves = self.with_legal_pdf(1000) | self.with_legal_pdf(0)
        self.assertEqual(self.found(moves), moves)

    def test_the_next_run_looks_at_what_was_attached_since(self):
        self.found(self.env["account.move"])
        old, late, new = map(self.with_legal_pdf, (5, 0.9, 0))
        self.assertEqual(self.found(old | late | new), late | new)

    def test_nothing_is_passed_over_while_there_is_more_to_find(self):
        moves = self.with_legal_pdf(1000) | self.with_legal_pdf(1000)
        with patch.object(progbox_archive_catchup, "BATCH_SIZE", 1):
            self.assertEqual(self.found(moves), moves[0])
        self.assertEqual(self.found(moves), moves)
