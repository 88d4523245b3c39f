import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from .common import PDF
from .share_common import PortalCommon


@tagged("post_install", "-at_install")
class TestPortalArchive(PortalCommon):
    """What the accountant finds on his side."""

    def setUp(self):
        super().setUp()
        self.share = self.share_with(self.root, self.anna)
        self.url = f"/my/archive/{self.share.id}"
        self.authenticate("anna@example.com", "anna@example.com")

    def test_two_companies_are_clearly_apart(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        self.manager.company_ids += other
        self.share_with(theirs.folder_id, self.anna)
        page = self.get("/my/archive").text
        for name in (self.company.name, other.name):
            title = f'<h2 class="h4 mb-3">{name}</h2>'
            self.assertEqual(page.count(title), 1, name)
        self.assertIn("2 new", page)
        self.assertIn("1 new", page)

    def test_nothing_shared_is_said_so(self):
        self.authenticate("boris@example.com", "boris@example.com")
        self.assertIn("Nothing is shared with you", self.get("/my/archive").text)

    def test_the_portal_home_counts_the_documents(self):
        self.assertIn("/my/archive", self.get("/my/home").text)
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["archive_count"]}
        )
        self.assertEqual(counters, {"archive_count": 2})

    def test_years_and_months_show_counts_and_totals(self):
        page = self.get(self.url).text
        for text in ("2026", "November 2026", "October 2026", "240.00", "480.00"):
            self.assertIn(text, page)

    def test_a_month_lists_its_documents(self):
        page = self.get(f"{self.url}/month/2026-11").text
        self.assertIn("INV/11", page)
        self.assertNotIn("INV/10", page)

    def test_documents_are_found_by_number_client_and_date(self):
        for query, found in (
            ("search=INV/10", "INV/10"),
            ("search=lefèvre&date_to=2026-10-31", "INV/10"),
            ("date_from=2026-11-01", "INV/11"),
            ("search=nothing", None),
            ("search=%25&date_from=nonsense", None),
        ):
            with self.subTest(query=query):
                page = self.get(f"{self.url}/search?{query}").text
                for number in ("INV/10", "INV/11"):
                    inside = f'<span class="fw-bold text-break">{number}</span>' in page
                    self.assertEqual(inside, number == found)

    def test_a_search_for_a_whole_book_is_cut(self):
        words = " ".join(f"word{number}" for number in range(500))
        searched = []
        shares = type(self.share)
        plain = shares._search_domain

        def noting(share, search="", **dates):
            searched.append(search)
            return plain(share, search, **dates)

        with patch.object(shares, "_search_domain", noting):
            self.get(f"{self.url}/search?search={words}")
        self.assertEqual(searched, [words[:200]])

    def test_a_pdf_is_shown_and_downloaded(self):
        url = f"{self.url}/document/{self.november.id}"
        file = f"{self.url}/file/{self.november.id}"
        self.assertIn(f"file={file.replace('/', '%2F')}", self.get(url).text)
        shown = self.get(file)
        self.assertEqual(shown.content, PDF)
        self.assertNotIn("attachment", shown.headers["Content-Disposition"])
        saved = self.get(f"{file}?download=1")
        self.assertIn("attachment", saved.headers["Content-Disposition"])

    def test_a_zip_is_downloaded(self):
        response = self.get(f"{self.url}/zip/2026-11")
        self.assertEqual(int(response.headers["Content-Length"]), len(response.content))
        names = " ".join(self.names(response))
        self.assertIn("INV_11.pdf", names)
        self.assertNotIn("INV_10.pdf", names)
        self.assertIn("MANIFEST.sha256", names)

    def test_what_is_new_is_downloaded_once_or_again(self):
        self.assertIn(
            "INV_10.pdf", " ".join(self.names(self.get(f"{self.url}/zip/2026-10")))
        )
        self.assertIn("Download 1 new", " ".join(self.get(self.url).text.split()))
        names = " ".join(self.names(self.get(f"{self.url}/zip/new")))
        self.assertIn("INV_11.pdf", names)
        self.assertNotIn("INV_10.pdf", names)
        page = self.get(self.url).text
        self.assertIn("You have downloaded everything", page)
        self.assertEqual(self.get(f"{self.url}/zip/new").status_code, 303)
        again = " ".join(self.names(self.get(f"{self.url}/zip/again")))
        self.assertIn("INV_11.pdf", again)

    def test_a_look_at_the_headers_takes_nothing_along(self):
        self.get(f"{self.url}/zip/new", method="HEAD")
        self.assertEqual(self.share._new_count(), 2)
        self.assertFalse(self.lines(self.share, "view", "download"))

    def test_a_file_that_is_lost_is_said_so(self):
        document = self.plain_document("lost.pdf")
        share = self.share_with(document.folder_id, self.anna)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = 'zz/lost' WHERE id = %s",
            [document._content_attachment().id],
        )
        response = self.get(f"/my/archive/{share.id}/file/{document.id}")
        self.assertEqual(response.status_code, 404)
        self.assertIn("Marie Manager", response.text)

    def test_everything_is_written_down(self):
        self.get(self.url)
        self.get(f"{self.url}/file/{self.november.id}")
        self.get(f"{self.url}/file/{self.november.id}", headers={"Range": "bytes=5-"})
        self.get(f"{self.url}/file/{self.november.id}?download=1")
        self.get(f"{self.url}/zip/all")
        lines = self.lines(self.share, "view", "download")
        self.assertEqual(
            lines.mapped(lambda line: (line.kind, line.document_name or line.note)),
            [
                ("view", False), ("view", "INV/11"), ("download", "INV/11"),
                ("download", "2 in a zip"),
            ],
        )  # fmt: skip
        self.assertEqual(set(lines.mapped("user_login")), {"anna@example.com"})
        self.assertEqual(set(lines.mapped("address")), {"127.0.0.1"})
        self.assertEqual((self.share.opening_count, self.share.download_count), (1, 2))
        self.assertEqual(self.share.last_opened, max(lines.mapped("accessed_on")))

    def test_the_page_speaks_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.anna.lang = "fr_FR"
        self.authenticate("anna@example.com", "anna@example.com")
        self.assertIn("Novembre 2026", self.get(self.url).text)


