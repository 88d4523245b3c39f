from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import clean_context

from ..tools.filenames import clean_filename
from ..tools.planning import without_compiling
from ..tools.sentinels import SERVER
from .share_parts import month_name

# Sub-folders that the tree of the browser loads at once.
PAGE_SIZE = 80
# Counting further would read a whole archive to draw three rows: the rights of each
# document are asked for.
COUNT_LIMIT = 99


class ProgboxFolder(models.Model):
    """A node of the document tree of one company."""

    _name = "progbox.folder"
    _description = "Document Folder"
    _parent_store = True
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(help="Empty where a record says what its folder is called.")
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
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.company,
        help="Empty for folders of a record that all companies share.",
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

    share_count = fields.Integer(
        string="Shares", compute="_compute_share_count", help="Those that are open."
    )

    _named = models.Constraint(
        "CHECK (name IS NOT NULL OR res_id IS NOT NULL)",
        "A folder needs a name.",
    )
    _name_unique = models.UniqueIndex(
        "(parent_id, name) WHERE parent_id IS NOT NULL",
        "There is already a folder with this name here.",
    )
    # The folders of records are many, and have no name.
    _root_unique = models.UniqueIndex(
        "(company_id, name) WHERE parent_id IS NULL AND res_id IS NULL",
        "There is already a folder with this name here.",
    )
    _company_of_locked = models.Constraint(
        "CHECK (NOT locked OR company_id IS NOT NULL)",
        "A folder of the archive belongs to a company.",
    )
    # What a reader may read is asked for with every list of documents.
    _locked_idx = models.Index("(id) WHERE locked")

    @api.depends("name", "parent_path")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """The path from the root: "06" says nothing."""
        paths = self._paths()
        for folder in self:
            path = paths.get(folder.id) or [folder.name or ""]
            folder.display_name = " / ".join(path)

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

    def _compute_share_count(self):
        counts = dict(
            self.env["progbox.share"]
            .sudo()
            ._read_group(
                Domain("folder_id", "in", self.ids) & Domain("state", "=", "active"),
                ["folder_id"],
                ["__count"],
            )
        )
        for folder in self:
            folder.share_count = counts.get(folder, 0)

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

    @api.ondelete(at_uninstall=False)
    def _revoke_shares(self):
        self.env["progbox.share"].sudo().search(
            Domain("folder_id", "in", self.ids)
        )._revoke()

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

    def action_compile(self):
        """Open the wizard for the invoices in this folder and in those under it."""
        return (
            self.env["progbox.document"]
            .search_fetch(
                self._documents_domain(),
                ["mimetype", "res_model", "res_id"],
            )
            ._compile()
        )

    def action_share(self):
        """Open the wizard that shares this folder."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_share_wizard_action"
        )
        return {**action, "context": {"default_folder_id": self.id}}

    def action_shares(self):
        """Show the shares of these folders."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_share_action"
        )
        domain = Domain("folder_id", "in", self.ids)
        return {**action, "domain": list(domain), "context": {}}

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _archive_folder(self, company, date, root=None):
        """Return the archive's folder of the month, created when it is missing.

        :param company: res.company
        :param date: date, or None for the archive's root
        :param str root: name of the top folder; without it, the one of the invoices
        :raise UserError: when a folder of somebody else has the archive's name
        """
        path = [root or company.progbox_archive_folder]
        if date:
            path += [f"{date:%Y}", f"{date:%m}"]
        return self._locked_folder(company, path)

    @api.model
    def _locked_folder(self, company, path):
        """Return a folder of the archive by its names, created when it is missing.

        :param list path: names from the root on
        :raise UserError: when a folder of somebody else has the archive's name
        """
        # Whoever posts an invoice chooses the context: its defaults say nothing here.
        context = clean_context(self.env.context) | {"progbox_server": SERVER}
        # pylint: disable-next=context-overridden
        folders = self.sudo().with_context(context)
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

    def _path(self):
        """Return the names from the root to this folder."""
        self.ensure_one()
        return self._paths()[self.id]

    def _paths(self):
        """Return the names from the root to each of these folders.

        :return: dictionary of lists by id
        """
        ancestors = self.browse(
            {int(id_) for folder in self for id_ in folder._ancestor_ids()}
        )
        titles = ancestors._titles()
        return {
            folder.id: [titles[int(id_)] for id_ in folder._ancestor_ids()]
            for folder in self
        }

    def _zip_paths(self):
        """Return the folders of a zip that these folders become, each its own.

        :return: dictionary of tuples of names by id
        """
        return {id_: tuple(path) for id_, path in self._paths().items()}

    def _titles(self):
        """Return what people call these folders: the hook for those without a name.

        :return: dictionary of names by id
        """
        return {folder.id: folder._title() for folder in self.sudo()}

    def _title(self):
        """Return the name of this folder, as the reader calls it.

        The folder of the backups was named once, in the language of the company.
        Whoever has renamed it since finds that name.
        """
        of_backups = self.res_model == "progbox.compilation" and not self.res_id
        if of_backups and self.name in self._backups_names():
            return self._backups_name(self.env.lang)
        return self.name or ""

    @api.model
    def _backups_name(self, lang):
        return self.with_context(lang=lang).env._("Invoice backups")

    @api.model
    def _backups_names(self):
        installed = self.env["res.lang"].get_installed()
        return {self._backups_name(code) for code, _name in installed}

    def _ancestor_ids(self):
        return (self.parent_path or "").split("/")[:-1]

    def _zip_stem(self):
        """Return what to call a zip of this folder: company and path.

        :rtype: str
        """
        self.ensure_one()
        path = " ".join(self._path()).lstrip(".")
        company = self.sudo().company_id.name or ""
        return clean_filename(f"{company} {path}".strip())

    def _recipient_name(self):
        """Return what somebody outside calls this folder.

        Neither the folders above it nor the numbers of the archive's months.
        """
        self.ensure_one()
        path = self._path()
        if not self.locked or not all(name.isdigit() for name in path[1:]):
            return path[-1]
        if len(path) == 1:
            return self.env._("All archived documents")
        if len(path) == 2:
            return path[1]
        return month_name(self.env, fields.Date.to_date(f"{path[1]}-{path[2]}-01"))

    # ------------------------------------------------------------------
    # The folder tree of the browser
    # ------------------------------------------------------------------

    @api.model
    def whom_to_ask(self):
        """Return what is said to somebody who may read folders, not steer the archive.

        :rtype: str
        :raise AccessError: for whoever may not read folders
        """
        self.check_access("read")
        names = self.env.user._progbox_archive_managers()
        if not names:
            return self.env._(
                "Only an archive manager may do this, and there is none: ask your "
                "administrator to make somebody one."
            )
        return self.env._(
            "Only an archive manager may do this. Ask %(names)s.", names=names
        )

    @api.model
    def tree_start(self, folder_id=False, open_ids=()):
        """Return the tree as it opens: the chosen folder and the pages above it.

        :param folder_id: folder chosen before; else the archive's newest month
        :param open_ids: folders that were open before
        :return: dictionary of ``selected`` (id or False), ``open`` (ids), ``domain``
            (what the browser lists at all), ``warnings`` (sentences about what of
            the archive's work does not go on) and ``pages`` (see :meth:`tree_page`)
        """
        known = set(self._tree_known([folder_id, *open_ids]))
        selected = folder_id if folder_id in known else self._tree_newest().id
        path = self._tree_path(selected)
        open_ids = list(dict.fromkeys([*path[:-1], *known.intersection(open_ids)]))
        return {
            "selected": selected,
            "open": open_ids,
            "domain": list(self._tree_documents()),
            "warnings": self.env["progbox.watch"]._warnings(),
            "pages": [
                self.tree_page(parent_id, including_ids=path)
                for parent_id in (False, *open_ids)
            ],
        }

    @api.model
    def tree_page(self, parent_id, offset=0, including_ids=()):
        """Return a page of the sub-folders of a folder.

        :param parent_id: the folder, or False for the topmost folders
        :param offset: 0, or what the page before calls ``next``
        :param including_ids: folders to show even if they come on a later page
        :return: dictionary of ``parentId``, ``folders``, ``size`` (how many of them
            are of this page), ``next`` (where the next page begins) and ``more``
            (whether there is one)
        """
        parent = self.browse(parent_id or ())
        siblings = Domain("parent_id", "=", parent.id)
        if not parent:
            # In the words of the index: the folders of records are many.
            siblings &= Domain.custom(
                to_sql=lambda _model, alias, _query: SQL(
                    "%s IS NULL", SQL.identifier(alias, "res_id")
                ),
                predicate=lambda folder: not folder.res_id,
            )
        order = "name desc" if parent.locked else "locked desc, company_id, name, id"
        return {
            **self._tree_found(siblings, order, offset, including_ids),
            "parentId": parent.id,
            "next": offset + PAGE_SIZE,
        }

    @api.model
    def tree_search(self, text):
        """Return the folders whose name has a text, those that begin with it first.

        :return: dictionary of ``folders``, whose ``subtitle`` says where they are, and
            ``more`` (whether there are others)
        """
        wanted = (text or "").strip()
        found = self._tree_named(wanted) if wanted else self.browse()
        paths = found._paths()
        nodes = [
            {**node, "subtitle": " / ".join(paths[node["id"]][:-1])}
            for node in found._tree_values()
        ]
        start = wanted.casefold()
        nodes.sort(
            key=lambda node: (
                not node["name"].casefold().startswith(start),
                node["subtitle"],
                node["name"],
            )
        )
        return {"folders": nodes[:PAGE_SIZE], "more": len(nodes) > PAGE_SIZE}

    @api.model
    def _tree_named(self, text):
        """Return folders whose name has a text: one more than a page at least.

        To be extended for those that have no name of their own.
        """
        named = Domain("name", "ilike", text)
        if text.casefold() in self._backups_name(self.env.lang).casefold():
            untouched = Domain("name", "in", list(self._backups_names()))
            named |= untouched & Domain("res_model", "=", "progbox.compilation")
        return self.search(named, limit=PAGE_SIZE + 1)

    @api.model
    def _tree_found(self, domain, order, offset=0, including_ids=()):
        """Return a page of the folders of a domain, then those to show anyway."""
        found = self.search(domain, offset=offset, limit=PAGE_SIZE + 1, order=order)
        page = found[:PAGE_SIZE]
        if len(found) > PAGE_SIZE and including_ids:
            page |= self.search(domain & Domain("id", "in", list(including_ids)))
        return {
            "folders": page._tree_values(),
            "size": min(len(found), PAGE_SIZE),
            "more": len(found) > PAGE_SIZE,
        }

    # What the tree consists of can be extended: its nodes need not be folders.

    @api.model
    def _tree_known(self, ids):
        """Return those of the nodes that are there, and that the user may see."""
        return self.search(Domain("id", "in", ids)).ids

    @api.model
    def _tree_path(self, id_):
        """Return the ids of the nodes from the top down to a node, itself included."""
        return [int(above) for above in self.browse(id_ or ())._ancestor_ids()]

    @api.model
    def _tree_documents(self):
        """Return the domain of the documents that the browser lists and counts.

        It is never empty: without a domain, nobody gets a zip (see ``progbox.zip``).
        """
        return Domain("folder_id", "!=", False)

    def _documents_domain(self):
        """Return the domain of the documents in and under these folders."""
        return Domain("folder_id", "child_of", self.ids) & self._tree_documents()

    @api.model
    def _tree_newest(self):
        """Return the archive's folder of the newest document of the company."""
        archived = Domain("folder_id.locked", "=", True)
        document = self.env["progbox.document"].search(
            archived & Domain("company_id", "=", self.env.company.id), limit=1
        )
        return document.folder_id

    def _tree_values(self):
        counts = self._tree_counts()
        titles = self._titles()
        closed = self._closed_ids()
        show_company = len(self.env.companies) > 1
        return [
            {
                "id": folder.id,
                "parentId": folder.parent_id.id,
                "name": titles[folder.id],
                "subtitle": show_company
                and not folder.parent_id
                and folder.company_id.display_name,
                "locked": folder.locked,
                "shared": folder.share_count > 0,
                "closed": folder.id in closed,
                "count": min(counts[folder.id][0], COUNT_LIMIT),
                "counted": counts[folder.id][0] <= COUNT_LIMIT,
                "hasChildren": counts[folder.id][1],
            }
            for folder in self
        ]

    def _closed_ids(self):
        """Return the ids of those that stand for a closed month."""
        self.env["progbox.closing"].flush_model(["company_id", "month"])
        rows = self.env.execute_query(
            SQL(
                """SELECT folder.id FROM progbox_folder folder
                JOIN progbox_folder year ON year.id = folder.parent_id
                JOIN progbox_closing closing
                    ON closing.company_id = folder.company_id
                    AND to_char(closing.month, 'YYYY/MM')
                        = year.name || '/' || folder.name
                WHERE folder.id = ANY(%s) AND folder.locked""",
                self.ids,
            )
        )
        return {id_ for [id_] in rows}

    def _tree_counts(self):
        """Return the documents in and under each folder, and whether it has folders.

        In SQL for the sake of the limit, with the access rules of the ORM. The
        lateral sub-queries keep PostgreSQL from reading all documents per folder, and
        compiling the query would take longer than running it.

        :return: dictionary of (count, has children) by id
        """
        self.env["progbox.folder"].flush_model(["parent_id"])
        readable = self.env["progbox.document"]._search(self._tree_documents())
        children = self._search(Domain.TRUE)
        without_compiling(self.env)
        query = SQL(
            """SELECT folder.id, counted.documents, (
                SELECT progbox_folder.id FROM %(children)s
                WHERE progbox_folder.parent_id = folder.id AND %(readable_child)s
                ORDER BY progbox_folder.name LIMIT 1
            ) IS NOT NULL
            FROM progbox_folder folder
            CROSS JOIN LATERAL (
                SELECT count(*) AS documents FROM (
                    WITH RECURSIVE under AS (
                        SELECT folder.id
                        UNION ALL
                        SELECT child.id FROM under CROSS JOIN LATERAL (
                            SELECT id FROM progbox_folder
                            WHERE parent_id = under.id OFFSET 0
                        ) AS child
                    )
                    SELECT FROM under CROSS JOIN LATERAL (
                        SELECT FROM %(documents)s
                        WHERE progbox_document.folder_id = under.id AND %(readable)s
                        LIMIT %(limit)s
                    ) AS document LIMIT %(limit)s
                ) AS counting
            ) AS counted
            WHERE folder.id = ANY(%(ids)s)""",
            documents=readable.from_clause,
            readable=readable.where_clause or SQL("TRUE"),
            children=children.from_clause,
            readable_child=children.where_clause or SQL("TRUE"),
            limit=COUNT_LIMIT + 1,
            ids=self.ids,
        )
        return {
            id_: (count, more) for id_, count, more in self.env.execute_query(query)
        }
