import io

from reportlab.pdfgen import canvas

from odoo import Command, fields
from odoo.tests import new_test_user, tagged

from .common import ArchiveCommon
from .http_common import ClientCase

EINVOICE = b"<Invoice><Note><![CDATA[<script>alert('read')</script>]]></Note></Invoice>"


def pdf(*pages):
    """Return a PDF with one line of text per page."""
    file = io.BytesIO()
    document = canvas.Canvas(file)
    for text in pages:
        document.drawString(72, 700, text)
        document.showPage()
    document.save()
    return file.getvalue()


@tagged("post_install", "-at_install")
class TestArchiveBrowser(ArchiveCommon, ClientCase):
    browser_size = "1366x768"
    touch_enabled = False

    def deposit(self, number, date, type_code="customer_invoice", **values):
        is_xml = type_code == "einvoice_issued"
        date = fields.Date.to_date(date)
        self.server["progbox.document"]._deposit(
            {
                "name": f"{number.replace('/', '_')}.{'xml' if is_xml else 'pdf'}",
                "folder_id": self.folders._archive_folder(self.company, date).id,
                "company_id": self.company.id,
                "type_id": self.env.ref(
                    f"progbox_invoice_archive.document_type_{type_code}"
                ).id,
                "mimetype": "application/xml" if is_xml else "application/pdf",
                "number": number,
                "partner_name": self.client.name,
                "amount_total": 240,
                "currency_name": "EUR",
                "document_date": date,
                "origin": "generated",
                **values,
            },
            self.server["ir.attachment"]._progbox_stage(
                [EINVOICE if is_xml else pdf(number, "second page")]
            ),
        )

    @property
    def folders(self):
        return self.server["progbox.folder"]

    def test_browsing_the_archive(self):
        self.deposit("INV/2025/0009", "2025-12-03", "einvoice_issued")
        self.deposit("INV/2026/0001", "2026-11-02")
        versions = {"res_model": "account.move", "res_id": 2**31 - 1}
        self.deposit("INV/2026/0002", "2026-11-05", version=1, **versions)
        self.deposit("INV/2026/0002", "2026-11-05", version=2, **versions)
        self.start_tour("/odoo/archive", "progbox_archive_browser", login="billing")

    def test_an_empty_archive_teaches(self):
        self.start_tour("/odoo/archive", "progbox_archive_empty", login="billing")

    def manager(self):
        """Return the login of somebody who looks after the archive."""
        return new_test_user(
            self.env,
            "manager",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        ).login

    def test_what_has_stopped_stands_above_the_archive(self):
        self.deposit("INV/2026/0001", "2026-11-02")
        self.env.ref("progbox_invoice_archive.ir_cron_closing_mail").active = False
        self.browser_js(
            "/odoo/archive",
            "console.log('test successful')",
            ready="document.querySelector('.o_progbox_warnings')"
            "?.innerText.includes('(switched off)')",
            login=self.manager(),
        )

    def test_a_failed_invoice_is_retried(self):
        job = self.jobs_of(self.posted())
        job._job_write(
            {"state": "failed", "attempts": 10, "error": "No space left on device"}
        )
        self.start_tour(
            "/odoo/archive-to-fix", "progbox_archive_to_fix", login=self.manager()
        )
        self.assertEqual((job.state, job.attempts), ("pending", 0))

    def test_javascript_units(self):
        self.run_javascript_units("progbox_invoice_archive")
