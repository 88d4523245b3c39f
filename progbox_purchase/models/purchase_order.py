from odoo import api, fields, models

from odoo.addons.progbox.tools import relations
from odoo.addons.progbox.tools.relations import Relation

from ..tools.relations import bills_of_purchases, projects_of_purchases


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "progbox.mixin"]

    # Odoo reads the whole table for the purchases of a project.
    project_id = fields.Many2one(index="btree_not_null")

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Purchases")

    def _progbox_relations(self):
        own = self._progbox_self()
        vendor = relations.families(relations.partners_of("purchase_order", own))
        return [
            *super()._progbox_relations(),
            Relation(
                "project",
                "project.project",
                self.env._("Project"),
                projects_of_purchases(own),
            ),
            Relation("client", "res.partner", self.env._("Vendor"), vendor),
            Relation(
                "bills",
                "account.move",
                self.env._("Vendor bills"),
                bills_of_purchases(own),
            ),
        ]
