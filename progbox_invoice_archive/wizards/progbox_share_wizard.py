from datetime import timedelta
from urllib.parse import quote, urlencode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, format_date
from odoo.tools.misc import get_lang

# As long as it takes to read an e-mail after the holidays.
LINK_DAYS = 7


class ProgboxShareWizard(models.TransientModel):
    """Asks who may open a folder, and for how long."""

    _name = "progbox.share.wizard"
    _description = "Share a Folder"

    folder_id = fields.Many2one(
        "progbox.folder",
        required=True,
        default=lambda self: self.env["progbox.folder"]._tree_newest(),
    )
    document_count = fields.Integer(
        string="Documents", related="folder_id.document_count", related_sudo=False
    )
    way = fields.Selection(
        [
            ("email", "Somebody, by e-mail"),
            ("contact", "A portal contact"),
            ("link", "Whoever has the link"),
        ],
        string="With",
        required=True,
        default="email",
    )
    partner_id = fields.Many2one(
        "res.partner", string="Contact", domain="[('user_ids.share', '=', True)]"
    )
    email = fields.Char(string="E-mail")
    recipient_name = fields.Char(string="Name")
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        compute="_compute_lang",
        store=True,
        precompute=True,
        readonly=False,
    )
    what = fields.Selection(
        [
            ("future", "What is there, and what comes later"),
            ("today", "Only what is there today"),
        ],
        string="Documents Shared",
        required=True,
        default="future",
    )
    expires_on = fields.Datetime(
        compute="_compute_expires_on",
        store=True,
        precompute=True,
        readonly=False,
        help="Empty: until you revoke it.",
    )
    message = fields.Text()
    monthly_notification = fields.Boolean(
        string="Monthly E-mail", default=True, help="Sent when a month is closed."
    )
    existing_share = fields.Char(compute="_compute_existing_share")
    has_backups = fields.Boolean(compute="_compute_has_backups")
    # Shown once: it is not stored anywhere.
    link = fields.Char(compute="_compute_link")

    @api.depends("partner_id", "email", "way")
    def _compute_lang(self):
        for wizard in self:
            known = wizard._known_contact()
            wizard.lang = known.lang or wizard.lang or get_lang(self.env).code

    @api.depends("way")
    def _compute_expires_on(self):
        for wizard in self:
            wizard.expires_on = wizard.way == "link" and (
                fields.Datetime.now() + timedelta(days=LINK_DAYS)
            )

    @api.depends("folder_id", "partner_id", "email", "way")
    def _compute_existing_share(self):
        for wizard in self:
            shares = self.env["progbox.share"].search(wizard._existing_domain())
            wizard.existing_share = shares[:1].create_date and self.env._(
                "There is an open share of this folder with this person already, "
                "since %(date)s.",
                date=format_date(self.env, shares[:1].create_date),
            )

    @api.depends("folder_id")
    def _compute_has_backups(self):
        documents = self.env["progbox.document"].sudo()
        for wizard in self:
            wizard.has_backups = documents.search_count(
                Domain("folder_id", "child_of", wizard.folder_id.ids)
                & Domain("res_model", "=", "progbox.compilation"),
                limit=1,
            )

    @api.depends_context("progbox_share_link")
    def _compute_link(self):
        self.link = self.env.context.get("progbox_share_link")

    def _existing_domain(self):
        person = Domain.FALSE
        if self.way != "link" and (partner := self._known_contact()):
            person = Domain("partner_id", "=", partner.id)
        elif self.way == "link" and (email := email_normalize(self.email)):
            person = Domain("email", "=", email)
        return (
            person
            & Domain("folder_id", "=", self.folder_id.id)
            & Domain("state", "=", "active")
        )

    # ------------------------------------------------------------------
    # Who it is
    # ------------------------------------------------------------------

    def _known_contact(self):
        """Return the contact that is meant, empty when there is none yet.

        By the login of a user, which its owner cannot change, or by the e-mail of a
        contact without a user: any user of the portal may claim any e-mail.
        """
        self.ensure_one()
        if self.way == "contact":
            return self.partner_id
        email = email_normalize(self.email)
        if self.way == "link" or not email:
            return self.partner_id.browse()
        user = (
            self.env["res.users"]
            .sudo()
            .with_context(active_test=False)
            .search(Domain("login", "=", email), limit=1)
        )
        if user:
            return user.partner_id.sudo(False)
        company = self.folder_id.company_id
        return self.partner_id.search(
            Domain("email_normalized", "=", email)
            & Domain("user_ids", "=", False)
            & Domain("company_id", "in", [False, company.id]),
            limit=1,
        )

    def _contact(self):
        """Return the contact to share with, created when it is not known.

        :raise AccessError: when the user may not see the chosen contact
        :raise UserError: when that cannot be
        """
        # Not whom an e-mail finds: whoever types it knows the person already.
        self.partner_id.check_access("read")
        contact = self._known_contact()
        email = email_normalize(contact.sudo().email or self.email)
        if not email and contact:
            raise UserError(
                self.env._(
                    "%(name)s has no e-mail address. Enter one on the contact first.",
                    name=contact.sudo().name,
                )
            )
        if not email:
            raise UserError(self.env._("Enter a valid e-mail address."))
        users = contact.sudo().with_context(active_test=False).user_ids
        if users and not any(users.mapped("active")):
            raise UserError(
                self.env._(
                    "The user %(login)s is archived. Unarchive it, or use another "
                    "e-mail address.",
                    login=users[0].login,
                )
            )
        # A contact of the portal is nothing else that its creator may see or change.
        return contact or contact.sudo().create(
            {
                "name": self.recipient_name or email,
                "email": email,
                "lang": self.lang,
            }
        ).sudo(False)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_share(self):
        """Share the folder; show the link when there is one."""
        self.ensure_one()
        self.env.user._check_archive_manager(self.folder_id.company_id)
        if self.expires_on and self.expires_on <= fields.Datetime.now():
            raise UserError(self.env._("This share would have expired already."))
        if self.way == "link":
            return self._share_link()
        return self._share_with_contact()

    def action_mail_link(self):
        """Open an e-mail with the link in the person's own mail program."""
        self.ensure_one()
        parts = {"subject": self.env._("Documents for you"), "body": self.link}
        return {
            "type": "ir.actions.act_url",
            "url": f"mailto:?{urlencode(parts, quote_via=quote)}",
            "target": "self",
        }

    def _share_link(self):
        if self.email and not email_normalize(self.email):
            raise UserError(self.env._("Enter a valid e-mail address."))
        share, token = self._share(
            {"kind": "link", "email": email_normalize(self.email) or False}
        )
        url = share._link_url(token)
        is_sent = not share.email or share._announce(url)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_share_wizard_link_action"
        )
        return {
            **action,
            "context": {"progbox_share_link": url, "progbox_share_unsent": not is_sent},
        }

    def _share_with_contact(self):
        contact = self._contact()
        share, _no_token = self._share(
            {
                "kind": "portal",
                "partner_id": contact.id,
                "recipient_name": contact.sudo().name,
                "email": email_normalize(contact.sudo().email),
            }
        )
        is_sent = share._announce(share._invite())
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if is_sent else "warning",
                "sticky": not is_sent,
                "message": self._shared_text(contact.sudo().name, is_sent),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _shared_text(self, name, is_sent):
        if is_sent:
            return self.env._("Shared. %(name)s gets an e-mail.", name=name)
        return self.env._(
            "Shared, but the e-mail to %(name)s could not be sent: check the outgoing "
            "mail server. The documents are in the portal already.",
            name=name,
        )

    def _share(self, vals):
        return self.env["progbox.share"]._share(
            self.folder_id,
            {
                "recipient_name": self.recipient_name,
                "lang": self.lang,
                "include_future": self.what == "future",
                "expires_on": self.expires_on,
                "message": self.message,
                "monthly_notification": self.monthly_notification
                and self.what == "future"
                and bool(vals["email"]),
                **vals,
            },
        )
