from contextlib import closing
from datetime import date, timedelta
from itertools import count
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.models import account_move, account_move_line
from odoo.addons.base.models.ir_actions_report import IrActionsReport

from ..models.invoice_changes import InvoiceChanges
from ..models.invoice_neighbours import PUT_OFF, PUT_OFF_FOR, SETTLING
from ..models.invoice_words import InvoiceWords
from ..tools.discarded import Discarded
from .report_common import pages_of
from .same_document_common import SameDocumentCommon

LOGGER = "odoo.addons.progbox_invoice_archive.models"


@tagged("post_install", "-at_install")
class TestSameDocument(SameDocumentCommon):
    """What a document says, and what a change of it starts."""

    def words(self, move=None):
        return InvoiceWords(move or self.move, self.document.made_with).digests()

    def test_what_is_archived_says_what_odoo_says(self):
        said = {key: self.document.said[key] for key in ("says", "letterhead")}
        self.assertEqual(said, self.words())

    def test_who_asks_and_how_makes_no_difference(self):
        expected = self.words()
        portal = self.env.ref("base.public_user")
        for move in (
            self.move.with_user(self.billing),
            self.move.with_user(portal).sudo(),
            self.move.with_context(
                lang="fr_FR", proforma_invoice=True, show_vat=False, tz="Asia/Tokyo"
            ),
        ):
            self.assertEqual(self.words(move), expected)

    def test_payments_make_no_difference(self):
        self.company.qr_code = True
        expected = self.words()
        for event in (self.pay_partly, self.pay_all):
            event()
            self.assertEqual(self.words(), expected)

    def test_every_look_is_alike_with_qr_codes(self):
        self.company.qr_code = True
        # The picture is another one each time that Odoo draws it.
        drawn = (f"data:image/png;base64,{number}" for number in count())
        self.startPatcher(
            patch.object(
                account_move.AccountMove,
                "_generate_qr_code",
                lambda *_args, **_kwargs: next(drawn),
            )
        )
        self.assertEqual(self.words(), self.words())
        with patch.object(
            IrActionsReport, "_get_report_url", return_value="https://other"
        ):
            self.assertEqual(self.words(), self.words())

    def test_what_is_written_changes_the_words(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "FR76 1", "partner_id": self.company.partner_id.id}
        )
        for vals in (
            {"ref": "PO 4711"},
            {"payment_reference": "RF 18"},
            {"narration": "<p>Merci</p>"},
            {"invoice_date_due": "2027-01-31"},
            {"partner_bank_id": bank.id},
        ):
            with self.subTest(vals):
                before = self.words()
                self.move.write(vals)
                self.assertNotEqual(self.words()["says"], before["says"])
                self.assertEqual(self.words()["letterhead"], before["letterhead"])

    def test_a_moved_company_changes_the_letterhead_alone(self):
        before = self.words()
        self.move_company()
        self.assertEqual(self.words()["says"], before["says"])
        self.assertNotEqual(self.words()["letterhead"], before["letterhead"])

    def test_no_layout_changes_anything(self):
        before = self.words()
        for name in ("boxed", "bold", "striped", "bubble", "wave", "folder"):
            self.company.external_report_layout_id = self.env.ref(
                f"web.external_layout_{name}"
            )
            with self.subTest(name):
                self.assertEqual(self.words(), before)

    def test_a_look_leaves_no_trace(self):
        self.company.qr_code = True
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(move) FROM account_move move WHERE id = %s",
            self.move.ids,
        )
        before = self.env.cr.fetchall()
        self.words()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(move) FROM account_move move WHERE id = %s",
            self.move.ids,
        )
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_a_page_writes_on_no_line(self):
        for move in (self.move, self.draft()):
            self.env.flush_all()
            self.env.invalidate_all()
            with patch.object(
                account_move_line.AccountMoveLine, "write", autospec=True
            ) as write:
                self.reports()._render_qweb_html("account.account_invoices", move.ids)
            write.assert_not_called()

    def test_a_document_that_cannot_be_compared_is_handed_over(self):
        with (
            patch.object(
                IrActionsReport, "_render_qweb_html", side_effect=UserError("no IBAN")
            ),
            self.assertLogs(LOGGER, "WARNING"),
        ):
            self.assertEqual(self.through("printed"), self.bytes)

    def test_the_job_says_why_a_document_cannot_be_compared(self):
        self.complete()
        with patch.object(
            IrActionsReport, "_render_qweb_html", side_effect=UserError("no IBAN")
        ):
            self.run_jobs(self.move)
        self.assertEqual(self.move.progbox_archive_state, "fix")
        self.assertIn("no IBAN", self.jobs_of(self.move)[-1].error)

    def test_a_cursor_that_only_reads_is_changed_for_another(self):
        def no_look(*_args):
            raise AssertionError("looked with a cursor that is given back")

        with (
            patch.object(type(self.env.cr), "readonly", True, create=True),
            patch.object(InvoiceWords, "digests", no_look),
            self.assertRaises(psycopg2.errors.ReadOnlySqlTransaction),
        ):
            self.through("printed")

    def test_a_cursor_that_only_reads_is_enough_for_what_was_sent(self):
        self.complete()
        sent = self.send()
        with (
            patch.object(type(self.env.cr), "readonly", True, create=True),
            patch.object(
                IrActionsReport, "_run_wkhtmltopdf", side_effect=AssertionError
            ),
        ):
            self.assertEqual(self.through("printed"), sent)

    # ------------------------------------------------------------------
    # Changes are archived by themselves
    # ------------------------------------------------------------------

    def reasons(self):
        return self.jobs_of(self.move).mapped("reason")

    def test_a_change_queues_one_job_and_becomes_the_next_version(self):
        self.complete()
        self.move.narration = "<p>Merci</p>"
        self.move.invoice_line_ids.name = "Pose de parquet"
        self.assertEqual(self.reasons(), ["posting", "changed"])
        self.run_jobs(self.move)
        self.assertEqual(self.documents(self.move).mapped("version"), [1, 2])
        self.assertEqual(self.move.progbox_archive_state, "archived")

    def test_the_text_of_a_line_queues_a_job(self):
        self.move.invoice_line_ids.name = "Pose de parquet"
        self.assertEqual(self.reasons(), ["posting", "changed"])

    def test_what_is_not_printed_queues_nothing(self):
        self.follow()
        self.pay_partly()
        self.move.ref = self.move.ref
        self.move.invoice_user_id = self.billing
        self.assertEqual(self.reasons(), ["posting"])

    def test_a_client_who_has_moved_queues_one_job(self):
        self.move_client()
        self.client.zip = "69003"
        self.client.street = "2 rue Basse"
        self.assertEqual(self.reasons(), ["posting", "changed"])
        self.run_jobs(self.move)
        self.assertEqual(self.documents(self.move).mapped("version"), [1, 2])

    def waits(self):
        """Return how long the last job waits; the archiver is woken then."""
        job = self.jobs_of(self.move)[-1]
        self.assertTrue(
            self.env["ir.cron.trigger"].search_count(
                [
                    ("cron_id", "=", self.jobs._job_leader().id),
                    ("call_at", "=", job.next_try),
                ]
            )
        )
        return job.next_try - job.create_date

    def test_a_client_who_moves_in_the_portal_again_and_again_is_put_off(self):
        client = self.client.with_user(self.env.ref("base.public_user")).sudo()
        for street in ("2 rue Basse", "1 rue Haute", "3 rue Basse"):
            client.street = street
        _posting, job = self.jobs_of(self.move)
        self.assertEqual(self.waits(), timedelta(), "the first time")
        self.assertEqual(job.priority, max(self.jobs.search([]).mapped("priority")))
        self.run_jobs(self.move)
        self.assertEqual(self.documents(self.move).mapped("version"), [1, 2])
        client.street = "2 rue Basse"
        self.assertEqual(self.waits(), PUT_OFF_FOR)
        closings = self.server["progbox.closing"]
        self.assertFalse(closings._archiver_is_busy(self.company, date(2026, 12, 1)))
        printed = "".join(pages_of(self.through("printed")))
        self.assertIn("2 rue Basse", printed, "at once for whoever asks")

    def test_a_client_who_moves_in_the_portal_puts_off_nobody_else(self):
        self.client.with_user(self.env.ref("base.public_user")).sudo().zip = "69003"
        self.complete()
        self.assertEqual(self.jobs_of(self.move).mapped("priority"), [0, PUT_OFF, 0])

    def test_what_a_client_puts_off_an_employee_does_not_wait_for(self):
        self.client.with_user(self.env.ref("base.public_user")).sudo().zip = "69003"
        self.move_client()
        self.assertEqual(self.jobs_of(self.move).mapped("priority"), [0, PUT_OFF, 0])
        self.client.zip = "69004"
        self.assertEqual(len(self.jobs_of(self.move)), 3, "once")
        self.run_jobs(self.move)
        self.assertEqual(set(self.jobs_of(self.move).mapped("state")), {"done"})
        self.assertEqual(self.documents(self.move).mapped("version"), [1, 2])

    def test_a_company_that_has_moved_puts_off_one_job(self):
        """Whatever of its letterhead is changed, and in how many steps."""
        own = self.company.partner_id
        for record, vals in (
            (self.company, {"street": "9 rue Neuve"}),
            (self.company, {"company_details": "<p>9 neuve</p>"}),
            (self.company, {"report_footer": "<p>SIRET 1</p>"}),
            (own, {"vat": "FR23334175221", "email": "neuve@example.com"}),
        ):
            with self.subTest(vals), closing(Discarded(self.env.cr)):
                record.write(vals)
                self.assertEqual(
                    self.jobs_of(self.move).mapped("priority"), [0, PUT_OFF]
                )
            self.env.invalidate_all()
        self.move_company()
        self.assertEqual(self.reasons(), ["posting", "changed"])
        self.assertEqual(self.waits(), SETTLING)
        printed = "".join(pages_of(self.through("printed")))
        self.assertIn("9 neuve", printed, "at once for whoever asks")
        self.assertEqual(set(self.jobs_of(self.move).mapped("state")), {"done"})
        self.company.street = "10 rue Neuve"
        self.assertEqual(self.waits(), PUT_OFF_FOR, "not each time a version")

    def test_a_company_that_has_moved_leaves_what_clients_have(self):
        self.receive()
        self.move_company()
        self.assertEqual(self.reasons(), ["posting"])

    def test_the_looks_of_a_company_queue_nothing(self):
        self.change_logo()
        self.company.write({"qr_code": True, "report_footer": False})
        self.assertEqual(self.reasons(), ["posting"])

    def test_a_contact_shows_the_address_of_the_parent(self):
        self.client.is_company = True
        contact = self.client.create({"name": "Atelier", "parent_id": self.client.id})
        self.move = self.archived(partner=contact)
        self.move_client()
        self.assertEqual(self.reasons(), ["posting", "changed"])

    def test_a_bank_account_that_has_changed_queues_a_job(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "FR76 1", "partner_id": self.company.partner_id.id}
        )
        self.move = self.archived(partner_bank_id=bank.id)
        bank.acc_number = "FR76 2"
        self.assertEqual(self.reasons(), ["posting", "changed"])

    def test_what_no_page_shows_of_a_client_queues_nothing(self):
        self.client.write({"comment": "Calls at noon", "street": self.client.street})
        self.assertEqual(self.reasons(), ["posting"])

    def test_a_client_who_has_the_document_queues_nothing(self):
        self.receive()
        self.move_client()
        self.assertEqual(self.reasons(), ["posting"])

    def test_a_client_of_a_closed_month_queues_nothing(self):
        self.server["progbox.closing"]._close(self.company, self.move.invoice_date)
        self.move_client()
        self.assertEqual(self.reasons(), ["posting"])

    def test_a_client_to_whom_it_was_sent_queues_nothing(self):
        self.send()
        self.move_client()
        self.assertEqual(self.reasons(), ["posting"])

    def test_the_queries_of_a_client_who_moves_do_not_grow(self):
        def queries(moves):
            client = self.client.copy()
            for _number in range(moves):
                self.archived(partner=client)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            client.street = "2 rue Basse"
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(1)
        self.assertEqual(queries(1), queries(3))

    def test_a_change_that_is_undone_makes_no_version(self):
        self.complete()
        self.move.ref = "PO 1"
        self.run_jobs(self.move)
        self.assertEqual(self.reasons(), ["posting", "changed"])
        self.assertEqual(self.documents(self.move), self.document)

    def test_an_invoice_that_waits_for_its_first_job_is_not_queued_twice(self):
        self.move = self.posted()
        self.complete()
        self.assertEqual(self.reasons(), ["posting"])

    def test_resequencing_two_invoices(self):
        other = self.archived()
        names = self.move.name, other.name
        # As the wizard of Odoo does it.
        (self.move | other).name = False
        (self.move | other).flush_recordset(["name"])
        self.move.name, other.name = reversed(names)
        self.assertEqual(self.reasons(), ["posting", "changed"])
        self.run_jobs(self.move | other)
        for move, number in ((self.move, names[1]), (other, names[0])):
            self.assertEqual(self.documents(move)[-1].number, number)
            self.assertEqual(self.documents(move)[-1].version, 2)

    def test_each_mail_of_two_resequenced_invoices_has_its_own_file(self):
        other = self.archived(partner=self.client.copy({"email": "b@example.com"}))
        names = self.move.name, other.name
        (self.move | other).name = False
        (self.move | other).flush_recordset(["name"])
        self.move.name, other.name = reversed(names)
        for move in (self.move, other):
            sent = self.send(move)
            self.assertIn(move.name, "".join(pages_of(sent)))
            mailed = move.message_ids.attachment_ids.filtered(
                lambda file: file.mimetype == "application/pdf"
            )
            self.assertEqual(mailed.mapped("raw"), [sent])
            self.assertIn(move.name.replace("/", "_"), mailed.name)

    def test_a_renumbered_invoice_is_named_with_both_numbers(self):
        number = self.move.name
        self.assertFalse(self.document.notice)
        self.renumber()
        self.env.invalidate_all()
        self.assertEqual(self.document.number, number)
        self.assertEqual(self.document.notice, f"Renumbered, now {self.move.name}")
        self.run_jobs(self.move)
        first, second = self.documents(self.move)
        self.assertIn(f"Renumbered, now {self.move.name}", first.notice)
        self.assertFalse(second.notice)

    def test_documents_from_before_the_digests(self):
        """Their number is all that can be compared, beside what is queued."""
        archived = self.archived_for(self.archived(ref="PO 2"))
        self.assertFalse(archived.said)
        self.move = self.env["account.move"].browse(archived.res_id)
        self.startPatcher(
            patch.object(InvoiceChanges, "said", lambda _changes, _move: None)
        )
        self.env.invalidate_all()
        self.assertIn(self.move.id, self.move._progbox_current_documents())
        self.move_client()
        self.assertIn(self.move.id, self.move._progbox_current_documents())
        self.renumber()
        self.assertFalse(self.move._progbox_current_documents())
        self.assertEqual(self.reasons(), ["posting", "changed"])

    def test_a_change_of_what_has_no_digests_is_the_next_version(self):
        self.startPatcher(
            patch.object(InvoiceChanges, "said", lambda _changes, _move: None)
        )
        self.complete()
        with closing(Discarded(self.env.cr)):
            self.assertIn("PO 4711", "".join(pages_of(self.through("printed"))))
        self.env.invalidate_all()
        self.run_jobs(self.move)
        newest = self.documents(self.move)[-1]
        self.assertEqual(newest.version, 2)
        self.assertEqual(self.through("printed"), self.content(newest))
        self.assertEqual(len(self.documents(self.move)), 2, "once")

    # ------------------------------------------------------------------
    # Many at once
    # ------------------------------------------------------------------

    def count_looks(self):
        looks = []
        digests = InvoiceWords.digests

        def look(words, *args):
            looks.append(words.move)
            return digests(words, *args)

        self.startPatcher(patch.object(InvoiceWords, "digests", look))
        return looks

    def test_the_queries_of_a_bulk_door_do_not_grow(self):
        moves = self.move | self.archived() | self.archived()
        self.age_documents(moves)
        looks = self.count_looks()

        def queries(records):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(
                set(records._progbox_current_documents()), set(records.ids)
            )
            return self.env.cr.sql_log_count - before

        queries(moves)
        self.assertEqual(queries(moves[:2]), queries(moves))
        self.assertFalse(looks)

    def test_a_template_of_another_release_makes_no_versions_by_itself(self):
        moves = self.move | self.archived()
        self.age_documents(moves)
        self.env["ir.ui.view"].create(
            {
                "name": "As Odoo writes it since its upgrade",
                "type": "qweb",
                "inherit_id": self.env.ref("account.report_invoice_document").id,
                "arch": """<xpath expr="//div[hasclass('page')]" position="inside">
                    <p>Thank you</p></xpath>""",
            }
        )
        self.assertNotEqual(self.words()["says"], self.document.said["says"])
        self.assertEqual(set(moves._progbox_current_documents()), set(moves.ids))
        self.assertEqual(self.reasons(), ["posting"])
        with self.happening("receive"):
            self.assertEqual(self.through("printed"), self.bytes)

    def test_a_bulk_door_looks_where_a_client_was_written(self):
        other = self.archived(partner=self.client.copy())
        self.age_documents(other)
        looks = self.count_looks()
        self.move_client()
        current = (self.move | other)._progbox_current_documents()
        self.assertEqual(set(current), set(other.ids))
        self.assertEqual([move.id for move in looks], self.move.ids)

    def test_opening_the_print_menu_reads_no_file_and_looks_at_nothing(self):
        moves = self.move | self.archived() | self.archived()
        looks = self.count_looks()
        with patch.object(
            type(self.env["ir.attachment"]),
            "_progbox_blocks",
            side_effect=AssertionError("the menu has read a file"),
        ):
            items = moves.get_extra_print_items()
        self.assertIn("download_all", [item["key"] for item in items])
        self.assertFalse(looks)

        def queries(records):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            records.get_extra_print_items()
            return self.env.cr.sql_log_count - before

        queries(moves)
        self.assertEqual(queries(moves[:2]), queries(moves))

    # ------------------------------------------------------------------
    # Files of the sender inside the e-invoice
    # ------------------------------------------------------------------

    def test_a_file_that_odoo_embeds_is_in_what_is_sent(self):
        if "ubl_cii_xml_id" not in self.env["account.move"]:
            self.skipTest("no UBL here")
        self.client.write(
            {
                "invoice_edi_format": "ubl_bis3",
                "country_id": self.env.ref("base.be").id,
                "peppol_eas": "9925",
                "peppol_endpoint": "0239843188",
                "vat": "BE0239843188",
            }
        )
        attachment = self.env["ir.attachment"].create(
            {"name": "plan.pdf", "raw": self.bytes, "mimetype": "application/pdf"}
        )
        manual = {
            "id": attachment.id,
            "name": attachment.name,
            "mimetype": attachment.mimetype,
            "placeholder": False,
            "manual": True,
        }
        send = self.env["account.move.send"]
        data = {"invoice_edi_format": "ubl_bis3", "mail_attachments_widget": [manual]}
        self.assertTrue(send._progbox_is_embedding(data))
        for other in (
            {"invoice_edi_format": "facturx"},
            {"mail_attachments_widget": [{**manual, "manual": False}]},
            {"mail_attachments_widget": None},
        ):
            self.assertFalse(send._progbox_is_embedding({**data, **other}))
