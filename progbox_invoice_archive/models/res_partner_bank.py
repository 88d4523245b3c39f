from odoo import models

from . import invoice_neighbours


class ResPartnerBank(models.Model):
    """A bank account that is written otherwise has open invoices archived anew."""

    _inherit = "res.partner.bank"

    def write(self, vals):
        with invoice_neighbours.written(self, vals, invoice_neighbours.BANK_FIELDS):
            return super().write(vals)
