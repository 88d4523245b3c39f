from odoo import models
from odoo.exceptions import AccessError

ARCHIVE_MANAGER = "progbox_invoice_archive.group_archive_manager"


class ResUsers(models.Model):
    _inherit = "res.users"

    def _check_archive_manager(self):
        """Check that the user may steer the archive.

        :raise AccessError: for anybody but an archive manager
        """
        if not self.has_group(ARCHIVE_MANAGER):
            raise AccessError(self.env._("Only an archive manager may do this."))
