import csv
import io
import subprocess
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.progbox_package import Reader
from ..models.progbox_zip import LIMIT_PARAMETER
from .common import PDF, ArchiveCommon
from .http_common import PatientCase


class ZipCommon(ArchiveCommon, PatientCase):
    """Two months of archive, and the browser of people with few rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.november = cls.archived_without_render("INV/2026/11/0001", "2026-11-02")
        cls.december = cls.archived_without_render("INV/2026/12/0001", "2026-12-02")
        cls.year = cls.november.folder_id.parent_id
        cls.zips = cls.env["progbox.zip"].with_user(cls.billing)

    def start(self, domain=(), folder=None, user=None):
        zips = self.env["progbox.zip"].with_user(user or self.billing)
        return zips.start(list(domain), folder.id if folder else False)

    def download(self, url, user="billing"):
        self.authenticate(user, user)
        return self.url_open(url)

    def zipped(self, answer):
        self.assertEqual(answer.status_code, 200, answer.text[:500])
        file = zipfile.ZipFile(io.BytesIO(answer.content))
        self.assertIsNone(file.testzip())
        return file

    def documents_in(self, answer):
        return [name for name in self.zipped(answer).namelist() if "/" in name]

    def log_lines(self, kind="download"):
        return self.server["progbox.access.log"].search([("kind", "=", kind)])

    def limit(self, megabytes):
        self.env["ir.config_parameter"].set_param(LIMIT_PARAMETER, str(megabytes))


@tagged("post_install", "-at_install")
class TestZip(ZipCommon):
    """A folder, a search or a choice of documents in one click."""

    def test_a_month_is_downloaded(self):
        answer = self.download(self.start(folder=self.november.folder_id)["url"])
        file = self.zipped(answer)
        name = "factures/2026/11/INV_2026_11_0001.pdf"
        self.assertEqual(self.documents_in(answer), [name])
        self.assertEqual(file.read(name), PDF)
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.content))

    def test_a_year_has_its_months_as_folders(self):
        answer = self.download(self.start(folder=self.year)["url"])
        self.assertEqual(
            self.documents_in(answer),
            [
                "factures/2026/11/INV_2026_11_0001.pdf",
                "factures/2026/12/INV_2026_12_0001.pdf",
            ],
        )

    def test_a_search_is_downloaded_with_a_ticket(self):
        answer = self.start([("number", "=", self.december.number)])
        self.assertEqual(answer["documents"], 1)
        self.assertEqual(answer["size"], len(PDF))
        self.assertEqual(
            self.documents_in(self.download(answer["url"])),
            ["factures/2026/12/INV_2026_12_0001.pdf"],
        )

    def test_it_unpacks_and_the_manifest_is_accepted(self):
        answer = self.download(self.start(folder=self.year)["url"])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "year.zip"
            path.write_bytes(answer.content)
            for command in ("unzip -q year.zip", "sha256sum -c MANIFEST.sha256"):
                subprocess.run(
                    command.split(), cwd=folder, check=True, capture_output=True
                )

    def test_the_answer_stays_out_of_caches_frames_and_search_engines(self):
        self.company.name = "Société d'Été"
        headers = self.download(self.start(folder=self.year)["url"]).headers
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["Content-Security-Policy"], "default-src 'none'")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertIn(
            "filename*=UTF-8''Soci%C3%A9t%C3%A9%20d%27%C3%89t%C3%A9",
            headers["Content-Disposition"],
        )

    def test_nothing_to_download_is_said_in_words(self):
        with self.assertRaisesRegex(UserError, "no document here"):
            self.start([("id", "=", 0)])

    def test_without_a_choice_there_is_no_zip_of_everything(self):
        for nothing in ([], [(1, "=", 1)], ["|", (1, "=", 1), ("id", "=", 0)]):
            with (
                self.subTest(domain=nothing),
                self.assertRaisesRegex(UserError, "No documents were chosen"),
            ):
                self.start(nothing)

    def test_all_that_the_browser_lists_is_a_choice(self):
        folders = self.env["progbox.folder"].with_user(self.billing)
        answer = self.start(folders.tree_start()["domain"])
        self.assertGreaterEqual(answer["documents"], 2)

    def test_two_companies_have_a_folder_each(self):
        other = self.setup_other_company(name="Autre / société")["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        self.billing.company_ids |= other
        zips = self.zips.with_context(allowed_company_ids=(self.company | other).ids)
        chosen = [("id", "in", (self.november | theirs).ids)]
        url = zips.start(chosen)["url"]
        names = self.documents_in(self.download(url))
        self.assertEqual(
            {name.split("/")[0] for name in names},
            {self.company.name, "Autre _ société"},
        )
        url = self.zips.with_context(allowed_company_ids=other.ids).start(chosen)["url"]
        self.assertEqual(
            self.documents_in(self.download(url)), ["factures/2026/11/THEIRS_1.pdf"]
        )

    def test_what_is_taken_along_is_written_down(self):
        self.download(self.start(folder=self.november.folder_id)["url"])
        [line] = self.log_lines()
        self.assertEqual(line.folder_ref, self.november.folder_id.id)
        self.assertEqual((line.user_login, line.note), ("billing", "1 in a zip"))
        self.download(self.start([("id", "=", self.december.id)])["url"])
        self.assertEqual(self.log_lines()[0].document_ref, self.december.id)

    def test_asking_for_the_head_alone_takes_nothing_along(self):
        url = self.start(folder=self.year)["url"]
        self.authenticate("billing", "billing")
        whole = self.url_open(url)
        lines = self.log_lines()
        head = self.url_open(url, method="HEAD")
        self.assertEqual(head.headers["Content-Length"], str(len(whole.content)))
        self.assertEqual(self.log_lines(), lines)

    def test_no_file_is_looked_at_before_the_first_byte(self):
        url = self.start(folder=self.year)["url"]
        self.authenticate("billing", "billing")
        looked = AssertionError("a file was looked at")
        with (
            patch.object(Reader, "size", side_effect=looked),
            patch.object(Reader, "__call__", side_effect=looked),
        ):
            head = self.url_open(url, method="HEAD")
        self.assertEqual(head.status_code, 200)
        self.assertGreater(int(head.headers["Content-Length"]), len(PDF))

    def test_a_missing_file_is_named_in_the_zip_on_screen_and_in_the_log(self):
        attachment = self.november._content_attachment()
        path = Path(attachment._full_path(attachment.store_fname))
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.unlink()
        url = self.start(folder=self.year)["url"]
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING") as log:
            answer = self.download(url)
        name = "factures/2026/11/INV_2026_11_0001.pdf"
        self.assertIn(name, "".join(log.output))
        file = self.zipped(answer)
        self.assertIn(name, file.read("PROBLEMS.txt").decode())
        self.assertNotIn(name, file.namelist())
        index = csv.reader(io.StringIO(file.read("index.csv").decode("utf-8-sig")))
        self.assertIn("missing, see PROBLEMS.txt", list(index)[1])
        told = self.env["bus.bus"].sudo().search([], order="id desc", limit=1)
        self.assertIn("PROBLEMS.txt", told.message)


@tagged("post_install", "-at_install")
class TestZipAccess(ZipCommon):
    """Who gets what, and who gets nothing."""

    def test_whoever_may_not_read_the_archive_is_refused(self):
        folder_url = f"/progbox/zip/folder/{self.year.id}"
        ticket_url = self.start([("id", "=", self.november.id)])["url"]
        new_test_user(self.env, "portal_b", groups="base.group_portal")
        for login in ("plain", "portal_b"):
            for url in (folder_url, ticket_url):
                with self.subTest(login=login, url=url):
                    self.assertEqual(self.download(url, login).status_code, 403)
        # Refused, or of nothing where another add-on opens documents of its own.
        with self.assertRaises(UserError):
            self.start([("id", "!=", 0)], user=self.plain)
        with self.assertRaises(AccessError):
            self.start(folder=self.year, user=self.plain)

    def test_whoever_is_refused_is_written_down(self):
        colleague = self.user_of("colleague", "account.group_account_invoice")
        ticket_url = self.start([("id", "=", self.november.id)])["url"]
        self.limit(0)
        export = self.zips.env["progbox.export"].browse(
            self.start(folder=self.year)["export"]["res_id"]
        )
        for login, url, note in (
            ("plain", f"/progbox/zip/folder/{self.year.id}", ".factures / 2026"),
            ("colleague", ticket_url, "Archive"),
            ("colleague", f"/progbox/export/{export.id}", export.name),
        ):
            with self.subTest(url=url):
                before = self.log_lines("refused")
                for _attempt in range(2):
                    self.assertEqual(self.download(url, login).status_code, 403)
                line = self.log_lines("refused") - before
                self.assertEqual(
                    (line.user_login, line.note, line.company_id, line.address),
                    (login, f"Zip: {note}", self.company, "127.0.0.1"),
                )
        before = self.log_lines("refused")
        for url in ("/progbox/zip/folder/999999999", "/progbox/export/999999999"):
            self.assertIn(self.download(url, "plain").status_code, (403, 404))
        self.assertEqual(self.log_lines("refused"), before)
        self.assertTrue(colleague.active)

    def test_the_public_is_sent_to_the_login(self):
        url = self.start([("id", "=", self.november.id)])["url"]
        for path in (f"/progbox/zip/folder/{self.year.id}", url, "/progbox/export/1"):
            answer = self.url_open(path, allow_redirects=False)
            self.assertEqual(answer.status_code, 303)
            self.assertIn("/web/login", answer.headers["Location"])

    def test_a_ticket_is_of_no_use_to_anybody_else(self):
        url = self.start([("id", "=", self.november.id)])["url"]
        self.user_of("colleague", "account.group_account_invoice")
        self.assertEqual(self.download(url, "colleague").status_code, 403)
        self.assertEqual(self.download(url).status_code, 200)

    def test_a_ticket_gives_no_right_that_its_owner_has_lost(self):
        url = self.start([("id", "=", self.november.id)])["url"]
        self.billing.group_ids = self.env.ref("base.group_user")
        # Refused, or nothing found where another add-on lets everybody ask.
        self.assertIn(self.download(url).status_code, (403, 422))

    def test_the_documents_of_another_company_are_never_inside(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        answer = self.start([("id", "in", (self.november | theirs).ids)])
        self.assertEqual(answer["documents"], 1)
        file = self.zipped(self.download(answer["url"]))
        for name in file.namelist():
            self.assertNotIn(b"THEIRS", name.encode() + file.read(name))
        url = f"/progbox/zip/folder/{theirs.folder_id.id}"
        self.assertEqual(self.download(url).status_code, 403)

    def test_nobody_makes_a_ticket_by_hand(self):
        tickets = self.env["progbox.zip.ticket"].with_user(self.billing)
        with self.assertRaises(AccessError):
            tickets.create({"name": "x", "domain": [], "company_ids": []})

    def test_a_domain_that_is_none_is_refused(self):
        with self.assertRaises(ValueError):
            self.start([("no_such_field", "=", 1)])
