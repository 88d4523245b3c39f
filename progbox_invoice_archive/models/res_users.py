from odoo import models
from odoo.exceptions import AccessError

from ..tools.sentinels import INVITATION

ARCHIVE_MANAGER = "progbox_invoice_archive.group_archive_manager"
# Whom to ask: more names than that would be no help.
MOST_NAMED = 3


class ResUsers(models.Model):
    _inherit = "res.users"

    def _notify_security_setting_update(self, *args, **kwargs):
        """Whoever follows an invitation has no password before, that could change."""
        told = self
        if self.env.context.get("progbox_share_invitation") is INVITATION:
            told = self.filtered("login_date")
        return super(ResUsers, told)._notify_security_setting_update(*args, **kwargs)

    def _progbox_archive_managers(self):
        """Return the names of those who may steer the archive of this company.

        :return: str, a few of them
        """
        managers = (
            self.env.ref(ARCHIVE_MANAGER)
            .sudo()
            .all_user_ids.filtered(
                lambda user: (
                    user.active
                    and not user.share
                    and self.env.company in user.company_ids
                )
            )
        )
        return ", ".join(managers.sorted("name")[:MOST_NAMED].mapped("name"))

    def _check_archive_manager(self, company=None):
        """Check that the user may steer the archive.

        :param res.company company: that a person has named, rather than a record rule
        :raise AccessError: for anybody but an archive manager of the company
        """
        if not self.has_group(ARCHIVE_MANAGER):
            raise AccessError(self.env._("Only an archive manager may do this."))
        # As the user: the superuser may put any company into the context.
        if company and company not in self.sudo(False).env.companies:
            raise AccessError(self.env._("This company is not one of yours."))
