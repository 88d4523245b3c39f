from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ..models import progbox_access_log, progbox_share
from ..models.progbox_zip import LIMIT_PARAMETER
from .share_common import PortalCommon


@tagged("post_install", "-at_install")
class TestShareLog(PortalCommon):
    """What is written down about the visitors of a share."""

    def setUp(self):
        super().setUp()
        self.share = self.share_with(self.root, self.anna)
        self.url = f"/my/archive/{self.share.id}"
        self.authenticate("anna@example.com", "anna@example.com")

    def test_whichever_page_comes_first_opens_the_share(self):
        pages = (
            "/month/2026-11",
            "/search?search=INV",
            f"/document/{self.november.id}",
        )
        for page in pages:
            share = self.share_with(self.root, self.anna)
            with self.subTest(page=page):
                self.get(f"/my/archive/{share.id}{page}", method="HEAD")
                self.assertFalse(self.lines(share, "view"))
                for other in (page, *pages):
                    response = self.get(f"/my/archive/{share.id}{other}")
                    self.assertEqual(response.status_code, 200)
                line = self.lines(share, "view")
                self.assertEqual(line.folder_ref, self.root.id)
                self.assertEqual(share.opening_count, 1)

    def test_pages_are_another_opening_after_an_hour(self):
        for _page in range(2):
            self.get(f"{self.url}/month/2026-11")
        self.assertEqual(self.share.opening_count, 1)
        with patch.object(progbox_share, "ONE_OPENING", timedelta(0)):
            self.get(f"{self.url}/month/2026-11")
        self.assertEqual(self.share.opening_count, 2)

    def test_every_refusal_is_written_down_whatever_came_before(self):
        link, token = self.link(self.root)
        expired, expired_token = self.link(self.root)
        revoked, revoked_token = self.link(self.root)
        theirs = self.share_with(self.root, self.boris)
        self.by_the_clock(expired)
        revoked._revoke()
        odd = self.plain_document("odd.pdf").id
        export = theirs._request_zip("all", "All").id
        for share, url, note in (
            (link, f"/archive/{link.id}-{'a' * 43}", "A wrong link"),
            (theirs, f"/my/archive/{theirs.id}", "Shared with somebody else"),
            (expired, f"/archive/{expired_token}", "The share has expired"),
            (revoked, f"/archive/{revoked_token}", "The share was revoked"),
            (
                link,
                f"/archive/{token}/document/{odd}",
                f"A document that is not in the shared folder ({odd})",
            ),
            (
                link,
                f"/archive/{token}/file/{odd + 1}",
                f"A document that is not in the shared folder ({odd + 1})",
            ),
            (
                link,
                f"/archive/{token}/prepared/{export}",
                f"A zip of another share ({export})",
            ),
            (
                link,
                f"/archive/{token}/month/1999-01",
                "Something that is not in the shared folder",
            ),
        ):
            with self.subTest(url=url):
                before = self.lines(share, "refused")
                for _attempt in range(2):
                    self.assertIn(self.get(url).status_code, (404, 410))
                line = self.lines(share, "refused") - before
                self.assertEqual((line.note, line.address), (note, "127.0.0.1"))
        self.assertEqual(len(self.reasons()), 7)

    def reasons(self):
        """Return the notes of all refusals, without what they are about."""
        notes = self.log.search([("kind", "=", "refused")]).mapped("note")
        return {note.partition(" (")[0] for note in notes}

    def test_a_thousand_attempts_are_not_a_thousand_lines(self):
        with patch.object(progbox_access_log, "MOST_REFUSALS", 3):
            for number in range(5):
                self.get(f"{self.url}/document/{10**9 + number}")
        self.assertEqual(len(self.lines(self.share, "refused")), 3)

    def test_who_has_looked_at_a_file_has_not_saved_it(self):
        file = f"{self.url}/file/{self.november.id}"
        for url, kinds in (
            (file, ["view"]),
            (file, ["view"]),
            (f"{file}?download=1", ["view", "download"]),
            (f"{file}?download=1", ["view", "download"]),
            (file, ["view", "download"]),
        ):
            self.get(url, headers={"Range": "bytes=0-"})
            self.assertEqual(
                self.lines(self.share, "view", "download").mapped("kind"), kinds
            )

    def test_what_the_browser_cannot_show_is_saved(self):
        document = self.plain_document("e.xml", b"<Invoice/>", "application/xml")
        share = self.share_with(document.folder_id, self.anna)
        self.get(f"/my/archive/{share.id}/file/{document.id}", method="HEAD")
        self.assertFalse(self.lines(share, "view", "download"))
        self.get(f"/my/archive/{share.id}/file/{document.id}")
        self.assertEqual(
            self.lines(share, "view", "download").mapped("kind"), ["download"]
        )

    def test_a_large_zip_that_is_fetched_in_pieces_is_one_download(self):
        self.env["ir.config_parameter"].set_param(LIMIT_PARAMETER, "0.000001")
        for part in ("all", "2026"):
            export = self.built(self.share._request_zip(part, f"Part {part}"))
            for begin in (0, 100, 200):
                response = self.get(
                    f"{self.url}/prepared/{export.id}/file",
                    headers={"Range": f"bytes={begin}-"},
                )
                self.assertEqual(response.status_code, 206)
        self.assertEqual(
            self.lines(self.share, "download").mapped("note"),
            ["2 in a zip: Part all", "2 in a zip: Part 2026"],
        )
        self.assertEqual(self.share.download_count, 2)
        self.get(f"{self.url}/prepared/{export.id}/file")
        self.env.invalidate_all()
        self.assertEqual(self.share.download_count, 3)
