import hmac
import logging
from smtplib import SMTPException
from urllib.parse import urlencode

from odoo import Command, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, formataddr

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..exceptions import NotShared
from ..tools.filenames import clean_filename
from ..tools.plural import counted
from ..tools.sentinels import INVITATION, SERVER
from ..tools.share_token import matches, new_secret, split
from ..tools.web_request import current_request, note_person
from .declared_pieces import piece
from .ir_binary import ONE_OPENING
from .progbox_job_mixin import OPEN_STATES
from .res_users import ARCHIVE_MANAGER
from .share_parts import TAKEN, dated, part_of

_logger = logging.getLogger(__name__)

SHARED = "progbox_invoice_archive.mail_template_share"

MONTH = "progbox_invoice_archive.mail_template_share_month"

LAYOUT = "progbox_invoice_archive.mail_layout_share"

ZIP = "progbox_invoice_archive.mail_template_share_zip"

# Of a share at a time: the months of a year, the year, all, and what was new.
MOST_ZIPS = 20

# A page names this many of the files that a zip lacks, PROBLEMS.txt all of them.
NAMED = 3


class ProgboxShare(models.Model):
    """A folder that somebody outside may open, until it expires or is revoked.

    Whoever receives it has no rights on any model. All they see comes through
    :meth:`_documents_domain`, and whether the share is still open is asked of the
    database's clock at each request, never of a cached rule.
    """

    _name = "progbox.share"
    _inherit = ["progbox.append.only", "progbox.words.mixin"]
    _description = "Share of a Folder"
    _order = "id desc"
    _server_fields = frozenset({"revoked_on", "revoked_by_id"})
    _words = ("folder_name", "recipient_name", "email")

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    folder_id = fields.Many2one(
        "progbox.folder", readonly=True, index="btree_not_null", ondelete="set null"
    )
    folder_name = fields.Char(string="Shared Folder", required=True, readonly=True)
    kind = fields.Selection(
        [("portal", "Portal contact"), ("link", "Link")], required=True, readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    recipient_name = fields.Char(string="Shared With", readonly=True)
    email = fields.Char(string="E-mail", readonly=True)
    lang = fields.Char(string="Language", required=True, readonly=True)
    include_future = fields.Boolean(
        string="Also What Comes Later",
        readonly=True,
        help="Otherwise only what was there on the day of sharing.",
    )
    expires_on = fields.Datetime(readonly=True, help="Empty: it does not expire.")
    message = fields.Text(readonly=True)
    monthly_notification = fields.Boolean(
        string="Monthly E-mail",
        readonly=True,
        help="Write to the recipient when a month is closed.",
    )
    token_hash = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    revoked_on = fields.Datetime(readonly=True)
    revoked_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    state = fields.Selection(
        [("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked")],
        compute="_compute_state",
        search="_search_state",
    )
    last_opened = fields.Datetime(compute="_compute_use")
    opening_count = fields.Integer(string="Openings", compute="_compute_use")
    download_count = fields.Integer(string="Downloads", compute="_compute_use")

    # ------------------------------------------------------------------
    # State
    # ------------------------------------------------------------------

    @api.depends("revoked_on", "expires_on", "folder_id", "company_id")
    def _compute_state(self):
        states = dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, %s FROM progbox_share share WHERE id = ANY(%s)",
                    self._state_sql(SQL("share")),
                    self.ids,
                )
            )
        )
        for share in self:
            share.state = states.get(share._origin.id)

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "%s = ANY(%s)", self._state_sql(SQL.identifier(alias)), list(value)
            ),
            predicate=lambda share: share.state in value,
        )

    @api.model
    def _state_sql(self, alias):
        """Return the state by the clock of the database, as SQL.

        Not the transaction's: that one stands still.
        """
        return SQL(
            """CASE
                WHEN %(share)s.revoked_on IS NOT NULL OR %(share)s.folder_id IS NULL
                    OR NOT (
                        SELECT active FROM res_company WHERE id = %(share)s.company_id
                    )
                THEN 'revoked'
                WHEN %(share)s.expires_on <= clock_timestamp() AT TIME ZONE 'UTC'
                THEN 'expired'
                ELSE 'active'
            END""",
            share=alias,
            to_flush=[
                *map(self._fields.get, ("revoked_on", "folder_id", "expires_on")),
                self.env["res.company"]._fields["active"],
            ],
        )

    def _compute_use(self):
        use = {
            share_id: use
            for share_id, *use in self.env.execute_query(
                SQL(
                    """SELECT share_ref, max(accessed_on),
                        count(*) FILTER (WHERE kind = 'view' AND document_ref IS NULL),
                        count(*) FILTER (WHERE kind = 'download')
                            - count(*) FILTER (WHERE kind = 'stopped')
                    FROM progbox_access_log
                    WHERE share_ref = ANY(%s) AND unconfirmed IS NOT TRUE
                        AND kind IN ('view', 'download', 'stopped')
                    GROUP BY share_ref""",
                    self.ids,
                )
            )
        }
        for share in self:
            share.last_opened, share.opening_count, share.download_count = use.get(
                share.id, (False, 0, 0)
            )

    @api.depends("folder_name", "recipient_name")
    def _compute_display_name(self):
        for share in self:
            share.display_name = f"{share.folder_name} → {share._visitor_label()}"

    def _visitor_label(self):
        if self.kind == "portal":
            return self.recipient_name or self.email or ""
        name = self.recipient_name or self.email
        return self.env._("link of %(name)s", name=name) if name else self.env._("link")

    def _visitor_name(self):
        """Return who is behind an access that has no user, or None."""
        if not self.env.user._is_public():
            return None
        return self._as_sharer_reads()._visitor_label()

    def _as_sharer_reads(self):
        """Return the share in the language of whoever shared it, and reads its log."""
        return self.with_context(lang=self.sudo().create_uid.lang)

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    def _refusal(self):
        return self.env._(
            "A share is never changed or deleted. Revoke it, and share anew."
        )

    # ------------------------------------------------------------------
    # Sharing and revoking
    # ------------------------------------------------------------------

    @api.model
    def _share(self, folder, vals):
        """Share a folder with all that is under it.

        :param progbox.folder folder: of a company the user is in
        :param dict vals: the other values of the share
        :return: the share, and the token of a link (else None)
        :raise AccessError: for anybody but an archive manager of the company
        """
        self.env.user._check_archive_manager()
        folder.check_access("read")
        company = folder.company_id or self.env.company
        # The name is kept for everybody: in the language of the company.
        named = folder.with_context(lang=company.sudo().partner_id.lang)
        secret, token_hash = new_secret() if vals["kind"] == "link" else (None, False)
        share = (
            self.sudo()
            .with_context(progbox_server=SERVER)
            .create(
                {
                    **vals,
                    "company_id": company.id,
                    "folder_id": folder.id,
                    "folder_name": named.display_name,
                    "token_hash": token_hash,
                }
            )
            .with_env(self.env)
        )
        if not share.include_future:
            share._keep_choice()
        share._log_change(
            self.env._("Shared with %(recipient)s", recipient=share._visitor_label())
        )
        return share, secret and f"{share.id}-{secret}"

    def action_revoke(self):
        """Close these shares at once, for good; their history stays."""
        self.env.user._check_archive_manager()
        self.check_access("read")
        self._revoke()

    def _revoke(self):
        for share in self.filtered(lambda share: not share.revoked_on):
            share.sudo().with_context(progbox_server=SERVER).write(
                {"revoked_on": fields.Datetime.now(), "revoked_by_id": self.env.uid}
            )
            share._log_change(
                self.env._("Revoked: %(share)s", share=share._visitor_label())
            )
            share._withdraw_invitation()

    def _log_change(self, note):
        self.env["progbox.access.log"]._log(
            "share", folder=self.folder_id, note=note, share=self
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_access_log(self):
        """Show what was done with these shares."""
        return self.env["progbox.access.log"]._action(
            Domain("share_ref", "in", self.ids)
        )

    def _expiry_text(self):
        """Return until when it is open, as its recipient writes a date, or False."""
        self.ensure_one()
        return self.expires_on and format_date(
            self.env, self.expires_on, lang_code=self.lang
        )

    # ------------------------------------------------------------------
    # Who gets in, and what is written down about it
    # ------------------------------------------------------------------

    @api.model
    def _open_link(self, token):
        """Return the open share that a token belongs to.

        :rtype: progbox.share, as the superuser
        :raise NotShared: for every other token
        """
        number, secret = split(token) or (0, "")
        share = self.sudo().search(
            Domain("id", "=", number) & Domain("kind", "=", "link"), limit=1
        )
        if not matches(secret, share.token_hash):
            raise NotShared(share, "token")
        share._check_open()
        return share

    @api.model
    def _open_noted(self, share_id, digest):
        """Return the open share that a visitor has opened by its link before.

        :param str digest: of the secret, as the session of the visitor has it
        :rtype: progbox.share, as the superuser
        :raise NotShared: for everybody else, whether there is such a share or not
        """
        share = self.sudo().search(
            Domain("id", "=", share_id) & Domain("kind", "=", "link"), limit=1
        )
        if not digest or not hmac.compare_digest(digest, share.token_hash or ""):
            raise NotShared(self.sudo().browse(), "session")
        share._check_open()
        return share

    @api.model
    def _open_own(self, share_id):
        """Return a share of the contact who is logged in.

        :rtype: progbox.share, as the superuser
        :raise NotShared: when it is another contact's, or not open any more
        """
        share = self.sudo().search(
            Domain("id", "=", share_id)
            & Domain("kind", "=", "portal")
            & Domain("partner_id", "=", self.env.user.partner_id.id),
            limit=1,
        )
        if not share:
            raise NotShared(self.sudo().browse(share_id).exists(), "contact")
        share._check_open()
        return share

    def _check_open(self):
        self.invalidate_recordset(["state"])
        if self.state != "active":
            raise NotShared(self, self.state)

    @api.model
    def _own(self):
        """Return the open shares of the contact who is logged in."""
        return self.sudo().search(
            Domain("kind", "=", "portal")
            & Domain("partner_id", "=", self.env.user.partner_id.id)
            & Domain("state", "=", "active"),
            order="company_id, id desc",
        )

    @api.model
    def _visited(self):
        """Return the share that the request came through, or an empty one."""
        share = self.env.context.get("progbox_share")
        # A record: nothing that comes over RPC can be one.
        return share if isinstance(share, models.BaseModel) else self.browse()

    # ------------------------------------------------------------------
    # Log
    # ------------------------------------------------------------------

    def _log_visit(self, kind, note=None):
        """Write down that the folder was opened, or downloaded."""
        if not current_request().is_head:
            self.env["progbox.access.log"]._log(
                kind, folder=self.folder_id, note=note, share=self
            )

    def _log_opening(self):
        """Write down that the folder was opened, once for all pages that are read.

        Not everybody begins with the first page: the monthly e-mail leads to a month.
        What a program has opened, a person has not.
        """
        if not self.env["progbox.access.log"]._has_recent(
            ("view",),
            ONE_OPENING,
            self,
            document_ref=False,
            unconfirmed=not current_request().is_seen,
        ):
            self._log_visit("view")

    def _confirm_opening(self):
        """Write down that a person is there, and not a program that follows links."""
        note_person()
        self._log_opening()

    def _log_file(self, document, kind):
        """Write down that a document was seen or downloaded, once per opening."""
        log = self.env["progbox.access.log"]
        if not current_request().is_head and not log._is_continued(
            kind, document, self
        ):
            log._log(kind, documents=document, share=self)

    @api.model
    def _log_refusal(self, refused):
        """Write down who was turned away.

        :param NotShared refused: why
        """
        share = refused.share
        if not share:
            # No share, no company: there is no access log to write it into.
            address = current_request().address
            _logger.info("Refused: a share that does not exist, from %s", address)
            return
        note = share._as_sharer_reads()._refusal_reason(refused.reason)
        if refused.number:
            note = f"{note} ({refused.number})"
        folder = share.folder_id
        place = {"folder": folder} if folder else {"company": share.company_id}
        self.env["progbox.access.log"]._log_refusal(note, share=share, **place)

    def _refusal_reason(self, reason):
        return {
            "token": self.env._("A wrong link"),
            "contact": self.env._("Shared with somebody else"),
            "expired": self.env._("The share has expired"),
            "revoked": self.env._("The share was revoked"),
            "document": self.env._("A document that is not in the shared folder"),
            "zip": self.env._("A zip of another share"),
            "part": self.env._("Something that is not in the shared folder"),
        }[reason]

    # ------------------------------------------------------------------
    # Which documents a share opens: the one place that says so
    # ------------------------------------------------------------------

    def _documents_domain(self):
        """Return what whoever has this share may see, and nothing else.

        The share's state is part of it, so that a query made with a domain from
        before the revocation finds nothing either.
        """
        self.ensure_one()
        domain = self._inside() & self._still_open()
        if not self.include_future:
            domain &= self._chosen_domain()
        return domain

    def _inside(self):
        return (
            Domain("company_id", "=", self.company_id.id)
            & self.folder_id._documents_domain()
            & self._readable_by_sharer()
        )

    def _readable_by_sharer(self):
        """Return what whoever shares may read: nobody passes on more than that.

        Of the archive it is all, and stays all when that person has left.
        """
        if self.folder_id.locked:
            return Domain.TRUE
        sharer = self.sudo().create_uid
        if not (
            sharer
            and (sharer.active or sharer._is_superuser())
            and self.company_id in sharer.company_ids
            and sharer.has_group(ARCHIVE_MANAGER)
        ):
            return Domain.FALSE
        rules = self.env["ir.rule"].with_user(sharer)
        rules = rules.with_context(allowed_company_ids=self.company_id.ids)
        return rules._compute_domain("progbox.document", "read")

    def _still_open(self):
        share_id = self.id
        return Domain.custom(
            to_sql=lambda _model, _alias, _query: SQL(
                "(SELECT %s FROM progbox_share share WHERE id = %s) = 'active'",
                self._state_sql(SQL("share")),
                share_id,
            ),
        )

    def _documents(self, domain=Domain.TRUE, **options):
        """Return documents of the share, as the server sees them.

        :param domain: which of them
        :param options: offset, limit and order of the search
        """
        documents = self.env["progbox.document"].sudo()
        return documents.search(self._documents_domain() & Domain(domain), **options)

    def _document_count(self, domain=Domain.TRUE):
        documents = self.env["progbox.document"].sudo()
        return documents.search_count(self._documents_domain() & Domain(domain))

    def _count_all(self):
        """Return how many documents these shares open together."""
        documents = self.env["progbox.document"].sudo()
        domains = [share._documents_domain() for share in self]
        return documents.search_count(Domain.OR(domains))

    def _document(self, document_id):
        """Return one document.

        :raise NotShared: when it is not in this share
        """
        document = self._documents(Domain("id", "=", document_id), limit=1)
        if not document:
            raise NotShared(self, "document", document_id)
        return document

    # ------------------------------------------------------------------
    # What its pages say
    # ------------------------------------------------------------------

    def _label(self):
        """Return what its recipient calls the shared folder."""
        return self.folder_id.sudo()._recipient_name()

    def _documents_text(self, count):
        text = self.env._("%(count)s document|%(count)s documents")
        return counted(self.env, text, count)

    def _new_text(self, count):
        return counted(self.env, self.env._("%(count)s new|%(count)s new"), count)

    def _download_new_text(self, count):
        text = self.env._("Download %(count)s new|Download %(count)s new")
        return counted(self.env, text, count)

    def _file_stem(self, name):
        return clean_filename(f"{self.company_id.sudo().name} {name}")

    # ------------------------------------------------------------------
    # Only what is there today
    # ------------------------------------------------------------------

    def _keep_choice(self):
        """Write down which documents are there now; the others stay closed."""
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_share_choice (share_id, document_ref)
                SELECT %s, id FROM progbox_document WHERE id IN %s""",
                self.id,
                documents._search(self._inside()).subselect(),
            )
        )
        self.env["progbox.share.choice"].invalidate_model()

    def _chosen_domain(self):
        chosen = SQL(
            "SELECT document_ref FROM progbox_share_choice WHERE share_id = %s", self.id
        )
        return Domain("id", "in", SQL("(%s)", chosen))

    # ------------------------------------------------------------------
    # What is new since the last download
    # ------------------------------------------------------------------

    @api.model
    def _not_delivered_sql(self, document):
        return SQL(
            "NOT EXISTS (SELECT FROM progbox_share_delivery WHERE share_id = %s"
            " AND document_ref = %s.id)",
            self.id,
            document,
        )

    def _new_count(self):
        return self._document_count(self._new_domain())

    def _taken_domain(self, moment):
        """Return what was taken along at a moment, as it stands in the delivery."""
        taken = SQL(
            """SELECT document_ref FROM progbox_share_delivery
            WHERE share_id = %s AND taken_on = %s""",
            self.id,
            fields.Datetime.to_datetime(moment) or None,
        )
        return Domain("id", "in", SQL("(%s)", taken))

    def _new_domain(self):
        """Return what was not taken along yet."""
        return Domain.custom(
            to_sql=lambda _model, alias, _query: self._not_delivered_sql(
                SQL.identifier(alias)
            ),
        )

    def _last_delivery(self):
        """Return when documents were last taken along, and how many new ones."""
        last = self.env.execute_query(
            SQL(
                """SELECT taken_on, count(*) FROM progbox_share_delivery
                WHERE share_id = %s GROUP BY taken_on
                ORDER BY taken_on DESC LIMIT 1""",
                self.id,
            )
        )
        return last[0] if last else (False, 0)

    def _deliver(self, domain):
        """Remember that these documents have been taken along: all of them arrived.

        :param domain: which documents of the share
        """
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        found = documents._search(self._documents_domain() & Domain(domain))
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_share_delivery (share_id, document_ref, taken_on)
                SELECT %s, id, %s FROM progbox_document WHERE id IN %s
                ON CONFLICT DO NOTHING""",
                self.id,
                fields.Datetime.now(),
                found.subselect(),
            )
        )
        self.env["progbox.share.delivery"].invalidate_model()

    # ------------------------------------------------------------------
    # What recipients of shares are written
    # ------------------------------------------------------------------

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
        """Write to the recipient that a folder was shared.

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
            piece(self.env, template)
            .sudo()
            .with_context(progbox={"url": url, **details})
            .send_mail(
                share.id,
                email_layout_xmlid=LAYOUT,
                email_values={
                    "model": False,
                    "res_id": False,
                    "auto_delete": True,
                    "progbox_company_id": share.company_id.id,
                },
            )
        )
        return self.env["mail.mail"].sudo().browse(mail_id)

    def _invite(self):
        """Let the contact in to the portal, as Odoo itself does it.

        Its own e-mail is not sent: ours leads through the activation to what is shared.

        :return: what the button of our e-mail opens
        """
        partner = self.partner_id.sudo()
        if not partner.user_ids:
            self._let_in()
        elif not self._is_awaited():
            return self._portal_url()
        partner.signup_prepare()
        query = urlencode({"token": partner._generate_signup_token()})
        return f"{self._portal_url()}/activate?{query}"

    def _let_in(self):
        wizard = (
            self.env["portal.wizard"]
            .sudo()
            .with_company(self.company_id)
            .with_context(progbox_share_invitation=INVITATION)
            .create({"partner_ids": [Command.set(self.partner_id.ids)]})
        )
        wizard.user_ids.action_grant_access()

    def _is_awaited(self):
        """Whether the contact is of the portal only, and has never logged in to it."""
        users = self._contact().sudo().user_ids
        return bool(users) and all(
            user._is_portal() and not user.login_date for user in users
        )

    def _withdraw_invitation(self):
        """End an invitation that nobody has followed, once nothing is shared."""
        if self._is_awaited() and not self.sudo().search_count(
            Domain("kind", "=", "portal")
            & Domain("partner_id", "=", self.partner_id.id)
            & Domain("state", "=", "active"),
            limit=1,
        ):
            self.partner_id.sudo().signup_cancel()

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
        # A contact has one page for all that is shared with him, and gets one e-mail.
        for mine in shares.grouped(lambda share: share._contact() or share).values():
            try:
                with self.env.cr.savepoint():
                    mine._notify_months(closings.sudo())
            except Exception:
                # A month is closed, whatever is wrong with an e-mail.
                _logger.exception("%s: no e-mail about %s", mine, closings)

    def _contact(self):
        """Return the contact of the portal who opens the share, empty for a link."""
        return self.partner_id if self.kind == "portal" else self.partner_id.browse()

    def _notify_months(self, closings):
        """Write to the recipient of these shares what is new in months."""
        shares = self.with_context(lang=self[:1]._language())
        closings = closings.with_env(shares.env).sorted("month")
        news = [
            (share, found)
            for closing in closings
            for share in shares
            if (found := share._news_of(closing))
        ]
        if not news:
            return
        with_news = shares.browse(dict.fromkeys(share.id for share, _found in news))
        months = [
            {**found, "name": share._news_name(found, len(with_news) > 1)}
            for share, found in news
        ]
        names = dict.fromkeys([news[0][1]["name"], news[-1][1]["name"]])
        url = with_news._url_of_news({found["key"] for _share, found in news})
        with_news[0]._mail(MONTH, url, month=" – ".join(names), months=months)

    def _news_name(self, news, is_one_of_many):
        """Return what an e-mail calls the news of a month."""
        names = [self._label(), news["name"]] if is_one_of_many else [news["name"]]
        return ": ".join(dict.fromkeys(names))

    def _url_of_news(self, months):
        """Return what shows the news of these shares; of a link nothing is kept."""
        if self[0].kind == "link":
            return False
        if len(self) > 1:
            return f"{self[0].get_base_url()}/my/archive"
        month = f"/month/{months.pop()}" if len(months) == 1 else ""
        return f"{self._portal_url()}{month}"

    def _news_of(self, closing):
        """Return what an e-mail says of a month, None when it has nothing new.

        :param progbox.closing closing: the new closing of that month
        """
        month = dated(closing.month, months=1)
        new = self._document_count(month & closing._new_domain())
        return new and {
            "key": f"{closing.month:%Y-%m}",
            "name": closing._month_text(),
            "new": new,
            "count": self._document_count(month),
            "is_late": closing.number > 1,
        }

    def _request_zip(self, part, name):
        """Queue a zip, or return the one that holds the same already.

        :param str part: see share_parts.part_of()
        :param str name: of the zip, without extension
        :rtype: progbox.export
        """
        if part == "again":
            part = f"{TAKEN}{self._last_delivery()[0]}"
        domain, _name = part_of(self, part)
        wanted = set(self._documents(domain).ids)
        exports = self.env["progbox.export"]
        there = exports.search(
            Domain("share_id", "=", self.id) & Domain("share_part", "=", part)
        ).filtered(
            lambda export: (
                export.state in OPEN_STATES
                or (export.has_content and export._listed("found") == wanted)
            )
        )
        return there[:1] or self.env["progbox.zip"]._queue_zip(
            self.company_id, Domain.FALSE, name, share_id=self.id, share_part=part
        )

    def _discard_old_zips(self):
        """Keep the newest zips only: whoever asks for more does not fill the disk."""
        exports = self.env["progbox.export"].search(Domain("share_id", "in", self.ids))
        for export in exports.filtered("has_content")[MOST_ZIPS:]:
            export._discard()

    # ------------------------------------------------------------------
    # What a zip lacks
    # ------------------------------------------------------------------

    @api.model
    def _problems_shown(self, count, problems):
        """Return what a page says of the files that a zip lacks.

        :param int count: of all of them
        :param list problems: a sentence for each, or for the first ones
        :return: dictionary of ``text``, ``first`` and ``more``, or None
        """
        return count and {
            "text": self.env["progbox.zip"]._problems_text(count),
            "first": problems[:NAMED],
            "more": count > NAMED,
        }
