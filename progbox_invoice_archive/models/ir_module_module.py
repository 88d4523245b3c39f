from odoo import api, models
from odoo.exceptions import UserError

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
        if count and not self._progbox_uninstall_allowed():
            raise UserError(
                self.env._(
                    "The archive of this database holds %(count)s sealed lines, which "
                    "uninstalling would destroy. Export the archive first and keep the "
                    "export. Then, to give the archive up for good, set the system "
                    "parameter %(parameter)s to the name of this database, "
                    "%(database)s, and uninstall again.",
                    count=count,
                    parameter=CONFIRMED,
                    database=self.env.cr.dbname,
                )
            )

    @api.model
    def _progbox_uninstall_allowed(self):
        """Whether an administrator has given up the archive of this database.

        The name is asked for, so that a parameter copied along with a database
        gives up nothing.
        """
        confirmed = self.env["ir.config_parameter"].sudo().get_param(CONFIRMED)
        return confirmed == self.env.cr.dbname
