from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.sentinels import SERVER
from ..tools.share_token import new_secret


class ProgboxShare(models.Model):
    """A folder that somebody outside may open, until it expires or is revoked.

    Whoever receives it has no rights on any model. All he sees comes through
    :meth:`_documents_domain`, and whether the share is still open is asked of the
    database's clock at each request, never of a cached rule.
    """

    _name = "progbox.share"
    _inherit = "progbox.append.only"
    _description = "Share of a Folder"
    _order = "id desc"
    _server_fields = frozenset({"revoked_on", "revoked_by_id"})

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
                    FROM progbox_access_log
                    WHERE share_ref = ANY(%s) AND kind IN ('view', 'download')
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
        secret, token_hash = new_secret() if vals["kind"] == "link" else (None, False)
        share = (
            self.sudo()
            .with_context(progbox_server=SERVER)
            .create(
                {
                    **vals,
                    "company_id": folder.company_id.id,
                    "folder_id": folder.id,
                    "folder_name": folder.display_name,
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
