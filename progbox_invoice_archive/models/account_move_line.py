from odoo import models

from .invoice_changes import PRINTED_LINE_FIELDS, own_digest


class AccountMoveLine(models.Model):
    """Lines that are printed otherwise make a new version of their invoice."""

    _inherit = "account.move.line"

    def write(self, vals):
        if not {*PRINTED_LINE_FIELDS, "sequence"}.intersection(vals):
            return super().write(vals)
        moves = self.move_id.sudo()._progbox_to_archive()
        moves = moves and moves.browse(moves._progbox_documents())
        before = {move: own_digest(move) for move in moves}
        result = super().write(vals)
        moves.filtered(
            lambda move: (
                not move.invoice_pdf_report_id and before[move] != own_digest(move)
            )
        )._progbox_enqueue_new_version()
        return result
