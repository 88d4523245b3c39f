from unittest.mock import Mock, patch

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestViews(ArchiveCommon):
    def versions(self):
        """Return two versions of one document."""
        second = self.archived_without_render("INV/2026/0001")
        first = self.archived_without_render("INV/2026/0001")
        values = {"res_model": "account.move", "res_id": 2**31 - 1}
        for document, version in ((first, 1), (second, 2)):
            # as the archiver would, without an invoice to archive
            with self.lifted("progbox_document"):
                self.env.cr.execute(
                    "UPDATE progbox_document SET res_model = %s, res_id = %s,"
                    " version = %s WHERE id = %s",
                    [*values.values(), version, document.id],
                )
        self.env.invalidate_all()
        return first.with_user(self.billing), second.with_user(self.billing)

    def test_a_superseded_document_says_so(self):
        first, second = self.versions()
        self.assertEqual(first.notice, "Superseded")
        self.assertFalse(second.notice)
        self.assertEqual(first.version_ids, first | second)

    def test_a_document_without_record_is_its_only_version(self):
        document = self.archived_without_render().with_user(self.billing)
        self.assertEqual(document.version_ids, document)

    def test_a_rebuilt_document_says_when(self):
        document = self.archived_without_render()
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET origin = 'rebuilt',"
                " create_date = '2026-11-21' WHERE id = %s",
                [document.id],
            )
        self.env.invalidate_all()
        self.assertEqual(document.notice, "Rebuilt on 11/21/2026")

    def test_the_invoice_tells_its_version(self):
        move = self.posted()
        document = self.archived_without_render()
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET res_model = 'account.move', res_id = %s,"
                " version = 3 WHERE id = %s",
                [move.id, document.id],
            )
        self.env.invalidate_all()
        self.assertEqual(move.with_user(self.billing).progbox_archive_version, 3)

    def test_only_readers_see_the_archive_on_the_invoice(self):
        views = self.env["account.move"]
        self.env["ir.model.access"].create(
            {
                "name": "everybody reads invoices",
                "model_id": self.env.ref("account.model_account_move").id,
                "group_id": self.env.ref("base.group_user").id,
                "perm_read": True,
            }
        )
        for user, sees in ((self.billing, True), (self.plain, False)):
            arch = views.with_user(user).get_view(
                self.env.ref("account.view_move_form").id
            )["arch"]
            self.assertEqual("action_progbox_open_archive" in arch, sees)

    def test_a_live_view_knows_when_a_job_is_tried_again(self):
        views = self.env["ir.ui.view"].search([("arch_db", "like", "progbox_live_")])
        self.assertTrue(views)
        for view in views:
            arch = etree.fromstring(view.get_combined_arch())
            names = set(arch.xpath("//field[not(ancestor::field)]/@name"))
            with self.subTest(view=view.xml_id):
                self.assertTrue({"state", "next_try"} <= names or "is_live" in names)

    def test_a_file_that_cannot_be_shown_is_named(self):
        document = self.archived_without_render("INV/7")
        read = document.with_user(self.billing)
        group = "progbox_invoice_archive.group_archive_manager"
        manager = self.user_of("manager", group)
        self.assertFalse(read.file_problem())
        gone = Mock(side_effect=FileNotFoundError)
        attachments = self.env.registry["ir.attachment"]
        with patch.object(attachments, "_progbox_opener", lambda _attachment: gone):
            problem = read.file_problem()
            self.assertTrue(document.with_user(manager).file_problem()["verify"])
            with self.assertRaisesRegex(UserError, "missing in the file store"):
                read.action_download()
        self.assertIn("INV_7.pdf is missing in the file store", problem["text"])
        self.assertFalse(problem["verify"])
        with self.assertRaises(AccessError):
            document.with_user(self.plain).file_problem()

    def test_the_app_describes_itself_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        app = self.env.ref("base.module_progbox_invoice_archive")
        self.assertIn("archives itself", app.description_html)
        french = app.with_context(lang="fr_FR").description_html
        self.assertIn("s'archive d'elle-même", french)
        self.assertIn("/progbox_invoice_archive/static/description/archive.png", french)

    def test_billing_sees_no_configuration(self):
        menus = self.env["ir.ui.menu"].with_user(self.billing)._visible_menu_ids()
        menu = "progbox_invoice_archive.%s_menu"
        self.assertIn(self.env.ref(menu % "progbox_document").id, menus)
        self.assertNotIn(self.env.ref(menu % "configuration").id, menus)
