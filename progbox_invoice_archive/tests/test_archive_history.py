from unittest.mock import patch

from odoo.tests import tagged

from ..models.account_move_send import AccountMoveSend
from ..models.progbox_archive_deposit import InvoiceFiles
from .common import PDF, ArchiveCommon


@tagged("post_install", "-at_install")
class TestArchiveHistory(ArchiveCommon):
    """Invoices from before the archive: what the customer has, else a rebuild."""

    def history(self, **values):
        move = self.posted(date="2024-05-02", **values)
        self.forget(move)
        move._progbox_enqueue("history")
        return move

    def attach(self, move, name, **values):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": PDF,
                "mimetype": "application/pdf",
                "res_model": move._name,
                "res_id": move.id,
                **values,
            }
        )

    def test_the_pdf_that_was_emailed(self):
        move = self.history()
        name = move.name.replace("/", "_") + ".pdf"
        move.message_post(
            body="Your invoice",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("conditions.pdf", PDF + b"not this"), (name, PDF)],
        )
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(document.origin, "emailed")
        self.assertEqual(self.content(document), PDF)

    def test_an_internal_note_is_no_email(self):
        move = self.history()
        name = move.name.replace("/", "_") + ".pdf"
        move.message_post(
            body="Draft",
            subtype_xmlid="mail.mt_note",
            attachments=[(name, PDF)],
        )
        move.message_main_attachment_id = False
        self.run_jobs(move)
        self.assertEqual(self.documents(move).origin, "rebuilt")

    def test_the_pdf_that_came_with_the_import(self):
        move = self.history()
        move.message_main_attachment_id = self.attach(move, "scan 2024-05.pdf")
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(document.origin, "imported")
        self.assertEqual(self.content(document), PDF)

    def test_nothing_kept_means_rebuilt_and_says_so(self):
        move = self.history()
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(document.origin, "rebuilt")
        self.assertTrue(self.content(document).startswith(b"%PDF-"))

    def test_a_refused_einvoice_of_a_rebuilt_one_is_to_fix(self):
        move = self.history()
        made = AccountMoveSend._progbox_generate

        def refuse(send, move, settings):
            if settings["format"]:
                return {"error": "The client has no VAT number."}
            return made(send, move, settings)

        self.client.invoice_edi_format = "ubl_bis3"
        with (
            patch.object(AccountMoveSend, "_progbox_generate", refuse),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            self.run_jobs(move)
        self.assertEqual(self.documents(move).origin, "rebuilt")
        job = self.jobs_of(move)
        self.assertTrue(job.to_fix)
        self.assertIn("no VAT number", job.error)

    def test_a_legal_pdf_wins(self):
        move = self.history()
        move.message_main_attachment_id = self.attach(move, "scan.pdf")
        legal = PDF + b"legal"
        self.attach(move, "legal.pdf", raw=legal, res_field="invoice_pdf_report_file")
        move.invalidate_recordset()
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(document.origin, "legal")
        self.assertEqual(self.content(document), legal)

    def test_the_customer_of_the_time_is_kept(self):
        child = self.env["res.partner"].create(
            {"name": "Accounting", "parent_id": self.client.id}
        )
        move = self.history(partner=child)
        self.run_jobs(move)
        self.assertEqual(self.documents(move).partner_name, "Maçonnerie Lefèvre")

    def test_stopping_the_history_empties_the_queue(self):
        move = self.history()
        self.company.progbox_archive_history = True
        settings = self.env["res.config.settings"].create({})
        settings.action_progbox_archive_history()
        self.assertFalse(self.company.progbox_archive_history)
        self.assertEqual(self.jobs_of(move).state, "cancelled")

    def test_new_postings_go_before_the_history(self):
        old = self.history()
        new = self.posted()
        jobs = self.jobs.search([("move_id", "in", (old | new).ids)])
        self.assertEqual(jobs[0].move_id, new)

    def test_a_message_about_something_else_is_not_the_invoice(self):
        move = self.history()
        move.message_post(
            body="Plan",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("plan.pdf", PDF)],
        )
        self.assertFalse(InvoiceFiles(move.sudo()).emailed_pdf())

    def test_a_link_is_no_file(self):
        move = self.history()
        name = move.name.replace("/", "_") + ".pdf"
        link = self.env["ir.attachment"].create(
            {
                "name": name,
                "type": "url",
                "url": "https://elsewhere.example.com/invoice.pdf",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )
        move.message_main_attachment_id = link
        self.run_jobs(move)
        self.assertEqual(self.documents(move).origin, "rebuilt")
