from unittest.mock import patch

from lxml import html

from odoo.tests import tagged

from ..controllers import share_pages
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

    def counted(self):
        counters = {"counters": ["archive_count"]}
        return self.make_jsonrpc_request("/my/counters", counters)

    def test_the_portal_home_counts_the_documents(self):
        self.assertIn("/my/archive", self.get("/my/home").text)
        self.assertEqual(self.counted(), {"archive_count": 2})

    def test_the_portal_home_counts_a_document_once(self):
        self.share_with(self.month, self.anna)
        self.assertEqual(self.counted(), {"archive_count": 2})

    def test_the_portal_home_shows_the_way_to_an_empty_share(self):
        self.authenticate("boris@example.com", "boris@example.com")
        self.assertNotIn("/my/archive", self.get("/my/home").text)
        self.assertEqual(self.counted(), {"archive_count": 0})
        empty = self.plain_folder("Empty")
        self.share_with(empty, self.boris)
        page = html.fromstring(self.get("/my/home").text)
        [card] = page.xpath("//a[@href='/my/archive']/..")
        # By its script, the portal hides what counts nothing.
        self.assertNotIn("d-none", card.get("class"))
        self.assertTrue(card.xpath(".//*[@data-placeholder_count='archive_count']"))

    def test_years_and_months_show_counts_and_totals(self):
        page = self.get(self.url).text
        for text in ("2026", "November 2026", "October 2026", "240.00", "480.00"):
            self.assertIn(text, page)

    def test_a_month_lists_its_documents(self):
        page = self.get(f"{self.url}/month/2026-11").text
        self.assertIn("INV/11", page)
        self.assertNotIn("INV/10", page)

    def test_documents_are_found_by_what_stands_on_them(self):
        both = ("INV/10", "INV/11")
        for query, found in (
            ("search=INV/10", ("INV/10",)),
            ("search=lefevre", both),
            ("search=lefèvre&date_to=2026-10-31", ("INV/10",)),
            ("search=240,00", both),
            ("search=241", ()),
            ("search=2026-10", ("INV/10",)),
            ("date_from=2026-11-01", ("INV/11",)),
            ("search=nothing", ()),
            ("search=%25&date_from=nonsense", ()),
        ):
            with self.subTest(query=query):
                page = self.get(f"{self.url}/search?{query}").text
                for number in both:
                    inside = f'<span class="fw-bold text-break">{number}</span>' in page
                    self.assertEqual(inside, number in found)

    def test_the_51st_document_is_on_the_second_page(self):
        for number in range(50):
            self.archived_without_render(f"INV/11/{number:02d}", "2026-11-03")
        for path in ("month/2026-11", "search?search=INV/11"):
            with self.subTest(path=path):
                first = html.fromstring(self.get(f"{self.url}/{path}").text)
                [second] = first.xpath(
                    "//a[contains(@class, 'page-link')][normalize-space()='2']/@href"
                )
                page = self.get(second)
                self.assertEqual(page.status_code, 200, second)
                links = "//*[contains(@class, 'o_progbox_document')]/a/@href"
                found = [
                    set(listed.xpath(links))
                    for listed in (first, html.fromstring(page.text))
                ]
                # Two addresses each: its page and its file.
                self.assertEqual([len(each) for each in found], [100, 2])
                self.assertFalse(set.intersection(*found))

    def test_a_search_for_a_whole_book_is_cut(self):
        words = " ".join(f"word{number}" for number in range(500))
        with patch.object(share_pages, "_found", wraps=share_pages._found) as found:
            self.get(f"{self.url}/search?search={words}")
        self.assertEqual(found.call_args.kwargs["search"], words[:200])

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
            "INV_10.pdf", " ".join(self.names(self.press(f"{self.url}/zip/2026-10")))
        )
        self.assertIn("Download 1 new", " ".join(self.get(self.url).text.split()))
        names = " ".join(self.names(self.press(f"{self.url}/zip/new")))
        self.assertIn("INV_11.pdf", names)
        self.assertNotIn("INV_10.pdf", names)
        page = self.get(self.url).text
        self.assertIn("You have downloaded everything", page)
        self.assertEqual(self.press(f"{self.url}/zip/new").status_code, 303)
        again = " ".join(self.names(self.press(f"{self.url}/zip/again")))
        self.assertIn("INV_11.pdf", again)

    def test_a_look_at_the_headers_takes_nothing_along(self):
        self.get(f"{self.url}/zip/new", method="HEAD")
        self.assertEqual(self.share._new_count(), 2)
        self.assertFalse(self.lines(self.share, "view", "download"))

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
        for lang, *words in (
            (
                "fr_FR",
                "Novembre 2026",
                "Numéro, client, montant ou date",
                "Facture client",
            ),
            (
                "ro_RO",
                "Noiembrie 2026",
                "Număr, client, sumă sau dată",
                "Factură client",
            ),
        ):
            self.install_language(lang)
            self.anna.lang = lang
            self.authenticate("anna@example.com", "anna@example.com")
            page = self.get(f"{self.url}/month/2026-11").text
            for word in words:
                with self.subTest(word=word):
                    self.assertIn(word, page)
