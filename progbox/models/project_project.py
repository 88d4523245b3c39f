from odoo import api, models

from ..tools import relations
from ..tools.relations import BILLS, INVOICES, Relation


class ProjectProject(models.Model):
    _name = "project.project"
    _inherit = ["project.project", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Projects")

    def _progbox_relations(self):
        own = self._progbox_self()
        clients = relations.families(relations.clients_of_projects(own))
        orders = relations.orders_of_projects(own)
        invoices = relations.union(
            relations.invoices_of_orders(orders),
            relations.moves_of_projects(self.env, own, INVOICES),
        )
        bills = relations.moves_of_projects(self.env, own, BILLS)
        return [
            *super()._progbox_relations(),
            Relation("client", "res.partner", self.env._("Client"), clients),
            Relation("invoices", "account.move", self.env._("Invoices"), invoices),
            Relation("quotations", "sale.order", self.env._("Quotations"), orders),
            Relation("bills", "account.move", self.env._("Vendor bills"), bills),
        ]
