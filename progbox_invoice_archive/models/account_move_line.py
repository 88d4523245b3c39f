from odoo import models

from .invoice_changes import PRINTED_LINE_FIELDS


class AccountMoveLine(models.Model):
    """Lines that are printed otherwise make a new version of their invoice."""

    _inherit = "account.move.line"

    def write(self, vals):
        if not {*PRINTED_LINE_FIELDS, "sequence"}.intersection(vals):
            return super().write(vals)
        before = self.move_id._progbox_own_digests()
        result = super().write(vals)
        self.move_id._progbox_enqueue_changed(before)
        return result
