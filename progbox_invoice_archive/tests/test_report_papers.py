from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from freezegun import freeze_time

from odoo.tests import tagged

from .common import ArchiveCommon
from .report_common import pages_of


class Listener(BaseHTTPRequestHandler):
    """Writes down what is asked for, and answers as a running Odoo would."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"@font-face { font-family: Lato; src: url(/font.woff); }")

    do_HEAD = do_POST = do_CONNECT = do_GET

    def log_message(self, *_args):
        pass


@tagged("post_install", "-at_install")
class TestReportPapers(ArchiveCommon):
    """Our own papers do not depend on what answers at the server's address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.closings = closings = cls.server["progbox.closing"]
        for number, day in (("INV/1", "2026-12-10"), ("INV/2", "2026-12-11")):
            cls.archived_without_render(number)
            with freeze_time(day):
                cls.closings |= closings._close(cls.company, date(2026, 11, 2))

    def setUp(self):
        super().setUp()
        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self.listener.asked = []
        self.addCleanup(self.listener.server_close)
        Thread(target=self.listener.serve_forever, daemon=True).start()
        self.addCleanup(self.listener.shutdown)
        url = f"http://127.0.0.1:{self.listener.server_port}"
        for parameter in ("report.url", "web.base.url"):
            self.env["ir.config_parameter"].sudo().set_param(parameter, url)

    def printed(self, report, records):
        """Return the text of a report, printed as the button in a form does."""
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        pdf, kind = reports._render_qweb_pdf(
            f"progbox_invoice_archive.{report}", records.ids
        )
        self.assertEqual(kind, "pdf")
        return pages_of(pdf)

    def assertSays(self, pages, *texts):
        text = "".join("".join(pages).split())
        for part in texts:
            self.assertIn("".join(part.split()), text)
        self.assertEqual(self.listener.asked, [])

    def test_a_closing_certificate_fetches_nothing(self):
        closing = self.closings[0]
        pages = self.printed("report_closing", closing)
        self.assertSays(pages, closing.last_hash, closing.seal_id._anchor_text())

    def test_two_certificates_are_printed_at_once(self):
        self.assertEqual(len(self.closings), 2)
        pages = self.printed("report_closing", self.closings)
        self.assertEqual(len(pages), 2)
        self.assertSays(pages, *self.closings.mapped("last_hash"))

    def test_a_verification_report_fetches_nothing(self):
        run = self.server["progbox.verification"]._start_here(
            self.company, {"door": "command"}
        )
        run._job_process()
        self.assertSays(self.printed("report_verification", run), self.company.name)

    def test_other_papers_are_printed_as_before(self):
        """Odoo's own pages go on asking the server for their styles."""
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        reports._render_qweb_pdf("web.preview_internalreport", self.company.ids)
        self.assertTrue(self.listener.asked)
