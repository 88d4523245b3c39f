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
