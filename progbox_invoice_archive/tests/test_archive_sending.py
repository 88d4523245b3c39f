from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestArchiveSending(ArchiveCommon):
    """What leaves the house is what is archived, byte for byte."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.email = "lefevre@example.com"
        cls.move = cls.archived()
        cls.document = cls.documents(cls.move)
        cls.bytes = cls.content(cls.document)

    def send(self, move, **values):
        wizard = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"sending_methods": ["email"], **values})
        )
        wizard.with_context(force_report_rendering=True).action_send_and_print(
            allow_fallback_pdf=False
        )
        move.invalidate_recordset()
        return move

    def forbid_rendering(self):
        self.startPatcher(
            patch.object(
                IrActionsReport,
                "_run_wkhtmltopdf",
                side_effect=AssertionError("an archived invoice was rendered anew"),
            )
        )

    def mailed_pdf(self, move):
        attachments = move.message_ids.attachment_ids
        return attachments.filtered(lambda a: a.mimetype == "application/pdf")

    def test_send_and_print_mails_and_links_the_archived_bytes(self):
        self.forbid_rendering()
        self.send(self.move)
        self.assertEqual(self.move.invoice_pdf_report_id.raw, self.bytes)
        self.assertEqual(self.mailed_pdf(self.move).raw, self.bytes)
        self.assertTrue(self.move.is_move_sent)
        self.assertEqual(self.move.move_sent_values, "sent")
        self.assertEqual(len(self.documents(self.move)), 1)
        self.run_jobs(self.move)
        self.assertEqual(len(self.documents(self.move)), 1)

    def test_what_was_taken_from_the_archive_is_not_queued_again(self):
        self.send(self.move)
        self.assertEqual(self.jobs_of(self.move).mapped("reason"), ["posting"])

    def test_the_same_file_linked_by_another_door_is_not_queued_either(self):
        self.link_legal_pdf(self.bytes)
        self.assertEqual(self.jobs_of(self.move).mapped("reason"), ["posting"])

    def test_another_file_is_queued_although_its_bytes_were_dropped_before(self):
        """The digests of the archived files count, not those of any document."""
        other = self.bytes + b"% signed"
        self.server["progbox.document"]._create_with_file(
            {
                "name": "signed.pdf",
                "folder_id": self.server["progbox.folder"]
                .create({"name": "Dropped", "company_id": self.company.id})
                .id,
                "company_id": self.company.id,
                "type_id": self.document.type_id.id,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.move.id,
            },
            self.server["ir.attachment"]._progbox_stage([other]),
        )
        self.link_legal_pdf(other)
        self.assertEqual(self.jobs_of(self.move).mapped("reason"), ["posting", "legal"])

    def link_legal_pdf(self, raw):
        self.env["account.move.send"]._link_invoice_documents(
            {
                self.move: {
                    "pdf_attachment_values": {
                        "name": "legal.pdf",
                        "raw": raw,
                        "mimetype": "application/pdf",
                        "res_model": "account.move",
                        "res_id": self.move.id,
                        "res_field": "invoice_pdf_report_file",
                    }
                }
            }
        )
        self.move.invalidate_recordset()

    def test_the_document_keeps_the_name_that_odoo_gives_it(self):
        self.send(self.move)
        expected = self.move._get_invoice_report_filename()
        self.assertEqual(self.move.invoice_pdf_report_id.name, expected)

    def test_sending_with_another_report_is_a_new_version(self):
        other = self.env.ref("account.account_invoices_without_payment")
        other.is_invoice_report = True
        self.send(self.move, pdf_report_id=other.id)
        legal = self.move.invoice_pdf_report_id.raw
        self.assertNotEqual(legal, self.bytes)
        self.run_jobs(self.move)
        first, second = self.documents(self.move)
        self.assertEqual(self.content(first), self.bytes)
        self.assertEqual(self.content(second), legal)
        self.assertEqual(second.origin, "legal")
        self.assertTrue(first.superseded)

    def test_a_client_of_another_language_gets_a_new_document(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.client.lang = "fr_FR"
        self.send(self.move)
        self.assertNotEqual(self.move.invoice_pdf_report_id.raw, self.bytes)

    def test_a_reposted_invoice_is_not_sent_with_the_old_document(self):
        self.move.button_draft()
        self.move.invoice_line_ids[0].price_unit = 150
        self.move.action_post()
        self.send(self.move)
        legal = self.move.invoice_pdf_report_id.raw
        self.assertNotEqual(legal, self.bytes)
        self.run_jobs(self.move)
        self.assertEqual(self.content(self.documents(self.move)[-1]), legal)

    def test_an_invoice_sent_before_its_job_ran_is_archived_as_sent(self):
        move = self.posted()
        self.send(move)
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(document.version, 1)
        self.assertEqual(self.content(document), move.invoice_pdf_report_id.raw)

    def test_a_lost_file_does_not_stop_the_sending(self):
        attachment = self.document._content_attachment()
        attachment.flush_recordset()
        with self.lifted("ir_attachment"):
            self.env.cr.execute(
                "UPDATE ir_attachment SET store_fname = 'aa/gone' WHERE id = %s",
                [attachment.id],
            )
        attachment.invalidate_recordset()
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "ERROR"):
            self.send(self.move)
        self.assertTrue(self.move.invoice_pdf_report_id.raw)
        self.assertTrue(self.move.is_move_sent)

    def test_printing_gives_the_archived_bytes(self):
        self.forbid_rendering()
        self.assertEqual(self.printed(self.move), self.bytes)
        self.assertEqual(self.printed(self.move.with_user(self.billing)), self.bytes)

    def printed(self, moves, report="account.account_invoices"):
        reports = moves.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        return reports._render_qweb_pdf(report, moves.ids)[0]

    def test_printing_another_report_renders_it(self):
        report = "progbox_invoice_archive.report_invoice_today"
        self.assertNotEqual(self.printed(self.move, report), self.bytes)

    def test_printing_two_invoices_keeps_their_order(self):
        other = self.archived()
        self.forbid_rendering()
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        ids = [other.id, self.move.id]
        streams, _type = reports._pre_render_qweb_pdf("account.account_invoices", ids)
        self.assertEqual(list(streams), ids)
        self.assertEqual(streams[self.move.id]["stream"].getvalue(), self.bytes)

    def test_printing_an_archived_and_a_draft_invoice_together(self):
        draft = self.draft()
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        ids = [draft.id, self.move.id]
        streams, _type = reports._pre_render_qweb_pdf("account.account_invoices", ids)
        self.assertEqual(list(streams), ids)
        self.assertEqual(streams[self.move.id]["stream"].getvalue(), self.bytes)
        self.assertNotEqual(streams[draft.id]["stream"].getvalue(), self.bytes)

    def test_a_draft_is_never_printed_from_the_archive(self):
        self.move.button_draft()
        self.assertNotEqual(self.printed(self.move), self.bytes)

    def test_the_portal_downloads_the_archived_bytes(self):
        self.forbid_rendering()
        [document] = self.move._get_invoice_legal_documents_all(allow_fallback=True)
        self.assertEqual(document["content"], self.bytes)
        self.assertEqual(document["filetype"], "application/pdf")
        self.assertFalse(self.move.is_move_sent)
