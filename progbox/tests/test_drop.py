from odoo import fields
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import PNG, FilesCommon


@tagged("post_install", "-at_install")
class TestDrop(FilesCommon):
    """A dropped file becomes a document of its record, once."""

    def test_it_becomes_a_document_of_the_record(self):
        document, already = self.dropped(self.order, "C:\\scans\\Plan n° 3?.pdf")
        self.assertFalse(already)
        document = document.sudo()
        self.assertEqual(document.name, "Plan n° 3_.pdf")
        self.assertEqual(document.mimetype, "application/pdf")
        self.assertEqual((document.res_model, document.res_id), self.place(self.order))
        self.assertEqual(document.folder_id.res_id, self.order.id)
        self.assertEqual(document.document_date, fields.Date.today())
        self.assertEqual(document.create_uid, self.seller)
        self.assertTrue(document.series)
        self.assertEqual(document.version, 1)
        self.assertEqual(self.content(document), PDF)

    def test_its_bytes_say_what_it_is_not_its_name(self):
        document = self.drop(self.order, "scan.pdf", PNG).sudo()
        self.assertEqual(document.mimetype, "image/png")

    def test_no_browser_runs_what_was_dropped(self):
        page = b"<html><script>alert(1)</script></html>"
        drawing = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"
        for name, content in (("a.html", page), ("a.svg", drawing)):
            with self.subTest(name=name):
                document = self.drop(self.order, name, content).sudo()
                self.assertEqual(document.mimetype, "text/plain")
                attachment = document._content_attachment()
                self.assertEqual(attachment.mimetype, "text/plain")

    def test_the_same_bytes_are_recognised_on_the_same_record(self):
        document = self.drop(self.order)
        again, said = self.dropped(self.order, "other name.pdf")
        self.assertEqual(again, document)
        self.assertEqual(said, "plan.pdf is there already.")

    def test_the_same_bytes_may_be_on_another_record(self):
        document = self.drop(self.order)
        other, said = self.dropped(self.order_of(self.seller))
        self.assertFalse(said)
        self.assertNotEqual(other, document)

    def test_it_is_recognised_in_the_trash_and_restored(self):
        document = self.drop(self.order)
        document.progbox_trash()
        self.assertTrue(document.sudo().trashed_on)
        again, said = self.dropped(self.order)
        self.assertEqual(again, document)
        self.assertFalse(document.sudo().trashed_on)
        self.assertEqual(said, "plan.pdf was in the trash. It is back.")

    def test_an_earlier_version_is_recognised(self):
        document = self.drop(self.order)
        self.drop(self.order, "plan2.pdf", PDF + b"2", replaces=document.id)
        again, said = self.dropped(self.order)
        self.assertEqual(again, document)
        self.assertIn("as version 1 of a document that has a later one", said)

    def test_whoever_may_not_write_the_record_drops_nothing(self):
        for user in (self.other_seller, self.plain):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.drop(self.order, user=user)

    def test_what_is_no_file_to_keep_is_refused_in_words(self):
        for name, content, words in (
            ("plan.pdf", b"", "plan.pdf is empty"),
            ("setup.exe", b"MZ", "setup.exe is a program"),
            ("plan.pdf", b"MZ\x90\0\3", "plan.pdf is a program"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words):
                self.drop(self.order, name, content)

    def test_a_file_that_odoo_cannot_hold_is_refused(self):
        staged = self.staged()._replace(size=2**31)
        documents = self.order.with_user(self.seller).env["progbox.document"]
        with self.assertRaisesRegex(UserError, "less than 2,048 MB"):
            documents._progbox_drop(
                self.order.with_user(self.seller), staged, {"name": "film.mp4"}
            )

    def test_what_is_forbidden_can_be_chosen(self):
        self.env["ir.config_parameter"].set_param(
            "progbox.forbidden_extensions", ".dwg, ZIP"
        )
        with self.assertRaisesRegex(UserError, "a program"):
            self.drop(self.order, "plan.zip")
        self.assertTrue(self.drop(self.order, "script.js", b"var a;"))

    def test_a_new_version_keeps_the_old_one(self):
        old = self.drop(self.order)
        new = self.drop(self.order, "plan B.pdf", PDF + b"B", replaces=old.id)
        old, new = old.sudo(), new.sudo()
        self.assertEqual(new.series, old.series)
        self.assertEqual((old.version, new.version), (1, 2))
        self.assertTrue(old.superseded)
        self.assertFalse(new.superseded)
        self.assertEqual(self.content(old), PDF)

    def test_a_version_of_an_earlier_one_is_the_newest(self):
        first = self.drop(self.order)
        self.drop(self.order, content=PDF + b"2", replaces=first.id)
        third = self.drop(self.order, content=PDF + b"3", replaces=first.id)
        self.assertEqual(third.sudo().version, 3)

    def test_the_same_file_dropped_twice_at_once_is_one_document(self):
        self.drop(self.order)
        documents = type(self.env["progbox.document"])
        # The other request's document is not to be seen yet.
        unseen = self.env["progbox.document"]
        self.patch(documents, "_progbox_same", lambda *args: unseen)
        self.patch(documents, "search", lambda *args, **kwargs: unseen)
        with self.assertRaises(ConcurrencyError), mute_logger("odoo.sql_db"):
            self.drop(self.order)

    def test_what_has_left_a_folder_can_be_dropped_there_again(self):
        document = self.drop(self.order)
        target = self.order_of(self.seller)
        # As another add-on would move it.
        document.sudo().write({"res_id": target.id})
        again, said = self.dropped(self.order)
        self.assertFalse(said)
        self.assertNotEqual(again, document)

    def test_two_new_versions_at_once_are_two_versions(self):
        old = self.drop(self.order)
        documents = type(self.env["progbox.document"])
        stale = old._progbox_version_values()
        self.drop(self.order, content=PDF + b"2", replaces=old.id)
        self.patch(documents, "_progbox_version_values", lambda document: stale)
        with self.assertRaises(ConcurrencyError), mute_logger("odoo.sql_db"):
            self.drop(self.order, content=PDF + b"3", replaces=old.id)

    def test_a_folder_of_another_record_is_refused(self):
        other = self.drop(self.order_of(self.seller)).sudo().folder_id
        with self.assertRaisesRegex(UserError, "does not belong to"):
            self.drop(self.order, folder_id=other.id)

    def test_a_folder_of_ones_own_is_taken(self):
        own = self.drop(self.order).sudo().folder_id
        plans = self.folder_in(own, "Plans")
        document = self.drop(self.order, content=PNG, folder_id=plans.id)
        self.assertEqual(document.sudo().folder_id, plans)

    def test_the_archive_takes_nothing(self):
        move = self.posted()
        archived = self.archived_for(move)
        with self.assertRaises(UserError):
            self.drop(move, user=self.billing, replaces=archived.id)
        with self.assertRaises(UserError):
            self.drop(
                move, content=PNG, user=self.billing, folder_id=archived.folder_id.id
            )

    def test_a_general_folder_takes_what_belongs_to_no_record(self):
        folders = self.server["progbox.folder"]
        papers = folders.create(
            {"name": "Papers", "general": True, "company_id": self.company.id}
        )
        insurance = self.folder_in(papers, "Insurance")
        none = self.env["sale.order"]
        document, said = self.dropped(none, folder_id=insurance.id)
        self.assertFalse(said)
        self.assertEqual(document.sudo().folder_id, insurance)
        self.assertFalse(document.sudo().res_model)
        again, said = self.dropped(none, folder_id=insurance.id)
        self.assertEqual(again, document)
        self.assertTrue(said)
        new = self.drop(none, content=PDF + b"2", replaces=document.id)
        self.assertTrue(document.sudo().superseded)
        self.assertFalse(new.sudo().superseded)
        self.assertEqual(
            [(each["version"], each["versions"]) for each in new.progbox_versions()],
            [(2, 2), (1, 2)],
        )
        papers.group_ids = self.env.ref("account.group_account_manager")
        with self.assertRaises(AccessError):
            self.dropped(none, content=PNG, folder_id=insurance.id)

    def test_a_folder_of_a_record_takes_documents_of_this_record(self):
        own = self.drop(self.order).sudo().folder_id
        plans = self.folder_in(own, "Plans")
        none = self.env["sale.order"]
        document = self.drop(none, content=PNG, folder_id=plans.id).sudo()
        self.assertEqual((document.res_model, document.res_id), self.place(self.order))
        self.assertEqual(document.folder_id, plans)
        with self.assertRaises(AccessError):
            self.drop(none, content=PNG, folder_id=plans.id, user=self.other_seller)

    def test_no_folder_and_a_top_folder_take_nothing(self):
        none = self.env["sale.order"]
        locked = self.archived_without_render().folder_id
        for folder in (False, locked.id, 0):
            with self.subTest(folder=folder), self.assertRaises(UserError):
                self.drop(none, folder_id=folder)
