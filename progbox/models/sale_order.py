from odoo import api, models

from ..tools import relations
from ..tools.relations import Relation


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Quotations")

    def _progbox_relations(self):
        own = self._progbox_self()
        client = relations.families(relations.partners_of("sale_order", own))
        return [
            *super()._progbox_relations(),
            Relation(
                "project",
                "project.project",
                self.env._("Project"),
                relations.projects_of_orders(own),
            ),
            Relation("client", "res.partner", self.env._("Client"), client),
            Relation(
                "invoices",
                "account.move",
                self.env._("Invoices"),
                relations.invoices_of_orders(own),
            ),
        ]
