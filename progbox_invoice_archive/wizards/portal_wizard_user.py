from odoo import models

from ..tools.sentinels import INVITATION


class PortalWizardUser(models.TransientModel):
    """Whom a folder is shared with is invited by the e-mail about it alone."""

    _inherit = "portal.wizard.user"

    def _send_email(self):
        if self.env.context.get("progbox_share_invitation") is INVITATION:
            return True
        return super()._send_email()
