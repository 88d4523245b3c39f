import importlib.util
import io
import json
import re
import subprocess
import sys
from unittest import skipUnless
from unittest.mock import patch

import pikepdf

from odoo import Command
from odoo.tests import tagged

from odoo.addons.account.models.account_move_send import AccountMoveSend

from ..tools.pdf.child.messages import Failure
from ..tools.pdf.limited_child import Child
from ..tools.report import wkhtmltopdf
from .einvoice_common import EInvoiceCommon
from .pdfa_common import CatalogueMixin, outside_tests
from .pdfa_validator import IS_THERE, WHAT_IS_MISSING, validation_errors
from .report_common import pages_of

# In a process of its own: Odoo's way of importing `stdnum` keeps the library from it.
RECEIVER = """
import json, logging, sys
logging.basicConfig(level="INFO")
from lxml import etree
import facturx
name, xml = facturx.get_xml_from_pdf(sys.stdin.buffer.read(), check_xsd=True)
tree = etree.fromstring(xml)
kind = facturx.get_flavor(tree), facturx.get_level(tree)
print(json.dumps([name, xml.decode(), *kind]))
"""
LEVEL = "EXTENDED"  # what Odoo writes into its XML
BINARY_COMMENT = re.compile(rb"\n%[\x80-\xff]{4}\n")


def without_comment(content):
    """As the patched renderer writes it: Odoo then tries a conversion of its own."""
    comment = BINARY_COMMENT.search(content)[0]
    return content.replace(comment, b" " * (len(comment) - 1) + b"\n", 1)


