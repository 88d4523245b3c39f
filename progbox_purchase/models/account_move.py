from odoo import models

from odoo.addons.progbox.tools.relations import Relation

from ..tools.relations import projects_of_purchases, purchases_of_bills


class AccountMove(models.Model):
    _inherit = "account.move"

    def _progbox_relations(self):
        found = super()._progbox_relations()
        if not self.is_purchase_document(include_receipts=True):
            return found
        purchases = purchases_of_bills(self._progbox_self())
        return [
            *found,
            Relation(
                "project",
                "project.project",
                self.env._("Project"),
                projects_of_purchases(purchases),
            ),
            Relation("purchases", "purchase.order", self.env._("Purchases"), purchases),
        ]
