import base64
import io
import tempfile
from pathlib import Path

from PIL import Image

from odoo import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..controllers.first_page import PAINTERS
from . import pdf_collection
from .common import PDF
from .http_common import PatientCase
from .test_access_log import AccessLogCommon


@tagged("post_install", "-at_install")
class TestAccessLogOverHttp(AccessLogCommon, PatientCase):
    """Every way to a file leaves one line."""

    def setUp(self):
        super().setUp()
        self.billing.company_ids = [Command.set(self.company.ids)]
        self.authenticate("billing", "billing")

    def test_a_view_is_written_down(self):
        response = self.url_open(self.url)
        self.assertEqual(response.content, PDF)
        line = self.lines()
        self.assertEqual(line.kind, "view")
        self.assertEqual(line.user_ref, self.billing.id)
        self.assertEqual(line.user_login, "billing")
        self.assertEqual(line.address, "127.0.0.1")

    def test_a_download_is_written_down(self):
        self.url_open(f"{self.url}?download=true")
        self.assertEqual(self.lines().kind, "download")

    def test_a_lost_file_is_said_to_be_missing(self):
        with self.lifted("ir_attachment"):
            self.lose(self.document)
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            response = self.url_open(f"{self.url}?download=1")
        self.assertEqual(response.status_code, 404)
        self.assertIn("INV_1.pdf is missing in the file store", response.text)
        self.assertFalse(self.lines())

    def test_a_file_in_the_database_is_opened_once_as_well(self):
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", "db")
        self.document._content_attachment()._migrate()
        self.env.flush_all()
        self.assertEqual(self.url_open(self.url).content, PDF)
        self.assertEqual(self.lines().mapped("kind"), ["view"])

    def rpc_read(self, attachment):
        return self.url_open(
            "/web/dataset/call_kw/ir.attachment/read",
            json={
                "params": {
                    "model": "ir.attachment",
                    "method": "read",
                    "args": [attachment.ids, ["raw"]],
                    "kwargs": {},
                }
            },
        ).json()

    def test_a_view_does_not_hide_a_download_by_rpc(self):
        self.url_open(self.url)
        for _time in range(2):
            self.assertIn("result", self.rpc_read(self.document._content_attachment()))
        self.assertEqual(self.lines().mapped("kind"), ["view", "download"])

    def test_the_customer_s_download_is_written_down(self):
        move = self.filed()
        document = self.documents(move)
        self.authenticate(None, None)
        url = move.get_portal_url(report_type="pdf", download=True)
        self.assertEqual(self.url_open(url).content, self.content(document))
        line = self.lines(document=document)
        self.assertEqual(line.kind, "download")
        self.assertEqual(line.user_ref, self.env.ref("base.public_user").id)
        self.assertEqual(line.address, "127.0.0.1")

    def test_printing_in_the_browser_is_written_down(self):
        move = self.filed()
        self.authenticate("billing", "billing")
        url = f"/report/pdf/account.account_invoices/{move.id}"
        # On a replica the request is taken once more, to write the line.
        with mute_logger("odoo.http"):
            self.url_open(f'{url}?context={{"force_report_rendering": true}}')
        line = self.lines(document=self.documents(move))
        self.assertEqual((line.kind, line.user_login), ("download", "billing"))

    def test_an_invoice_backup_is_watched_too(self):
        backup = self.server["progbox.document"].create(
            {
                "name": "Backup.pdf",
                "folder_id": self.server["progbox.folder"]
                .create({"name": "Backups", "company_id": self.company.id})
                .id,
                "company_id": self.company.id,
                "type_id": self.env.ref(
                    "progbox_invoice_archive.document_type_invoice_backup"
                ).id,
                "res_model": "progbox.compilation",
                "content": base64.b64encode(PDF),
            }
        )
        url = f"/web/content/progbox.document/{backup.id}/content?download=1"
        self.assertEqual(self.url_open(url).status_code, 404)
        self.billing.group_ids |= self.env.ref(
            "progbox_invoice_archive.group_archive_manager"
        )
        self.assertEqual(self.url_open(url).content, PDF)
        kinds = self.lines(document=backup).mapped("kind")
        self.assertEqual(kinds, ["refused", "download"])

    def test_every_address_of_the_file_is_watched(self):
        attachment = self.document._content_attachment()
        for number, url in enumerate(
            (
                f"{self.url}/INV_1.pdf",
                f"/web/content?model=progbox.document&id={self.document.id}&field=content",
                f"/web/content/{attachment.id}",
                f"/web/content/{attachment.id}/INV_1.pdf?download=1",
                f"/web/image/progbox.document/{self.document.id}/content",
                f"/web/image/{attachment.id}",
            ),
            start=1,
        ):
            with self.subTest(url=url):
                self.assertEqual(self.url_open(url).status_code, 200)
                self.assertEqual(len(self.lines()), number)

    def test_a_file_fetched_in_pieces_is_opened_once(self):
        self.url_open(self.url)
        for start in (0, 10, 20):
            response = self.url_open(self.url, headers={"Range": f"bytes={start}-"})
            self.assertEqual(response.status_code, 206)
        self.assertEqual(len(self.lines()), 1)

    def test_who_has_looked_at_a_file_has_not_saved_it(self):
        self.url_open(self.url)
        for _piece in range(2):
            self.url_open(f"{self.url}?download=true", headers={"Range": "bytes=0-"})
        self.assertEqual(self.lines().mapped("kind"), ["view", "download"])

    def test_a_range_is_no_way_past_the_log(self):
        self.url_open(self.url, headers={"Range": "bytes=1-"})
        self.assertEqual(len(self.lines("view")), 1)

    def test_opening_again_is_written_down_again(self):
        self.url_open(self.url)
        etag = self.url_open(self.url).headers["ETag"]
        response = self.url_open(self.url, headers={"If-None-Match": etag})
        self.assertEqual(response.status_code, 304)
        self.assertEqual(len(self.lines("view")), 3)

    def test_a_look_at_the_headers_is_no_opening(self):
        self.url_open(self.url, method="HEAD")
        self.assertFalse(self.lines())

    def test_a_refusal_is_written_down_once(self):
        self.authenticate("plain", "plain")
        for _attempt in range(3):
            self.assertEqual(self.url_open(self.url).status_code, 404)
        line = self.lines()
        self.assertEqual((line.kind, line.user_login), ("refused", "plain"))

    def test_a_refusal_of_a_stranger_is_written_down(self):
        self.authenticate(None, None)
        attachment = self.document._content_attachment()
        for url in (self.url, f"/web/content/{attachment.id}"):
            self.assertEqual(self.url_open(url).status_code, 404)
        self.assertEqual(self.lines().kind, "refused")

    def test_files_outside_of_the_archive_are_not_watched(self):
        attachment = self.env["ir.attachment"].create({"name": "x", "raw": b"x"})
        before = self.log.search_count([])
        self.url_open(f"/web/content/{attachment.id}")
        self.url_open(f"/web/image/res.partner/{self.client.id}/avatar_128")
        self.assertEqual(self.log.search_count([]), before)

    def test_the_route_is_not_run_twice(self):
        with self.assertNoLogs("odoo.http", "WARNING"):
            self.url_open(self.url)

    def test_a_small_picture_of_the_first_page_opens_nothing(self):
        """No line of the log, and nobody gets it who may not read the document."""
        with tempfile.TemporaryDirectory() as folder:
            path = pdf_collection.plain(Path(folder) / "one.pdf", "one")
            content = Path(path).read_bytes()
        document = self.archived_without_render("INV/2", content=content)
        response = self.first_page(document)
        self.assertEqual(response.headers["Content-Type"], "image/jpeg")
        picture = Image.open(io.BytesIO(response.content))
        self.assertLessEqual(picture.width, 200)
        self.assertIn("immutable", response.headers["Cache-Control"])
        self.assertEqual(response.headers["Vary"], "Cookie")
        self.assertFalse(self.lines(document=document))
        self.authenticate("plain", "plain")
        self.assertEqual(self.first_page(document).status_code, 403)
        self.assertEqual(self.lines(document=document).kind, "refused")

    def test_there_is_no_picture_of_what_cannot_be_drawn(self):
        """The browser is told so without an error, which its console would show."""
        response = self.first_page(self.document)
        self.assertEqual(response.status_code, 204)
        # Soon again: the server may have been busy.
        self.assertEqual(response.headers["Cache-Control"], "private, max-age=600")
        with self.lifted("ir_attachment"):
            self.lose(self.document)
        self.assertEqual(self.first_page(self.document).status_code, 204)

    def test_few_pictures_are_drawn_at_a_time(self):
        with PAINTERS, PAINTERS:
            response = self.first_page(self.document)
        self.assertEqual(response.status_code, 503)
        self.assertTrue(response.headers["Retry-After"])
        self.assertEqual(self.first_page(self.document).status_code, 204)


@tagged("post_install", "-at_install")
class TestExportDownload(AccessLogCommon, PatientCase):
    """The zip of an export, over the real server."""

    def test_an_interrupted_download_goes_on(self):
        manager = new_test_user(
            self.env,
            "zip_manager",
            "account.group_account_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        exports = self.env["progbox.export"].with_user(manager)
        root = self.document.folder_id.parent_id.parent_id
        export = exports._request_export(root.with_user(manager), "zip")
        job = self.server["progbox.export"].browse(export.id)
        job._job_begin_attempt()
        job._job_process()
        export.invalidate_recordset()
        url = export.action_download()["url"]
        self.authenticate("zip_manager", "zip_manager")
        whole = self.url_open(url)
        self.assertEqual(whole.status_code, 200)
        self.assertEqual(int(whole.headers["Content-Length"]), export.size)
        rest = self.url_open(url, headers={"Range": "bytes=100-"})
        self.assertEqual(rest.status_code, 206)
        self.assertEqual(rest.content, whole.content[100:])
        self.authenticate("billing", "billing")
        self.assertEqual(self.url_open(url).status_code, 403)
