import json
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.mail_activity import LEDGER
from ..tools.ledger import chain
from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestClosing(ArchiveCommon):
    """A month is closed once, and what comes later is closed beside it."""

    def setUp(self):
        super().setUp()
        self.closings = self.env["progbox.closing"].sudo()
        self.jobs.search([("company_id", "=", self.company.id)]).unlink()

    def close_due(self, today="2026-12-10"):
        with freeze_time(today):
            return self.closings._close_due(self.company)

    def test_a_month_is_closed_when_it_is_over(self):
        self.archived_without_render("INV/1")
        self.archived_without_render("INV/2")
        self.assertFalse(self.close_due("2026-11-30"))
        self.assertFalse(self.close_due("2026-12-03"), "late invoices have no time")
        closing = self.close_due("2026-12-10")
        self.assertEqual(closing.month, date(2026, 11, 1))
        self.assertEqual((closing.number, closing.document_count), (1, 2))
        self.assertEqual(closing.last_sequence, 2)
        self.assertFalse(self.close_due("2026-12-11"), "closed twice")

    def test_a_late_document_opens_a_supplementary_closing(self):
        self.archived_without_render("INV/1")
        first = self.close_due()
        self.archived_without_render("INV/2")
        second = self.close_due("2026-12-20")
        self.assertEqual((second.number, second.document_count), (2, 2))
        self.assertEqual(second.new_document_count, 1)
        self.assertIn("supplementary closing 1", second.display_name)
        self.assertEqual(first.document_count, 1)

    def test_the_total_counts_an_invoice_once_with_its_current_version(self):
        move = self.archived()
        move.button_draft()
        move.invoice_line_ids[0].price_unit = 150
        move.action_post()
        self.run_jobs(move)
        closing = self.close_due()
        self.assertEqual(closing.document_count, 2)
        self.assertEqual(list(closing.totals), [move.currency_id.name])
        self.assertAlmostEqual(
            float(closing.totals[move.currency_id.name]), move.amount_total
        )

    def total(self, closing):
        totals = json.loads(closing.seal_id.payload)["totals"]
        self.assertEqual(totals, closing.totals or {})
        self.assertFalse(closing._is_altered())
        return {name: float(total) for name, total in totals.items()}

    def test_documents_that_no_record_stands_behind_count_each(self):
        self.archived_without_render("INV/1")
        self.archived_without_render("INV/2")
        self.assertEqual(self.total(self.close_due()), {"EUR": 480.0})

    def delete(self, move):
        """Delete an archived invoice, as Odoo allows for the last of its sequence."""
        move.button_draft()
        move.unlink()
        deletions = self.server["progbox.source.deletion"]
        deletions.search([("state", "=", "pending")])._job_process()

    def test_a_deleted_invoice_leaves_the_total_with_a_supplementary_closing(self):
        self.archived_without_render()
        move = self.archived()
        currency, amount = move.currency_id.name, move.amount_total
        first = self.close_due()
        self.assertEqual(self.total(first), {"EUR": 240.0, currency: amount})
        self.delete(move)
        second = self.close_due("2026-12-11")
        self.assertEqual((second.number, second.new_document_count), (2, 0))
        self.assertEqual(second.document_count, 2, "the document stays")
        self.assertEqual(self.total(second), {"EUR": 240.0})
        self.assertFalse(self.close_due("2026-12-12"), "closed twice")

    def test_a_sealed_file_beside_the_invoice_is_not_counted(self):
        document = self.archived_without_render()
        first = self.close_due()
        self.assertEqual(first.document_count, 1)
        self.server["progbox.document"]._deposit(
            {
                "name": "cheque.pdf",
                "folder_id": document.folder_id.id,
                "company_id": self.company.id,
                "type_id": document.type_id.id,
                "mimetype": "application/pdf",
                "document_date": document.document_date,
                "amount_total": 100,
                "currency_name": "EUR",
                "series": "cheques",
            },
            self.server["ir.attachment"]._progbox_stage([b"a cheque"]),
        )
        self.assertFalse(self.close_due("2026-12-11"), "a cheque opened the month")
        count = self.closings._month_values(self.company, first.month, 0)
        self.assertEqual(count["document_count"], 1)

    def test_an_invoice_that_moves_to_another_month_leaves_the_total_of_the_old(self):
        move = self.archived(date="2026-10-05")
        with freeze_time("2026-11-10"):
            october = self.closings._close_due(self.company)
        self.assertEqual(len(october), 1)
        move.button_draft()
        move.name = False
        move.invoice_date = move.date = "2026-11-05"
        move.action_post()
        self.run_jobs(move)
        again, november = self.close_due().sorted("month")
        self.assertEqual((again.month, again.number), (october.month, 2))
        self.assertEqual(self.total(again), {})
        self.assertEqual((november.month, november.number), (date(2026, 11, 1), 1))
        self.assertAlmostEqual(
            self.total(november)[move.currency_id.name], move.amount_total
        )
        self.assertFalse(self.close_due("2026-12-11"), "closed twice")

    def test_a_month_without_documents_is_closed_too(self):
        with freeze_time("2026-09-15"):
            self.archived_without_render("INV/1", "2026-07-01")
            self.archived_without_render("INV/2", "2026-08-30")
            self.archived_without_render("INV/3", "2026-11-30")
        closings = self.close_due().sorted("month")
        self.assertEqual(
            [(c.month.month, c.number, c.document_count) for c in closings],
            # Before September there was no archive that could tell.
            [(7, 1, 1), (8, 1, 1), (9, 1, 0), (10, 1, 0), (11, 1, 1)],
        )
        self.assertEqual(self.total(closings[2]), {})
        self.assertFalse(self.close_due("2026-12-20"), "closed twice")
        self.assertEqual(self.close_due("2027-01-10").document_count, 0)

    def test_a_credit_note_lowers_the_total(self):
        self.archived()
        self.archived("out_refund")
        closing = self.close_due()
        self.assertEqual([float(total) for total in closing.totals.values()], [0.0])

    def test_the_closing_is_a_line_of_the_ledger(self):
        document = self.archived_without_render()
        closing = self.close_due()
        seal = closing.seal_id
        self.assertEqual((seal.kind, seal.sequence), ("closing", 2))
        self.assertEqual(seal.previous_hash, document.seal_id.hash)
        self.assertEqual(closing.last_hash, document.seal_id.hash)
        payload = json.loads(seal.payload)
        self.assertEqual(payload["month"], "2026-11")
        self.assertEqual(payload["documents"], 1)
        self.assertEqual(seal.hash, chain.link(seal.previous_hash, seal.payload))

    def test_nothing_is_closed_while_the_archiver_is_busy(self):
        self.archived_without_render()
        # Due on the day of the closing, whatever day it is in truth.
        self.jobs_of(self.posted())._job_write({"next_try": "2026-12-10 00:00:00"})
        self.assertFalse(self.close_due())

    def test_a_company_that_is_always_posting_closes_all_the_same(self):
        self.archived_without_render()
        self.posted(date="2026-12-01")
        self.assertEqual(self.close_due().document_count, 1)

    def test_the_trouble_of_one_company_leaves_the_others_to_be_closed(self):
        other = self.setup_other_company()["company"]
        self.archived_without_render(company=self.company)
        self.archived_without_render(company=other)
        closings = type(self.closings)
        original = closings._close_due

        def close_due(model, company):
            if company == self.company:
                raise ZeroDivisionError
            return original(model, company)

        cron = self.env.ref("progbox_invoice_archive.ir_cron_closing")
        with (
            patch.object(closings, "_close_due", close_due),
            freeze_time("2026-12-10"),
            self.enter_registry_test_mode(),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "ERROR"),
        ):
            cron.method_direct_trigger()
        self.assertFalse(self.closings.search([("company_id", "=", self.company.id)]))
        self.assertTrue(self.closings.search([("company_id", "=", other.id)]))
        self.assertTrue(self.ledger_alerts())
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(self.ledger_alerts())

    def ledger_alerts(self):
        alert = self.server["mail.activity"]
        self.env.invalidate_all()
        return alert._progbox_open_alerts(self.company, LEDGER)

    def test_each_company_closes_for_itself(self):
        other = self.setup_other_company()["company"]
        self.archived_without_render()
        self.assertFalse(self.closings._close_due(other))
        self.assertEqual(self.close_due().company_id, self.company)

    def test_nobody_changes_a_closing(self):
        self.archived_without_render()
        closing = self.close_due()
        with self.assertRaisesRegex(UserError, "closed for good"):
            closing.document_count = 5
        with self.assertRaisesRegex(UserError, "closed for good"):
            closing.unlink()
        with self.assertRaisesRegex(UserError, "closed for good"):
            closing.copy()
        with self.assertRaisesRegex(UserError, "closed for good"):
            self.closings.create({"month": "2026-10-01", "number": 1})

    def wizard(self, user, month="2026-11-20"):
        return (
            self.env["progbox.closing.wizard"]
            .with_user(user)
            .create({"month": month, "company_id": self.company.id})
        )

    @freeze_time("2026-11-21")
    def test_a_manager_closes_by_hand(self):
        manager = self.env.user
        manager.group_ids |= self.env.ref("account.group_account_manager")
        with self.assertRaisesRegex(UserError, "nothing"):
            self.wizard(manager).action_close()
        self.archived_without_render()
        action = self.wizard(manager).action_close()
        closing = self.closings.browse(action["res_id"])
        self.assertEqual(closing.closed_by, manager.name)
        with self.assertRaisesRegex(UserError, "not begun"):
            self.wizard(manager, "2027-01-01").action_close()

    def test_billing_does_not_close(self):
        with self.assertRaises(AccessError):
            self.wizard(self.billing)

    def test_the_certificate_says_what_was_closed(self):
        self.archived_without_render()
        closing = self.close_due()
        report = self.env["ir.actions.report"]
        html, _type = report._render_qweb_html(
            "progbox_invoice_archive.report_closing", closing.ids
        )
        text = html.decode()
        self.assertIn(closing.last_hash, text)
        self.assertIn(closing.seal_id.hash, text)
        self.assertIn("November 2026", text)
        self.assertNotIn("NF525", text)

    def test_retention_ends_with_the_year(self):
        document = self.archived_without_render(date="2026-03-09")
        self.assertEqual(document.retention_until, date(2036, 12, 31))
        document.type_id.retention_years = 0
        self.assertFalse(document.retention_until)
