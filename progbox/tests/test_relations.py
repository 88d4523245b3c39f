"""From where what is found: the graph of relations as one table."""

from odoo import Command
from odoo.tests import tagged

from .common import ProgboxCommon

FAMILY = {"client", "contact", "delivery"}
SOLD = {"invoice", "credit note", "refund by hand", "down payment"}
# From each record, the others whose documents its tab shows.
GRAPH = {
    "order": {"project", *FAMILY, *SOLD},
    "invoice": {"project", *FAMILY, "credit note", "refund by hand", "order"},
    "credit note": {"project", *FAMILY, "invoice", "order"},
    "refund by hand": {"project", *FAMILY, "invoice", "order"},
    "down payment": {"project", *FAMILY, "order"},
    "project": {*FAMILY, *SOLD, "order", "bill"},
    "client": FAMILY - {"client"} | {"project", *SOLD, "order", "order for another"},
    "contact": FAMILY - {"contact"} | {"project", *SOLD, "order", "order for another"},
    "delivery": FAMILY - {"delivery"}
    | {"project", *SOLD, "order", "order for another"},
    "bill": {"project", "vendor"},
    "other bill": {"vendor"},
    "vendor": {"bill", "other bill"},
    # An order of this client in the project of another one.
    "order for another": {"project of another", *FAMILY},
    "project of another": {"other client", "order for another"},
    "other client": {"project of another"},
    "employee": set(),
}


