from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import FilesCommon


@tagged("post_install", "-at_install")
class TestRecordsGone(FilesCommon):
    """Documents outlive their record: in the trash, or at the contact that stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.server["res.partner"]
        cls.documents_model = cls.server["progbox.document"]
        cls.contacts = cls.user_of(
            "contacts", "base.group_user,base.group_partner_manager"
        )

    def contact(self, name="Dupont", **values):
        return self.partners.create({"name": name, **values})

    # ------------------------------------------------------------------
    # Deleted
    # ------------------------------------------------------------------

    def test_a_deleted_record_leaves_its_documents_in_the_trash(self):
        contact = self.contact()
        document = self.drop(contact, user=self.contacts)
        contact.with_user(self.contacts).unlink()
        document = document.sudo()
        self.assertTrue(document.trashed_on)
        self.assertEqual(document.trashed_by, self.contacts)
        self.assertEqual(document.record_name, "Dupont")
        self.assertEqual(self.content(document), PDF)
        self.assertEqual(
            document.event_ids[0].text,
            "Dupont was deleted: its documents are in the trash.",
        )

    def test_one_that_may_not_be_deleted_keeps_its_documents(self):
        document = self.drop(self.order)
        self.order.action_confirm()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.order.unlink()
        self.assertFalse(document.sudo().trashed_on)

    def test_it_cannot_be_restored_but_moved_to_another_record(self):
        contact = self.contact()
        document = self.drop(contact, user=self.contacts)
        contact.with_user(self.contacts).unlink()
        with self.assertRaisesRegex(UserError, "belonged to Dupont"):
            document.progbox_restore()
        # The buttons of the trash and of the form ask for another place.
        action = document.action_progbox_move()
        [item] = action["params"]["items"]
        self.assertEqual(action["tag"], "progbox_move")
        self.assertEqual((item["name"], item["resId"]), ("plan.pdf", False))
        self.assertEqual(item["typeId"], document.type_id.id)
        other = self.contact("Durand")
        document.progbox_move(other._name, other.id)
        document = document.sudo()
        self.assertFalse(document.trashed_on)
        self.assertFalse(document.record_name)
        self.assertEqual(document.res_id, other.id)

    def test_one_that_was_deleted_past_the_orm_is_found_at_night(self):
        gone, kept = self.contact(), self.contact("Durand")
        lost = self.drop(gone, user=self.contacts)
        safe = self.drop(kept, user=self.contacts)
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [gone.id])
        self.env.invalidate_all()
        self.documents_model._progbox_find_gone()
        lost, safe = lost.sudo(), safe.sudo()
        self.assertTrue(lost.trashed_on)
        self.assertEqual(lost.record_name, f"Contact no. {gone.id}")
        self.assertFalse(safe.trashed_on)

    def test_a_model_that_is_not_installed_loses_nothing(self):
        document = self.drop(self.contact(), user=self.contacts).sudo()
        self.env.cr.execute(
            "UPDATE progbox_document SET res_model = 'x.other' WHERE id = %s",
            [document.id],
        )
        self.env.invalidate_all()
        self.documents_model._progbox_find_gone()
        self.assertFalse(document.trashed_on)

    def test_the_archived_documents_of_a_deleted_record_stay(self):
        move = self.draft()
        document = self.archived_for(move)
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM account_move WHERE id = %s", [move.id])
        self.env.invalidate_all()
        self.documents_model._progbox_find_gone()
        self.assertFalse(document.trashed_on)
        self.assertFalse(document.record_name)

    def test_its_folders_go_with_the_last_document(self):
        contact = self.contact()
        document = self.drop(contact, user=self.contacts).sudo()
        folder = document.folder_id
        plans = self.folder_in(folder, "Plans")
        document.folder_id = plans
        contact.unlink()
        self.assertTrue(folder.exists())
        document.trashed_on = "2026-01-01"
        self.documents_model._progbox_empty_trash()
        self.assertFalse((folder | plans).exists())
        self.assertFalse(document.exists())

    def test_the_folder_of_a_record_that_is_there_stays(self):
        document = self.drop(self.order).sudo()
        folder = document.folder_id
        document.progbox_trash()
        document.trashed_on = "2026-01-01"
        self.documents_model._progbox_empty_trash()
        self.assertFalse(document.exists())
        self.assertTrue(folder.exists())

    # ------------------------------------------------------------------
    # Merged
    # ------------------------------------------------------------------

    def merge(self, sources, target):
        wizard = self.server["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((sources | target).ids, target)

    def test_merged_contacts_take_their_documents_along(self):
        source, target = self.contact(), self.contact()
        moved = self.drop(source, user=self.contacts)
        kept = self.drop(target, content=PDF + b"2", user=self.contacts)
        self.merge(source, target)
        self.assertFalse(source.exists())
        both = (moved | kept).sudo()
        self.assertEqual(both.mapped("res_id"), [target.id, target.id])
        self.assertFalse(any(both.mapped("trashed_on")))
        self.assertEqual(len(both.folder_id), 1)
        folders = self.server["progbox.folder"].search(
            [
                ("res_model", "=", "res.partner"),
                ("res_id", "in", [source.id, target.id]),
            ]
        )
        self.assertEqual(folders, both.folder_id)
        self.assertEqual(folders.res_id, target.id)

    def test_a_contact_without_documents_gets_the_folder(self):
        source, target = self.contact(), self.contact()
        moved = self.drop(source, user=self.contacts)
        folder = moved.sudo().folder_id
        self.merge(source, target)
        self.assertEqual(folder.res_id, target.id)
        self.assertEqual(moved.sudo().res_id, target.id)

    def test_sub_folders_of_one_name_become_one(self):
        contacts = self.contact(), self.contact()
        documents = self.documents_model
        for number, contact in enumerate(contacts):
            document = self.drop(
                contact, content=PDF + bytes([number]), user=self.contacts
            ).sudo()
            folder = document.folder_id
            document.folder_id = self.folder_in(folder, "Plans")
            self.folder_in(folder, f"Own {number}")
            documents |= document
        self.merge(*contacts)
        self.assertEqual(documents.folder_id.mapped("name"), ["Plans"])
        top = documents.folder_id.parent_id
        self.assertEqual(top.res_id, contacts[1].id)
        self.assertEqual(
            sorted(top.child_ids.mapped("name")), ["Own 0", "Own 1", "Plans"]
        )

    def test_they_follow_the_contact_into_its_company(self):
        source, target = self.contact(), self.contact(company_id=self.company.id)
        moved = self.drop(source, user=self.contacts).sudo()
        deep = self.drop(source, content=PDF + b"2", user=self.contacts).sudo()
        plans = self.folder_in(moved.folder_id)
        deep.folder_id = self.folder_in(plans, "Floor 2")
        kept = self.drop(target, content=PDF + b"3", user=self.contacts).sudo()
        self.merge(source, target)
        self.assertEqual((moved | deep | kept).company_id, self.company)
        folders = (moved | deep | kept).folder_id | plans
        self.assertEqual(folders.mapped("company_id"), self.company)
        self.assertEqual(deep.folder_id.parent_id, plans)
        self.assertEqual(plans.parent_id, kept.folder_id)

    def test_unfinished_uploads_go_along(self):
        source, target = self.contact(), self.contact()
        uploads = self.server["progbox.upload"]
        upload = uploads.create(
            {"name": "a.pdf", "size": 3, "res_model": source._name, "res_id": source.id}
        )
        self.merge(source, target)
        self.assertEqual(upload.res_id, target.id)

    def test_the_same_file_on_both_is_kept_twice(self):
        source, target = self.contact(), self.contact()
        both = self.drop(source, user=self.contacts) | self.drop(
            target, user=self.contacts
        )
        self.merge(source, target)
        self.assertEqual(both.sudo().mapped("res_id"), [target.id, target.id])

    # ------------------------------------------------------------------
    # Moved
    # ------------------------------------------------------------------

    def test_a_moved_document_is_the_other_records(self):
        first = self.drop(self.order)
        second = self.drop(self.order, content=PDF + b"2", replaces=first.id)
        target = self.order_of(self.seller)
        second.progbox_move(target._name, target.id)
        for document in (first | second).sudo():
            self.assertEqual(self.place(target), (document.res_model, document.res_id))
            self.assertEqual(document.folder_id.res_id, target.id)
        # It is new there, and can be dropped here again.
        again, said = self.dropped(self.order)
        self.assertFalse(said)
        self.assertNotEqual(again, first)

    def test_what_is_moved_out_of_the_trash_is_restored(self):
        document = self.drop(self.order)
        document.progbox_trash()
        target = self.order_of(self.seller)
        document.progbox_move(target._name, target.id)
        self.assertFalse(document.sudo().trashed_on)
        self.assertEqual(document.sudo().res_id, target.id)
        # To where it is, too.
        document.progbox_trash()
        document.progbox_move(target._name, target.id)
        kinds = document.sudo().event_ids.mapped("kind")
        self.assertEqual(
            kinds, ["restored", "deleted", "moved", "restored", "deleted", "added"]
        )

    def test_documents_move_to_general_folders_and_back(self):
        document = self.drop(self.order)
        mixin = self.env["progbox.mixin"]
        kind = {"model": False, "title": "General folders"}
        folders = self.server["progbox.folder"]
        closed = folders.create(
            {
                "name": "Bank",
                "general": True,
                "company_id": self.company.id,
                "group_ids": self.env.ref("base.group_system").ids,
            }
        )
        self.assertNotIn(kind, mixin.with_user(self.seller).progbox_kinds())
        with self.assertRaises(AccessError):
            document.progbox_move(False, False, closed.id)
        papers = folders.create(
            {"name": "Papers", "general": True, "company_id": self.company.id}
        )
        self.assertEqual(mixin.with_user(self.seller).progbox_kinds()[-1], kind)
        document.progbox_move(False, False, papers.id)
        self.assertEqual(document.sudo().folder_id, papers)
        self.assertFalse(document.sudo().res_model)
        document.progbox_move(*self.place(self.order))
        self.assertEqual(document.sudo().res_id, self.order.id)

    def test_moving_needs_both_records(self):
        document = self.drop(self.order)
        foreign = self.order_of(self.other_seller)
        for record, user in (
            (foreign, self.seller),
            (foreign, self.other_seller),
            (self.order_of(self.seller), self.plain),
        ):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                document.with_user(user).progbox_move(record._name, record.id)
        self.assertEqual(document.sudo().res_id, self.order.id)

    def test_moving_to_nothing_is_refused(self):
        document = self.drop(self.order)
        for model, id_ in (
            ("sale.order", 0),
            ("res.users", self.env.uid),
            ("no.model", 1),
            (False, False),
        ):
            with self.subTest(model=model), self.assertRaises(UserError):
                document.progbox_move(model, id_)

    # ------------------------------------------------------------------
    # Renamed
    # ------------------------------------------------------------------

    def test_a_new_name_keeps_the_extension(self):
        document = self.drop(self.order)
        document.progbox_rename("Plan / étage 2")
        self.assertEqual(document.sudo().name, "étage 2.pdf")
        self.assertEqual(document.sudo()._content_attachment().name, "étage 2.pdf")
        with self.assertRaisesRegex(UserError, "needs a name"):
            document.progbox_rename("  ")
        for user in (self.other_seller, self.plain):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                document.with_user(user).progbox_rename("x")
