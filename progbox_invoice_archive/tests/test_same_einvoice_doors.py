from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .einvoice_common import EInvoiceCommon
from .same_document_common import Happenings

KEPT = (
    "nothing", "pay_partly", "pay_all", "reverse", "change_logo", "follow",
    "move_client_later", "move_company_later",
)  # fmt: skip
RENEWED = {
    "complete": b"PO 4711",
    "renumber": b"INV/2026/09999",
    "move_company": b"9 rue Neuve",
    "move_client": b"2 rue Basse",
    "complete_later": b"PO 4711",
}


@tagged("post_install", "-at_install", "post_install_l10n")
class TestSameEInvoiceDoors(Happenings, EInvoiceCommon):
    """ "Export XML" of Odoo's list gives the archived e-invoice, as the other doors."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.write(
            {"invoice_edi_format": "ubl_bis3", "email": "client@example.com"}
        )
        cls.move = cls.archived(partner_bank_id=cls.bank.id, ref="PO 1")
        cls.pdf, cls.xml = cls.documents(cls.move).sorted("mimetype")
        cls.bytes = cls.content(cls.xml)

    def complete_later(self):
        self.receive()
        self.complete()

    def exported(self):
        """What the route of the menu's entry asks for."""
        return self.move._get_invoice_legal_documents("ubl", allow_fallback=True)

    def other_doors(self):
        """The e-invoices of the doors that give all files of an invoice."""
        every = self.move._get_invoice_legal_documents_all(allow_fallback=True)
        for files in (every, self.move._get_move_zip_export_docs()):
            [xml] = [
                file["content"] for file in files if file["filename"].endswith(".xml")
            ]
            yield xml

    def test_the_menu_has_it_with_the_route(self):
        [item] = [
            item
            for item in self.move.get_extra_print_items()
            if item["key"] == "download_ubl"
        ]
        route = f"/account/download_invoice_documents/{self.move.id}/ubl"
        self.assertEqual(item["url"], f"{route}?allow_fallback=true")

    def test_the_archived_one_while_odoo_would_say_the_same(self):
        rendered = AssertionError("an archived invoice was rendered anew")
        for name in KEPT:
            with (
                self.subTest(name),
                self.happening(name),
                patch.object(IrActionsReport, "_run_wkhtmltopdf", side_effect=rendered),
            ):
                given = self.exported()
                self.assertEqual(given["content"], self.bytes)
                self.assertEqual(given["filename"], self.xml.name)
                self.assertEqual({*self.other_doors()}, {self.bytes})
                self.assertEqual(self.documents(self.move), self.pdf | self.xml)
            self.env.invalidate_all()

    def test_the_next_version_when_odoo_would_say_something_else(self):
        for name, said in RENEWED.items():
            with self.subTest(name), self.happening(name):
                given = self.exported()["content"]
                self.assertIn(said, given)
                newest = self.documents(self.move) - self.pdf - self.xml
                self.assertEqual(newest.mapped("version"), [2, 2])
                _pdf, xml = newest.sorted("mimetype")
                self.assertEqual(self.content(xml), given)
                self.assertEqual(
                    {*self.other_doors(), self.exported()["content"]}, {given}
                )
                self.assertTrue(self.xml.superseded)
            self.env.invalidate_all()

    def test_what_was_sent_stays(self):
        wizard = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({"sending_methods": ["email"]})
        )
        wizard.with_context(force_report_rendering=True).action_send_and_print()
        self.move.invalidate_recordset()
        self.assertEqual(self.move.ubl_cii_xml_id.raw, self.bytes)
        self.complete()
        self.move_client()
        self.assertEqual(self.exported()["content"], self.bytes)
