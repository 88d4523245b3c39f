import hashlib
import os
import resource
import tracemalloc
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..exceptions import FileMissing
from ..models import ir_attachment
from ..tools.staging import StagedFile
from .object_store import ObjectStore
from .report_common import picture

MEGABYTE = 1 << 20
# The most that Odoo takes: the size is a number of 32 bits.
TWO_GIGABYTES = 2**31 - 1
SMALL_MEMORY = 8 * MEGABYTE
# Of blocks in use, and of the threads of the server under test.
HEADROOM = 200 * MEGABYTE


@contextmanager
def memory_limit(size):
    """Let this process take so many bytes more, and fail where it asks for others."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


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

    def film(self, size, block=b""):
        """Return a staged file: of one block again and again, or of holes."""
        folder = self.attachments._progbox_staging_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "incoming-film"
        self.addCleanup(path.unlink, missing_ok=True)
        with path.open("wb") as file:
            if block:
                file.writelines([block] * (size // len(block)))
            file.truncate(size)
        return StagedFile(path, "f" * 40, "f" * 64, size)

    def adopt_film(self, size, block=b""):
        return self.attachments._progbox_adopt(
            self.film(size, block), {"name": "film.mp4", "mimetype": "video/mp4"}
        )

    def test_two_gigabytes_go_into_the_file_store(self):
        with memory_limit(HEADROOM):
            attachment = self.adopt_film(TWO_GIGABYTES)
            self.addCleanup(self.path(attachment).unlink)
            size = sum(map(len, attachment._progbox_blocks()))
        self.assertEqual(size, TWO_GIGABYTES)
        self.assertEqual(attachment.file_size, size)

    def test_two_gigabytes_go_into_an_object_store(self):
        ObjectStore(self)
        with memory_limit(HEADROOM):
            attachment = self.adopt_film(TWO_GIGABYTES)
            size = attachment._progbox_size()
        self.assertRegex(attachment.store_fname, rf"^s3://.*-{attachment.id}-0\.mp4$")
        self.assertEqual(size, TWO_GIGABYTES)
        self.assertEqual(attachment.file_size, size)

    def test_a_large_file_goes_into_the_database_in_bounded_memory(self):
        self.set_location("db")
        with memory_limit(HEADROOM // 4):
            attachment = self.adopt_film(100 * MEGABYTE, os.urandom(MEGABYTE))
            size = sum(map(len, attachment._progbox_blocks()))
        self.assertFalse(attachment.store_fname)
        self.assertEqual(size, 100 * MEGABYTE)
        self.assertEqual(attachment.file_size, size)

    def test_large_files_are_the_same_in_every_storage(self):
        blocks = [bytes([number]) * (MEGABYTE - 7) for number in range(5)]
        content = b"".join(blocks)
        sha1 = hashlib.sha1(content).hexdigest()
        for location in ("file", "db", "s3"):
            with self.subTest(location=location):
                if location == "s3":
                    ObjectStore(self)
                else:
                    self.set_location(location)
                attachment = self.adopt(*blocks)
                self.assertEqual(attachment.checksum, sha1)
                self.assertEqual(attachment.file_size, len(content))
                self.assertEqual(self.bytes_of(attachment, MEGABYTE), content)
                self.assertEqual(attachment.raw, content)
                self.assertEqual(attachment.env.context, self.env.context)
                self.assertEqual(bool(attachment.db_datas), location == "db")
        self.assertTrue(attachment.store_fname.startswith("s3://"))

    def test_two_large_files_in_one_transaction_of_a_database(self):
        self.set_location("db")
        for letter in (b"a", b"b"):
            content = letter * (2 * MEGABYTE + 1)
            self.assertEqual(self.bytes_of(self.adopt(content), MEGABYTE), content)

    def test_a_large_picture_stays_as_it_is(self):
        content = picture((3000, 10))
        for location in ("file", "db"):
            self.set_location(location)
            attachment = self.adopt(content, name="plan.png", mimetype="image/png")
            self.assertEqual(self.bytes_of(attachment), content)

    def test_more_than_the_database_can_keep_is_refused(self):
        self.set_location("db")
        before = self.attachments.search_count([])
        with (
            patch.object(self.env.cr, "copy_expert", create=True) as copy_expert,
            self.assertRaisesRegex(
                UserError, "film.mp4 has 2048 MB.* 500 MB.*location"
            ),
        ):
            self.adopt_film(TWO_GIGABYTES)
        copy_expert.assert_not_called()
        self.assertEqual(self.attachments.search_count([]), before)
        self.assertFalse(list(self.attachments._progbox_staging_folder().glob("*film")))

    def test_more_than_odoo_can_count_is_refused(self):
        for location in ("file", "db"):
            self.set_location(location)
            with self.assertRaisesRegex(UserError, "film.mp4 has 3072 MB.*divide"):
                self.adopt_film(3072 * MEGABYTE)
        self.assertFalse(list(self.attachments._progbox_staging_folder().glob("*film")))

    def test_what_the_database_keeps_can_be_backed_up(self):
        """PostgreSQL writes bytes as text of twice their length, below 1 GB."""
        limit = ir_attachment.DATABASE_LIMIT
        self.assertLess(2 * limit, (1024 - 10) * MEGABYTE)
