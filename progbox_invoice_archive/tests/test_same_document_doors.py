from contextlib import closing
from unittest.mock import patch

from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from ..models.progbox_seal import ProgboxSeal
from ..tools.discarded import Discarded
from ..tools.report import fonts
from .report_common import pages_of
from .same_document_common import SameDocumentCommon

# The columns of the table of doors, in the readme.
HAPPENINGS = (
    "nothing", "complete", "renumber", "pay_partly", "pay_all", "reverse",
    "change_logo", "follow", "move_company", "move_client", "move_company_later",
    "move_client_later",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestSameDocumentDoors(SameDocumentCommon):
    """Every door gives one document: the archived one while Odoo would say the same."""

    def assertArchived(self):
        """Each door gives the archived bytes, and renders nothing."""
        before = len(self.documents(self.move))
        with patch.object(
            IrActionsReport,
            "_run_wkhtmltopdf",
            side_effect=AssertionError("an archived invoice was rendered anew"),
        ):
            for door in (*self.DOORS, "backup"):
                if door == "printed_with_others" and not hasattr(self, "other"):
                    continue
                with self.subTest(door=door):
                    self.assertEqual(self.through(door), self.bytes)
        self.assertEqual(len(self.documents(self.move)), before)

    def assertRenewed(self, text=None):
        """Each door, whichever is first, gives the next version, and all the same."""
        self.other = self.archived()
        for door in self.DOORS:
            with self.subTest(first=door), closing(Discarded(self.env.cr)):
                given = self.through(door)
                documents = self.documents(self.move)
                self.assertEqual(documents.mapped("version"), [1, 2])
                self.assertEqual(self.content(documents[1]), given)
                self.assertTrue(documents[0].superseded)
                if text:
                    self.assertIn(text, "".join(pages_of(given)))
            self.env.invalidate_all()
        given = self.through(self.DOORS[0])
        self.assertNotEqual(given, self.bytes)
        for door in self.DOORS:
            with self.subTest(door=door):
                self.assertEqual(self.through(door), given)
        self.assertEqual(len(self.documents(self.move)), 2)

    def test_unchanged(self):
        self.other = self.archived()
        self.assertArchived()

    def test_completed(self):
        self.complete()
        self.assertRenewed("PO 4711")

    def test_renumbered(self):
        self.renumber()
        self.assertRenewed("INV/2026/09999")

    def test_a_line_rewritten(self):
        self.move.invoice_line_ids.name = "Pose de parquet"
        self.assertRenewed("Pose de parquet")

    def test_partly_paid(self):
        self.pay_partly()
        self.assertArchived()

    def test_paid(self):
        self.pay_all()
        self.assertArchived()

    def test_reversed(self):
        self.reverse()
        self.assertArchived()

    def test_looks_changed(self):
        self.change_logo()
        self.assertArchived()

    def test_followers_and_notes(self):
        self.follow()
        self.assertArchived()

    def test_company_moved(self):
        self.move_company()
        self.assertRenewed("9 neuve")

    def test_client_moved(self):
        self.move_client()
        self.assertRenewed("2 rue Basse")

    def test_client_moved_after_the_download(self):
        self.move_client_later()
        self.assertArchived()

    def test_company_moved_after_the_download(self):
        self.move_company_later()
        self.assertArchived()

    def test_client_moved_after_the_mail(self):
        self.move.message_post(
            body="Your invoice",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("INV.pdf", self.bytes)],
        )
        self.move_client()
        self.assertArchived()

    def test_client_moved_after_the_closing(self):
        self.server["progbox.closing"]._close(self.company, self.move.invoice_date)
        self.move_client()
        self.assertArchived()

    def test_client_moved_after_the_lock_date(self):
        self.company.sale_lock_date = "2026-11-30"
        self.move_client()
        self.assertArchived()

    def test_a_colleague_who_printed_it_has_not_received_it(self):
        self.through("printed")
        self.move_client()
        self.assertNotEqual(self.through("printed"), self.bytes)

    def test_completed_after_the_download(self):
        self.receive()
        self.complete()
        self.assertRenewed("PO 4711")

    def test_what_was_sent_stays(self):
        self.assertEqual(self.send(), self.bytes)
        self.complete()
        self.move_client()
        self.renumber()
        self.assertEqual(self.jobs_of(self.move).mapped("reason"), ["posting"])
        self.assertArchived()

    def test_a_share_that_took_the_month_has_received_it(self):
        self.env.cr.execute(
            "INSERT INTO progbox_access_log (accessed_on, kind, share_ref, folder_ref,"
            " company_id) VALUES (now() at time zone 'utc' + interval '1 minute',"
            " 'download', 1, %s, %s)",
            [self.document.folder_id.parent_id.id, self.company.id],
        )
        self.move_client()
        self.assertArchived()

    # ------------------------------------------------------------------
    # Somebody else archives meanwhile
    # ------------------------------------------------------------------

    def sealed_by_others(self):
        taken = ConcurrencyError("the line of the ledger was taken")
        return patch.object(ProgboxSeal, "_append", side_effect=taken)

    def test_a_print_that_others_have_overtaken_is_left_to_the_queue(self):
        self.other = self.archived()
        self.complete()
        with self.sealed_by_others():
            printed = self.through("printed_with_others")
        self.assertIn("PO 4711", "".join(pages_of(printed)))
        self.assertEqual(self.documents(self.move), self.document)
        self.assertEqual(self.jobs_of(self.move).mapped("state"), ["done", "pending"])
        self.assertEqual(self.move.progbox_archive_state, "progress")

    def test_a_download_that_others_have_overtaken_is_taken_once_more(self):
        self.complete()
        with self.sealed_by_others(), self.assertRaises(ConcurrencyError):
            self.through("legal_pdf")

    def test_nothing_is_rendered_while_the_ledger_is_locked(self):
        """Not what has no font, either."""
        gaps = self.archived()
        steps = []

        def lock(seals, lock=ProgboxSeal._lock):
            steps.append("locked")
            return lock(seals)

        def render(report, *args, render=IrActionsReport._run_wkhtmltopdf, **kwargs):
            steps.append("rendered")
            return render(report, *args, **kwargs)

        self.complete()
        gaps.narration = "<p>GAP</p>"
        with (
            patch.object(ProgboxSeal, "_lock", lock),
            patch.object(IrActionsReport, "_run_wkhtmltopdf", render),
            patch.object(fonts, "missing", lambda text: "X" if "GAP" in text else ""),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            streams, _type = self.reports()._pre_render_qweb_pdf(
                "account.account_invoices", (self.move | gaps).ids
            )
        self.assertIn(gaps.id, streams)
        newest = self.documents(self.move)[-1]
        given = streams[self.move.id]["stream"].getvalue()
        self.assertEqual(given, self.content(newest))
        self.assertNotIn("rendered", steps[steps.index("locked") :])

    def test_what_cannot_be_archived_is_queued_once(self):
        self.move_company()
        missing = patch.object(fonts, "missing", lambda _text: "X")
        with missing, self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            for _visit in range(2):
                self.through("printed")
        self.assertEqual(self.jobs_of(self.move).mapped("state"), ["done", "pending"])

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def test_an_invoice_that_says_the_same_is_sent_from_the_archive(self):
        self.pay_partly()
        self.assertEqual(self.send(), self.bytes)

    def test_what_happens_to_its_payment_or_looks_is_sent_from_the_archive(self):
        kept = (
            "pay_all", "reverse", "change_logo", "follow", "move_client_later",
            "move_company_later",
        )  # fmt: skip
        for name in kept:
            with self.subTest(name), self.happening(name):
                self.assertEqual(self.send(), self.bytes)
            self.env.invalidate_all()

    def test_what_happens_to_its_words_is_sent_as_it_is_now(self):
        words = {
            self.renumber: "INV/2026/09999",
            # Odoo's own page has no letterhead without patched Qt.
            self.move_company: "",
            self.move_client: "2 rue Basse",
        }
        for happens, text in words.items():
            with self.subTest(happens.__name__), closing(Discarded(self.env.cr)):
                happens()
                sent = self.send()
                self.assertNotEqual(sent, self.bytes)
                self.assertIn(text, "".join(pages_of(sent)))
            self.env.invalidate_all()

    def test_a_completed_invoice_is_sent_as_it_is_and_archived(self):
        self.complete()
        sent = self.send()
        self.assertIn("PO 4711", "".join(pages_of(sent)))
        self.assertEqual(self.through("printed"), sent)
        self.run_jobs(self.move)
        self.assertEqual(self.content(self.documents(self.move)[-1]), sent)
        self.assertEqual(len(self.documents(self.move)), 2)

    # ------------------------------------------------------------------
    # Titles and names
    # ------------------------------------------------------------------

    def preview(self):
        reports = self.reports().sudo().with_context(proforma_invoice=True)
        return reports._render_qweb_html("account.account_invoices", self.move.ids)[0]

    def test_the_preview_has_the_title_of_the_download(self):
        self.assertNotIn(b"roforma", self.preview())
        self.move = self.posted()
        self.assertIn(b"roforma", self.preview())

    def test_the_preview_of_today_has_the_final_title(self):
        """The page in the portal is Odoo's, of today: the file is beside it."""
        for name in HAPPENINGS:
            with self.subTest(name), self.happening(name):
                self.assertNotIn(b"roforma", self.preview())
                self.assertIn(self.move.name.encode(), self.preview())
                self.assertEqual(self.documents(self.move), self.document)
            self.env.invalidate_all()

    def test_the_name_is_the_same_at_every_door(self):
        legal = self.move._get_invoice_legal_documents("pdf", allow_fallback=True)
        [every] = self.move._get_invoice_legal_documents_all(allow_fallback=True)
        [exported] = self.move._get_move_zip_export_docs()
        expected = self.move._get_invoice_report_filename()
        for document in (legal, every, exported):
            self.assertEqual(document["filename"], expected)

    def test_odoos_zip_has_an_invoice_that_nobody_archives_as_before(self):
        draft = self.draft()
        self.assertFalse(draft._get_move_zip_export_docs())
        self.assertFalse(self.posted()._get_move_zip_export_docs())

    # ------------------------------------------------------------------
    # Beside the legal copy
    # ------------------------------------------------------------------

    def test_todays_state_has_what_was_paid_and_is_due(self):
        self.pay_partly()
        report = "progbox_invoice_archive.report_invoice_today"
        today = "".join(pages_of(self.printed(report)))
        self.assertIn("Amount Due", today)
        self.assertNotIn("Amount Due", "".join(pages_of(self.bytes)))
        self.assertEqual(self.documents(self.move), self.document)

    def test_todays_state_is_made_now_whatever_has_happened(self):
        for name in HAPPENINGS:
            with self.subTest(name), self.happening(name):
                today = self.reports()._render_qweb_html(
                    "progbox_invoice_archive.report_invoice_today", self.move.ids
                )[0]
                self.assertIn(self.move.name.encode(), today)
                self.assertEqual(
                    b"PO 4711" in today, name == "complete", "the reference of now"
                )
                self.assertEqual(self.documents(self.move), self.document)
            self.env.invalidate_all()

    def test_todays_state_has_a_qr_code_while_something_is_due(self):
        self.company.qr_code = True
        drawn = self.startPatcher(
            patch.object(
                type(self.move), "_generate_qr_code", return_value="data:,qr-code"
            )
        )
        for happens, shown in ((self.pay_partly, True), (self.pay, False)):
            happens()
            html = self.reports()._render_qweb_html(
                "progbox_invoice_archive.report_invoice_today", self.move.ids
            )[0]
            self.assertEqual(b"qr-code" in html, shown, drawn.call_count)

    def test_todays_state_is_in_the_menu_of_invoices(self):
        actions = self.env["ir.actions.actions"].get_bindings("account.move")
        report = self.env.ref("progbox_invoice_archive.action_report_invoice_today")
        self.assertIn(report.id, [action["id"] for action in actions["report"]])
