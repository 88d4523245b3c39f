from odoo import models

from odoo.addons.progbox.tools import relations
from odoo.addons.progbox.tools.relations import Relation


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _progbox_relations(self):
        family = relations.families(self._progbox_self())
        return [
            *super()._progbox_relations(),
            Relation(
                "purchases",
                "purchase.order",
                self.env._("Purchases"),
                relations.of_partners("purchase_order", family),
            ),
        ]
