from odoo import api, models

from ..tools import relations
from ..tools.relations import Relation


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "progbox.mixin"]
    _progbox_named_by = ("company_name", "parent_id")

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Clients")

    def _progbox_relations(self):
        family = relations.families(self._progbox_self())
        orders = relations.of_partners("sale_order", family)
        moves = self.env["account.move"]
        invoices = relations.moves_of_partners(family, moves._progbox_customer_types())
        bills = relations.moves_of_partners(family, moves._progbox_vendor_types())
        projects = relations.projects_of_partners(family)
        return [
            *super()._progbox_relations(),
            Relation("project", "project.project", self.env._("Projects"), projects),
            Relation(
                "client",
                "res.partner",
                self.env._("Contacts of the same company"),
                family,
            ),
            Relation("invoices", "account.move", self.env._("Invoices"), invoices),
            Relation("quotations", "sale.order", self.env._("Quotations"), orders),
            Relation("bills", "account.move", self.env._("Vendor bills"), bills),
        ]
