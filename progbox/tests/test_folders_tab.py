from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models import record_folders
from .common import ProgboxCommon


@tagged("post_install", "-at_install")
class TestFoldersOfTab(ProgboxCommon):
    """The folders on the left of a tab: the record's own and those of its relatives."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls.order_of(cls.client, user_id=cls.salesman.id)
        cls.other = cls.order_of(cls.client, user_id=cls.salesman.id)
        cls.theirs = cls.order_of(cls.client, user_id=cls.env.user.id)
        for order in (cls.mine, cls.other, cls.theirs):
            cls.dropped(order)
        cls.folders = cls.env["progbox.folder"].with_user(cls.salesman)

    def tree(self, record, *args, user=None):
        folders = self.folders.with_user(user or self.salesman)
        return folders.progbox_tree_of(record._name, record.id, *args)

    def folder(self, record):
        return self.folders.sudo()._progbox_known(record).with_user(self.salesman)

    def top(self, tree):
        return tree["pages"][0]["folders"]

    def page(self, tree, parent_id):
        return next(p for p in tree["pages"] if p["parentId"] == parent_id)

    def names(self, page):
        return [folder["name"] for folder in page["folders"]]

    def test_relatives_that_one_may_read(self):
        tree = self.tree(self.client)
        own, orders = self.top(tree)
        self.assertEqual((own["id"], own["name"]), (False, self.client.name))
        self.assertEqual(orders["name"], "Quotations")
        self.assertTrue(orders["virtual"])
        page = self.page(tree, orders["id"])
        self.assertEqual(self.names(page), [self.other.name, self.mine.name])
        self.assertEqual(
            [(node["resModel"], node["resId"]) for node in page["folders"]],
            [("sale.order", self.other.id), ("sale.order", self.mine.id)],
        )
        # The title of a folder says whose it is.
        tree = self.tree(self.client, user=self.env.user)
        page = self.page(tree, orders["id"])
        self.assertIn(self.theirs.name, self.names(page))

    def test_a_single_relative_stands_by_itself(self):
        self.dropped(self.client)
        own, client = self.top(self.tree(self.mine))
        self.assertEqual(own["name"], self.mine.name)
        self.assertEqual(
            (client["name"], client["subtitle"]), (self.client.name, "Client")
        )
        self.assertFalse(client["parentId"])

    def test_many_relatives_come_in_pages(self):
        self.patch(record_folders, "PAGE_SIZE", 2)
        extra = self.order_of(self.client, user_id=self.salesman.id)
        self.dropped(extra)
        tree = self.tree(self.client)
        page = tree["pages"][1]
        self.assertEqual(self.names(page), [extra.name, self.other.name])
        self.assertTrue(page["more"])
        key = self.top(tree)[1]["group"]
        page = self.folders.progbox_tree_of_group(
            "res.partner", self.client.id, key, page["next"]
        )
        self.assertEqual(self.names(page), [self.mine.name])
        self.assertFalse(page["more"])
        page = self.folders.progbox_tree_of_group("res.partner", self.client.id, "no")
        self.assertEqual(page["folders"], [])

    def test_what_is_open_stays_open(self):
        other = self.folder(self.other)
        plans = other.progbox_add("Plans")["id"]
        hidden = self.folder(self.theirs).sudo()
        tree = self.tree(self.mine, [other.id, hidden.id, "relation:orders"])
        self.assertEqual(tree["open"], [*self.folder(self.mine).ids, other.id])
        self.assertEqual(self.page(tree, other.id)["folders"][0]["id"], plans)

    def test_nothing_of_a_record_that_one_may_not_read(self):
        with self.assertRaises(AccessError):
            self.tree(self.theirs)
        with self.assertRaises(AccessError):
            self.folders.progbox_tree_of_group("sale.order", self.theirs.id, "client")
        with self.assertRaises(AccessError):
            self.folder(self.theirs).progbox_documents()

    def test_documents_of_a_folder_and_of_those_in_it(self):
        own = self.folder(self.mine)
        plans = own.progbox_add("Plans")["id"]
        inner = self.folders.browse(plans).progbox_add("2026")["id"]
        self.dropped(self.mine, "inner.pdf", self.salesman, folder_id=inner)
        self.dropped(self.mine, "façade.pdf", self.salesman, folder_id=plans)
        found = self.folders.browse(plans).progbox_documents()
        self.assertEqual(
            [item["name"] for item in found["items"]], ["façade.pdf", "inner.pdf"]
        )
        self.assertEqual((found["documents"], found["more"]), (2, False))
        found = self.folders.browse(plans).progbox_documents("FACADE")
        self.assertEqual([item["name"] for item in found["items"]], ["façade.pdf"])
        self.assertEqual(own.progbox_documents()["documents"], 3)
        found = own.progbox_documents("", 1, 1)
        self.assertEqual(len(found["items"]), 1)
        self.assertTrue(found["more"])

    def test_what_is_in_the_trash_is_in_no_folder(self):
        own = self.folder(self.mine)
        found = own.progbox_documents()
        document = self.env["progbox.document"].browse(found["items"][0]["id"])
        newer = self.dropped(self.mine, "newer.pdf", replaces=document.id)
        found = own.progbox_documents()
        self.assertEqual([item["id"] for item in found["items"]], newer.ids)
        newer.with_user(self.salesman).progbox_trash()
        self.assertEqual(own.progbox_documents()["documents"], 0)

    def test_a_general_folder_is_of_no_record(self):
        general = self.folders.sudo().create(
            {"name": "Papers", "general": True, "company_id": self.company.id}
        )
        found = general.with_user(self.salesman).progbox_documents()
        self.assertEqual(found["items"], [])

    def test_an_employee_sees_no_folder_of_his(self):
        employee = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Sam", "user_id": self.salesman.id})
        )
        self.assertEqual(self.top(self.tree(employee))[0]["id"], False)
        self.assertFalse(self.top(self.tree(employee))[0]["writable"])
        self.folders.sudo()._progbox_of_record(employee)
        self.assertEqual(self.top(self.tree(employee)), [])

    def test_as_many_queries_whatever_there_is(self):
        def queries():
            self.env.invalidate_all()
            self.tree(self.client)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.tree(self.client)
            return self.env.cr.sql_log_count - before

        few = queries()
        for _number in range(15):
            order = self.order_of(self.client, user_id=self.salesman.id)
            self.folders.sudo()._progbox_of_record(order)
        self.assertEqual(queries(), few)
        self.assertLessEqual(few, 30)
