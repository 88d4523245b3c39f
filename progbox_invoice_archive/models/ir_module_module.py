from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

ADDON = "progbox_invoice_archive"
CONFIRMED = f"{ADDON}.uninstall_confirmed"


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        self._progbox_check_uninstall_of_these()
        return super().button_uninstall()

    def module_uninstall(self):
        # No button, but a public method: RPC comes here past the one above.
        self._progbox_check_uninstall_of_these()
        return super().module_uninstall()

    def _progbox_check_uninstall_of_these(self):
        # Account counts too: what we depend on takes us along.
        if ADDON in (self + self.downstream_dependencies()).mapped("name"):
            self._progbox_check_uninstall()

    @api.model
    def _progbox_check_uninstall(self):
        """Refuse to drop evidence, unless it was exported and given up by name.

        :raise UserError: that says what to do first
        """
        count = self.env["progbox.seal"].sudo().search_count([])
        if not count:
            return
        if companies := self._progbox_not_exported():
            if archived := companies.filtered(lambda company: not company.active):
                raise UserError(
                    self.env._(
                        "The archive of this database holds %(count)s sealed lines, "
                        "which uninstalling would destroy, and has to be exported "
                        "first. %(companies)s is archived, so nobody can export its "
                        "invoices: unarchive it in Settings > Companies, export its "
                        "whole archive, then uninstall again.",
                        count=count,
                        companies=", ".join(archived.mapped("name")),
                    )
                )
            raise UserError(
                self.env._(
                    "The archive of this database holds %(count)s sealed lines, which "
                    "uninstalling would destroy. Export the whole archive first, with "
                    "all its years, and keep the export elsewhere: for %(companies)s "
                    "there is no export that has everything up to the last line. Then "
                    "uninstall again.",
                    count=count,
                    companies=", ".join(companies.mapped("name")),
                )
            )
        if not self._progbox_uninstall_allowed():
            raise UserError(
                self.env._(
                    "The archive of this database holds %(count)s sealed lines, which "
                    "uninstalling would destroy. It has been exported: see that the "
                    "export is kept elsewhere. Then, to give the archive up for good, "
                    "set the system parameter %(parameter)s to the name of this "
                    "database, %(database)s, and uninstall again.",
                    count=count,
                    parameter=CONFIRMED,
                    database=self.env.cr.dbname,
                )
            )

    @api.model
    def _progbox_not_exported(self):
        """Return the companies whose archive no export has as it is now.

        An export that began after the last line has everything, when it is one of
        the root and counts as many documents; what it names as missing is missing.
        """
        seals = self.env["progbox.seal"].sudo()
        deposits = Domain("kind", "=", "deposit")
        counts = dict(seals._read_group(deposits, ["company_id"], ["__count"]))
        latest = seals._read_group([], ["company_id"], ["sealed_on:max"])
        return seals.company_id.union(
            *(
                company
                for company, sealed_on in latest
                if not self._progbox_is_exported(
                    company, sealed_on, counts.get(company, 0)
                )
            )
        )

    @api.model
    def _progbox_is_exported(self, company, since, count):
        """Whether the whole archive of a company was exported after a moment.

        :param datetime since: when its last line was sealed
        :param int count: of its documents
        """
        exports = (
            self.env["progbox.export"]
            .sudo()
            .search(
                Domain("kind", "=", "evidence")
                & Domain("state", "=", "done")
                & Domain("folder_id.locked", "=", True)
                & Domain("folder_id.parent_id", "=", False)
                & Domain("folder_id.company_id", "=", company.id)
                & Domain("create_date", ">=", since)
            )
        )
        return any(
            export.document_count + export.problem_count >= count for export in exports
        )

    @api.model
    def _progbox_uninstall_allowed(self):
        """Whether an administrator has given up the archive of this database.

        The name is asked for, so that a parameter copied along with a database
        gives up nothing.
        """
        confirmed = self.env["ir.config_parameter"].sudo().get_param(CONFIRMED)
        return confirmed == self.env.cr.dbname
