from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.progbox.tests.common import ProgboxCommon

# From each record, the others whose documents its tab shows.
GRAPH = {
    "purchase": {"project", "vendor", "bill"},
    "bill": {"project", "vendor", "purchase"},
    "project": {"purchase", "bill"},
    "vendor": {"purchase", "bill"},
}


@tagged("post_install", "-at_install")
class TestPurchaseRelations(ProgboxCommon):
    """A model that joins by the mixin, and its place among the others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        vendor = cls.env["res.partner"].create({"name": "Vendor"})
        project = cls.env["project.project"].create({"name": "House"})
        product = cls.service_of(purchase_method="purchase")
        if "stock.warehouse" in cls.env and not cls.server["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)]
        ):
            # Where there is a stock, a purchase goes to a warehouse of the company.
            cls.server["stock.warehouse"].create(
                {"name": "Yard", "code": "YARD", "company_id": cls.company.id}
            )
        purchase = cls.env["purchase.order"].create(
            {
                "partner_id": vendor.id,
                "project_id": project.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_qty": 1})
                ],
            }
        )
        purchase.button_confirm()
        purchase.action_create_invoice()
        # The project is found through the purchase, not by an analytic account.
        purchase.invoice_ids.invoice_line_ids.analytic_distribution = False
        cls.records = {
            "purchase": purchase,
            "bill": purchase.invoice_ids,
            "project": project,
            "vendor": vendor,
        }
        for name, record in cls.records.items():
            cls.dropped(record, name)

    def test_the_graph(self):
        for name, record in self.records.items():
            with self.subTest(name=name):
                groups = record.progbox_tab()["groups"]
                names = [item for group in groups[1:] for item in self.names(group)]
                self.assertEqual(sorted(names), sorted(GRAPH[name]))
                self.assertEqual(self.names(groups[0]), [name])

    def test_whoever_may_not_read_purchases_finds_none(self):
        purchase = self.records["purchase"].with_user(self.plain)
        with self.assertRaises(AccessError):
            purchase.progbox_tab()
        groups = self.records["vendor"].with_user(self.plain).progbox_tab()["groups"]
        self.assertEqual([group["key"] for group in groups], ["own"])
        document = self.env["progbox.document"].search([("name", "=", "purchase")])
        self.assertFalse(document.with_user(self.plain).has_access("read"))
