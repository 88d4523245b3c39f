import io
import zipfile

from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.http_common import PatientCase
from odoo.addons.progbox_invoice_archive.tests.object_store import ObjectStore
from odoo.addons.progbox_invoice_archive.tools.staging import BLOCK_SIZE

from .files_common import PNG, FilesCommon
from .test_types import page_of
from .upload_common import UploadCommon

PAGE = page_of("DEVIS SIGNE")


@tagged("post_install", "-at_install")
class TestObjectStorage(FilesCommon, PatientCase):
    """Documents of the tab in a storage that another module gives Odoo."""

    def setUp(self):
        super().setUp()
        self.store = ObjectStore(self)

    def stored(self, document):
        """Return the bytes of a document as they are in the storage."""
        attachment = document.sudo()._content_attachment()
        self.assertRegex(attachment.store_fname, rf"^s3://.*-{attachment.id}-0\.")
        return self.store.path(attachment.store_fname).read_bytes()

    def zipped(self, documents):
        zips = self.env["progbox.zip"].with_user(self.seller)
        url = zips.start([["id", "in", documents.ids]], False)["url"]
        self.authenticate("seller", "seller")
        return self.url_open(url)

    def test_versions_are_kept_there_and_come_back(self):
        first = self.drop(self.order, content=PAGE)
        second = self.drop(self.order, "plan.png", PNG, replaces=first.id)
        self.assertEqual(self.stored(first), PAGE)
        self.assertEqual(self.stored(second), PNG)
        third = first.browse(first.progbox_restore_version())
        self.assertEqual(self.stored(third), PAGE)
        # An object belongs to one row: the bytes are copied.
        names = [d.sudo()._content_attachment().store_fname for d in (first, third)]
        self.assertEqual(len(set(names)), 2)

    def test_the_same_bytes_are_recognised(self):
        first = self.drop(self.order, content=PAGE)
        again, said = self.dropped(self.order, content=PAGE)
        self.assertEqual(again, first)
        self.assertIn("plan.pdf", said)

    def test_a_large_file_is_streamed_there(self):
        content = PAGE + bytes(2 * BLOCK_SIZE)
        document = self.drop(self.order, content=content)
        self.assertEqual(self.stored(document), content)
        self.assertEqual(document.sudo().size, len(content))

    def test_an_attachment_is_kept_with_an_object_of_its_own(self):
        order = self.order.with_user(self.seller)
        message = order.message_post(body="x", attachments=[("scan.pdf", PAGE)])
        answer = order.progbox_keep_attachment(message.attachment_ids.id)
        document = self.env["progbox.document"].browse(answer["documentId"])
        self.assertEqual(self.stored(document), PAGE)
        message.attachment_ids.sudo().unlink()
        self.assertEqual(self.stored(document), PAGE)

    def test_the_first_page_is_drawn_and_read(self):
        document = self.drop(self.order, "scan.pdf", PAGE)
        reading = self.server["progbox.document.reading"].search(
            [("document_id", "=", document.id)]
        )
        reading._job_write({"attempts": 1})
        reading._job_process()
        self.assertEqual(document.sudo().type_id.code, "signed_quotation")
        self.authenticate("seller", "seller")
        answer = self.first_page(document)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(b"JFIF", answer.content)

    def test_a_zip_of_several_names_the_lost_one(self):
        documents = self.drop(self.order, content=PAGE)
        documents += self.drop(self.order, "photo.png", PNG)
        answer = self.zipped(documents)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
            content = {name.split("/")[-1]: file.read(name) for name in file.namelist()}
        self.assertEqual((content["plan.pdf"], content["photo.png"]), (PAGE, PNG))
        lost = documents[0].sudo()._content_attachment()
        self.store.path(lost.store_fname).unlink()
        answer = self.zipped(documents)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
            names = {name.split("/")[-1] for name in file.namelist()}
        self.assertIn("photo.png", names)
        self.assertNotIn("plan.pdf", names)


@tagged("post_install", "-at_install")
class TestObjectStorageUpload(UploadCommon):
    """What has arrived in pieces goes where Odoo keeps its files."""

    def setUp(self):
        super().setUp()
        self.store = ObjectStore(self)

    def filed(self, done):
        """Return the bytes of the document of an upload, as the storage has them."""
        self.assertEqual((done["state"], done["error"]), ("done", False))
        document = self.server["progbox.document"].browse(done["documentId"])
        name = document._content_attachment().store_fname
        self.assertTrue(name.startswith("s3://"), name)
        return self.store.path(name).read_bytes()

    def test_an_upload_is_filed_there(self):
        for size in (100, BLOCK_SIZE + 1):
            with self.subTest(size=size):
                content = bytes(range(1, 101)) * (size // 100 + 1)
                upload = self.arrived(content, name=f"{size}.bin")
                path = upload.sudo()._path()
                self.assertEqual(self.filed(upload.finish()), content)
                self.assertEqual(self.filed(upload.finish()), content)
                self.env.cr.postcommit.run()
                self.assertFalse(path.exists())
