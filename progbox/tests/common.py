from odoo import Command

from odoo.addons.progbox_invoice_archive.tests.common import PDF, ArchiveCommon


class ProgboxCommon(ArchiveCommon):
    """A client with a quotation, a project and invoices, and documents on them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesman = cls.user_of(
            "own_sales", "sales_team.group_sale_salesman,project.group_project_user"
        )
        cls.order = cls.order_of(cls.client)

    @classmethod
    def get_default_groups(cls):
        groups = ("sales_team.group_sale_manager", "project.group_project_manager")
        return super().get_default_groups() | cls.env["res.groups"].browse(
            [cls.quick_ref(group).id for group in groups]
        )

    @classmethod
    def order_of(cls, partner, **values):
        return cls.env["sale.order"].create({"partner_id": partner.id, **values})

    @classmethod
    def dropped(cls, record, name="plan.pdf", user=None, content=PDF, **values):
        """Return a document that a person has dropped on a record."""
        documents = cls.env["progbox.document"].with_user(user or cls.env.user)
        # The same bytes are recognised on the same record.
        staged = cls.env["ir.attachment"]._progbox_stage([content, name.encode()])
        document, _already = documents._progbox_drop(
            record.with_user(user or cls.env.user), staged, {"name": name, **values}
        )
        return document.sudo()

    @classmethod
    def service_of(cls, **values):
        return cls.env["product.product"].create(
            {"name": "Pose", "type": "service", "list_price": 100, **values}
        )

    @classmethod
    def line(cls, product, **values):
        return Command.create({"product_id": product.id, **values})

    def names(self, group):
        return [item["name"] for item in group["items"]]
