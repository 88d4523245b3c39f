from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import tagged

from .common import PDF, ArchiveCommon
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


@tagged("post_install", "-at_install", "post_install_l10n")
class TestAuthority(ArchiveCommon):
    """Romania: the invoice goes through the tax authority's SPV."""

    @classmethod
    @ArchiveCommon.setup_country("ro")
    def setUpClass(cls):
        super().setUpClass()
        if "l10n_ro_edi_state" not in cls.env["account.move"]:
            cls.skipTest(cls, "l10n_ro_edi is not installed")
        cls.client.write(
            {
                "country_id": cls.env.ref("base.ro").id,
                "invoice_edi_format": "ciusro",
                "vat": "RO1234567897",
                "city": "SECTOR1",
                "street": "Calea Victoriei 1",
                "state_id": cls.env.ref("base.RO_B").id,
            }
        )

    def test_nothing_is_made_ahead_of_the_authority(self):
        move = self.archived()
        job = self.jobs_of(move)
        self.assertEqual(job.state, "waiting")
        self.assertFalse(self.documents(move))
        self.assertEqual(move.progbox_archive_state, "waiting")
        self.assertFalse(job.to_fix)

    def test_the_document_with_the_answer_ends_the_wait(self):
        move = self.archived()
        self.env["account.move.send"]._link_invoice_documents(
            {
                move: {
                    "pdf_attachment_values": {
                        "name": "answered.pdf",
                        "raw": PDF,
                        "mimetype": "application/pdf",
                        "res_model": move._name,
                        "res_id": move.id,
                        "res_field": "invoice_pdf_report_file",
                    }
                }
            }
        )
        self.run_jobs(move)
        self.assertEqual(set(self.jobs_of(move).mapped("state")), {"done"})
        self.assertEqual(self.content(self.documents(move)), PDF)
        self.assertEqual(self.documents(move).version, 1)

    def test_an_authority_that_does_not_answer_is_to_fix(self):
        move = self.archived()
        job = self.jobs_of(move)
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            self.run_jobs(move)
            self.assertTrue(job.to_fix)
            self.assertIn("authority", job.error)
            self.assertEqual(move.progbox_archive_state, "fix")
