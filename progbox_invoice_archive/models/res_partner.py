from odoo import models

from . import invoice_neighbours


class ResPartner(models.Model):
    """A client who is written otherwise has open invoices archived anew."""

    _inherit = "res.partner"

    def write(self, vals):
        with invoice_neighbours.written(self, vals, invoice_neighbours.PARTNER_FIELDS):
            return super().write(vals)
