import logging
from smtplib import SMTPException

from odoo import Command, api, models
from odoo.fields import Domain
from odoo.tools import formataddr

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

_logger = logging.getLogger(__name__)

SHARED = "progbox_invoice_archive.mail_template_share"
MONTH = "progbox_invoice_archive.mail_template_share_month"
LAYOUT = "progbox_invoice_archive.mail_layout_share"
ZIP = "progbox_invoice_archive.mail_template_share_zip"


class ProgboxShare(models.Model):
    """What recipients of shares are written."""

    _inherit = "progbox.share"

    def _portal_url(self):
        return f"{self.get_base_url()}/my/archive/{self.id}"

    @api.model
    def _link_url(self, token):
        return f"{self.get_base_url()}/archive/{token}"

    def _recipient_address(self):
        return formataddr((self.recipient_name or "", self.email))

    def _language(self):
        """Return the language that the recipient reads now."""
        contact = self.sudo().partner_id
        return (self.kind == "portal" and contact.lang) or self.lang

    def _announce(self, url):
        """Write to the recipient that a folder was shared with him.

        At once, and before the share is committed: the link stands in this e-mail and
        nowhere else, so it neither waits in a queue nor stays when it is not sent.

        :return: whether the e-mail went out
        """
        mail = self._mail(SHARED, url)
        # Odoo deletes an e-mail without a valid recipient as if it had been sent.
        mail.auto_delete = False
        try:
            with self.env.cr.savepoint():
                mail.send(raise_exception=True)
            is_sent = mail.state != "exception"
        except (MailDeliveryException, SMTPException, OSError) as error:
            _logger.warning("%s: the e-mail was not sent: %s", self, error)
            is_sent = False
        if is_sent and mail.state == "outgoing":
            # The mail server of a person sends so many a minute, and this one later.
            mail.auto_delete = True
        else:
            mail.unlink()
        return is_sent

    def _mail(self, template, url, **details):
        """Return a new e-mail to the recipient, which nobody reads in a chatter.

        :param str template: external id
        :param str url: what the button of the e-mail opens
        :param details: what else the template shows
        """
        self.ensure_one()
        share = self.sudo()
        mail_id = (
            self.env.ref(template)
            .sudo()
            .with_context(progbox={"url": url, **details})
            .send_mail(
                share.id,
                email_layout_xmlid=LAYOUT,
                email_values={"model": False, "res_id": False, "auto_delete": True},
            )
        )
        return self.env["mail.mail"].sudo().browse(mail_id)

    def _invite(self):
        """Let the contact in to the portal, as Odoo itself does it."""
        partner = self.partner_id.sudo()
        if partner.user_ids:
            return
        wizard = (
            self.env["portal.wizard"]
            .sudo()
            .with_company(self.company_id)
            .create({"partner_ids": [Command.set(partner.ids)]})
        )
        wizard.user_ids.action_grant_access()

    @api.model
    def _notify_closed(self, closings):
        """Queue one e-mail to each who wants to know when a month is closed.

        :param progbox.closing closings: new ones of one company
        """
        shares = self.sudo().search(
            Domain("company_id", "in", closings.company_id.ids)
            & Domain("email", "!=", False)
            & Domain("monthly_notification", "=", True)
            & Domain("state", "=", "active")
        )
        for share in shares:
            try:
                with self.env.cr.savepoint():
                    share._notify_months(closings.sudo())
            except Exception:
                # A month is closed, whatever is wrong with an e-mail.
                _logger.exception("%s: no e-mail about %s", share, closings)

    def _notify_months(self, closings):
        share = self.with_context(lang=self._language())
        closings = closings.with_env(share.env).sorted("month")
        months = [news for closing in closings if (news := share._news_of(closing))]
        if not months:
            return
        # Of a link nothing is kept that could be sent.
        url = self.kind == "portal" and share._portal_url()
        if url and len(months) == 1:
            url += f"/month/{months[0]['key']}"
        names = dict.fromkeys([months[0]["name"], months[-1]["name"]])
        share._mail(MONTH, url, month=" – ".join(names), months=months)

    def _news_of(self, closing):
        """Return what an e-mail says of a month, None when it has nothing new.

        :param progbox.closing closing: the new closing of that month
        """
        month = self._dated(closing.month, months=1)
        new = self._document_count(month & closing._new_domain())
        return new and {
            "key": f"{closing.month:%Y-%m}",
            "name": closing._month_text(),
            "new": new,
            "count": self._document_count(month),
            "is_late": closing.number > 1,
        }
