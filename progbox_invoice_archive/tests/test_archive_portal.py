from odoo.tests import tagged

from .common import ArchiveCommon
from .http_common import PatientCase


@tagged("post_install", "-at_install")
class TestArchivePortal(ArchiveCommon, PatientCase):
    def test_the_customer_downloads_the_archived_file(self):
        move = self.archived()
        url = move.get_portal_url(report_type="pdf", download=True)
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.content, self.content(self.documents(move)))

    def test_the_content_of_a_document_needs_rights_on_the_archive(self):
        document = self.archived_without_render()
        self.env.flush_all()
        url = f"/web/content/progbox.document/{document.id}/content"
        self.authenticate("billing", "billing")
        self.assertEqual(self.url_open(url).content, self.content(document))
        for login in ("plain", None):
            self.authenticate(login, login)
            response = self.url_open(url)
            self.assertEqual(response.status_code, 404)
            self.assertNotIn(b"%PDF", response.content)
        attachment = document._content_attachment()
        response = self.url_open(f"/web/content/{attachment.id}")
        self.assertEqual(response.status_code, 404)