@tagged("post_install", "-at_install")
class TestLinkPage(PortalCommon, MailCase):
    """What whoever has a link finds, and what nobody finds."""

    def setUp(self):
        super().setUp()
        self.share, self.token = self.link(
            self.root,
            recipient_name="Cabinet Duval",
            email="duval@example.com",
            expires_on=fields.Datetime.now() + timedelta(days=7),
        )
        self.url = f"/archive/{self.token}"
        self.authenticate(None, None)

    def test_a_link_needs_no_login(self):
        self.assertIn("November 2026", self.get(self.url).text)
        self.assertIn("INV/11", self.get(f"{self.url}/month/2026-11").text)
        self.assertEqual(
            self.lines(self.share, "view").user_name, "link of Cabinet Duval"
        )

    def test_pages_and_files_stay_out_of_caches_frames_and_engines(self):
        wrong = f"/archive/{self.share.id}-{'a' * 43}"
        for path in (
            self.url,
            f"{self.url}/month/2026-11",
            f"{self.url}/search?search=INV",
            f"{self.url}/document/{self.november.id}",
            f"{self.url}/file/{self.november.id}",
            f"{self.url}/zip/all",
            wrong,
        ):
            with self.subTest(path=path):
                headers = self.get(path).headers
                self.assertIn("no-store", headers["Cache-Control"])
                self.assertEqual(headers["X-Robots-Tag"], "noindex, nofollow")
                self.assertEqual(headers["X-Frame-Options"], "SAMEORIGIN")
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(headers["Referrer-Policy"], "no-referrer")
                policy = headers["Content-Security-Policy"]
                self.assertIn("frame-ancestors 'self'", policy)
        self.assertNotIn("ETag", headers)

    def test_an_expired_link_says_whom_to_ask(self):
        self.by_the_clock(self.share)
        response = self.get(self.url)
        self.assertEqual(response.status_code, 410)
        self.assertIn("Marie Manager", response.text)

    def test_revoked_and_unknown_links_look_the_same(self):
        self.share._revoke()
        tokens = (
            self.token,
            f"{self.share.id}-{'a' * 43}",
            f"999999-{'a' * 43}",
            "nonsense",
        )
        pages = {token: self.get(f"/archive/{token}") for token in tokens}
        bodies = {
            "".join(
                line for line in page.text.splitlines() if "csrf" not in line
            ).replace(token, "")
            for token, page in pages.items()
        }
        self.assertEqual({page.status_code for page in pages.values()}, {404})
        self.assertEqual(len(bodies), 1, bodies)

    def test_refusals_are_written_down_once_a_minute(self):
        for _attempt in range(3):
            self.get(f"/archive/{self.share.id}-{'a' * 43}/zip/all")
        line = self.lines(self.share, "refused")
        self.assertEqual(len(line), 1)
        self.assertEqual((line.note, line.address), ("A wrong link", "127.0.0.1"))

    def test_no_log_of_the_server_has_the_token(self):
        class Keep(logging.Handler):
            lines = []

            def emit(self, record):
                self.lines.append(record.getMessage())

        keep = Keep()
        # Whatever the runner of the tests wants to hear.
        werkzeug = logging.getLogger("werkzeug")
        self.addCleanup(werkzeug.setLevel, werkzeug.level)
        werkzeug.setLevel(logging.INFO)
        logging.getLogger().addHandler(keep)
        self.addCleanup(logging.getLogger().removeHandler, keep)
        self.get(self.url)
        self.get(
            f"/web/static/lib/pdfjs/web/viewer.html?file=%2Farchive%2F{self.token}"
        )
        asked = [line for line in keep.lines if f"{self.share.id}-***" in line]
        self.assertEqual(len(asked), 2)
        self.assertFalse([line for line in keep.lines if self.token in line])

    def test_a_large_zip_is_prepared_for_the_share(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("progbox_invoice_archive.zip_limit", "0.000001")
        self.get(f"{self.url}/zip/all", method="HEAD")
        self.assertFalse(self.share._last_delivery()[0])
        waiting = self.get(f"{self.url}/zip/all")
        self.assertEqual(waiting.status_code, 303)
        self.assertEqual(self.get(f"{self.url}/zip/all").headers["Location"],
                         waiting.headers["Location"])  # fmt: skip
        address = waiting.headers["Location"]
        self.assertIn("being prepared", self.get(address).text)
        with self.mock_mail_gateway():
            export = self.built(self.share._request_zip("all", "Everything"))
        self.assertEqual(export.state, "done", export.error)
        self.assertTrue(address.endswith(f"/prepared/{export.id}"))
        self.assertIn("is ready", self.get(address).text)
        whole = self.get(f"{address}/file")
        self.assertIn("INV_11.pdf", " ".join(self.names(whole)))
        rest = self.get(f"{address}/file", headers={"Range": "bytes=100-"})
        self.assertEqual((rest.status_code, rest.content), (206, whole.content[100:]))
        self.assertIn("Ready to download", self._new_mails.subject)
        self.assertNotIn(self.token, str(self._new_mails.body_html))
        self.share._revoke()
        self.assertEqual(self.get(f"{address}/file").status_code, 404)

    def test_a_large_zip_has_one_address(self):
        """Else whoever has a link fills the disk with copies of one year."""
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("progbox_invoice_archive.zip_limit", "0.000001")
        self.share._deliver([])
        moment = self.share._last_delivery()[0]
        for part in ("2026", "2026-11", f"taken@{moment}"):
            self.assertEqual(self.get(f"{self.url}/zip/{part}").status_code, 303)
        exports = self.server["progbox.export"].search_count([])
        for part in (
            "٢٠٢٦", "2026-1١", "2026-1", "20_6", "+202", f"taken@{moment}"[:-3],
            f"taken@{moment}".replace("-", "-  "),
        ):  # fmt: skip
            with self.subTest(part=part):
                self.assertEqual(self.get(f"{self.url}/zip/{part}").status_code, 404)
        self.assertEqual(self.server["progbox.export"].search_count([]), exports)

    def test_a_zip_is_not_built_for_a_share_that_is_closed(self):
        export = self.share._request_zip("all", "Everything")
        self.by_the_clock(self.share)
        self.assertEqual(self.built(export).state, "cancelled")

    def test_what_could_run_in_a_browser_does_not(self):
        script = b"<script>alert(document.cookie)</script>"
        _share, token = self.link(self.plain_document("a.pdf").folder_id)
        for name, mimetype in (
            ("page.html", "text/html"),
            ("<script>alert(1)</script>.xml", "application/xml"),
            ("picture.svg", "image/svg+xml"),
            ("strange", "application/xhtml+xml"),
        ):
            document = self.plain_document(name, script, mimetype)
            with self.subTest(name=name):
                page = self.get(f"/archive/{token}/document/{document.id}")
                self.assertEqual(page.status_code, 200)
                self.assertNotIn("<script>alert", page.text)
                file = self.get(f"/archive/{token}/file/{document.id}")
                self.assertIn("attachment", file.headers["Content-Disposition"])
                self.assertIn(
                    "default-src 'none'", file.headers["Content-Security-Policy"]
                )
        self.assertNotIn(
            "<script>alert", self.get(f"/archive/{token}/search?search=script").text
        )
        self.assertNotIn(
            "<script>alert",
            self.get(f"/archive/{token}/search?search=<script>alert(1)</script>").text,
        )