@skipUnless(importlib.util.find_spec("facturx"), "factur-x is not installed")
@tagged("post_install", "-at_install", "post_install_l10n")
class TestReportPdfA(CatalogueMixin, EInvoiceCommon):
    """Every invoice is archived and sent as PDF/A-3b, with its Factur-X."""

    def made(self, edi_format="facturx", archived=True, lines=1):
        """Archive or send an invoice as outside of tests; return it and its PDF."""
        self.client.invoice_edi_format = edi_format
        # Odoo's XML of a line without a product is not valid.
        line = {
            "product_id": self.product.id,
            "quantity": 1,
            "tax_ids": [Command.set(self.company_data["default_tax_sale"].ids)],
        }
        values = {
            "partner_bank_id": self.bank.id,
            "invoice_line_ids": [Command.create(line)] * lines,
        }
        with outside_tests():
            if archived:
                move = self.archived(**values)
            else:
                move = self.posted(**values)
                self.send(move)
        if not archived:
            return move, move.invoice_pdf_report_id.raw
        self.assertFalse(self.jobs_of(move).error)
        pdf = self.documents(move).filtered(lambda d: d.mimetype == "application/pdf")
        return move, self.content(pdf)

    def send(self, move):
        send = self.env["account.move.send"].with_context(force_report_rendering=True)
        send._generate_and_send_invoices(move, sending_methods=set(), extra_edis=set())

    def assert_factur_x_of(self, move, content):
        """The Factur-X library reads the e-invoice, and finds it to be one."""
        command = [sys.executable, "-c", RECEIVER]
        answer = subprocess.run(command, input=content, capture_output=True)
        self.assertFalse(answer.returncode, answer.stderr.decode())
        name, xml, *kind = json.loads(answer.stdout)
        self.assertEqual(name, "factur-x.xml")
        self.assertIn(move.name, xml)
        self.assertEqual(kind, ["factur-x", LEVEL.lower()])

    def test_the_archived_factur_x(self):
        move, content = self.made()
        self.assert_pdfa(content, LEVEL)
        self.assert_factur_x_of(move, content)
        self.assertIn(move.name, pages_of(content)[0])

    def test_what_is_sent_is_what_is_archived(self):
        move, content = self.made()
        with outside_tests():
            self.send(move)
        self.assertEqual(move.invoice_pdf_report_id.raw, content)

    def test_a_factur_x_that_is_sent_before_it_is_archived(self):
        move, content = self.made(archived=False)
        self.assert_factur_x_of(move, content)
        self.assert_pdfa(content, LEVEL)
        self.run_jobs(move)
        self.assertIn(content, [self.content(d) for d in self.documents(move)])

    def test_a_long_factur_x_with_a_running_foot(self):
        _move, content = self.made(lines=70)
        self.assertGreater(len(pages_of(content)), 2)
        self.assert_pdfa(content, LEVEL)

    def test_an_invoice_in_another_format_and_a_plain_one(self):
        for edi_format in ("ubl_bis3", False):
            with self.subTest(edi_format=edi_format):
                _move, content = self.made(edi_format)
                # Odoo attaches it to every PDF, for whoever can read it
                self.assert_pdfa(content, LEVEL)

    def test_the_patched_renderer(self):
        """Odoo's own conversion of its pages breaks off, or leaves half of it."""
        render = wkhtmltopdf.to_pdf

        def patched(*args, **kwargs):
            return without_comment(render(*args, **kwargs))

        with (
            patch.object(wkhtmltopdf, "to_pdf", patched),
            patch(
                "odoo.addons.progbox_invoice_archive.models.ir_actions_report"
                ".IrActionsReport._progbox_finish",
                lambda report, pdf, *args: pdf,
            ),
            patch("odoo.tools.pdf.OdooPdfFileWriter.convert_to_pdfa") as conversion,
        ):
            move, content = self.made()
        conversion.assert_not_called()
        self.assert_pdfa(content, LEVEL)

    @skipUnless(IS_THERE, WHAT_IS_MISSING)
    def test_a_validator_finds_nothing(self):
        _move, long = self.made(lines=70)
        _move, plain = self.made(False)
        self.assertEqual(validation_errors(long, plain), [[], []])

    # ------------------------------------------------------------------
    # What cannot be PDF/A
    # ------------------------------------------------------------------

    def with_a_font_of_its_own(self):
        """A report into which somebody has put a page that was made elsewhere."""
        made = AccountMoveSend._prepare_invoice_pdf_report

        def prepare(send, invoices_data):
            made(send, invoices_data)
            for data in invoices_data.values():
                values = data["pdf_attachment_values"]
                values["raw"] = self.with_font(values["raw"])

        return patch.object(AccountMoveSend, "_prepare_invoice_pdf_report", prepare)

    @staticmethod
    def with_font(content):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pdf.pages[0].Resources.Font.F99 = pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type1,
                BaseFont=pikepdf.Name.Helvetica,
            )
            output = io.BytesIO()
            pdf.save(output)
        return output.getvalue()

    def test_a_factur_x_that_cannot_be_is_to_fix(self):
        self.client.invoice_edi_format = "facturx"
        with self.with_a_font_of_its_own(), outside_tests():
            move = self.archived(partner_bank_id=self.bank.id)
            job = self.jobs_of(move)
            self.assertTrue(job.to_fix)
            self.assertIn("PDF/A-3", job.error)
            self.assertIn("Helvetica", job.error)
            # the invoice itself is kept, and not called what it is not
            pdf = self.documents(move)
            self.assertEqual(pdf.made_with["format"], False)
            self.assertNotIn(b"pdfaid", self.content(pdf))

    def test_a_person_may_archive_it_as_it_is(self):
        self.client.invoice_edi_format = "facturx"
        with self.with_a_font_of_its_own(), outside_tests():
            move = self.archived(partner_bank_id=self.bank.id)
            job = self.jobs_of(move)
            job.action_archive_as_it_is()
            self.run_jobs(move)
        self.assertEqual(job.state, "done")
        self.assertEqual(self.documents(move).mapped("version"), [1, 2, 2])
        newest = self.documents(move).filtered(
            lambda d: d.version == 2 and d.mimetype == "application/pdf"
        )
        self.assertNotIn(b"pdfaid", self.content(newest))

    def test_nobodys_sending_fails_for_it(self):
        with self.with_a_font_of_its_own():
            move, content = self.made(archived=False)
        self.assertNotIn(b"pdfaid", content)
        self.assert_factur_x_of(move, content)

    def test_what_was_sent_before_it_was_archived_is_to_fix(self):
        with self.with_a_font_of_its_own():
            move, content = self.made(archived=False)
        self.run_jobs(move)
        job = self.jobs_of(move).filtered("to_fix")
        self.assertIn("as it was sent", job.error)
        self.assertIn("Helvetica", job.error)
        self.assertIn(content, [self.content(d) for d in self.documents(move)])
        job.action_archive_as_it_is()
        self.run_jobs(move)
        self.assertEqual(set(self.jobs_of(move).mapped("state")), {"done"})
        self.assertEqual(move.progbox_archive_state, "archived")

    def test_what_was_not_sent_as_a_factur_x_is_none(self):
        """What the client gets today says nothing of what was sent."""
        with self.with_a_font_of_its_own():
            move, content = self.made(False, archived=False)
        self.client.invoice_edi_format = "facturx"
        self.run_jobs(move)
        self.assertEqual(set(self.jobs_of(move).mapped("state")), {"done"})
        self.assertEqual(self.content(self.documents(move)), content)

    def test_what_cannot_be_looked_at_is_archived(self):
        with self.with_a_font_of_its_own():
            move, content = self.made(archived=False)
        with patch.object(Child, "ask", side_effect=Failure("out_of_memory")):
            self.run_jobs(move)
        self.assertEqual(set(self.jobs_of(move).mapped("state")), {"done"})
        self.assertIn(content, [self.content(d) for d in self.documents(move)])

    def test_once_mended_it_follows_as_the_next_version(self):
        self.client.invoice_edi_format = "facturx"
        with outside_tests():
            with self.with_a_font_of_its_own():
                move = self.archived(partner_bank_id=self.bank.id)
            self.run_jobs(move)
        self.assertEqual(self.jobs_of(move).state, "done")
        newest = self.documents(move).filtered(
            lambda d: d.version == 2 and d.mimetype == "application/pdf"
        )
        self.assert_pdfa(self.content(newest), LEVEL)
