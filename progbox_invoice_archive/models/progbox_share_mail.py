import logging

from odoo import Command, api, models
from odoo.fields import Domain
from odoo.tools import formataddr

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

    def _announce(self, url):
        """Write to the recipient that a folder was shared with him.

        At once: the link stands in this e-mail and nowhere else, so it does not wait
        in a queue, and is deleted as soon as it has been sent.
        """
        self._mail(SHARED, url).send_after_commit()

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
    def _notify_month(self, closing):
        """Queue an e-mail to those who want to know when a month is closed.

        Only to contacts with a login: of a link nothing is kept that could be sent.

        :param progbox.closing closing: the new closing
        """
        shares = self.sudo().search(
            Domain("company_id", "=", closing.company_id.id)
            & Domain("kind", "=", "portal")
            & Domain("monthly_notification", "=", True)
            & Domain("state", "=", "active")
        )
        for share in shares:
            try:
                with self.env.cr.savepoint():
                    share._notify_month_closed(closing.sudo())
            except Exception:
                # A month is closed, whatever is wrong with an e-mail.
                _logger.exception("%s: no e-mail about %s", share, closing)

    def _notify_month_closed(self, closing):
        share = self.with_context(lang=self.lang)
        if count := share._document_count(share._dated(closing.month, months=1)):
            share._mail(
                MONTH,
                f"{share._portal_url()}/month/{closing.month:%Y-%m}",
                month=closing.with_context(lang=self.lang)._month_text(),
                count=count,
                new=closing.new_document_count,
            )


class ProgboxClosing(models.Model):
    _inherit = "progbox.closing"

    @api.model
    def _close(self, company, month):
        closing = super()._close(company, month)
        self.env["progbox.share"]._notify_month(closing)
        return closing
