from odoo import models

from odoo.addons.progbox.tools.relations import Relation

from ..tools.relations import bills_of_purchases, purchases_of_projects


class ProjectProject(models.Model):
    _inherit = "project.project"

    def _progbox_relations(self):
        purchases = purchases_of_projects(self._progbox_self())
        return [
            *super()._progbox_relations(),
            Relation("purchases", "purchase.order", self.env._("Purchases"), purchases),
            Relation(
                "bills",
                "account.move",
                self.env._("Vendor bills"),
                bills_of_purchases(purchases),
            ),
        ]
