from odoo import models

from . import invoice_neighbours


class ResPartner(models.Model):
    """A client who is written otherwise has open invoices archived anew."""

    _inherit = "res.partner"

    def write(self, vals):
        names = [name for name in invoice_neighbours.PARTNER_FIELDS if name in vals]
        if not names:
            return super().write(vals)
        before = invoice_neighbours.printed(self, names)
        result = super().write(vals)
        invoice_neighbours.queue_changed(self, names, before)
        return result
