from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import access


class ProgboxFolder(models.Model):
    """Folders of records: one for each, which appears with its first document."""

    _inherit = "progbox.folder"

    general = fields.Boolean(
        copy=False,
        help="A top folder for what belongs to no record: company papers, insurance, "
        "bank details.",
    )
    group_ids = fields.Many2many(
        "res.groups",
        "progbox_folder_group_rel",
        "folder_id",
        "group_id",
        string="Open To",
        copy=False,
        help="Who reads and writes a general folder and all that is in it. Empty for "
        "everybody inside the company.",
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

    # Two first documents of a record at once have one folder.
    _record_unique = models.UniqueIndex(
        "(res_model, res_id) WHERE res_id IS NOT NULL",
        "This record has a folder already.",
    )

    @api.depends("res_model", "res_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        return super()._compute_display_name()

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    @api.depends("res_model", "res_id", "parent_path", "general", "group_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_readable(self):
        allowed = access.allowed(self, self._progbox_access_sql("read", SQL("place")))
        for folder in self:
            folder.readable = folder._origin.id in allowed

    @api.depends("res_model", "res_id", "parent_path", "general", "group_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_writable(self):
        allowed = access.allowed(self, self._progbox_access_sql("write", SQL("place")))
        for folder in self:
            folder.writable = folder._origin.id in allowed

    def _search_readable(self, operator, value):
        return access.domain(self._progbox_access_sql, "read", operator, value)

    def _search_writable(self, operator, value):
        return access.domain(self._progbox_access_sql, "write", operator, value)

    def _check_access(self, operation):
        # The rights on a record may have changed since they were last asked for.
        self.invalidate_recordset(["readable", "writable"], flush=False)
        return super()._check_access(operation)

    @api.model
    def _progbox_access_sql(self, mode, alias):
        """Return whether the caller may read or write a row of folders, as SQL.

        The rights on a record hold for its folder, whose name says whose it is, and
        for all folders in it. The top folder of a model is open to whoever may read
        such records; that of the archive has rules of its own.

        :param str mode: "read" or "write"
        :param SQL alias: of the row of ``progbox_folder``
        """
        if not self.env.user._is_internal():
            return access.FALSE
        # Only a folder inside the folder of a record asks for those above it.
        return SQL(
            """(NOT COALESCE(%(alias)s.locked, FALSE) AND EXISTS (
                SELECT FROM progbox_folder owner
                WHERE owner.id = CASE
                    WHEN %(alias)s.res_id IS NOT NULL THEN %(alias)s.id
                    ELSE (
                        SELECT above.id FROM progbox_folder above
                        WHERE above.id = ANY(string_to_array(
                            trim(trailing '/' FROM %(alias)s.parent_path), '/')::int[])
                        AND (above.res_id IS NOT NULL OR above.parent_id IS NULL)
                        ORDER BY length(above.parent_path) DESC LIMIT 1
                    ) END
                AND CASE WHEN owner.res_id IS NULL THEN %(top)s ELSE %(records)s END
            ))""",
            alias=alias,
            top=self._progbox_top_sql(mode, SQL("owner")),
            records=access.by_model(self.env, mode, SQL("owner"), access.FALSE),
            to_flush=[
                self._fields[name]
                for name in (
                    "locked",
                    "res_model",
                    "res_id",
                    "parent_id",
                    "parent_path",
                )
            ],
        )

    @api.model
    def _progbox_top_sql(self, mode, alias):
        """Return whether the caller may read or write what is in a top folder."""
        general = self._progbox_open_sql(alias)
        if mode == "write":
            return general
        models = self.env["progbox.mixin"]._progbox_models()
        readable = [
            name for name in models if self.env[name]._progbox_may_at_all("read")
        ]
        return SQL("(%s OR %s.res_model = ANY(%s))", general, alias, readable)

    @api.model
    def _progbox_open_sql(self, alias):
        """Return whether a top folder is a general one that is open to the caller."""
        return SQL(
            """(%(alias)s.general AND COALESCE(
                %(alias)s.company_id = ANY(%(companies)s), TRUE
            ) AND (
                NOT EXISTS (SELECT FROM progbox_folder_group_rel chosen
                    WHERE chosen.folder_id = %(alias)s.id)
                OR EXISTS (SELECT FROM progbox_folder_group_rel chosen
                    WHERE chosen.folder_id = %(alias)s.id
                    AND chosen.group_id = ANY(%(groups)s))
            ))""",
            alias=alias,
            companies=self.env.companies.ids,
            groups=list(self.env.user._get_group_ids()),
            to_flush=[
                self._fields[name] for name in ("general", "company_id", "group_ids")
            ],
        )

    @api.model
    def _progbox_general_sql(self, alias):
        """Return whether a row of documents is in a general folder open to the caller.

        :param SQL alias: of a row with ``folder_id``
        """
        return SQL(
            """EXISTS (
                SELECT FROM progbox_folder held
                JOIN progbox_folder top
                    ON top.id = split_part(held.parent_path, '/', 1)::int
                WHERE held.id = %s.folder_id AND %s
            )""",
            alias,
            self._progbox_open_sql(SQL("top")),
            to_flush=[self._fields["parent_path"]],
        )

    # ------------------------------------------------------------------
    # Folders of records
    # ------------------------------------------------------------------

    def _progbox_of_record(self, record):
        """Return the folder of a record, made with its first document.

        :param record: of a model with the ProGBox tab
        :rtype: progbox.folder
        """
        record.ensure_one()
        if known := self._progbox_known(record):
            return known
        company = record.sudo().company_id if "company_id" in record else None
        # Whoever comes second waits here, and is told by PostgreSQL to begin anew:
        # Odoo repeats his request, which then finds the folder.
        [[id_]] = self.env.execute_query(
            SQL(
                """INSERT INTO progbox_folder (
                    id, parent_path, res_model, res_id, company_id, locked,
                    create_uid, write_uid, create_date, write_date
                )
                SELECT id, id || '/', %s, %s, %s, FALSE, %s, %s, %s, %s
                FROM nextval('progbox_folder_id_seq') id
                ON CONFLICT (res_model, res_id) WHERE res_id IS NOT NULL DO NOTHING
                RETURNING id""",
                record._name,
                record.id,
                company and company.id or None,
                self.env.uid,
                self.env.uid,
                self.env.cr.now(),
                self.env.cr.now(),
            )
        )
        return self.browse(id_)

    @api.model
    def _progbox_known(self, record):
        """Return the folder of a record, empty when it has none yet."""
        known = self.sudo().search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], limit=1
        )
        return known.with_env(self.env)

    def _titles(self):
        """The folder of a record is called as the record, for as long as it is there.

        Whoever sees the folder may read the record: the title is read as superuser,
        as the rules of the ORM have let the folder through.
        """
        titles = super()._titles()
        nameless = self.sudo().filtered(lambda folder: folder.res_id)
        for model, folders in nameless.grouped("res_model").items():
            records = self.env[model].sudo().browse(folders.mapped("res_id")).exists()
            names = {record.id: record.display_name for record in records}
            for folder in folders:
                titles[folder.id] = names.get(folder.res_id) or self.env._(
                    "Deleted record %(number)s", number=folder.res_id
                )
        return titles

    def _paths(self):
        """Above the folders of records stands what they are of: "Quotations"."""
        paths = super()._paths()
        for folder in self.sudo().filtered("parent_path"):
            top = folder.browse(int(folder._ancestor_ids()[0]))
            if top.res_id:
                title = self.env[top.res_model]._progbox_folder_title()
                paths[folder.id].insert(0, title)
        return paths
