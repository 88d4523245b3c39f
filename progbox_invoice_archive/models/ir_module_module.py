from contextlib import suppress

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import file_open, html_sanitize

from ..tools.plural import counted

OURS = "progbox"
ADDON = "progbox_invoice_archive"
CONFIRMED = f"{ADDON}.uninstall_confirmed"


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    @api.depends("name", "description")
    @api.depends_context("lang")
    def _get_desc(self):
        """Show the description of our add-ons in the user's language."""
        result = super()._get_desc()
        language = (self.env.lang or "en")[:2]
        for module in self:
            path = f"{module.name}/static/description/index.{language}.html"
            if (module.name or "").startswith(OURS):
                with suppress(FileNotFoundError), file_open(path) as file:
                    module.description_html = html_sanitize(file.read())
        return result

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
        losses = counted(
            self.env,
            self.env._(
                "The archive of this database holds %(count)s sealed line, which "
                "uninstalling would destroy.|The archive of this database holds "
                "%(count)s sealed lines, which uninstalling would destroy."
            ),
            count,
        )
        if advice := self._progbox_before_uninstall():
            raise UserError(f"{losses} {advice}")

    @api.model
    def _progbox_before_uninstall(self):
        """Return what to do before the archive can be given up, or nothing."""
        companies = self._progbox_not_exported()
        if archived := companies.filtered(lambda company: not company.active):
            return self.env._(
                "It has to be exported first. %(companies)s is archived, so nobody can "
                "export its invoices: unarchive it in Settings > Companies, export its "
                "whole archive, then uninstall again.",
                companies=", ".join(archived.mapped("name")),
            )
        if companies:
            return self.env._(
                "Export the whole archive first, with all its years, and keep the "
                "export elsewhere: for %(companies)s there is no export that has "
                "everything up to the last line. Then uninstall again.",
                companies=", ".join(companies.mapped("name")),
            )
        if not self._progbox_uninstall_allowed():
            return self.env._(
                "It has been exported: see that the export is kept elsewhere. Then, to "
                "give the archive up for good, set the system parameter %(parameter)s "
                "to the name of this database, %(database)s, and uninstall again.",
                parameter=CONFIRMED,
                database=self.env.cr.dbname,
            )
        return ""

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
