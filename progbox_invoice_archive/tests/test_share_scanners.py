from types import SimpleNamespace
from unittest.mock import patch

from lxml import html

from odoo.tests import tagged

from ..models import zip_handover
from ..models.zip_handover import ZipHandover
from .share_common import PortalCommon

# Waits until the page has told the server that it is shown.
TOLD = """
    const wait = () => performance.getEntriesByType("resource").some(
        (entry) => entry.name.endsWith("/opened") && entry.responseStatus === 204
    ) ? console.log("test successful") : setTimeout(wait, 50);
    wait();
"""


@tagged("post_install", "-at_install")
class TestShareScanners(PortalCommon):
    """Programs that follow every link, and downloads that do not arrive."""

    def setUp(self):
        super().setUp()
        self.share, self.token = self.link(self.root)
        self.url = f"/archive/{self.token}"
        self.authenticate(None, None)

    def follow_all(self):
        """Ask for everything that a page of the share names, as a scanner does."""
        # What a page names has no secret in it: a scanner without a memory gets there
        # by the link alone.
        inside = f"/archive/of/{self.share.id}"
        addresses, seen = [self.url], set()
        while addresses:
            address = addresses.pop()
            if address in seen or not address.startswith((self.url, inside)):
                continue
            seen.add(address)
            for method in ("HEAD", "GET"):
                # Each time as somebody who has never been here.
                self.authenticate(None, None)
                if address != self.url:
                    self.assertIn(self.get(address).status_code, (404, 405))
                    self.get(self.url)
                answer = self.get(address, method=method)
                # That somebody is there is told by a POST: nothing else is below it.
                told = address.endswith("/opened")
                wanted = (404,) if told else (200, 303, 405)
                self.assertIn(answer.status_code, wanted, address)
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                page = html.fromstring(answer.text)
                addresses += page.xpath("//a/@href | //form/@action")
        self.assertTrue([url for url in seen if url.endswith("/zip/new")], seen)
        self.assertTrue([url for url in seen if "/file/" in url], seen)

    def exports(self):
        return self.server["progbox.export"].search([("share_id", "=", self.share.id)])

    def test_following_every_link_changes_nothing(self):
        self.follow_all()
        self.assertEqual(self.share._new_count(), 2)
        self.assertFalse(self.share._last_delivery()[0])
        self.assertEqual((self.share.opening_count, self.share.download_count), (0, 0))
        self.assertFalse(self.share.last_opened)

    def test_following_every_link_prepares_no_zip(self):
        self.zips_are_large()
        self.follow_all()
        self.assertFalse(self.exports())

    def test_what_a_program_has_opened_is_marked_in_the_log(self):
        self.get(self.url)
        self.get(f"{self.url}/file/{self.november.id}?download=1")
        lines = self.lines(self.share, "view", "download")
        self.assertEqual(lines.mapped("unconfirmed"), [True, True])

    def test_a_browser_confirms_an_opening_once(self):
        page = html.fromstring(self.get(self.url).text)
        [form] = page.xpath("//form[@id='o_progbox_opened']")
        action = f"/archive/of/{self.share.id}/opened"
        self.assertEqual(form.get("action"), action)
        [token] = form.xpath("input[@name='csrf_token']/@value")
        answer = self.get(action, data={"csrf_token": token}, method="POST")
        self.assertEqual(answer.status_code, 204)
        self.press(f"{self.url}/opened")
        self.assertEqual(self.share.opening_count, 1)
        # From now on it is known who is there.
        self.assertNotIn("o_progbox_opened", self.get(f"{self.url}/month/2026-11").text)
        self.get(f"{self.url}/file/{self.november.id}?download=1")
        self.env.invalidate_all()
        self.assertEqual((self.share.opening_count, self.share.download_count), (1, 1))

    def test_a_browser_says_that_somebody_is_there(self):
        self.browser_js(self.url, TOLD, "true")
        self.env.invalidate_all()
        self.assertEqual(self.share.opening_count, 1)

    def test_whoever_is_logged_in_is_no_program(self):
        share = self.share_with(self.root, self.anna)
        self.authenticate("anna@example.com", "anna@example.com")
        page = self.get(f"/my/archive/{share.id}").text
        self.assertNotIn("o_progbox_opened", page)
        self.assertEqual(share.opening_count, 1)

    def test_a_button_of_another_page_does_nothing(self):
        answer = self.get(f"{self.url}/zip/new", data={"part": "new"}, method="POST")
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.share._new_count(), 2)

    def test_who_presses_the_button_has_the_documents(self):
        names = self.names(self.press(f"{self.url}/zip/new"))
        self.assertIn("factures/2026/11/INV_11.pdf", names)
        self.assertEqual(self.share._new_count(), 0)
        self.assertEqual(self.share.download_count, 1)

    def test_what_is_lost_is_not_delivered(self):
        self.plain_document("here.pdf")
        lost = self.plain_document("lost.pdf")
        share, token = self.link(lost.folder_id)
        self.lose(lost)
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            self.press(f"/archive/{token}/zip/new")
        self.assertEqual(share._documents(share._new_domain()), lost)

    # ------------------------------------------------------------------
    # Downloads that break off
    # ------------------------------------------------------------------

    def watched(self, size, whole):
        """Return what sends ten pieces of ten bytes to a visitor of the share."""
        share = self.share.with_context(progbox_share=self.share)
        asked = SimpleNamespace(address="192.0.2.1", is_seen=True)
        with patch.object(zip_handover, "current_request", lambda: asked):
            handover = ZipHandover(share.env["progbox.zip"], self.company, whole)
        return handover.watch(iter([b"0123456789"] * 10), size)

    def test_a_download_that_breaks_off_has_not_arrived(self):
        arrived = []
        pieces = self.watched(100, arrived.append)
        with self.enter_registry_test_mode():
            for _piece in range(6):
                next(pieces)
            pieces.close()
        self.assertFalse(arrived)
        line = self.lines(self.share, "stopped")
        self.assertEqual(
            (line.note, line.address), ("Zip broken off at 50 %", "192.0.2.1")
        )
        self.assertFalse(line.unconfirmed)

    def test_a_download_has_arrived_with_its_last_piece(self):
        arrived = []
        pieces = self.watched(100, lambda zips: arrived.append(zips.env.su))
        with self.enter_registry_test_mode():
            for _piece in range(9):
                next(pieces)
            self.assertFalse(arrived)
            self.assertEqual(len(list(pieces)), 1)
        self.assertEqual(arrived, [True])
        self.assertFalse(self.lines(self.share, "stopped"))

    def test_what_cannot_be_written_down_breaks_no_download(self):
        def fail(_zips):
            raise ValueError("the database is away")

        with (
            self.enter_registry_test_mode(),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "ERROR"),
        ):
            self.assertEqual(len(list(self.watched(100, fail))), 10)

    def test_a_download_that_breaks_off_does_not_count(self):
        self.press(f"{self.url}/zip/2026-10")
        pieces = self.watched(100, lambda _zips: None)
        with self.enter_registry_test_mode():
            next(pieces)
            pieces.close()
        self.env.invalidate_all()
        self.assertEqual(self.share.download_count, 0)

    # ------------------------------------------------------------------
    # Large zips
    # ------------------------------------------------------------------

    def prepare(self, part):
        """Return a large zip that is ready, and where its file is."""
        answer = self.press(f"{self.url}/zip/{part}")
        export = self.built(self.exports()[0])
        self.assertEqual(export.state, "done", export.error)
        self.assertTrue(answer.headers["Location"].endswith(f"/{export.id}"))
        return export, f"{answer.headers['Location']}/file"

    def test_a_large_zip_is_delivered_when_it_was_fetched(self):
        self.zips_are_large()
        export, file = self.prepare("2026-11")
        self.assertEqual(self.share._new_count(), 2)
        self.get(file, method="HEAD")
        self.get(file, headers={"Range": "bytes=0-99"})
        self.assertEqual(self.share._new_count(), 2)
        whole = self.get(file)
        self.assertEqual(len(whole.content), int(export.size))
        self.assertEqual(self.share._documents(self.share._new_domain()), self.october)

    def test_a_large_zip_is_delivered_when_its_end_was_fetched(self):
        self.zips_are_large()
        _export, file = self.prepare("all")
        answer = self.get(file, headers={"Range": "bytes=100-"})
        self.assertEqual(answer.status_code, 206)
        self.assertEqual(self.share._new_count(), 0)

    def test_what_came_after_a_large_zip_stays_new(self):
        self.zips_are_large()
        first, file = self.prepare("new")
        later = self.archived_without_render("INV/12", "2026-11-20")
        self.get(file)
        self.assertEqual(self.share._documents(self.share._new_domain()), later)
        second, _file = self.prepare("new")
        self.assertNotEqual(first, second)
        self.assertEqual(second.document_count, 1)

    def test_pressing_twice_prepares_one_zip(self):
        self.zips_are_large()
        first, _file = self.prepare("new")
        self.press(f"{self.url}/zip/new")
        self.assertEqual(self.exports(), first)
