from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.filenames import clean_filename
from ..tools.sentinels import SERVER


class ProgboxFolder(models.Model):
    """A node of the document tree of one company."""

    _name = "progbox.folder"
    _description = "Document Folder"
    _parent_store = True
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    parent_id = fields.Many2one(
        "progbox.folder",
        string="Parent Folder",
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("progbox.folder", "parent_id", string="Sub-folders")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.company,
    )
    locked = fields.Boolean(
        readonly=True,
        help="A locked folder belongs to the archive: nobody adds, renames, moves "
        "or deletes anything in it.",
    )
    res_model = fields.Char(string="Record Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    document_ids = fields.One2many("progbox.document", "folder_id")
    document_count = fields.Integer(
        compute="_compute_document_count",
        help="Documents in this folder and in the folders under it.",
    )

    _name_unique = models.UniqueIndex(
        "(parent_id, name) WHERE parent_id IS NOT NULL",
        "There is already a folder with this name here.",
    )
    _root_unique = models.UniqueIndex(
        "(company_id, name) WHERE parent_id IS NULL",
        "There is already a folder with this name here.",
    )
    # What a reader may read is asked for with every list of documents.
    _locked_idx = models.Index("(id) WHERE locked")

    @api.depends("name", "parent_path")
    def _compute_display_name(self):
        """The path from the root: "06" says nothing."""
        ancestors = self.browse(
            {int(id_) for folder in self for id_ in folder._ancestor_ids()}
        )
        names = {folder.id: folder.name for folder in ancestors.sudo()}
        for folder in self:
            path = [names[int(id_)] for id_ in folder._ancestor_ids()]
            folder.display_name = " / ".join(path or [folder.name or ""])

    def _path(self):
        """Return the names from the root to this folder."""
        self.ensure_one()
        ids = [int(id_) for id_ in self._ancestor_ids()]
        return self.sudo().browse(ids).mapped("name")

    @api.model
    def _path_sql(self, alias):
        """Return the names from the root to a folder, as an array of SQL."""
        return SQL(
            "(SELECT array_agg(ancestor.name ORDER BY length(ancestor.parent_path))"
            " FROM progbox_folder ancestor WHERE ancestor.id = ANY("
            "string_to_array(trim(trailing '/' FROM %s.parent_path), '/')::int[]))",
            alias,
        )

    def _ancestor_ids(self):
        return (self.parent_path or "").split("/")[:-1]

    def _compute_document_count(self):
        counts = dict(
            self.env["progbox.document"]._read_group(
                Domain("folder_id", "child_of", self.ids), ["folder_id"], ["__count"]
            )
        )
        for folder in self:
            folder.document_count = sum(
                count
                for other, count in counts.items()
                if other.sudo().parent_path.startswith(folder.parent_path or "?")
            )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # A default of the context counts as much as the values.
        default = self.default_get(["parent_id", "locked"])
        vals_list = [{**default, **vals} for vals in vals_list]
        parents = self.browse(
            {vals.get("parent_id") for vals in vals_list} - {None, False}
        )
        if parents.filtered("locked") or any(vals.get("locked") for vals in vals_list):
            self._check_archiver(self.env._("Nobody adds folders to the archive."))
        return super().create(vals_list)

    def write(self, vals):
        target = self.browse(vals.get("parent_id") or [])
        if "locked" in vals or (self | target).filtered("locked"):
            self._check_archiver(
                self.env._("Folders of the archive are neither renamed nor moved.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_locked(self):
        if self.filtered("locked"):
            self._check_archiver(self.env._("Folders of the archive are not deleted."))

    @api.model
    def _check_archiver(self, refusal):
        """Let the archiver alone pass.

        :param str refusal: what was tried, as a translated sentence
        :raise UserError: for everybody else, the superuser included
        """
        if self.env.context.get("progbox_server") is not SERVER:
            raise UserError(
                self.env._(
                    "%(refusal)s The archive is kept by the server alone, so that it "
                    "can serve as evidence.",
                    refusal=refusal,
                )
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_access_log(self):
        """Show who has been at these folders and at what is in them."""
        inside = self.search(Domain("id", "child_of", self.ids))
        return self.env["progbox.access.log"]._action(
            Domain("folder_ref", "in", inside.ids)
        )

    def action_export(self):
        """Open the wizard that exports this folder."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_export_wizard_action"
        )
        return {**action, "context": {"default_folder_id": self.id}}

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _archive_folder(self, company, date):
        """Return the archive's folder of the month, created when it is missing.

        :param company: res.company
        :param date: date, or None for the archive's root
        :raise UserError: when a folder of somebody else has the archive's name
        """
        path = [company.progbox_archive_folder]
        if date:
            path += [f"{date:%Y}", f"{date:%m}"]
        folders = self.sudo().with_context(progbox_server=SERVER)
        folder = folders.browse()
        for name in path:
            parent = folder
            folder = folders.search(
                Domain("company_id", "=", company.id)
                & Domain("parent_id", "=", parent.id)
                & Domain("name", "=", name),
                limit=1,
            ) or folders.create(
                {
                    "name": name,
                    "parent_id": parent.id,
                    "company_id": company.id,
                    "locked": True,
                }
            )
            if not folder.locked:
                # Whoever owns it could rename it, and what is in it is no evidence.
                raise UserError(
                    self.env._(
                        "%(company)s has a folder “%(name)s” that is not the "
                        "archive's. Rename it: the archive needs this name.",
                        company=company.name,
                        name=name,
                    )
                )
        return folder.with_env(self.env)

    def _zip_stem(self):
        """Return what to call a zip of this folder: company and path.

        :rtype: str
        """
        self.ensure_one()
        path = " ".join(self._path()).lstrip(".")
        return clean_filename(f"{self.sudo().company_id.name} {path}")
