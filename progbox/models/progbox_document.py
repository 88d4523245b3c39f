import unicodedata

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import access

# Accents are marks of their own once a text is decomposed.
MARKS = "[\u0300-\u036f]"


class ProgboxDocument(models.Model):
    """Documents of records: readable by exactly those who may read the record."""

    _inherit = "progbox.document"

    trashed_on = fields.Datetime(string="Deleted On", readonly=True, copy=False)
    trashed_by = fields.Many2one(
        "res.users",
        string="Deleted By",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    readable = fields.Boolean(
        compute="_compute_readable",
        search="_search_readable",
        compute_sudo=True,
        export_string_translation=False,
    )
    writable = fields.Boolean(
        compute="_compute_writable",
        search="_search_writable",
        compute_sudo=True,
        export_string_translation=False,
    )

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    @api.depends("res_model", "res_id", "folder_id", "type_id", "trashed_on")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_readable(self):
        allowed = self._progbox_allowed("read")
        for document in self:
            document.readable = document._origin.id in allowed

    @api.depends("res_model", "res_id", "folder_id", "trashed_on", "seal_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_writable(self):
        allowed = self._progbox_allowed("write")
        for document in self:
            document.writable = document._origin.id in allowed

    def _search_readable(self, operator, value):
        return self._progbox_search_access("read", operator, value)

    def _search_writable(self, operator, value):
        return self._progbox_search_access("write", operator, value)

    def _check_access(self, operation):
        # The rights on a record may have changed since they were last asked for.
        self.invalidate_recordset(["readable", "writable"], flush=False)
        return super()._check_access(operation)

    def _progbox_allowed(self, mode):
        """Return the ids of those among these documents that the caller may read.

        :param str mode: "read" or "write"
        :rtype: set
        """
        return access.allowed(self, self._progbox_access_sql(mode, SQL("place")))

    @api.model
    def _progbox_search_access(self, mode, operator, value):
        return access.domain(self._progbox_access_sql, mode, operator, value)

    @api.model
    def _progbox_access_sql(self, mode, alias):
        """Return whether the caller may read or write a row of documents, as SQL.

        Whoever may read the record may read its documents, those in the trash if he
        may also write it.

        :param str mode: "read" or "write"
        :param SQL alias: of the row of ``progbox_document``
        """
        if not self.env.user._is_internal():
            return SQL("FALSE")
        folders = self.env["progbox.folder"]
        allowed = access.by_model(
            self.env, mode, alias, folders._progbox_general_sql(alias), documents=True
        )
        unlocked = SQL(
            "%(alias)s.seal_id IS NULL AND NOT EXISTS (SELECT FROM progbox_folder"
            " WHERE progbox_folder.id = %(alias)s.folder_id AND progbox_folder.locked)",
            alias=alias,
        )
        to_flush = [
            self._fields[name]
            for name in (
                "res_model", "res_id", "folder_id", "type_id", "trashed_on",
                "trashed_by", "seal_id",
            )
        ]  # fmt: skip
        if mode == "write":
            return SQL(
                "(%s AND (%s OR %s))",
                unlocked,
                allowed,
                self._progbox_orphan_sql(alias),
                to_flush=to_flush,
            )
        return SQL(
            "(CASE WHEN %(alias)s.trashed_on IS NULL THEN %(allowed)s"
            " ELSE %(writable)s END)",
            alias=alias,
            allowed=allowed,
            writable=self._progbox_access_sql("write", alias),
            to_flush=to_flush,
        )

    @api.model
    def _progbox_orphan_sql(self, alias):
        """Return whether a row of documents is the caller's, though its record is gone.

        It is in the trash then. Whoever deleted the record may file it elsewhere, and
        so may whoever looks after all such records.

        :param SQL alias: of the row of ``progbox_document``
        """
        gone = [
            SQL(
                "WHEN %s THEN (%s OR %s.trashed_by = %s)"
                " AND NOT EXISTS (SELECT FROM %s record WHERE record.id = %s.res_id)",
                name,
                self.env[name]._progbox_keeps_orphans(),
                alias,
                self.env.uid,
                SQL.identifier(self.env[name]._table),
                alias,
            )
            for name in self.env["progbox.mixin"]._progbox_models()
        ]
        return SQL(
            "(%s.trashed_on IS NOT NULL AND CASE %s.res_model %s ELSE FALSE END)",
            alias,
            alias,
            SQL(" ").join(gone),
        )

    # ------------------------------------------------------------------
    # What the tab shows
    # ------------------------------------------------------------------

    @api.model
    def _progbox_shown_sql(self, alias, text=""):
        """Return which rows of documents a tab shows: current, and not in the trash.

        :param SQL alias: of the row of ``progbox_document``
        :param str text: only those whose name or type has it
        """
        return SQL(
            "(%(alias)s.trashed_on IS NULL AND NOT %(superseded)s AND %(text)s)",
            alias=alias,
            superseded=self._superseded_sql(alias),
            text=self._progbox_text_sql(alias, text),
            to_flush=[self._fields["trashed_on"], self._fields["document_date"]],
        )

    @api.model
    def _progbox_text_sql(self, alias, text):
        """Return which rows of documents have a text, accents and case ignored.

        PostgreSQL's own ``normalize`` does it: "unaccent" is not installed everywhere.
        """
        wanted = self._progbox_plain_text(text)
        if not wanted:
            return SQL("TRUE")
        types = self.env["progbox.document.type"].with_context(active_test=False)
        return SQL(
            "(strpos(regexp_replace(normalize(lower(%(alias)s.name), NFD),"
            " %(marks)s, '', 'g'), %(wanted)s) > 0"
            " OR %(alias)s.type_id = ANY(%(types)s))",
            alias=alias,
            marks=MARKS,
            wanted=wanted,
            types=[
                type_.id
                for type_ in types.sudo().search([])
                if wanted in self._progbox_plain_text(type_.name)
            ],
            to_flush=[self._fields["name"], self._fields["type_id"]],
        )

    @api.model
    def _progbox_plain_text(self, text):
        decomposed = unicodedata.normalize("NFD", (text or "").strip().lower())
        return "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")

    @api.model
    def _progbox_values(self, ids):
        """Return what a client shows of documents that its user may read.

        :param ids: of the documents
        :return: dictionary of dictionaries by id
        """
        documents = self.browse(ids)
        documents.invalidate_recordset(["writable"], flush=False)
        versions = dict(self.env.execute_query(documents._progbox_versions_sql()))
        records = self._progbox_record_names(documents)
        documents = documents.sudo()
        folders = documents.folder_id.with_env(self.env)._filtered_access("read")
        values = {}
        for document in documents:
            place = (document.res_model, document.res_id)
            folder = document.folder_id
            values[document.id] = {
                "id": document.id,
                "name": document.name,
                "typeId": document.type_id.id,
                "typeName": document.type_id.name,
                "mimetype": document.mimetype or "",
                "size": document.size,
                "date": fields.Date.to_string(document.document_date),
                "createdOn": fields.Datetime.to_string(document.create_date),
                "createdBy": document.create_uid.name,
                "resModel": document.res_model,
                "resId": document.res_id,
                "recordName": records.get(place, ""),
                "folderId": folder.id,
                "folderName": folder.name
                if folder in folders and not folder.res_id
                else records.get(place, ""),
                "version": document.version,
                "versions": versions[document.id],
                "locked": bool(document.locked or document.seal_id),
                "writable": document.writable,
            }
        return values

    def _progbox_versions_sql(self):
        """Return the query of the number of versions of each of these documents."""
        return SQL(
            """SELECT document.id, (
                SELECT count(DISTINCT other.version) FROM progbox_document other
                WHERE other.res_model = document.res_model
                AND other.res_id = document.res_id
                AND COALESCE(other.series, '') = COALESCE(document.series, '')
            ) FROM progbox_document document WHERE document.id = ANY(%s)""",
            self.ids,
            to_flush=[
                self._fields[name]
                for name in ("res_model", "res_id", "series", "version")
            ],
        )

    @api.model
    def _progbox_record_names(self, documents):
        """Return the names of the records of documents, by model and id."""
        names = {}
        for model, ours in documents.sudo().grouped("res_model").items():
            if model in self.env:
                records = self.env[model].sudo().browse(set(ours.mapped("res_id")))
                for record in records.exists():
                    names[model, record.id] = record.display_name
        return names

    # ------------------------------------------------------------------
    # Dropped files
    # ------------------------------------------------------------------

    def _progbox_drop(self, record, staged, vals):
        """Make a document of a file that a person has dropped on a record.

        :param record: of a model with the ProGBox tab; the caller's rights count
        :param StagedFile staged: the file, taken over
        :param dict vals: ``name``, and where known ``mimetype``, ``folder_id`` (a
            folder of one's own under the record's), ``type_id``, ``replaces`` (id of
            the document that this is a new version of)
        :return: tuple of the document, and whether it was there already
        :raise AccessError: whoever may not write the record
        """
        # A first, plain version, so that the others can work.
        record.check_access("write")
        folder = self.env["progbox.folder"].sudo()._progbox_of_record(record)
        document = self.sudo()._create_with_file(
            {
                "name": vals["name"],
                "mimetype": vals.get("mimetype"),
                "folder_id": folder.id,
                "company_id": folder.company_id.id,
                "type_id": self.env["progbox.document.type"]._of_codes("other").id,
                "res_model": record._name,
                "res_id": record.id,
            },
            staged,
        )
        return document.with_env(self.env), False

    # ------------------------------------------------------------------
    # Trash
    # ------------------------------------------------------------------

    # ------------------------------------------------------------------
    # Versions and history
    # ------------------------------------------------------------------
