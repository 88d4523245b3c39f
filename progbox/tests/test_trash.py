from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import format_date

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from ..models import trash
from .files_common import FilesCommon


@tagged("post_install", "-at_install")
class TestTrash(FilesCommon):
    """What is deleted can be restored for thirty days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.documents_model = cls.server["progbox.document"]

    def in_days(self, days):
        return format_date(self.env, fields.Date.today() + timedelta(days=days))

    def age(self, document, days):
        document.sudo().trashed_on = fields.Datetime.now() - timedelta(days=days)

    def test_it_goes_to_the_trash_with_all_its_versions(self):
        first = self.drop(self.order)
        second = self.drop(self.order, content=PDF + b"2", replaces=first.id)
        said = second.progbox_trash()
        for document in (first | second).sudo():
            self.assertTrue(document.trashed_on)
            self.assertEqual(document.trashed_by, self.seller)
        self.assertEqual(
            said,
            f"plan.pdf is in the trash. It can be restored until {self.in_days(30)}.",
        )

    def test_several_are_told_of_at_once(self):
        both = self.drop(self.order) | self.drop(self.order, content=PDF + b"2")
        self.assertEqual(
            both.progbox_trash(),
            f"Moved to the trash: 2. They can be restored until {self.in_days(30)}.",
        )

    def test_it_is_restored_with_all_its_versions(self):
        first = self.drop(self.order)
        second = self.drop(self.order, content=PDF + b"2", replaces=first.id)
        second.progbox_trash()
        second.progbox_restore()
        self.assertFalse(any((first | second).sudo().mapped("trashed_on")))
        self.assertFalse((first | second).sudo().trashed_by)

    def test_others_neither_delete_nor_restore(self):
        document = self.drop(self.order)
        for user in (self.other_seller, self.plain):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    document.with_user(user).progbox_trash()
                self.assertFalse(document.sudo().trashed_on)
        document.progbox_trash()
        for user in (self.other_seller, self.plain):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                document.with_user(user).progbox_restore()
        self.assertTrue(document.sudo().trashed_on)

    def test_no_door_of_the_orm_deletes(self):
        document = self.drop(self.order)
        with self.assertRaises(AccessError):
            document.unlink()
        with self.assertRaises(AccessError):
            document.write({"trashed_on": fields.Datetime.now()})

    def test_the_archive_is_not_deleted(self):
        move = self.posted()
        archived = self.archived_for(move)
        for method in ("progbox_trash", "progbox_restore"):
            with self.subTest(method=method), self.assertRaises(UserError):
                getattr(archived.with_user(self.env.user).sudo(), method)()
        self.assertFalse(archived.trashed_on)

    def test_the_server_empties_it_after_thirty_days(self):
        first = self.drop(self.order)
        over = self.drop(self.order, content=PDF + b"2", replaces=first.id)
        young = self.drop(self.order, content=PDF + b"3")
        kept = self.drop(self.order, content=PDF + b"4")
        (over | young).progbox_trash()
        self.age(first | over, 31)
        self.age(young, 29)
        attachments = (first | over).sudo().mapped(lambda d: d._content_attachment())
        self.documents_model._progbox_empty_trash()
        self.assertFalse((first | over).exists())
        self.assertFalse(attachments.exists())
        self.assertEqual((young | kept).exists(), young | kept)

    def test_how_long_can_be_chosen(self):
        parameters = self.env["ir.config_parameter"].sudo()
        document = self.drop(self.order)
        parameters.set_param("progbox.trash_days", "7")
        self.assertIn(f"until {self.in_days(7)}.", document.progbox_trash())
        for value, days in (("0", 1), ("-3", 1), ("soon", 30)):
            parameters.set_param("progbox.trash_days", value)
            self.assertEqual(trash.days(self.env), days)

    def test_one_that_cannot_be_deleted_keeps_nobody_else(self):
        first = self.drop(self.order)
        second = self.drop(self.order, content=PDF + b"2")
        (first | second).progbox_trash()
        self.age(first | second, 31)

        original = type(first).unlink
        self.patch(
            type(first),
            "unlink",
            lambda document: self._refuse(document, first, original),
        )
        with self.assertLogs("odoo.addons.progbox.models.trash", level="ERROR"):
            self.documents_model._progbox_empty_trash()
        self.assertTrue(first.exists())
        self.assertFalse(second.exists())

    @staticmethod
    def _refuse(document, refused, original):
        if refused in document:
            # pylint: disable-next=translation-required
            raise UserError("no")
        return original(document)

    def test_a_new_version_of_it_is_refused(self):
        document = self.drop(self.order)
        document.progbox_trash()
        with self.assertRaisesRegex(UserError, "is in the trash. Restore it first"):
            self.drop(self.order, content=PDF + b"2", replaces=document.id)
