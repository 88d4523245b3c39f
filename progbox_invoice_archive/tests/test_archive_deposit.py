from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.models.account_move_send import AccountMoveSend

from .common import PDF, ArchiveCommon


@tagged("post_install", "-at_install")
class TestArchiveDeposit(ArchiveCommon):
    """What lies in the archive after the job."""

    def test_the_pdf_lies_in_the_month_of_the_invoice(self):
        move = self.archived(date="2025-03-09")
        document = self.documents(move)
        self.assertEqual(document.folder_id.display_name, ".factures / 2025 / 03")
        self.assertEqual(document.name, move.name.replace("/", "_") + ".pdf")
        self.assertTrue(self.content(document).startswith(b"%PDF-"))
        self.assertEqual(document.size, len(self.content(document)))
        self.assertEqual(move.progbox_archive_state, "archived")

    def test_the_document_keeps_copies_of_what_it_shows(self):
        move = self.archived()
        document = self.documents(move)
        self.assertEqual(document.number, move.name)
        self.assertEqual(document.partner_name, "Maçonnerie Lefèvre")
        self.assertEqual(document.amount_total, move.amount_total)
        self.assertEqual(document.currency_id, move.currency_id)
        self.client.name = "Renamed"
        self.assertEqual(document.partner_name, "Maçonnerie Lefèvre")

    def test_a_credit_note_and_a_receipt_have_their_own_type(self):
        for move_type, code, sign in (
            ("out_refund", "credit_note", -1),
            ("out_receipt", "receipt", 1),
        ):
            move = self.archived(move_type)
            document = self.documents(move)
            self.assertEqual(document.type_id.code, code)
            self.assertEqual(document.amount_total, sign * move.amount_total)

    def test_archiving_leaves_no_trace_on_the_invoice(self):
        move = self.posted()
        self.env.flush_all()
        names = [
            name
            for name, field in move._fields.items()
            if field.type != "binary" and not name.startswith("progbox_")
        ]
        before = move.sudo().read(names)[0]
        attachments = self.attachments_of(move)
        self.run_jobs(move)
        self.assertTrue(self.documents(move))
        self.assertEqual(move.sudo().read(names)[0], before)
        self.assertEqual(self.attachments_of(move), attachments)
        self.assertFalse(move.is_move_sent)
        self.assertFalse(move.invoice_pdf_report_id)

    def attachments_of(self, move):
        return (
            self.env["ir.attachment"]
            .sudo()
            .with_context(skip_res_field_check=True)
            .search([("res_model", "=", move._name), ("res_id", "=", move.id)])
        )

    def test_a_document_is_archived_once(self):
        move = self.archived()
        move._progbox_enqueue("catchup")
        self.run_jobs(move)
        self.assertEqual(len(self.documents(move)), 1)

    def test_two_jobs_of_one_posting_make_one_version(self):
        move = self.posted()
        move.button_draft()
        move.action_post()
        first, second = self.jobs_of(move)
        first._job_process()
        self.assertEqual((first | second).mapped("state"), ["done", "done"])
        self.assertEqual(self.documents(move).mapped("version"), [1])

    def test_a_reposted_invoice_gets_a_second_version(self):
        move = self.archived()
        old = self.documents(move)
        move.button_draft()
        move.invoice_line_ids[0].price_unit = 150
        move.action_post()
        self.assertEqual(move.progbox_archive_state, "progress")
        self.run_jobs(move)
        new = self.documents(move) - old
        self.assertEqual(new.version, 2)
        self.assertEqual(new.name, move.name.replace("/", "_") + "-v2.pdf")
        self.assertEqual(new.amount_total, move.amount_total)
        self.assertNotEqual(new.amount_total, old.amount_total)
        self.assertTrue(old.superseded)
        self.assertFalse(new.superseded)
        superseded = self.env["progbox.document"].search([("superseded", "=", True)])
        self.assertIn(old, superseded)
        self.assertNotIn(new, superseded)

    def test_back_in_draft_before_the_job_ran(self):
        move = self.posted()
        move.button_draft()
        self.run_jobs(move)
        job = self.jobs_of(move)
        self.assertEqual(job.state, "cancelled")
        self.assertIn("draft", job.error)
        self.assertFalse(self.documents(move))
        self.assertFalse(move.progbox_archive_state)
        move.action_post()
        self.run_jobs(move)
        self.assertEqual(self.documents(move).version, 1)

    def test_a_deleted_invoice_leaves_its_document(self):
        move = self.archived()
        document = self.documents(move)
        content = self.content(document)
        number = move.name
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertTrue(document.exists())
        self.assertEqual(document.number, number)
        self.assertEqual(self.content(document), content)
        with self.assertRaisesRegex(UserError, "deleted in Odoo"):
            document.action_open_record()

    def test_a_number_used_again_starts_at_version_one(self):
        move = self.archived()
        number = move.name
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        again = self.archived()
        self.assertEqual(again.name, number)
        self.assertEqual(self.documents(again).version, 1)

    def test_a_legal_pdf_is_archived_as_it_is(self):
        move = self.posted()
        self.link_legal_pdf(move, PDF)
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(self.content(document), PDF)
        self.assertEqual(document.origin, "legal")

    def test_another_legal_pdf_is_a_new_version(self):
        move = self.archived()
        self.link_legal_pdf(move, PDF)
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.run_jobs(move)
        first, second = self.documents(move)
        self.assertEqual(second.version, 2)
        self.assertEqual(self.content(second), PDF)
        self.assertTrue(first.superseded)

    def link_legal_pdf(self, move, raw):
        self.env["account.move.send"]._link_invoice_documents(
            {
                move: {
                    "pdf_attachment_values": {
                        "name": "legal.pdf",
                        "raw": raw,
                        "mimetype": "application/pdf",
                        "res_model": move._name,
                        "res_id": move.id,
                        "res_field": "invoice_pdf_report_file",
                    }
                }
            }
        )

    def test_a_localisation_that_writes_while_it_generates_is_undone(self):
        def meddle(model, invoice, data):
            invoice.sudo().write({"is_move_sent": True, "ref": "meddled"})
            invoice.message_post(body="meddled")

        move = self.posted()
        hook = "_hook_invoice_document_before_pdf_report_render"
        messages = move.message_ids
        with patch.object(AccountMoveSend, hook, meddle):
            self.run_jobs(move)
        self.assertTrue(self.documents(move))
        self.assertFalse(move.is_move_sent)
        self.assertFalse(move.ref)
        self.assertEqual(move.message_ids, messages)

    def test_every_file_a_localisation_makes_is_archived(self):
        def add_xml(model, invoice, data):
            data["l10n_xx_attachment_values"] = {
                "name": "report.xml",
                "raw": b"<invoice/>",
                "mimetype": "application/xml",
                "res_model": invoice._name,
                "res_id": invoice.id,
            }

        move = self.posted()
        hook = "_hook_invoice_document_before_pdf_report_render"
        with patch.object(AccountMoveSend, hook, add_xml):
            self.run_jobs(move)
        pdf, xml = self.documents(move).sorted("mimetype")
        self.assertEqual(xml.mimetype, "application/xml")
        self.assertEqual(xml.type_id.code, "einvoice_issued")
        self.assertEqual(self.content(xml), b"<invoice/>")
        self.assertEqual((pdf | xml).mapped("version"), [1, 1])

    def test_the_page_is_archived_when_a_format_raises_what_is_wrong(self):
        refusal = UserError("No negative lines.")

        def refuse(model, invoice, data):
            if data["invoice_edi_format"]:
                raise refusal

        self.client.invoice_edi_format = "ubl_bis3"
        move = self.posted()
        hook = "_hook_invoice_document_before_pdf_report_render"
        with patch.object(AccountMoveSend, hook, refuse):
            self.run_jobs(move)
        self.assertEqual(self.documents(move).mapped("mimetype"), ["application/pdf"])
        self.assertIn("No negative lines.", self.jobs_of(move).error)
        self.assertEqual(move.progbox_archive_state, "fix")

    def test_companies_have_an_archive_each(self):
        other = self.setup_other_company()["company"]
        other.progbox_archive_folder = ".rechnungen"
        ours = self.archived_without_render(company=self.company)
        theirs = self.archived_without_render(company=other)
        self.assertEqual(ours.folder_id.display_name, ".factures / 2026 / 11")
        self.assertEqual(theirs.folder_id.display_name, ".rechnungen / 2026 / 11")
        self.assertEqual(theirs.folder_id.company_id, other)