@tagged("post_install", "-at_install")
class TestRelations(ProgboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("hr.group_hr_manager")
        partners = cls.env["res.partner"]
        contact = partners.create({"name": "Ana", "parent_id": cls.client.id})
        delivery = partners.create(
            {"name": "Site", "parent_id": cls.client.id, "type": "delivery"}
        )
        other = partners.create({"name": "Other", "email": "ana@example.com"})
        vendor = partners.create({"name": "Vendor"})
        projects = cls.env["project.project"]
        project = projects.create({"name": "House", "partner_id": cls.client.id})
        of_other = projects.create({"name": "Theirs", "partner_id": other.id})
        project.account_id = cls.analytic("House")
        cls.service = cls.service_of(invoice_policy="order")
        order = cls.sold(contact, project_id=project.id)
        down_payment = cls.down_payment(order)
        invoice = order._create_invoices(final=False)
        down_payment.invoice_date = invoice.invoice_date = "2026-11-02"
        (invoice | down_payment).action_post()
        cls.records = {
            "client": cls.client,
            "contact": contact,
            "delivery": delivery,
            "other client": other,
            "vendor": vendor,
            "project": project,
            "project of another": of_other,
            "order": order,
            "order for another": cls.sold(cls.client, project_id=of_other.id),
            "invoice": invoice,
            "down payment": down_payment,
            "credit note": invoice._reverse_moves(),
            "refund by hand": cls.draft(
                "out_refund", partner=contact, reversed_entry_id=invoice.id
            ),
            "bill": cls.billed(vendor, {str(project.account_id.id): 100}),
            "other bill": cls.billed(vendor, False),
            "employee": cls.env["hr.employee"].create(
                {"name": "Ion", "work_contact_id": cls.client.id}
            ),
        }
        for name, record in cls.records.items():
            cls.dropped(record, name)

    @classmethod
    def analytic(cls, name, plan=None):
        projects_plan, _others = cls.env["account.analytic.plan"]._get_all_plans()
        plan = plan or projects_plan
        return cls.env["account.analytic.account"].create(
            {"name": name, "plan_id": plan.id, "company_id": cls.company.id}
        )

    @classmethod
    def sold(cls, partner, **values):
        order = cls.order_of(
            partner, order_line=[cls.line(cls.service, product_uom_qty=2)], **values
        )
        order.action_confirm()
        return order

    @classmethod
    def down_payment(cls, order):
        wizard = cls.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "percentage",
                "amount": 10,
            }
        )
        before = order.invoice_ids
        wizard.create_invoices()
        return order.invoice_ids - before

    @classmethod
    def billed(cls, partner, distribution):
        bill = cls.draft("in_invoice", partner=partner)
        bill.invoice_line_ids.analytic_distribution = distribution
        return bill

    def seen(self, record):
        """Return the names of the documents of others that a tab shows."""
        groups = record.progbox_tab()["groups"]
        names = [name for group in groups[1:] for name in self.names(group)]
        self.assertEqual(len(names), len(set(names)), names)
        count = record.progbox_tab_count()["count"]
        self.assertEqual(count, sum(group["documents"] for group in groups))
        for group in groups:
            page = record.progbox_tab_page(group["key"])
            self.assertEqual(page["items"], group["items"])
        return set(names)

    def test_the_graph(self):
        for name, record in self.records.items():
            with self.subTest(name=name):
                self.assertEqual(self.seen(record), GRAPH[name])
                [own] = record.progbox_tab()["groups"][0]["items"]
                self.assertEqual(own["name"], name)

    def test_the_graph_leads_back(self):
        """But for a document of another client in the same project."""
        for name, others in GRAPH.items():
            for other in others:
                with self.subTest(name=name, other=other):
                    self.assertIn(name, GRAPH[other])

    def test_each_column_that_links_an_order_with_a_project(self):
        links = {
            "order": lambda order, project: order.write({"project_id": project.id}),
            "line": lambda order, project: order.order_line.write(
                {"project_id": project.id}
            ),
            "project": lambda order, project: project.write(
                {"sale_line_id": order.order_line.id}
            ),
            "reinvoiced": lambda order, project: project.write(
                {"reinvoiced_sale_order_id": order.id}
            ),
            "task": lambda order, project: self.env["project.task"].create(
                {
                    "name": "Task",
                    "project_id": project.id,
                    "sale_line_id": order.order_line.id,
                }
            ),
        }
        for name, link in links.items():
            for cancelled in (False, True):
                with self.subTest(link=name, cancelled=cancelled):
                    order = self.sold(self.client)
                    project = self.env["project.project"].create(
                        {"name": "New", "partner_id": self.client.id,
                         "allow_billable": True}
                    )  # fmt: skip
                    self.dropped(order, "the order")
                    self.dropped(project, "the project")
                    self.assertNotIn("the project", self.seen(order))
                    link(order, project)
                    if cancelled:
                        order._action_cancel()
                        if name == "project":
                            # Odoo empties the one column that there is.
                            self.assertFalse(project.sale_line_id)
                            continue
                    self.assertIn("the project", self.seen(order))
                    self.assertIn("the order", self.seen(project))

    def test_a_project_without_client_is_found_by_the_client_of_its_order(self):
        project = self.env["project.project"].create({"name": "New"})
        order = self.sold(self.client, project_id=project.id)
        project.partner_id = False
        self.dropped(project, "the project")
        self.dropped(order, "the order")
        self.assertIn("the project", self.seen(self.client))
        self.assertLessEqual({*FAMILY, "the order"}, self.seen(project))
        project.partner_id = self.records["other client"]
        self.assertNotIn("the project", self.seen(self.client))

    def test_an_invoice_with_another_address_is_found_there_and_at_the_order(self):
        invoice = self.records["down payment"]
        invoice.button_draft()
        invoice.partner_id = self.records["other client"]
        self.assertIn("down payment", self.seen(self.records["order"]))
        self.assertIn("down payment", self.seen(self.records["other client"]))
        self.assertNotIn("down payment", self.seen(self.client))

    def test_several_plans_and_departments(self):
        project, vendor = self.records["project"], self.records["vendor"]
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        department = self.analytic("Department", plan)
        both = self.billed(vendor, {f"{project.account_id.id},{department.id}": 100})
        only = self.billed(vendor, {str(department.id): 100})
        self.dropped(both, "both")
        self.dropped(only, "only")
        seen = self.seen(project)
        self.assertIn("both", seen)
        self.assertNotIn("only", seen)
        self.assertIn("project", self.seen(both))
        self.assertNotIn("project", self.seen(only))

    def test_what_is_archived_in_odoo_is_found(self):
        self.records["project"].active = False
        self.records["contact"].active = False
        self.assertLessEqual({"project", "contact"}, self.seen(self.records["order"]))

    def test_only_the_readable_relatives_are_there(self):
        order, client = self.records["order"], self.client
        order.user_id = self.salesman
        self.records["order for another"].user_id = self.env.user
        seen = self.seen(client.with_user(self.salesman))
        self.assertIn("order", seen)
        self.assertNotIn("order for another", seen)
        plain = client.with_user(self.plain)
        # As Odoo has it, everybody inside reads the projects that are not private.
        self.assertEqual(self.seen(plain), {"contact", "delivery", "project"})
        self.records["project"].privacy_visibility = "followers"
        self.assertEqual(self.seen(plain), {"contact", "delivery"})

    def test_relatives_of_another_company_stay_there(self):
        other = self.setup_other_company()["company"]
        here = self.client.with_context(allowed_company_ids=self.company.ids)
        there = self.client.with_context(allowed_company_ids=other.ids)
        self.client.company_id = False
        self.assertIn("order", self.seen(here))
        self.assertEqual(self.seen(there) & {"order", *SOLD}, set())

    def test_an_employee_is_not_reached_even_if_an_add_on_tries(self):
        employee = self.records["employee"]
        sql = type(self.client)._progbox_self
        relation = self.client._progbox_relations()[0]
        self.patch(
            type(self.client),
            "_progbox_relations",
            lambda record: [
                relation._replace(key="staff", model="hr.employee", ids=sql(employee))
            ],
        )
        self.assertEqual(self.seen(self.client), set())

    def test_a_group_of_many_records_is_a_list_of_records(self):
        other = self.env["res.partner"].create({"name": "Large"})
        orders = self.env["sale.order"].create([{"partner_id": other.id}] * 52)
        for order in orders[:50]:
            self.dropped(order, f"of {order.id}")
        [_own, group] = other.progbox_tab()["groups"]
        self.assertFalse(group["asRecords"])
        self.assertEqual((group["records"], group["documents"]), (50, 50))
        self.assertEqual((len(group["items"]), group["more"]), (20, True))
        self.dropped(orders[50], "one more")
        self.dropped(orders[50], "and one more")
        [_own, group] = other.progbox_tab()["groups"]
        self.assertTrue(group["asRecords"])
        self.assertEqual((group["documents"], group["items"]), (52, []))
        page = other.progbox_tab_page("quotations", limit=2)
        self.assertEqual(
            page,
            {
                "records": [
                    {
                        "id": order.id,
                        "name": order.display_name,
                        "documents": count,
                        "capped": False,
                    }
                    for order, count in ((orders[50], 2), (orders[49], 1))
                ],
                "more": True,
            },
        )
        last = other.progbox_tab_page("quotations", offset=40, limit=20)
        self.assertEqual((len(last["records"]), last["more"]), (11, False))
        # What is searched for counts alone.
        [_own, group] = other.progbox_tab("one more")["groups"]
        self.assertFalse(group["asRecords"])
        self.assertEqual(group["documents"], 2)

    def test_each_column_of_the_graph_is_indexed(self):
        columns = (
            "res_partner.commercial_partner_id", "sale_order.partner_id",
            "sale_order.project_id", "sale_order_line.order_id",
            "sale_order_line.project_id", "sale_order_line_invoice_rel.invoice_line_id",
            "sale_order_line_invoice_rel.order_line_id", "account_move.partner_id",
            "account_move.reversed_entry_id", "account_move_line.move_id",
            "project_project.account_id", "project_project.partner_id",
            "project_project.reinvoiced_sale_order_id", "project_project.sale_line_id",
            "project_task.project_id", "project_task.sale_line_id",
        )  # fmt: skip
        self.cr.execute(
            """SELECT tab.relname || '.' || col.attname FROM pg_index index
            JOIN pg_class tab ON tab.oid = index.indrelid
            JOIN pg_attribute col ON col.attrelid = tab.oid
                AND col.attnum = index.indkey[0]"""
        )
        self.assertEqual(set(columns) - {name for (name,) in self.cr.fetchall()}, set())

    def test_the_number_of_queries_does_not_grow(self):
        order = self.records["order"]

        def queries():
            self.env.invalidate_all()
            self.env.flush_all()
            before = self.cr.sql_log_count
            order.progbox_tab()
            return self.cr.sql_log_count - before

        queries()
        before = queries()
        for record in ("order", "invoice", "project", "contact", "down payment"):
            for number in range(5):
                self.dropped(self.records[record], f"{record} {number}")
        self.assertLessEqual(queries(), before)
