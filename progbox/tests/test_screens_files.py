from ast import literal_eval

from odoo.tests import Form, tagged

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import FilesCommon


@tagged("post_install", "-at_install")
class TestScreensFiles(FilesCommon):
    """What people with few rights see of a document, and of the trash."""

    def trash(self, user):
        action = self.env.ref("progbox.progbox_trash_action")
        domain = literal_eval(action.domain)
        return self.env["progbox.document"].with_user(user).search(domain)

    def test_the_form_shows_a_document_and_its_history(self):
        document = self.drop(self.order)
        new = self.drop(self.order, "b.pdf", PDF + b"2", replaces=document.id)
        form = Form(document, "progbox_invoice_archive.progbox_document_view_form")
        self.assertEqual(form.name, "plan.pdf")
        self.assertEqual(form.record_display, self.order.name)
        events = [event.text for event in new.event_ids]
        self.assertEqual(
            events, ["b.pdf was added as version 2.", "plan.pdf was added."]
        )

    def test_the_trash_lists_what_one_may_restore(self):
        first = self.drop(self.order)
        document = self.drop(self.order, content=PDF + b"2", replaces=first.id)
        self.drop(self.order, content=PDF + b"3")
        action = document.action_progbox_trash()
        self.assertIn("is in the trash", action["params"]["message"])
        self.assertEqual(self.trash(self.seller), document)
        for user in (self.other_seller, self.plain):
            self.assertFalse(self.trash(user))
        document.action_progbox_restore()
        self.assertFalse(self.trash(self.seller))

    def test_the_list_leaves_out_the_trash(self):
        # Not by the action: a domain there shows chosen documents, without the tree.
        tree = self.env["progbox.folder"].with_user(self.seller).tree_start()
        self.assertIn(("trashed_on", "=", False), tree["domain"])

    def test_an_earlier_version_is_restored_from_the_form(self):
        first = self.drop(self.order)
        self.drop(self.order, content=PDF + b"2", replaces=first.id)
        action = first.action_progbox_restore_version()
        newest = first.browse(action["res_id"]).sudo()
        self.assertEqual((newest.version, newest.sha256), (3, first.sudo().sha256))

    def test_people_without_rights_find_the_trash(self):
        menu = self.env.ref("progbox.progbox_trash_menu")
        visible = self.env["ir.ui.menu"].with_user(self.seller)._visible_menu_ids()
        self.assertIn(menu.id, visible)
