from odoo import models

from . import invoice_neighbours


class ResPartnerBank(models.Model):
    """A bank account that is written otherwise has open invoices archived anew."""

    _inherit = "res.partner.bank"

    def write(self, vals):
        names = [name for name in invoice_neighbours.BANK_FIELDS if name in vals]
        if not names:
            return super().write(vals)
        before = invoice_neighbours.printed(self, names)
        result = super().write(vals)
        invoice_neighbours.queue_changed(self, names, before)
        return result
