from pathlib import Path
from tempfile import TemporaryDirectory

from odoo.tests import tagged

from ..exceptions import FileMissing, FileUnreadable
from .object_store import ObjectStore
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestObjectStorage(VerificationCommon):
    """Files that another module keeps in a storage of its own."""

    INVOICES = 2

    def setUp(self):
        super().setUp()
        self.store = ObjectStore(self)
        self.victim = self.filed()
        self.attachment = self.documents(self.victim)._content_attachment()
        self.file = self.store.path(self.attachment.store_fname)

    def bytes_read(self):
        return b"".join(self.attachment._progbox_blocks(4))

    def test_an_archived_file_is_kept_and_read_there(self):
        content = f"%PDF-1.4 {self.victim.name} {self.victim.id}".encode()
        self.assertRegex(
            self.attachment.store_fname, rf"^s3://.*-{self.attachment.id}-0\.pdf$"
        )
        self.assertEqual(self.file.read_bytes(), content)
        self.assertEqual(self.bytes_read(), content)
        self.assertEqual(self.attachment._progbox_size(), len(content))
        self.assertIsNone(self.attachment._progbox_path())
        self.assertIntact(self.verify())

    def test_other_programs_get_a_copy_or_nothing(self):
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.pdf"
            self.assertEqual(self.attachment._progbox_local_path(copy), copy)
            self.assertEqual(copy.read_bytes(), self.file.read_bytes())
            self.file.unlink()
            missing = self.attachment._progbox_local_path(Path(folder) / "other.pdf")
            self.assertFalse(missing.exists())

    def test_a_sealed_file_moves_there_and_back(self):
        stored = self.documents(self.moves[0])._content_attachment()
        content = b"".join(stored._progbox_blocks())
        self.assertTrue(stored._progbox_path().is_file())
        stored._migrate()
        self.env.flush_all()
        self.assertTrue(stored.store_fname.startswith("s3://"))
        self.assertEqual(b"".join(stored._progbox_blocks()), content)
        self.assertIntact(self.verify())

    def test_a_lost_object_is_missing_and_never_empty(self):
        self.file.unlink()
        for read in (self.bytes_read, self.attachment._progbox_size):
            with self.assertRaisesRegex(FileMissing, "backup"):
                read()
        self.assertFound(("file_missing", self.victim))

    def test_an_emptied_object_is_missing(self):
        self.file.write_bytes(b"")
        self.assertFound(("file_missing", self.victim))

    def test_a_changed_object(self):
        self.file.write_bytes(b"forged")
        self.assertFound(("file_changed", self.victim))

    def test_a_storage_that_does_not_answer(self):
        def refuse(attachment, mode):
            raise ConnectionError("503 slow down")

        self.patch(type(self.attachment), "open", refuse)
        with self.assertRaisesRegex(FileUnreadable, "503"):
            self.bytes_read()
        run = self.assertFound(("file_unreadable", self.victim))
        self.assertEqual(run.finding_ids.actual, "503 slow down")

    def test_the_module_of_the_storage_is_gone(self):
        self.store.uninstall(self)
        run = self.assertFound(("file_unreadable", self.victim))
        self.assertIn("storage s3", run.finding_ids.message)

    def test_a_sealed_row_gets_no_object_of_another(self):
        another = self.documents(self.filed())._content_attachment()
        self.run_deferred_triggers()
        for name in (another.store_fname, "s3://forged.pdf"):
            with (
                self.assertRaisesRegex(Exception, "is not changed"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(
                    "UPDATE ir_attachment SET store_fname = %s WHERE id = %s",
                    [name, self.attachment.id],
                )

    def test_a_package_takes_objects_and_names_the_lost_ones(self):
        """What is packed is read with a cursor of its own, when the request is over."""
        lost = self.documents(self.filed())._content_attachment()
        self.store.path(lost.store_fname).unlink()
        packages = self.server["progbox.package"]
        domain = [("company_id", "=", self.company.id)]
        package = packages._package(self.company, domain)
        self.assertEqual(len(package.files), len(self.moves) + 1)
        [problem] = package.problems
        self.assertIn(lost.name, problem)
        self.assertIn("missing", problem)
        sources = [entry.source for entry in package.files]
        self.assertIn(self.attachment.id, sources)
        with self.enter_registry_test_mode():
            content = b"".join(package.read(self.attachment.id))
        self.assertEqual(content, self.file.read_bytes())
