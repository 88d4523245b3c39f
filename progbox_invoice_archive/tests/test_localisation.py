from odoo import Command
from odoo.tests import tagged

from .einvoice_common import EInvoiceCommon


@tagged("post_install", "-at_install", "post_install_l10n")
class TestEInvoice(EInvoiceCommon):
    """Electronic invoices of Odoo's own UBL and Factur-X module."""

    def test_the_e_invoice_is_archived_beside_the_pdf(self):
        for edi_format in ("facturx", "ubl_bis3"):
            with self.subTest(edi_format=edi_format):
                self.client.invoice_edi_format = edi_format
                move = self.archived(partner_bank_id=self.bank.id)
                self.assertFalse(self.jobs_of(move).error)
                pdf, xml = self.documents(move).sorted("mimetype")
                self.assertEqual(pdf.type_id.code, "customer_invoice")
                self.assertEqual(xml.type_id.code, "einvoice_issued")
                self.assertIn(move.name.encode(), self.content(xml))
                self.assertEqual((pdf | xml).mapped("version"), [1, 1])
                self.assertFalse(move.ubl_cii_xml_id)

    def test_sending_links_the_archived_e_invoice(self):
        self.client.invoice_edi_format = "ubl_bis3"
        move = self.archived()
        pdf, xml = self.documents(move).sorted("mimetype")
        send = self.env["account.move.send"].with_context(force_report_rendering=True)
        send._generate_and_send_invoices(
            move, sending_methods=set(), extra_edis=set(), invoice_edi_format="ubl_bis3"
        )
        move.invalidate_recordset()
        self.assertEqual(move.invoice_pdf_report_id.raw, self.content(pdf))
        self.assertEqual(move.ubl_cii_xml_id.raw, self.content(xml))
        self.assertEqual(move.ubl_cii_xml_id.mimetype, "application/xml")
        self.run_jobs(move)
        self.assertEqual(len(self.documents(move)), 2)

    def test_linking_the_page_alone_makes_no_version(self):
        self.client.invoice_edi_format = "ubl_bis3"
        move = self.archived()
        documents = self.documents(move)
        pdf, _xml = documents.sorted("mimetype")
        self.env["ir.attachment"].create(
            {
                "name": pdf.name,
                "raw": self.content(pdf),
                "res_model": move._name,
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        move.invalidate_recordset()
        self.assertTrue(move.invoice_pdf_report_id)
        move._progbox_enqueue("legal")
        self.run_jobs(move)
        self.assertEqual(self.jobs_of(move).mapped("state"), ["done", "done"])
        self.assertEqual(self.documents(move), documents)

    def test_sending_in_another_format_is_a_new_version(self):
        move = self.archived()
        send = self.env["account.move.send"].with_context(force_report_rendering=True)
        send._generate_and_send_invoices(
            move, sending_methods=set(), extra_edis=set(), invoice_edi_format="ubl_bis3"
        )
        self.run_jobs(move)
        versions = self.documents(move).mapped("version")
        self.assertEqual(versions, [1, 2, 2])

    def test_a_refused_e_invoice_keeps_the_pdf_and_the_reason(self):
        self.client.invoice_edi_format = "facturx"
        move = self.draft()
        move.invoice_line_ids.tax_ids = [Command.clear()]
        move.action_post()
        self.run_jobs(move)
        job = self.jobs_of(move)
        self.assertTrue(job.to_fix)
        self.assertIn("e-invoice", job.error)
        self.assertIn("tax", job.error)
        self.assertEqual(move.progbox_archive_state, "fix")
        document = self.documents(move)
        self.assertEqual(document.mimetype, "application/pdf")
        self.assertEqual(document.made_with["format"], False)

        self.run_jobs(move)
        self.assertEqual(self.documents(move), document, "tried again, archived again")

        # The client takes plain PDFs after all.
        self.client.invoice_edi_format = False
        job.with_user(self.env.ref("base.user_admin")).sudo().action_retry()
        self.run_jobs(move)
        self.assertEqual(job.state, "done")

    def test_the_e_invoice_follows_as_the_next_version(self):
        self.client.invoice_edi_format = "facturx"
        seller = self.company.partner_id
        phone, seller.phone = seller.phone, False
        move = self.posted(partner_bank_id=self.bank.id)
        self.run_jobs(move)
        self.assertTrue(self.jobs_of(move).to_fix)
        self.assertEqual(len(self.documents(move)), 1)
        seller.phone = phone
        self.run_jobs(move)
        self.assertEqual(self.jobs_of(move).state, "done")
        self.assertEqual(self.documents(move).mapped("version"), [1, 2, 2])
