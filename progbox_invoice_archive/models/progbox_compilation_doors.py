from odoo import models
from odoo.fields import Domain


class ProgboxBillingPeriod(models.Model):
    _inherit = "progbox.billing.period"

    def action_compile_invoices(self):
        """Compile all customer invoices of this period, at once."""
        moves = self.env["account.move"]
        return self._compile(moves.get_sale_types(include_receipts=True))

    def action_compile_bills(self):
        """Compile all vendor bills of this period, at once."""
        moves = self.env["account.move"]
        return self._compile(moves.get_purchase_types(include_receipts=True))

    def action_open_wizard(self):
        """Open the wizard for the customer invoices of this period."""
        moves = self.env["account.move"]
        found = self._moves(moves.get_sale_types(include_receipts=True))
        return self.env["progbox.compile.wizard"]._open(found)

    def action_open_bill_wizard(self):
        """Open the wizard for the vendor bills of this period."""
        moves = self.env["account.move"]
        found = self._moves(moves.get_purchase_types(include_receipts=True))
        return self.env["progbox.compile.wizard"]._open(found)

    def _compile(self, types):
        job = self.env["progbox.compilation"]._request(
            self._moves(types), name=self._compilation_name(types)
        )
        return job._open()

    def _compilation_name(self, types):
        self.ensure_one()
        if "out_invoice" in types:
            return self.env._("Customer invoices, %(period)s", period=self.display_name)
        return self.env._("Vendor bills, %(period)s", period=self.display_name)

    def _moves(self, types):
        """Return what is in this period; drafts, too: the backup names them."""
        return self.env["account.move"].search(
            Domain("progbox_period_id", "in", self.ids)
            & Domain("move_type", "in", types)
            & Domain("state", "!=", "cancel")
        )
