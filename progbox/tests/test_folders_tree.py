from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.progbox_invoice_archive.models import progbox_folder

from ..models import progbox_mixin, record_folders
from .common import ProgboxCommon


@tagged("post_install", "-at_install")
class TestTree(ProgboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["progbox.folder"].search([("res_id", "!=", False)]).unlink()
        cls.order.user_id = cls.salesman
        cls.theirs = cls.order_of(cls.client, user_id=cls.env.user.id)
        cls.document = cls.dropped(cls.order)
        cls.dropped(cls.theirs)
        cls.dropped(cls.client)
        cls.folders = cls.env["progbox.folder"].with_user(cls.salesman)
        cls.archived_without_render("INV/1", "2026-11-02")

    def folder(self, record):
        return self.folders.sudo()._progbox_known(record)

    def names(self, page):
        return [folder["name"] for folder in page["folders"]]

    def test_models_stand_beside_the_archive(self):
        self.folders.sudo().create(
            {"name": "Insurance", "general": True, "company_id": self.company.id}
        )
        page = self.folders.tree_page(False)
        self.assertEqual(self.names(page), ["Clients", "Quotations", "Insurance"])
        self.assertEqual({folder["count"] for folder in page["folders"][:2]}, {False})
        # The reader of the archive, in the language of his own.
        self.env["res.lang"]._activate_lang("fr_FR")
        both = self.user_of(
            "both", "account.group_account_invoice,sales_team.group_sale_salesman"
        )
        page = self.folders.with_user(both).tree_page(False)
        self.assertEqual(
            self.names(page), [".factures", "Clients", "Quotations", "Insurance"]
        )
        page = self.folders.with_user(self.plain).tree_page(False)
        self.assertEqual(self.names(page), ["Clients", "Insurance"])

    def test_a_model_lists_its_records_that_one_may_read(self):
        page = self.folders.tree_page("model:sale.order")
        self.assertEqual(self.names(page), [self.order.name])
        [node] = page["folders"]
        self.assertEqual(node["parentId"], "model:sale.order")
        self.assertEqual((node["count"], node["counted"]), (1, True))
        self.assertTrue(node["writable"])
        self.assertFalse(node["own"])
        page = self.env["progbox.folder"].tree_page("model:sale.order")
        self.assertEqual(set(self.names(page)), {self.order.name, self.theirs.name})

    def test_nobody_reads_folders_of_models_that_are_not_his(self):
        employee = self.env["hr.employee"].sudo().create({"name": "Secret Agent"})
        self.folders.sudo()._progbox_of_record(employee)
        self.assertNotIn(self.env.ref("hr.group_hr_user"), self.env.user.all_group_ids)
        for user in (self.salesman, self.billing, self.env.user):
            folders = self.folders.with_user(user)
            self.assertNotIn("Employees", self.names(folders.tree_page(False)))
            for model in ("hr.employee", "res.users", "no.such.model"):
                page = folders.tree_page(f"model:{model}")
                self.assertEqual(page["folders"], [])

    def test_records_come_in_pages_newest_first(self):
        self.patch(progbox_folder, "PAGE_SIZE", 2)
        orders = self.env["sale.order"].create(
            [{"partner_id": self.client.id, "user_id": self.salesman.id}] * 4
        )
        for order in orders:
            self.folders.sudo()._progbox_of_record(order)
        names, start, more = [], 0, True
        while more:
            page = self.folders.tree_page("model:sale.order", start)
            self.assertLessEqual(len(page["folders"]), 2)
            names += self.names(page)
            start, more = page["next"], page["more"]
        self.assertEqual(names, [*reversed(orders.mapped("name")), self.order.name])

    def test_records_of_long_ago_come_behind_those_of_others(self):
        self.patch(progbox_folder, "PAGE_SIZE", 2)
        wanted = [self.order.name]
        for user in [self.salesman] * 3 + [self.env.user] * 3:
            order = self.order_of(self.client, user_id=user.id)
            self.folders.sudo()._progbox_of_record(order)
            if user == self.salesman:
                wanted.insert(0, order.name)
        # None, some and all of a page are among the newest of all.
        for near in (1, 4, 5, 100):
            self.patch(record_folders, "NEAR", near)
            first = self.folders.tree_page("model:sale.order")
            self.assertEqual((self.names(first), first["more"]), (wanted[:2], True))
            second = self.folders.tree_page("model:sale.order", first["next"])
            self.assertEqual((self.names(second), second["more"]), (wanted[2:], False))

    def test_a_page_ends_with_no_client_of_the_head_office(self):
        self.patch(progbox_folder, "PAGE_SIZE", 2)
        office = self.salesman.company_id
        branch = self.env["res.company"].create({"name": "B", "parent_id": office.id})
        user = new_test_user(
            self.env,
            "branch_salesman",
            "sales_team.group_sale_salesman_all_leads,base.group_partner_manager",
            company_id=branch.id,
            company_ids=[Command.set(branch.ids)],
        )
        clients = self.env["res.partner"].create(
            [
                {"name": f"Client {company.name}", "company_id": company.id}
                for company in (branch, office, office, office)
            ]
        )
        for client in clients:
            self.folders.sudo()._progbox_of_record(client)
        # Odoo lets a branch read the clients of its head office.
        self.assertEqual(clients.with_user(user)._filtered_access("read"), clients)
        page = self.folders.with_user(user).tree_page("model:res.partner")
        self.assertEqual(self.names(page), ["Client B", self.client.name])

    def test_the_tree_opens_where_it_was(self):
        self.patch(progbox_folder, "PAGE_SIZE", 1)
        mine = self.folder(self.order)
        plans = mine.with_user(self.salesman).progbox_add("Plans")["id"]
        order = self.order_of(self.client, user_id=self.salesman.id)
        self.folders.sudo()._progbox_of_record(order)
        tree = self.folders.tree_start(plans, ["model:res.partner", "model:no"])
        self.assertEqual(tree["selected"], plans)
        self.assertEqual(
            tree["open"], ["model:sale.order", mine.id, "model:res.partner"]
        )
        pages = {page["parentId"]: self.names(page) for page in tree["pages"]}
        # It is shown although it comes on a later page, which begins where it did.
        self.assertEqual(pages["model:sale.order"], [order.name, self.order.name])
        self.assertEqual(pages[mine.id], ["Plans"])
        tree = self.folders.tree_start("model:sale.order")
        self.assertEqual(tree["selected"], "model:sale.order")
        tree = self.folders.tree_start(self.folder(self.theirs).id, [])
        self.assertEqual((tree["selected"], tree["open"]), (False, []))

    def test_what_is_chosen_lists_its_documents(self):
        documents = self.env["progbox.document"].with_user(self.salesman)
        tree = self.folders.tree_start("model:sale.order")
        root = next(
            folder
            for folder in tree["pages"][0]["folders"]
            if folder["id"] == "model:sale.order"
        )
        found = documents.search(tree["domain"] + root["domain"])
        self.assertEqual(found, self.document)
        zips = self.env["progbox.zip"].with_user(self.salesman)
        answer = zips.start([*tree["domain"], *root["domain"]])
        self.assertEqual(answer["documents"], 1)
        self.document.trashed_on = "2026-11-02"
        self.assertFalse(documents.search(tree["domain"] + root["domain"]))
        [node] = self.folders.tree_page("model:sale.order")["folders"]
        self.assertEqual(node["count"], 0)

    def test_who_reads_no_record_of_a_model_waits_for_none(self):
        other = self.user_of("nothing", "sales_team.group_sale_salesman")
        documents = self.env["progbox.document"].with_user(other)
        of_orders = [("of_records", "=", "sale.order")]
        # Odoo does not ask the database.
        self.assertTrue(documents._search(of_orders).is_empty())
        page = self.folders.with_user(other).tree_page("model:sale.order")
        self.assertEqual(page["folders"], [])
        for few in (500, 0):
            self.patch(progbox_mixin, "FEW", few)
            mine = documents.with_user(self.salesman)
            self.assertEqual(mine.search(of_orders), self.document)
            folders = self.folders.tree_page("model:sale.order")
            self.assertEqual(self.names(folders), [self.order.name])
        for model in ("no.such.model", "res.users", "hr.employee"):
            self.assertFalse(documents.search([("of_records", "=", model)]))

    def test_postgresql_does_not_compile_the_rights(self):
        documents = self.env["progbox.document"].with_user(self.salesman)
        for ask in (
            lambda: self.folders.tree_search(self.order.name),
            lambda: documents.search([("of_records", "=", "sale.order")]),
        ):
            self.env.cr.execute("SET LOCAL jit = on")
            ask()
            self.env.cr.execute("SHOW jit")
            self.assertEqual(self.env.cr.fetchone(), ("off",))

    def test_the_archive_is_not_among_the_invoices(self):
        move = self.archived()
        self.dropped(move, "cheque.pdf")
        root = self.env["progbox.folder"]._progbox_root("account.move")
        documents = self.env["progbox.document"].search(root["domain"])
        self.assertEqual(documents.mapped("name"), ["cheque.pdf"])

    def test_pages_take_few_queries_whatever_is_in_them(self):
        def queries():
            self.env.invalidate_all()
            self.env.registry.clear_cache()
            self.folders.tree_page("model:sale.order")
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.folders.tree_page("model:sale.order")
            return self.env.cr.sql_log_count - before

        few = queries()
        orders = self.env["sale.order"].create(
            [{"partner_id": self.client.id, "user_id": self.salesman.id}] * 30
        )
        for order in orders:
            self.folders.sudo()._progbox_of_record(order)
        self.assertEqual(queries(), few)
        self.assertLessEqual(few, 15)

    def test_the_tab_has_the_folders_of_the_record(self):
        tree = self.folders.progbox_tree_of("sale.order", self.order.id)
        own = self.folder(self.order)
        self.assertEqual(tree["open"], own.ids)
        self.assertEqual(tree["pages"][0]["folders"][0]["id"], own.id)
        self.assertFalse(tree["pages"][0]["folders"][0]["parentId"])
        own.with_user(self.salesman).progbox_add("Plans")
        tree = self.folders.progbox_tree_of("sale.order", self.order.id)
        self.assertEqual(self.names(tree["pages"][1]), ["Plans"])
        with self.assertRaises(AccessError):
            self.folders.progbox_tree_of("sale.order", self.theirs.id)
        with self.assertRaises(UserError):
            self.folders.progbox_tree_of("res.users", self.salesman.id)

    def test_the_tab_shows_a_folder_before_there_is_one(self):
        order = self.order_of(self.client, user_id=self.salesman.id)
        tree = self.folders.progbox_tree_of("sale.order", order.id)
        node = tree["pages"][0]["folders"][0]
        self.assertEqual((node["id"], node["name"]), (False, order.name))
        self.assertTrue(node["writable"])
        self.assertFalse(self.folder(order))

    def test_two_clients_of_one_name_in_a_zip(self):
        one, other = self.env["res.partner"].create([{"name": "Dupont"}] * 2)
        self.dropped(one, "one.pdf")
        self.dropped(other, "other.pdf")
        paths = self.folder(one) | self.folder(other) | self.folder(self.client)
        self.assertEqual(
            set(paths._zip_paths().values()),
            {
                ("Clients", f"Dupont ({one.id})"),
                ("Clients", f"Dupont ({other.id})"),
                ("Clients", "Maçonnerie Lefèvre"),
            },
        )
        package = self.env["progbox.package"]._package(
            self.company,
            [("res_model", "=", "res.partner"), ("res_id", "in", (one | other).ids)],
        )
        self.assertEqual(
            {file.name for file in package.files},
            {
                f"Clients/Dupont ({one.id})/one.pdf",
                f"Clients/Dupont ({other.id})/other.pdf",
            },
        )

    def test_folders_of_records_have_a_name_outside(self):
        folder = self.folder(self.order)
        self.assertEqual(folder._recipient_name(), self.order.name)
        self.assertTrue(folder._zip_stem().endswith(f"Quotations {self.order.name}"))
        self.env["progbox.access.log"]._log("download", folder=folder)
        line = (
            self.env["progbox.access.log"].sudo().search([], limit=1, order="id desc")
        )
        self.assertEqual(line.folder_name, f"sale.order {self.order.id}")

    def test_the_trash_is_not_taken_along(self):
        folder = self.folder(self.order).with_user(self.salesman)
        zips = self.env["progbox.zip"].with_user(self.salesman)
        self.assertEqual(zips.start([], folder.id)["documents"], 1)
        self.document.trashed_on = "2026-11-02"
        with self.assertRaisesRegex(UserError, "no document here"):
            zips.start([], folder.id)

    def test_internal_users_open_the_browser_and_nothing_else(self):
        menus = self.env["ir.ui.menu"].with_user(self.plain)._visible_menu_ids()
        archive = "progbox_invoice_archive."
        visible = [
            "documents_menu",
            "archiving_menu",
            "progbox_document_menu",
        ]
        hidden = [
            "progbox_archive_job_menu",
            "progbox_archive_job_queue_menu",
            "progbox_closing_menu",
            "progbox_verification_menu",
            "progbox_source_deletion_menu",
            "progbox_share_menu",
            "progbox_access_log_menu",
            "progbox_compilation_menu",
            "progbox_billing_period_menu",
            "configuration_menu",
        ]
        for name in visible:
            self.assertIn(self.env.ref(archive + name).id, menus, name)
        for name in hidden:
            self.assertNotIn(self.env.ref(archive + name).id, menus, name)

    def test_the_name_of_a_record_finds_its_folder(self):
        mine = self.folder(self.order)
        plans = mine.with_user(self.salesman).progbox_add("Lefebvre plans")["id"]
        self.client.name = "Lefebvre"
        found = self.folders.tree_search("lefeb")
        self.assertEqual(
            [(node["name"], node["subtitle"]) for node in found["folders"]],
            [
                ("Lefebvre", "Clients"),
                ("Lefebvre plans", f"Quotations / {self.order.name}"),
            ],
        )
        self.assertFalse(found["more"])
        self.assertEqual(found["folders"][1]["id"], plans)
        self.assertEqual(self.folders.tree_search(" ")["folders"], [])
        [node] = self.folders.tree_search(self.order.name.lower())["folders"]
        self.assertEqual(node["id"], mine.id)
        for user in (self.plain, self.salesman):
            found = self.folders.with_user(user).tree_search(self.theirs.name)
            self.assertEqual(found["folders"], [])

    def test_nobody_finds_an_employee_who_may_not(self):
        employee = self.env["hr.employee"].sudo().create({"name": "Secret Agent"})
        self.folders.sudo()._progbox_of_record(employee)
        for user in (self.salesman, self.billing, self.env.user):
            found = self.folders.with_user(user).tree_search("Secret")
            self.assertEqual(found["folders"], [])
        officer = self.user_of("officer", "hr.group_hr_user")
        found = self.folders.with_user(officer).tree_search("Secret")
        self.assertEqual(self.names(found), ["Secret Agent"])

    def test_a_search_takes_as_many_queries_whatever_it_finds(self):
        def queries():
            self.env.invalidate_all()
            self.folders.tree_search(self.client.name)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.folders.tree_search(self.client.name)
            return self.env.cr.sql_log_count - before

        few = queries()
        for _number in range(15):
            order = self.order_of(self.client, user_id=self.salesman.id)
            self.folders.sudo()._progbox_of_record(order)
        self.assertEqual(queries(), few)
