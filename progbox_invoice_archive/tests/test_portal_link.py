import logging
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import unquote

from lxml import html

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from ..controllers import share_routes
from ..controllers.share_pages import SharePages
from .share_common import PortalCommon


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
        own, nothing = "default-src 'self';", "default-src 'none';"
        for path, loads in (
            (self.url, own),
            (f"{self.url}/month/2026-11", own),
            (f"{self.url}/search?search=INV", own),
            (f"{self.url}/document/{self.november.id}", own),
            (f"{self.url}/file/{self.november.id}", nothing),
            (f"{self.url}/zip/all", nothing),
            (wrong, own),
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
                self.assertIn(loads, policy)
                self.assertNotIn("http", policy)
                # The parts of one file belong together; a page is new each time.
                self.assertEqual("ETag" in headers, "/file/" in path)

    def test_no_answer_at_the_secret_address_lets_it_be_told_on(self):
        """Whatever a page loads would get the address of the page as its Referer."""
        month = f"{self.url}/month/2026-11"
        for name, path, status in (
            ("no such page", f"{self.url}/nothing/here", 404),
            ("no such page of a wrong link", "/archive/1-x/nothing", 404),
            ("a document that is none", f"{self.url}/document/x", 404),
            ("a page that fails", month, 500),
        ):
            failing = patch.object(
                SharePages, "_render_list", side_effect=ZeroDivisionError
            )
            with self.subTest(name), failing, mute_logger("odoo.http"):
                answer = self.get(path)
                self.assertEqual(answer.status_code, status)
                referrer = answer.raw.headers.getlist("Referrer-Policy")
                self.assertEqual(referrer, ["no-referrer"])
        for page in (self.url, f"{self.url}/document/{self.november.id}"):
            referrer = self.get(page).raw.headers.getlist("Referrer-Policy")
            self.assertEqual(referrer, ["no-referrer"])

    def test_a_page_loads_from_here_and_from_the_websites_cdn(self):
        for website, hosts in (
            (None, "'self'"),
            (SimpleNamespace(cdn_activated=False, cdn_url="//cdn.example/"), "'self'"),
            (SimpleNamespace(cdn_activated=True, cdn_url=False), "'self'"),
            (
                SimpleNamespace(cdn_activated=True, cdn_url="//cdn.example/odoo/"),
                "'self' cdn.example",
            ),
        ):
            request = SimpleNamespace(website=website)
            with (
                self.subTest(hosts=hosts),
                patch.object(share_routes, "request", request),
            ):
                self.assertEqual(share_routes._own_hosts(), hosts)

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

    def test_the_log_speaks_the_language_of_whoever_shared(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        self.get(f"{self.url}/zip/all")
        self.zips_are_large()
        address = self.press(f"{self.url}/zip/all").headers["Location"]
        export = self.built(self.share._request_zip("all", "Everything"))
        self.get(f"{address}/file")
        self.get(f"{self.url}/document/0")
        in_a_zip = "Documents dans un fichier zip (2)"
        self.assertEqual(
            self.lines(self.share, "download", "refused").mapped("note"),
            [
                in_a_zip,
                f"{in_a_zip}: {export.name}",
                "Un document qui ne se trouve pas dans le dossier partagé",
            ],
        )

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
        # The token of an invitation lets somebody choose a password.
        invitation = "AbCd_Ef-012"
        self.get(f"/my/archive/{self.share.id}/activate?token={invitation}")
        asked = [line for line in keep.lines if f"{self.share.id}-***" in line]
        self.assertEqual(len(asked), 2)
        self.assertTrue([line for line in keep.lines if "?token=***" in line])
        for secret in (self.token, invitation):
            self.assertFalse([line for line in keep.lines if secret in line])

    def test_only_the_guest_of_a_share_gets_no_further_e_mail(self):
        share = self.share_with(self.root, self.anna)
        own = f"/my/archive/{share.id}"

        def told(path, user, redirect):
            """Return how many e-mails a user gets for choosing a password."""
            user.partner_id.signup_prepare(signup_type=path.split("_")[0])
            path = f"/web/{path}?token={user.partner_id._generate_signup_token()}"
            form = html.fromstring(self.url_open(path).text)
            values = {
                "csrf_token": form.xpath("//input[@name='csrf_token']/@value")[0],
                "login": user.login,
                "name": user.name,
                "password": "a long and new one",
                "confirm_password": "a long and new one",
                "redirect": redirect,
            }
            with self.mock_mail_gateway():
                self.url_open(path, data=values, allow_redirects=False)
            return len(self._new_mails)

        self.assertTrue(told("reset_password", self.anna, own))
        self.assertTrue(told("signup", self.boris, own))
        self.authenticate(None, None)
        self.assertFalse(told("signup", self.anna, own))

    def test_only_the_first_address_has_the_secret(self):
        pages, seen = [self.url], set()
        while pages:
            page = self.get(pages.pop())
            self.assertNotIn(self.token.partition("-")[2], page.text)
            tree = html.fromstring(page.text)
            for address in tree.xpath("//a/@href | //form/@action | //*/@src"):
                self.assertNotIn(self.token, unquote(address))
                if "/month/" in address or "/document/" in address:
                    pages += [address] if address not in seen else []
                    seen.add(address)
        viewed = [address for address in seen if "/document/" in address]
        self.assertTrue(viewed)
        self.assertIn("no-referrer", self.get(viewed[0]).text)
        # Of the session, and of this share alone, as long as it is open.
        root = f"/archive/of/{self.share.id}"
        other, _token = self.link(self.root)
        self.assertEqual(self.get(root).status_code, 200)
        self.assertEqual(self.get(f"/archive/of/{other.id}").status_code, 404)
        for path in ("", "/month/2026-11", f"/file/{self.november.id}", "/zip/all"):
            self.authenticate(None, None)
            answer = self.get(f"{root}{path}")
            self.assertEqual(answer.status_code, 404)
            self.assertIn("open the link again", answer.text)
        self.get(self.url)
        self.share._revoke()
        self.assertEqual(self.get(root).status_code, 404)

    def test_a_large_zip_is_prepared_for_the_share(self):
        self.zips_are_large()
        self.get(f"{self.url}/zip/all", method="HEAD")
        self.assertFalse(self.share._last_delivery()[0])
        waiting = self.press(f"{self.url}/zip/all")
        self.assertEqual(waiting.status_code, 303)
        self.assertEqual(self.press(f"{self.url}/zip/all").headers["Location"],
                         waiting.headers["Location"])  # fmt: skip
        address = waiting.headers["Location"]
        page = self.get(address)
        self.assertIn("being prepared", page.text)
        self.assertEqual(page.headers["Refresh"], "10")
        with self.mock_mail_gateway():
            export = self.built(self.share._request_zip("all", "Everything"))
        self.assertEqual(export.state, "done", export.error)
        self.assertTrue(address.endswith(f"/prepared/{export.id}"))
        page = self.get(address)
        self.assertIn("is ready", page.text)
        self.assertNotIn("Refresh", page.headers)
        whole = self.get(f"{address}/file")
        self.assertIn("INV_11.pdf", " ".join(self.names(whole)))
        rest = self.get(f"{address}/file", headers={"Range": "bytes=100-"})
        self.assertEqual((rest.status_code, rest.content), (206, whole.content[100:]))
        self.assertIn("Ready to download", self._new_mails.subject)
        self.assertNotIn(self.token, str(self._new_mails.body_html))
        self.share._revoke()
        self.assertEqual(self.get(f"{address}/file").status_code, 404)

    def test_a_zip_that_went_says_so_where_it_was(self):
        self.zips_are_large()
        address = self.press(f"{self.url}/zip/all").headers["Location"]
        early = self.get(f"{address}/file")
        self.assertEqual((early.status_code, early.headers["Location"]), (303, address))
        export = self.built(self.share._request_zip("all", "Everything"))
        export._job_write({"done_on": export.done_on - timedelta(days=8)})
        late = self.get(f"{address}/file")
        self.assertEqual((late.status_code, late.headers["Location"]), (303, address))
        self.assertEqual(late.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("is not there any more", self.get(address).text)

    def test_a_large_zip_has_one_address(self):
        """Else whoever has a link fills the disk with copies of one year."""
        self.zips_are_large()
        self.share._deliver([])
        moment = self.share._last_delivery()[0]
        for part in ("2026", "2026-11", f"taken@{moment}"):
            self.assertEqual(self.press(f"{self.url}/zip/{part}").status_code, 303)
        exports = self.server["progbox.export"].search_count([])
        for part in (
            "٢٠٢٦", "2026-1١", "2026-1", "20_6", "+202", f"taken@{moment}"[:-3],
            f"taken@{moment}".replace("-", "-  "),
        ):  # fmt: skip
            with self.subTest(part=part):
                self.assertEqual(self.press(f"{self.url}/zip/{part}").status_code, 404)
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
