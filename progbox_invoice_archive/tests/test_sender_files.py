import base64

from lxml import etree

from odoo.tests import tagged

from .einvoice_common import EInvoiceCommon
from .report_common import picture

EMBEDDED = "//*[local-name()='EmbeddedDocumentBinaryObject']"


@tagged("post_install", "-at_install", "post_install_l10n")
class TestSenderFiles(EInvoiceCommon):
    """Files that the sender adds, and that Odoo puts into the e-invoice."""

    def setUp(self):
        super().setUp()
        self.client.write(
            {"invoice_edi_format": "ubl_bis3", "email": "client@example.com"}
        )
        self.files = {
            "plan.pdf": (b"%PDF-1.4\n% a plan \xff\n%%EOF\n", "application/pdf"),
            "photo.png": (picture(), "image/png"),
        }

    def added(self):
        """Return the files as the wizard has those that a person has added."""
        attachments = self.env["ir.attachment"].create(
            [
                {"name": name, "raw": raw, "mimetype": mimetype}
                for name, (raw, mimetype) in self.files.items()
            ]
        )
        return [
            {
                "id": attachment.id,
                "name": attachment.name,
                "mimetype": attachment.mimetype,
                "placeholder": False,
                "manual": True,
            }
            for attachment in attachments
        ]

    def send(self, move, added):
        wizard = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"sending_methods": ["email"]})
        )
        self.assertEqual(wizard.invoice_edi_format, "ubl_bis3")
        wizard.mail_attachments_widget = [*wizard.mail_attachments_widget, *added]
        wizard.with_context(force_report_rendering=True).action_send_and_print()
        move.invalidate_recordset()

    def embedded(self, move):
        """Return the files inside of an e-invoice, the invoice's own page aside."""
        tree = etree.fromstring(move.ubl_cii_xml_id.raw)
        files = {
            element.get("filename"): base64.b64decode(element.text)
            for element in tree.xpath(EMBEDDED)
        }
        # Odoo puts that in before the page gets the XML for other programs.
        page = files.pop(move.invoice_pdf_report_id.name)
        self.assertEqual(page[:5], b"%PDF-")
        return files

    def test_they_are_in_it_byte_for_byte_and_the_archive_has_what_was_sent(self):
        expected = {name: raw for name, (raw, _type) in self.files.items()}
        move = self.archived(partner_bank_id=self.bank.id)
        early = self.documents(move)
        self.assertEqual(len(early), 2)
        self.send(move, self.added())
        self.assertEqual(self.embedded(move), expected)
        self.run_jobs(move)
        newest = self.documents(move) - early
        self.assertEqual(newest.mapped("version"), [2, 2])
        self.assertTrue(all(early.mapped("superseded")))
        pdf, xml = newest.sorted("mimetype")
        self.assertEqual(self.content(pdf), move.invoice_pdf_report_id.raw)
        self.assertEqual(self.content(xml), move.ubl_cii_xml_id.raw)

    def test_it_is_as_without_the_archive(self):
        move = self.posted(partner_bank_id=self.bank.id)
        self.assertFalse(self.documents(move))
        self.send(move, self.added())
        other = self.archived(partner_bank_id=self.bank.id)
        self.send(other, self.added())
        self.assertEqual(self.embedded(other), self.embedded(move))

    def test_without_them_the_archived_files_are_sent(self):
        move = self.archived(partner_bank_id=self.bank.id)
        pdf, xml = self.documents(move).sorted("mimetype")
        self.send(move, [])
        self.assertEqual(move.invoice_pdf_report_id.raw, self.content(pdf))
        self.assertEqual(move.ubl_cii_xml_id.raw, self.content(xml))
        self.assertFalse(self.embedded(move))
