from odoo import models

from ..tools.sentinels import INVITATION

# Odoo's e-mail to whoever has just chosen a password.
ACCOUNT_CREATED = "auth_signup.mail_template_user_signup_account_created"
# What the templates of the archive are shown with, when there is no occasion.
NO_OCCASION = {"month": "", "months": [], "name": "", "url": ""}


class MailTemplate(models.Model):
    """Templates of the archive show what an e-mail is about, beside its record.

    Whom a folder is shared with gets the e-mail about it alone.
    """

    _inherit = "mail.template"

    def _check_can_be_rendered(self, *args, **kwargs):
        """Let people edit the templates, and an update make them again."""
        tried = self
        if "progbox" not in self.env.context:
            tried = self.with_context(progbox=NO_OCCASION)
        return super(MailTemplate, tried)._check_can_be_rendered(*args, **kwargs)

    def send_mail(self, *args, **kwargs):
        is_invited = self.env.context.get("progbox_share_invitation") is INVITATION
        if is_invited and self == self.env.ref(ACCOUNT_CREATED, False):
            return False
        return super().send_mail(*args, **kwargs)
