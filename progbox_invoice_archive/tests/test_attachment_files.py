import hashlib
import tracemalloc
from pathlib import Path

from odoo.tests import TransactionCase, tagged

from ..exceptions import FileMissing

MEGABYTE = 1 << 20
SMALL_MEMORY = 8 * MEGABYTE


@tagged("post_install", "-at_install")
class TestAttachmentFiles(TransactionCase):
    """One writer and one reader, wherever Odoo keeps its files."""

    def setUp(self):
        super().setUp()
        self.attachments = self.env["ir.attachment"]
        self.set_location("file")

    def set_location(self, location):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ir_attachment.location", location)

    def adopt(self, *blocks, **values):
        staged = self.attachments._progbox_stage(blocks)
        values = {"name": "plan.pdf", "mimetype": "application/pdf", **values}
        attachment = self.attachments._progbox_adopt(staged, values)
        self.assertFalse(staged.path.exists(), "the staged file was left behind")
        return attachment

    def path(self, attachment):
        return Path(attachment._full_path(attachment.store_fname))

    def marks(self, attachment):
        checklist = Path(self.attachments._full_path("checklist"))
        return list(checklist.glob(attachment.store_fname))

    def bytes_of(self, attachment, size=3):
        return b"".join(attachment._progbox_blocks(size))

    def test_an_adopted_file_is_what_odoo_itself_would_have_stored(self):
        ours = self.adopt(b"plan ", b"of the roof")
        odoos = self.attachments.create({"name": "other", "raw": b"plan of the roof"})
        for name in ("store_fname", "checksum", "file_size", "raw"):
            self.assertEqual(ours[name], odoos[name])
        self.assertFalse(ours.db_datas)
        self.assertEqual(self.bytes_of(ours), b"plan of the roof")

    def test_a_file_kept_in_the_database(self):
        self.set_location("db")
        attachment = self.adopt(b"plan ", b"of the roof")
        self.assertFalse(attachment.store_fname)
        self.assertEqual(attachment.checksum, hashlib.sha1(attachment.raw).hexdigest())
        self.assertEqual(self.bytes_of(attachment), b"plan of the roof")
        blocks = [len(block) for block in attachment._progbox_blocks(5)]
        self.assertEqual(blocks, [5, 5, 5, 1])

    def test_an_empty_file_is_read_as_one(self):
        for location in ("file", "db"):
            self.set_location(location)
            self.assertEqual(self.bytes_of(self.adopt(b"")), b"")

    def test_xml_stays_xml(self):
        user = self.env.ref("base.user_demo", raise_if_not_found=False)
        attachments = self.attachments.with_user(user or self.env.user)
        staged = attachments._progbox_stage([b"<svg/>"])
        attachment = attachments._progbox_adopt(
            staged, {"name": "e.xml", "mimetype": "application/xml"}
        )
        self.assertEqual(attachment.mimetype, "application/xml")

    def test_a_file_that_is_lost_is_named(self):
        attachment = self.adopt(b"soon lost", name="Facture 7.pdf")
        self.path(attachment).unlink()
        with self.assertRaisesRegex(FileMissing, "Facture 7.pdf.*backup"):
            self.bytes_of(attachment)

    def test_a_file_that_is_read_empty_is_lost(self):
        attachment = self.adopt(b"soon empty")
        self.path(attachment).write_bytes(b"")
        with self.assertRaisesRegex(FileMissing, "backup"):
            self.bytes_of(attachment)

    def test_a_file_that_is_cut_short_in_the_store_is_mended(self):
        first = self.adopt(b"the whole file")
        self.path(first).write_bytes(b"the wh")
        second = self.adopt(b"the whole file")
        self.assertEqual(self.path(first), self.path(second))
        self.assertEqual(self.bytes_of(first), b"the whole file")

    def test_the_garbage_collection_keeps_what_is_adopted(self):
        attachment = self.adopt(b"to be kept")
        self.addCleanup(self.path(attachment).unlink)
        self.assertTrue(self.marks(attachment))
        self.attachments._gc_file_store_unsafe()
        self.assertFalse(self.marks(attachment))
        self.assertEqual(self.bytes_of(attachment), b"to be kept")

    def test_the_garbage_collection_removes_what_was_rolled_back(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            attachment = self.adopt(b"of a transaction that failed")
            path = self.path(attachment)
            raise ZeroDivisionError
        self.assertTrue(path.exists())
        self.attachments._gc_file_store_unsafe()
        self.assertFalse(path.exists())

    def test_memory_does_not_grow_with_the_file(self):
        def blocks():
            for number in range(50):
                yield bytes([number]) * MEGABYTE

        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        staged = self.attachments._progbox_stage(blocks())
        attachment = self.attachments._progbox_adopt(staged, {"name": "film"})
        self.addCleanup(self.path(attachment).unlink)
        size = sum(map(len, attachment._progbox_blocks()))
        _now, peak = tracemalloc.get_traced_memory()
        self.assertEqual(size, 50 * MEGABYTE)
        self.assertEqual(attachment.file_size, size)
        self.assertLess(peak, SMALL_MEMORY)
