"""Where people ask for an invoice backup: invoices, periods, the archive."""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain


def selected(records):
    """Return the records that are ticked in a list, however many.

    The browser names the first twenty thousand only, and the domain of all.
    """
    get_param = records.env["ir.config_parameter"].sudo().get_param
    limit = int(get_param("web.active_ids_limit") or 20000)
    domain = records.env.context.get("active_domain")
    return records.search(domain) if domain and len(records) >= limit else records


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_progbox_compile(self):
        """Open the wizard for these invoices, or for all that match the list."""
        return self.env["progbox.compile.wizard"]._open(selected(self))


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


class ProgboxDocument(models.Model):
    _inherit = "progbox.document"

    def action_compile(self):
        """Open the wizard for the invoices that these documents are of.

        Of all documents that match the list, when all are ticked.
        """
        return selected(self)._compile()

    def _compile(self):
        self.check_access("read")
        pdfs = self.filtered(
            lambda document: (
                document.mimetype == "application/pdf"
                and document.res_model in (False, "account.move")
            )
        )
        moves = (
            self.env["account.move"].browse(list(dict.fromkeys(pdfs.mapped("res_id"))))
        ).exists()
        alone = pdfs.filtered(
            lambda document: (
                document.res_id not in moves._ids and not document.superseded
            )
        )
        if not moves and not alone:
            raise UserError(
                self.env._("There is no invoice among these documents to compile.")
            )
        return self.env["progbox.compile.wizard"]._open(moves, alone)


class ProgboxFolder(models.Model):
    _inherit = "progbox.folder"

    def action_compile(self):
        """Open the wizard for the invoices in this folder and in those under it."""
        return (
            self.env["progbox.document"]
            .search_fetch(
                Domain("folder_id", "child_of", self.ids),
                ["mimetype", "res_model", "res_id"],
            )
            ._compile()
        )
