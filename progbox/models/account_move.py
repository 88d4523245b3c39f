from odoo import api, models

from ..tools import relations
from ..tools.relations import Relation


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "progbox.mixin"]

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Invoices")

    def _progbox_relations(self):
        found = super()._progbox_relations()
        if not self.is_invoice(include_receipts=True):
            return found
        own = self._progbox_self()
        sold = self.is_sale_document(include_receipts=True)
        title = self.env._("Client") if sold else self.env._("Vendor")
        partners = relations.families(relations.partners_of("account_move", own))
        projects = relations.projects_of_moves(self.env, own)
        found += [
            Relation("project", "project.project", self.env._("Project"), projects),
            Relation("client", "res.partner", title, partners),
            Relation(
                "refunds",
                "account.move",
                self.env._("Credit notes and their invoices"),
                relations.reversals(own),
            ),
        ]
        if not sold:
            return found
        orders = relations.orders_of_invoices(own)
        return [
            *found,
            Relation(
                "project",
                "project.project",
                self.env._("Project"),
                relations.projects_of_orders(orders),
            ),
            Relation("quotations", "sale.order", self.env._("Quotations"), orders),
        ]
