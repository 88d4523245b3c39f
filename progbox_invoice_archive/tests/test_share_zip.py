import csv
import io
import zipfile
from unittest.mock import patch

from odoo.tests import tagged

from ..models import progbox_share
from ..models.progbox_zip import LIMIT_PARAMETER
from .share_common import PortalCommon


@tagged("post_install", "-at_install")
class TestShareZip(PortalCommon):
    """The zips of a share: what they tell, and how many there are."""

    def setUp(self):
        super().setUp()
        self.share, self.token = self.link(self.root)
        self.url = f"/archive/{self.token}"
        self.authenticate(None, None)

    def prepare_all(self):
        self.env["ir.config_parameter"].set_param(LIMIT_PARAMETER, "0.000001")

    def documents_in(self, content):
        """Return the paths of the documents; the index says the same."""
        file = zipfile.ZipFile(io.BytesIO(content))
        names = [name for name in file.namelist() if "/" in name]
        index = csv.reader(io.StringIO(file.read("index.csv").decode("utf-8-sig")))
        self.assertEqual([line[7] for line in index][1:], names)
        self.assertNotIn("Divorce", "".join(file.namelist()))
        for name in ("index.csv", "MANIFEST.sha256"):
            self.assertNotIn(b"Divorce", file.read(name))
        return names

    def test_a_month_says_of_which_year_it_is(self):
        _share, token = self.link(self.month)
        names = self.documents_in(self.get(f"/archive/{token}/zip/all").content)
        self.assertEqual(names, ["factures/2026/11/INV_11.pdf"])

    def test_nobody_reads_what_is_above_the_shared_folder(self):
        document = self.plain_document("plan.pdf")
        above = self.plain_folder("Divorce of Mr X")
        shared = self.plain_folder("Plans", above)
        document.folder_id = self.plain_folder("Cellar", shared)
        share, token = self.link(shared)
        url = f"/archive/{token}"
        response = self.get(f"{url}/zip/all")
        self.assertEqual(int(response.headers["Content-Length"]), len(response.content))
        expected = ["Plans/Cellar/plan.pdf"]
        self.assertEqual(self.documents_in(response.content), expected)
        self.prepare_all()
        export = self.built(share._request_zip("all", "Plans"))
        self.assertEqual(export.state, "done", export.error)
        content = self.get(f"{url}/prepared/{export.id}/file").content
        self.assertEqual(self.documents_in(content), expected)

    def test_a_lost_file_is_no_reason_to_build_a_zip_again_and_again(self):
        self.prepare_all()
        self.plain_document("there.pdf")
        lost = self.plain_document("lost.pdf")
        share, _token = self.link(lost.folder_id)
        self.lose(lost)
        built = self.built(share._request_zip("all", "Odds"))
        self.assertEqual((built.document_count, built.found_count), (1, 2))
        for _click in range(2):
            self.assertEqual(share._request_zip("all", "Odds"), built)
        self.plain_document("new.pdf")
        self.assertNotEqual(share._request_zip("all", "Odds"), built)

    def test_a_share_keeps_its_newest_zips_only(self):
        self.prepare_all()
        other, _token = self.link(self.root)
        theirs = self.built(other._request_zip("all", "All"))
        # No transaction of a test is committed.
        exports = type(theirs)
        self.patch(exports, "_progbox_after_commit", lambda _self, remove: remove())
        with patch.object(progbox_share, "MOST_ZIPS", 2):
            first, *newest = (
                self.built(self.share._request_zip(part, part))
                for part in ("2026-10", "2026-11", "2026")
            )
        self.assertFalse(first.has_content)
        for export in (*newest, theirs):
            self.assertTrue(export.has_content)
        again = self.share._request_zip("2026-10", "2026-10")
        self.assertEqual(again.state, "pending")
