from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import PNG, FilesCommon


@tagged("post_install", "-at_install")
class TestVersions(FilesCommon):
    """A new version keeps the old one, which can come back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        documents = cls.order.with_user(cls.seller).env["progbox.document"]
        order = cls.order.with_user(cls.seller)
        cls.first, _new = documents._progbox_drop(
            order, cls.staged(), {"name": "plan.pdf"}
        )
        cls.second, _new = documents._progbox_drop(
            order,
            cls.staged(PNG),
            {"name": "plan.png", "replaces": cls.first.id},
        )

    def test_all_are_listed_newest_first(self):
        for document in (self.first, self.second):
            versions = document.progbox_versions()
            self.assertEqual(
                [(each["id"], each["version"]) for each in versions],
                [(self.second.id, 2), (self.first.id, 1)],
            )

    def test_an_earlier_one_comes_back_as_the_newest(self):
        restored = self.first.browse(self.first.progbox_restore_version()).sudo()
        self.assertEqual(restored.version, 3)
        self.assertEqual(restored.name, "plan.pdf")
        self.assertEqual(restored.mimetype, "application/pdf")
        self.assertEqual(restored.sha256, self.first.sudo().sha256)
        self.assertEqual(self.content(restored), PDF)
        self.assertFalse(restored.superseded)
        self.assertTrue(self.second.sudo().superseded)
        self.assertEqual(self.content(self.second.sudo()), PNG)

    def test_its_bytes_are_not_copied(self):
        old = self.first.sudo()._content_attachment()
        self.assertTrue(old.store_fname)
        stored = old._progbox_path()
        inode = stored.stat().st_ino
        restored = self.first.browse(self.first.progbox_restore_version())
        new = restored.sudo()._content_attachment()
        self.assertNotEqual(new, old)
        self.assertEqual(new.store_fname, old.store_fname)
        self.assertEqual(new._progbox_path().stat().st_ino, inode)
        # No link is left behind.
        self.assertEqual(stored.stat().st_nlink, 1)

    def test_elsewhere_they_are_copied(self):
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", "db")
        third = self.drop(self.order, content=PDF + b"3", replaces=self.first.id)
        self.drop(self.order, content=PDF + b"4", replaces=self.first.id)
        restored = third.browse(third.progbox_restore_version())
        self.assertEqual(self.content(restored.sudo()), PDF + b"3")

    def test_the_newest_one_stays_as_it_is(self):
        self.assertEqual(self.second.progbox_restore_version(), self.second.id)
        self.assertEqual(len(self.second.progbox_versions()), 2)

    def test_others_restore_nothing(self):
        for user in (self.other_seller, self.plain):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.first.with_user(user).progbox_restore_version()
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.first.with_user(user).progbox_versions()

    def test_the_type_that_was_chosen_stays(self):
        plan = self.env["progbox.document.type"]._of_codes("plan")
        self.second.progbox_set_type(plan.id)
        third = self.drop(self.order, "x.pdf", PDF + b"3", replaces=self.first.id)
        for document in (self.first, self.second, third):
            self.assertEqual(document.sudo().type_id, plan)
        self.assertTrue(third.sudo().type_chosen)

    def test_archived_versions_are_not_restored(self):
        move = self.posted()
        archived = self.archived_for(move)
        with self.assertRaises(UserError):
            archived.sudo().progbox_restore_version()
