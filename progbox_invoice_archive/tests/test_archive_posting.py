from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestArchivePosting(ArchiveCommon):
    """Posting leaves one job behind, and nothing else."""

    def test_each_kind_of_customer_document_gets_its_job(self):
        for move_type in ("out_invoice", "out_refund", "out_receipt"):
            with self.subTest(move_type=move_type):
                move = self.posted(move_type)
                job = self.jobs_of(move)
                self.assertEqual(job.mapped("state"), ["pending"])
                self.assertEqual(job.reason, "posting")
                self.assertEqual(job.company_id, move.company_id)

    def test_bills_and_entries_get_no_job(self):
        for move_type in ("in_invoice", "in_refund", "in_receipt"):
            with self.subTest(move_type=move_type):
                self.assertFalse(self.jobs_of(self.posted(move_type)))
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    (0, 0, {"account_id": account.id, "debit": debit, "credit": credit})
                    for account, debit, credit in (
                        (self.company_data["default_account_revenue"], 10, 0),
                        (self.company_data["default_account_expense"], 0, 10),
                    )
                ],
            }
        )
        entry.action_post()
        self.assertFalse(self.jobs_of(entry))

    def test_a_draft_gets_no_job(self):
        self.assertFalse(self.jobs_of(self.draft()))

    def test_a_soft_post_queues_only_what_it_posted(self):
        today = self.posted(date=fields.Date.today())
        future = self.draft(date=fields.Date.today() + timedelta(days=40))
        future.date = future.invoice_date
        future._post(soft=True)
        self.assertEqual(future.state, "draft")
        self.assertFalse(self.jobs_of(future))
        self.assertTrue(self.jobs_of(today))

    def test_a_module_that_posts_by_writing_the_state_is_caught(self):
        move = self.draft()
        move.write({"state": "posted", "name": "BY/DOOR/1"})
        self.assertEqual(self.jobs_of(move).reason, "posting")

    def test_writing_the_state_again_queues_nothing(self):
        move = self.posted()
        move.write({"state": "posted"})
        self.assertEqual(len(self.jobs_of(move)), 1)

    def test_posting_wakes_the_archiver(self):
        cron = self.env.ref("progbox_invoice_archive.ir_cron_archive")
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        moves = self.draft() | self.draft()
        moves.action_post()
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_the_archive_costs_as_many_queries_for_ten_as_for_one(self):
        def queries_of(moves):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            moves._progbox_enqueue("posting")
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        one = self.posted()
        ten = one.union(*(self.posted() for _number in range(9)))
        queries_of(one)
        self.assertEqual(queries_of(one), queries_of(ten))
        self.assertLessEqual(queries_of(ten), 3)

    def test_a_billing_user_posts_without_rights_on_jobs(self):
        move = self.draft().with_user(self.billing)
        move.action_post()
        self.assertEqual(self.jobs_of(move).state, "pending")
        self.assertEqual(move.progbox_archive_state, "progress")

    def test_posting_goes_on_when_somebody_deleted_the_cron(self):
        self.env.ref("progbox_invoice_archive.ir_cron_archive").sudo().unlink()
        move = self.posted()
        self.assertEqual(move.state, "posted")
        self.assertEqual(self.jobs_of(move).state, "pending")

    def test_two_companies_queue_each_for_itself(self):
        other = self.setup_other_company()
        move = self.draft()
        theirs = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": other["company"].id,
                "journal_id": other["default_journal_sale"].id,
                "partner_id": self.client.id,
                "invoice_date": "2026-11-02",
                "invoice_line_ids": [(0, 0, {"name": "Theirs", "price_unit": 5})],
            }
        )
        (move | theirs).action_post()
        self.assertEqual(self.jobs_of(move).company_id, self.company)
        self.assertEqual(self.jobs_of(theirs).company_id, other["company"])

    def test_another_invoice_of_the_client_starts_nothing_over(self):
        """Odoo counts a client's invoices on the client, at each posting."""
        move = self.draft()
        move.action_post()
        [job] = self.jobs_of(move)
        self.env.flush_all()
        for partner, change, is_same in (
            (move.partner_id, "customer_rank = customer_rank + 1", True),
            (move.partner_id, "street = 'Rue Neuve 7'", False),
            (self.company.partner_id, "customer_rank = customer_rank + 1", True),
            (self.company.partner_id, "street = 'Rue Neuve 7'", False),
        ):
            with self.subTest(partner=partner, change=change):
                before = job._fingerprint(move)
                self.env.cr.execute(
                    f"UPDATE res_partner SET {change},"  # noqa: S608 a constant
                    " write_date = write_date + interval '1 second' WHERE id = %s",
                    [partner.id],
                )
                self.env.invalidate_all()
                self.assertEqual(job._fingerprint(move) == before, is_same)
