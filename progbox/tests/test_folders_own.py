from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ProgboxCommon


@tagged("post_install", "-at_install")
class TestFoldersOfOnesOwn(ProgboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order.user_id = cls.salesman
        cls.folders = cls.env["progbox.folder"].with_user(cls.salesman)
        cls.folder = cls.folders.sudo()._progbox_of_record(cls.order)
        cls.folder = cls.folder.with_user(cls.salesman).sudo(False)

    def added(self, name, parent=None):
        return self.folders.browse((parent or self.folder).progbox_add(name)["id"])

    def test_who_writes_the_record_adds_folders(self):
        plans = self.added("  Ground   floor ")
        self.assertEqual(plans.name, "Ground floor")
        self.assertEqual(plans.parent_id, self.folder)
        self.assertEqual(
            plans.display_name, f"Quotations / {self.order.name} / Ground floor"
        )

    def test_a_record_without_documents_gets_its_folder(self):
        order = self.order_of(self.client, user_id=self.salesman.id)
        node = self.folders.progbox_add_for("sale.order", order.id, "Plans")
        folder = self.folders.sudo()._progbox_known(order)
        self.assertEqual(self.folders.browse(node["id"]).parent_id, folder)

    def test_who_only_reads_the_record_changes_nothing(self):
        plans = self.added("Plans")
        self.env["ir.rule"].create(
            {
                "name": "Orders of others",
                "model_id": self.env["ir.model"]._get_id("sale.order"),
                "groups": [
                    Command.link(self.env.ref("sales_team.group_sale_salesman").id)
                ],
                "domain_force": "[(1, '=', 1)]",
                "perm_write": False,
            }
        )
        self.order.user_id = self.env.user
        self.env.invalidate_all()
        self.assertEqual(plans.name, "Plans")
        for method, *args in (
            ("progbox_add", "Mine"),
            ("progbox_rename", "Mine"),
            ("progbox_move", self.folder.id),
            ("progbox_delete",),
        ):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(plans, method)(*args)
        with self.assertRaises(AccessError):
            self.folders.progbox_add_for("sale.order", self.order.id, "Mine")

    def test_who_may_not_read_the_record_learns_nothing(self):
        plans = self.added("Plans").with_user(self.plain)
        for method, *args in (
            ("progbox_add", "Mine"),
            ("progbox_rename", "Mine"),
            ("progbox_delete",),
            ("progbox_move_targets",),
        ):
            with self.subTest(method=method), self.assertRaises(AccessError) as refused:
                getattr(plans, method)(*args)
            self.assertNotIn("Plans", str(refused.exception))

    def test_nothing_is_written_but_by_these_methods(self):
        plans = self.added("Plans")
        with self.assertRaises(AccessError):
            plans.write({"name": "Mine"})
        with self.assertRaises(AccessError):
            self.folders.create({"name": "Mine", "parent_id": self.folder.id})
        with self.assertRaises(AccessError):
            plans.unlink()

    def test_the_folder_of_a_record_stays(self):
        for method, *args in (("progbox_rename", "Mine"), ("progbox_delete",)):
            with self.subTest(method=method), self.assertRaises(UserError):
                getattr(self.folder, method)(*args)

    def test_the_archive_is_not_changed(self):
        document = self.archived_without_render()
        for user in (self.billing, self.env.user):
            month = document.folder_id.with_user(user)
            for method, *args in (
                ("progbox_add", "Mine"),
                ("progbox_rename", "Mine"),
                ("progbox_delete",),
            ):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                ):
                    getattr(month, method)(*args)

    def test_a_name_is_taken_once(self):
        plans = self.added("Plans")
        photos = self.added("Photos")
        with self.assertRaisesRegex(UserError, "already a folder"):
            self.added("Plans")
        with self.assertRaisesRegex(UserError, "already a folder"):
            photos.progbox_rename("Plans")
        self.assertEqual(self.added("Plans", plans).parent_id, plans)
        plans.progbox_rename("Plans")
        with self.assertRaisesRegex(UserError, "at most 120"):
            self.added("   ")
        with self.assertRaisesRegex(UserError, "at most 120"):
            self.added("x" * 121)

    def test_a_folder_moves_within_its_record(self):
        plans, photos = self.added("Plans"), self.added("Photos")
        inside = self.added("Cellar", plans)
        self.assertEqual(
            [target["id"] for target in plans.progbox_move_targets()], [photos.id]
        )
        plans.progbox_move(photos.id)
        self.assertEqual(plans.parent_id, photos)
        self.assertIn(str(photos.id), inside._ancestor_ids())
        for target in (inside, plans):
            with self.assertRaisesRegex(UserError, "cannot be moved there"):
                photos.progbox_move(target.id)

    def test_a_folder_does_not_move_to_another_record(self):
        order = self.order_of(self.client, user_id=self.salesman.id)
        other = self.folders.sudo()._progbox_of_record(order)
        with self.assertRaisesRegex(UserError, "cannot be moved there"):
            self.added("Plans").progbox_move(other.id)

    def test_only_an_empty_folder_is_deleted(self):
        plans = self.added("Plans")
        inside = self.added("Cellar", plans)
        document = self.dropped(self.order)
        document.folder_id = inside.sudo()
        with self.assertRaisesRegex(UserError, "There are documents"):
            plans.progbox_delete()
        document.trashed_on = "2026-11-02"
        plans.progbox_delete()
        self.assertFalse((plans | inside).exists())
        self.assertEqual(document.folder_id, self.folder)

    def test_a_new_folder_is_furnished(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        model = self.env["ir.model"]._get("sale.order")
        template = self.env["progbox.folder.template"].create(
            [
                {"name": "Letters", "model_id": model.id},
                {"name": "Photos", "model_id": model.id},
            ]
        )[0]
        template.with_context(lang="fr_FR").name = "Courriers"
        self.company.partner_id.lang = "fr_FR"
        order = self.order_of(self.client)
        folder = self.folders.sudo()._progbox_of_record(order)
        self.assertEqual(folder.child_ids.mapped("name"), ["Courriers", "Photos"])
        self.folders.sudo()._progbox_of_record(order)
        self.assertEqual(len(folder.child_ids), 2)

    def test_projects_begin_with_folders(self):
        project = self.env["project.project"].create({"name": "Villa"})
        folder = self.folders.sudo()._progbox_of_record(project)
        self.assertEqual(
            set(folder.child_ids.mapped("name")), {"Plans", "Minutes", "Photos"}
        )


@tagged("post_install", "-at_install")
class TestGeneralFolders(ProgboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.user_of(
            "keeper", "base.group_user,progbox_invoice_archive.group_archive_manager"
        )
        cls.folders = cls.env["progbox.folder"].with_user(cls.keeper)

    def general(self, name="Insurance", groups=None):
        node = self.folders.progbox_add_general(name, groups.ids if groups else [])
        return self.folders.browse(node["id"])

    def test_everybody_inside_the_company_fills_it(self):
        folder = self.general().with_user(self.plain)
        self.assertEqual((folder.name, folder.company_id), ("Insurance", self.company))
        inside = folder.browse(folder.progbox_add("2026")["id"])
        self.assertTrue(inside.writable)
        inside.progbox_rename("2027")
        inside.progbox_delete()
        for refused in (
            lambda: folder.progbox_rename("Mine"),
            lambda: folder.progbox_delete(),
            lambda: folder.progbox_open_to([]),
            lambda: folder.progbox_add_general("Mine"),
        ):
            with self.assertRaisesRegex(AccessError, "set up by administrators"):
                refused()

    def test_another_company_does_not_see_it(self):
        folder = self.general()
        other = self.setup_other_company()["company"]
        stranger = self.user_of("stranger", "base.group_user")
        stranger.sudo().write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(folder.with_user(stranger).search([("id", "=", folder.id)]))

    def test_portal_users_see_none(self):
        portal = self.user_of("outsider", "base.group_portal")
        with self.assertRaises(AccessError):
            self.general().with_user(portal).read(["name"])

    def test_chosen_groups_alone_see_it_and_what_is_inside(self):
        group = self.env["res.groups"].create({"name": "Board"})
        self.keeper.sudo().group_ids += group
        folder = self.general("Bank details", group)
        inside = self.folders.browse(folder.progbox_add("2026")["id"])
        found = [("id", "in", (folder | inside).ids)]
        self.assertFalse(self.folders.with_user(self.plain).search(found))
        with self.assertRaises(AccessError):
            inside.with_user(self.plain).progbox_add("Mine")
        folder.progbox_open_to([])
        self.assertEqual(
            self.folders.with_user(self.plain).search(found), folder | inside
        )

    def test_nobody_locks_himself_out(self):
        group = self.env["res.groups"].create({"name": "Board"})
        with self.assertRaisesRegex(UserError, "would not see"):
            self.general("Bank details", group)

    def test_the_dialog_sets_it_up(self):
        action = self.folders.action_progbox_general()
        wizards = self.env[action["res_model"]].with_user(self.keeper)
        wizards.create({"name": "Insurance"}).action_apply()
        folder = self.folders.search(
            [("general", "=", True), ("name", "=", "Insurance")]
        )
        action = folder.action_progbox_general()
        wizard = wizards.with_context(**action["context"]).create({})
        wizard.write(
            {
                "name": "Insurances",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        wizard.action_apply()
        self.assertEqual(folder.name, "Insurances")
        self.assertEqual(folder.sudo().group_ids, self.env.ref("base.group_user"))
        with self.assertRaises(AccessError):
            wizards.with_user(self.plain).create({"name": "Mine"})
