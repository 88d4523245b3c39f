from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.ledger.guards_sql import PURGE_SETTING
from ..tools.sentinels import SERVER
from ..tools.web_request import current_request
from . import certificate_addresses, stamp_authorities
from .document_sql import path_sql, renumbered_sql
from .ir_binary import ONE_OPENING, ONE_REFUSAL
from .res_users import ARCHIVE_MANAGER

PURGE_LIMIT = 10000
# Of one person within :data:`ONE_REFUSAL`: whoever tries one number after the other
# does not fill the disk either.
MOST_REFUSALS = 60


def _place_sql(folder):
    return SQL(
        """CASE WHEN %(folder)s.locked THEN 'archive'
            WHEN %(folder)s.res_model = 'progbox.compilation' THEN 'backup'
            ELSE 'other' END""",
        folder=folder,
    )


class ProgboxAccessLog(models.Model):
    """Who did what with the archive, and from where: append-only.

    Lines point at nobody and nothing with a foreign key: they outlive the user
    and the document, and keep their names as they were.
    """

    _name = "progbox.access.log"
    _inherit = ["progbox.append.only", "progbox.words.mixin"]
    _description = "Access to the Archive"
    _order = "id desc"
    _rec_name = "document_name"
    _words = ("document_name", "folder_name", "user_name")
    # The line itself says who and when, better.
    _log_access = False
    # After the retention: see _gc_access_log().
    _server_may_unlink = True

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    accessed_on = fields.Datetime(string="When", required=True, readonly=True)
    kind = fields.Selection(
        [
            ("deposit", "Deposit"),
            ("view", "View"),
            ("download", "Download"),
            ("stopped", "Download broken off"),
            ("export", "Export"),
            ("compilation", "Invoice backup"),
            ("share", "Share"),
            ("verification", "Verification"),
            ("authority", "Time-stamping authority"),
            ("refused", "Refused"),
        ],
        string="Action",
        required=True,
        readonly=True,
    )
    user_ref = fields.Integer(string="User ID", readonly=True, aggregator=None)
    user_name = fields.Char(string="Who", readonly=True)
    user_login = fields.Char(string="Login", readonly=True, groups=ARCHIVE_MANAGER)
    address = fields.Char(string="IP Address", readonly=True, groups=ARCHIVE_MANAGER)
    document_ref = fields.Integer(string="Document ID", readonly=True, aggregator=None)
    document_name = fields.Char(string="Document", readonly=True)
    folder_ref = fields.Integer(string="Folder ID", readonly=True, aggregator=None)
    folder_name = fields.Char(string="Folder", readonly=True)
    share_ref = fields.Integer(string="Share ID", readonly=True, aggregator=None)
    # Where a document was: the name of one outside of the archive says too much to
    # who reads the archive alone. Null where there is no document or folder.
    place = fields.Selection(
        [("archive", "Archive"), ("backup", "Invoice Backups"), ("other", "Other")],
        readonly=True,
    )
    note = fields.Char(readonly=True)
    unconfirmed = fields.Boolean(
        string="Perhaps a Program",
        readonly=True,
        help="No browser has said that a person is there: mail scanners open every "
        "link of an e-mail, and of the page behind it. Does not count as an opening "
        "or a download of the share.",
    )

    _document_idx = models.Index("(document_ref, id) WHERE document_ref IS NOT NULL")
    _folder_idx = models.Index("(folder_ref, id) WHERE folder_ref IS NOT NULL")
    _share_idx = models.Index("(share_ref, id) WHERE share_ref IS NOT NULL")
    _authority_idx = models.Index("(company_id, id) WHERE kind = 'authority'")
    _verification_idx = models.Index("(company_id, id) WHERE kind = 'verification'")
    _purge_idx = models.Index("(company_id, accessed_on)")

    def _refusal(self):
        return self.env._(
            "The access log is written by the server alone. Nobody changes it or "
            "removes lines; old ones go by themselves after the retention."
        )

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model
    def _log(
        self,
        kind,
        documents=None,
        folder=None,
        company=None,
        note=None,
        share=None,
        asked=None,
    ):
        """Write down an access: a line per document, or one for a folder or company.

        :param str kind: a key of the field ``kind``
        :param documents: progbox.document
        :param folder: progbox.folder, when it was all that is in it
        :param company: res.company, when it was its whole archive
        :param str note: what else to know, in words
        :param progbox.share share: through which the access was
        :param WebRequest asked: in what request, when it is over
        """
        if documents is not None:
            documents.flush_model(["number", "name", "folder_id", "company_id"])
            self.env["account.move"].flush_model(["name", "state"])
            source = SQL(
                """SELECT document.id AS document_ref,
                    CASE WHEN renumbered.now IS NULL
                        THEN COALESCE(document.number, document.name)
                        ELSE format(%s, document.number, renumbered.now)
                    END AS document_name,
                    folder.id AS folder_ref, %s AS path,
                    COALESCE(document.company_id, %s) AS company_id, %s AS place
                FROM progbox_document document
                JOIN progbox_folder folder ON folder.id = document.folder_id
                CROSS JOIN LATERAL (SELECT %s AS now) renumbered
                WHERE document.id = ANY(%s) ORDER BY document.id""",
                # With both numbers: the one that stands on it may be another's now.
                documents._number_text("%1$s", "%2$s"),
                path_sql(SQL("folder")),
                self.env.company.id,
                _place_sql(SQL("folder")),
                renumbered_sql(self.env, SQL("document")),
                documents.ids,
            )
        elif folder is not None:
            folder.flush_model(["name", "parent_path", "company_id"])
            source = SQL(
                """SELECT NULL::int AS document_ref, NULL AS document_name,
                    folder.id AS folder_ref, %s AS path,
                    COALESCE(folder.company_id, %s) AS company_id, %s AS place
                FROM progbox_folder folder WHERE folder.id = ANY(%s)""",
                path_sql(SQL("folder")),
                self.env.company.id,
                _place_sql(SQL("folder")),
                folder.ids,
            )
        else:
            source = SQL(
                """SELECT NULL::int AS document_ref, NULL AS document_name,
                    NULL::int AS folder_ref, NULL::varchar[] AS path, id AS company_id,
                    NULL AS place
                FROM res_company WHERE id = ANY(%s)""",
                company.ids,
            )
        # One statement: it is part of every deposit and of every opening.
        asked = current_request() or asked
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_access_log (
                    accessed_on, kind, user_ref, user_name, user_login, address, note,
                    unconfirmed, share_ref, document_ref, document_name, folder_ref,
                    folder_name, company_id, place
                )
                SELECT %(now)s, %(kind)s, usr.id, COALESCE(%(visitor)s, partner.name),
                    usr.login, %(address)s, %(note)s, %(unconfirmed)s, %(share)s,
                    source.document_ref, source.document_name, source.folder_ref,
                    array_to_string(source.path, ' / '), source.company_id,
                    source.place
                FROM (%(source)s) AS source
                LEFT JOIN res_users usr ON usr.id = %(uid)s
                LEFT JOIN res_partner partner ON partner.id = usr.partner_id""",
                now=fields.Datetime.now(),
                kind=kind,
                address=asked and asked.address,
                note=note,
                unconfirmed=bool(share and asked and not asked.is_seen),
                share=share and share.id or None,
                visitor=share and share._visitor_name() or None,
                source=source,
                uid=self.env.uid,
            )
        )
        self.invalidate_model()

    @api.model
    def _log_taken(self, documents, note=None):
        """Write down that the bytes of documents leave the archive.

        :param str note: on what occasion
        """
        if self.env.cr.readonly:
            # Odoo then takes the request once more, with a cursor that writes.
            raise psycopg2.errors.ReadOnlySqlTransaction("access log")
        # The portal looks an invoice up as the superuser: who asked is the request's.
        asked = current_request()
        log = self.with_user(asked.user_id or self.env.uid) if asked else self
        log._log("download", documents=documents, note=note)

    @api.model
    def _log_refusal(self, note, folder=None, company=None, share=None):
        """Write down that somebody was turned away: the same once a minute.

        :param str note: why, in words; for the others see :meth:`_log`
        """
        companies = company or folder.sudo().company_id or self.env.company
        lately = self.sudo().search(
            self._by_same_person(("refused",), ONE_REFUSAL, share)
            & Domain("company_id", "in", companies.ids),
            limit=MOST_REFUSALS,
        )
        if len(lately) < MOST_REFUSALS and note not in lately.mapped("note"):
            self._log("refused", None, folder, company, note, share)

    @api.model
    def _is_continued(self, kind, document, share=None):
        """Whether a request is part of an opening that is written down already.

        The first request of a viewer has no range. One that has is part of an opening,
        or somebody's way to get the file past this log.

        :param str kind: "view" or "download"; who has looked at a file has not saved it
        """
        kinds = ("download",) if kind == "download" else ("view", "download")
        return current_request().has_range and self._has_recent(
            kinds, ONE_OPENING, share, document_ref=document.id
        )

    @api.model
    def _has_recent(self, kinds, since, share=None, **values):
        """Whether the same person has done the same since then.

        :param timedelta since: how long ago
        :param progbox.share share: through which, if through one
        :param values: of the fields that say what the same is
        """
        domain = self._by_same_person(kinds, since, share) & Domain.AND(
            Domain(name, "=", value) for name, value in values.items()
        )
        return bool(self.sudo().search(domain, limit=1))

    @api.model
    def _by_same_person(self, kinds, since, share=None):
        return (
            Domain("share_ref", "=", share.id if share else False)
            & Domain("kind", "in", kinds)
            & Domain("user_ref", "=", self.env.uid)
            & Domain("address", "=", current_request().address)
            & Domain("accessed_on", ">", fields.Datetime.now() - since)
        )

    # ------------------------------------------------------------------
    # Purge
    # ------------------------------------------------------------------

    @api.autovacuum
    def _gc_access_log(self):
        """Remove the lines whose retention is over.

        :return: how many, and whether there are more
        """
        purge = self.sudo().with_context(progbox_server=SERVER)
        seals = self.env["progbox.access.log.seal"]
        old = unsealed = Domain.FALSE
        purged, room = [], PURGE_LIMIT
        for [company] in purge._read_group([], ["company_id"]):
            limit = fields.Datetime.now() - timedelta(
                days=company.progbox_log_retention_days
            )
            stamp_authorities.keep_on_record(company, limit)
            certificate_addresses.keep_on_record(company, limit)
            # Whole seals: what is left of one could not be checked any more.
            seals._seal_lines(company)
            mine = Domain("company_id", "=", company.id)
            if room > 0 and (final := seals._purgeable(company, limit, room)):
                purged.append((company, final, limit))
                ours = mine & Domain("id", "<=", final)
                room -= purge.search_count(ours)
                old |= ours
            sealed = seals.sudo()._last(company, "lines").last_ref
            unsealed |= (
                mine & Domain("id", ">", sealed) & Domain("accessed_on", "<", limit)
            )
        # All of the seals that were counted above, and no more than fits of the rest.
        lines = purge.search(old, order="id")
        if room > 0:
            lines |= purge.search(unsealed, order="id", limit=room)
        # The database asks too, and looks at the age of each line.
        setting = "SELECT set_config(%s, %s, true)"
        self.env.cr.execute(setting, [PURGE_SETTING, "on"])
        lines.unlink()
        self.env.cr.execute(setting, [PURGE_SETTING, "off"])
        for company, final, limit in purged:
            seals._note_purge(company, final, limit)
        return len(lines), len(lines) >= PURGE_LIMIT

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open_document(self):
        """Open the document that a line is about."""
        self.ensure_one()
        document = self.env["progbox.document"].browse(self.document_ref or ())
        if not document.exists():
            raise UserError(self.env._("This line is about no single document."))
        return document._get_records_action()

    @api.model
    def _action(self, domain):
        """Return the action that shows some of the lines."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_access_log_action"
        )
        return {**action, "domain": list(domain)}
