from unittest.mock import patch

from odoo.tests import tagged

from .common import PDF
from .share_common import PortalCommon


@tagged("post_install", "-at_install")
class TestPortalMissing(PortalCommon):
    """What the accountant is told of files that the server does not give."""

    def setUp(self):
        super().setUp()
        self.text = self.plain_document("lost.txt", b"text", "text/plain")
        self.pdf = self.plain_document("lost.pdf")
        self.plain_document("here.pdf", PDF + b"%here")
        self.share = self.share_with(self.text.folder_id, self.anna)
        self.url = f"/my/archive/{self.share.id}"
        self.authenticate("anna@example.com", "anna@example.com")

    def assertSays(self, url, status, title):
        response = self.get(url)
        self.assertEqual(response.status_code, status, url)
        self.assertIn(title, response.text)
        self.assertIn("Marie Manager", response.text)
        self.assertIn("no-store", response.headers["Cache-Control"])

    def test_a_file_that_is_lost_is_said_so(self):
        self.lose(self.text)
        self.lose(self.pdf)
        for path in (f"file/{self.pdf.id}", f"document/{self.text.id}"):
            with self.subTest(path=path):
                self.assertSays(f"{self.url}/{path}", 404, "The file is missing")

    def test_a_file_that_cannot_be_read_is_said_so(self):
        attachments = type(self.env["ir.attachment"])

        def refuse(*_args, **_options):
            raise PermissionError("the disk is sulking")

        for path, reading in (
            (f"file/{self.pdf.id}", "_to_http_stream"),
            (f"document/{self.text.id}", "_progbox_opener"),
        ):
            with (
                self.subTest(path=path),
                patch.object(attachments, reading, refuse),
                self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
            ):
                self.assertSays(f"{self.url}/{path}", 503, "cannot be read")

    def test_the_next_page_names_what_a_zip_lacks(self):
        self.lose(self.pdf)
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            response = self.get(f"{self.url}/zip/all")
        self.assertIn("PROBLEMS.txt", self.names(response))
        page = self.get(self.url).text
        self.assertIn("o_progbox_problems", page)
        self.assertIn("lost.pdf is missing in the file store", page)
        self.assertNotIn("here.pdf is missing", page)
        self.assertIn("Please tell Marie Manager", " ".join(page.split()))
        self.assertNotIn("o_progbox_problems", self.get(self.url).text)

    def test_a_zip_that_lacks_nothing_says_nothing(self):
        self.get(f"{self.url}/zip/all")
        self.assertNotIn("o_progbox_problems", self.get(self.url).text)

    def test_whoever_shared_is_told_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        self.lose(self.pdf)
        with (
            patch.object(type(self.manager), "_bus_send", autospec=True) as send,
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            self.get(f"{self.url}/zip/all")
        [(user, _kind, message), _options] = send.call_args
        self.assertEqual(user, self.manager)
        self.assertIn("Un problème affecte 1 des fichiers", message["message"])
        self.assertIn("Something is wrong with 1 of the files", self.get(self.url).text)

    def test_the_page_of_a_large_zip_names_what_it_lacks(self):
        self.lose(self.pdf)
        self.lose(self.text)
        self.zips_are_large()
        address = self.press(f"{self.url}/zip/all").headers["Location"]
        self.built(self.share._request_zip("all", "Everything"))
        page = self.get(address).text
        self.assertIn("Something is wrong with 2 of the files", page)
        for name in ("lost.pdf", "lost.txt"):
            self.assertIn(f"{name} is missing in the file store", page)
