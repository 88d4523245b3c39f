from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import clean_context

from odoo.addons.progbox_invoice_archive.models import progbox_folder as archive_folder
from odoo.addons.progbox_invoice_archive.tools.planning import without_compiling

from ..tools import access
from . import record_folders
from .document_values import record_names

READERS = "progbox_invoice_archive.group_archive_reader"
# Who sets up general folders.
KEEPERS = ("base.group_system", "progbox_invoice_archive.group_archive_manager")
# How the ids of nodes begin that stand for all records of a model.
MODEL = "model:"
LONGEST_NAME = 120


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
    # Folders of the records of a model come in pages, the newest first.
    _record_idx = models.Index("(res_model, id DESC) WHERE res_id IS NOT NULL")

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
        return access.domain(self, "read", operator, value)

    def _search_writable(self, operator, value):
        return access.domain(self, "write", operator, value)

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
        # Odoo repeats the request, which then finds the folder.
        [[id_]] = self.env.execute_query(
            SQL(
                """INSERT INTO progbox_folder (
                    id, parent_path, res_model, res_id, company_id, locked, general,
                    create_uid, write_uid, create_date, write_date
                )
                SELECT id, id || '/', %s, %s, %s, FALSE, FALSE, %s, %s, %s, %s
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
        folder = self.browse(id_)
        self.env["progbox.folder.template"]._progbox_furnish(folder)
        return folder

    @api.model
    def _progbox_known(self, record):
        """Return the folder of a record, empty when it has none yet."""
        known = self.sudo().search(
            Domain("res_model", "=", record._name) & Domain("res_id", "=", record.id),
            limit=1,
        )
        return known.with_env(self.env)

    def _progbox_top(self):
        """Return the topmost folder above this one, itself if there is none."""
        self.ensure_one()
        return self.sudo().browse(int(self.sudo()._ancestor_ids()[0]))

    def _titles(self):
        """The folder of a record is called as the record, for as long as it is there.

        Read as superuser: whoever may read the folder may read the record.
        """
        titles = super()._titles()
        nameless = self.sudo().filtered("res_id")
        places = {folder: (folder.res_model, folder.res_id) for folder in nameless}
        names = record_names(self.env, places.values())
        for folder, place in places.items():
            titles[folder.id] = names.get(place) or self.env._(
                "Deleted record %(number)s", number=folder.res_id
            )
        return titles

    def _paths(self):
        """Above the folders of records stands what they are of: "Quotations"."""
        paths = super()._paths()
        for folder in self.filtered("parent_path"):
            top = folder._progbox_top()
            if top.res_id and hasattr(self.env.get(top.res_model), "progbox_tab"):
                title = self.env[top.res_model]._progbox_folder_title()
                paths[folder.id].insert(0, title)
        return paths

    def _zip_paths(self):
        """Two clients of one name have a folder each: the number tells them apart."""
        paths = super()._zip_paths()
        inside = {f.id: top for f in self if (top := f._progbox_top()).res_id}
        alike = {}
        for id_, top in inside.items():
            alike.setdefault(paths[id_][:2], set()).add(top.id)
        for id_, top in inside.items():
            root, title, *under = paths[id_]
            if len(alike[root, title]) > 1:
                paths[id_] = (root, f"{title} ({top.res_id})", *under)
        return paths

    # ------------------------------------------------------------------
    # Folders of one's own
    # ------------------------------------------------------------------

    @api.model
    def progbox_add_for(self, res_model, res_id, name):
        """Add a folder to those of a record, which may have none yet.

        :return: the new folder, as the tree shows it
        :raise AccessError: whoever may not write the record
        """
        record = self._progbox_record(res_model, res_id)
        record._progbox_check_access("write")
        folder = self.sudo()._progbox_of_record(record).with_env(self.env)
        return folder.progbox_add(name)

    def progbox_add(self, name):
        """Add a folder in this one.

        :return: the new folder, as the tree shows it
        :raise AccessError: whoever may not change what is in here
        """
        self._progbox_check_writable()
        name = self._progbox_check_name(name, self)
        folder = self._progbox_server().create(
            {
                "name": name,
                "parent_id": self.id,
                "company_id": self.sudo().company_id.id,
            }
        )
        return folder.with_env(self.env)._tree_values()[0]

    @api.model
    def progbox_add_general(self, name, group_ids=()):
        """Make a top folder for what belongs to no record, in the current company.

        :param group_ids: who sees it; nobody named is everybody inside the company
        :return: the new folder, as the tree shows it
        :raise AccessError: whoever does not set up general folders
        """
        self._progbox_check_keeper()
        groups = self._progbox_check_groups(group_ids)
        folder = self._progbox_server().create(
            {
                "name": self._progbox_check_name(name, self.browse()),
                "company_id": self.env.company.id,
                "general": True,
                "group_ids": groups.ids,
            }
        )
        return folder.with_env(self.env)._tree_values()[0]

    def _progbox_server(self):
        """Return this model with the server's rights, and without the caller's wishes.

        The defaults of a context would make a folder the one of another record.
        """
        # pylint: disable-next=context-overridden
        return self.sudo().with_context(clean_context(self.env.context))

    def progbox_open_to(self, group_ids):
        """Say who sees a general folder, and all that is in it."""
        self._progbox_check_own()
        if not self.sudo().general:
            raise UserError(
                self.env._(
                    "Who sees “%(folder)s” is set on the folder above it.",
                    folder=self.display_name,
                )
            )
        groups = self._progbox_check_groups(group_ids)
        self.sudo().group_ids = groups

    def progbox_rename(self, name):
        """Give a folder of one's own another name."""
        self._progbox_check_own()
        parent = self.sudo().parent_id
        self.sudo().name = self._progbox_check_name(name, parent)

    def progbox_move(self, parent_id):
        """Move a folder of one's own, with all that is in it.

        :param parent_id: another folder of the same record, or general folder
        """
        self._progbox_check_own()
        target = self.browse(parent_id).exists()
        target._progbox_check_writable()
        if not self._progbox_may_hold(target):
            raise UserError(
                self.env._(
                    "“%(folder)s” cannot be moved there. Choose another folder of the "
                    "same record: documents are moved to other records one by one.",
                    folder=self.sudo().name,
                )
            )
        self._progbox_check_name(self.sudo().name, target)
        self.sudo().parent_id = target

    def progbox_move_targets(self):
        """Return where a folder of one's own can be moved to.

        :return: list of dictionaries of ``id`` and ``name``, in the order of the paths
        """
        self._progbox_check_own()
        inside = Domain("id", "child_of", self._progbox_top().id)
        targets = self.search(inside).filtered(self._progbox_may_hold)
        parent = self.sudo().parent_id
        return sorted(
            (
                {"id": folder.id, "name": folder.display_name}
                for folder in targets
                if folder != parent
            ),
            key=lambda target: target["name"],
        )

    def progbox_delete(self):
        """Delete a folder of one's own in which no document is left.

        Documents in the trash move up: they can still be restored.
        """
        self._progbox_check_own()
        folder = self.sudo()
        inside = folder.search(Domain("id", "child_of", folder.id), order="parent_path")
        documents = self.env["progbox.document"].sudo()
        kept = documents.search(Domain("folder_id", "in", inside.ids))
        if not folder.parent_id and kept or kept.filtered(lambda d: not d.trashed_on):
            raise UserError(
                self.env._(
                    "There are documents in “%(folder)s”. Move or delete them first, "
                    "then delete the folder.",
                    folder=folder.name,
                )
            )
        kept.folder_id = folder.parent_id
        for one in reversed(inside):
            one.unlink()

    def _progbox_may_hold(self, target):
        """Return whether this folder can be moved into another one."""
        return (
            target._progbox_top() == self._progbox_top()
            and str(self.id) not in target._ancestor_ids()
        )

    def _progbox_check_writable(self):
        """Check that the caller may change what is in this folder.

        :raise AccessError: the user may not
        """
        self.ensure_one()
        self.check_access("read")
        if not self.writable:
            raise AccessError(
                self.env._(
                    "You may not change anything in “%(folder)s”.",
                    folder=self.display_name,
                )
            )

    def _progbox_check_own(self):
        """Check that the caller may change this folder itself.

        :raise AccessError: the user may not change anything here
        :raise UserError: it is not a folder that people have made
        """
        self._progbox_check_writable()
        if self.sudo().res_id:
            raise UserError(
                self.env._(
                    "“%(folder)s” is the folder of a record: it has the record's name "
                    "and stays as long as the record.",
                    folder=self.display_name,
                )
            )
        if not self.sudo().parent_id:
            self._progbox_check_keeper()

    @api.model
    def _progbox_may_keep(self):
        """Return whether the caller sets up general folders."""
        user = self.env.user
        return self.env.su or any(user.has_group(group) for group in KEEPERS)

    @api.model
    def _progbox_check_keeper(self):
        if not self._progbox_may_keep():
            raise AccessError(
                self.env._(
                    "General folders are set up by administrators and by managers of "
                    "the archive. Ask one of them."
                )
            )

    @api.model
    def _progbox_check_groups(self, group_ids):
        """Return the groups, among which the caller is.

        :raise UserError: the user would not see the folder any more
        """
        groups = self.env["res.groups"].sudo().browse(group_ids).exists()
        if groups and not set(groups.ids).intersection(self.env.user._get_group_ids()):
            raise UserError(
                self.env._(
                    "You would not see this folder any more. Choose one of your own "
                    "groups as well."
                )
            )
        return groups

    @api.model
    def _progbox_check_name(self, name, parent):
        """Return the name of a folder without outer blanks.

        :raise UserError: it is none, too long, or taken
        """
        name = " ".join((name or "").split())
        if not name or len(name) > LONGEST_NAME:
            raise UserError(
                self.env._(
                    "Give the folder a name of at most %(number)s characters.",
                    number=LONGEST_NAME,
                )
            )
        there = Domain("parent_id", "=", parent.id) & Domain("name", "=", name)
        if not parent:
            company = self.sudo().company_id or self.env.company
            there &= Domain("company_id", "=", company.id)
        if self.sudo().search(there & Domain("id", "not in", self.ids), limit=1):
            raise UserError(
                self.env._(
                    "There is already a folder “%(name)s” here. Choose another name.",
                    name=name,
                )
            )
        return name

    @api.model
    def _progbox_record(self, res_model, res_id):
        """Return a record with the ProGBox tab.

        :raise UserError: there is none
        """
        if res_model in self.env["progbox.mixin"]._progbox_models():
            if record := self.env[res_model].browse(int(res_id)).exists():
                return record
        raise UserError(self.env._("This record does not exist any more."))

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_progbox_general(self):
        """Open the dialog that sets up this general folder, or a new one."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox.progbox_general_folder_action"
        )
        if not self:
            return action
        self._progbox_check_own()
        context = {
            "default_folder_id": self.id,
            "default_name": self.sudo().name,
            "default_group_ids": self.sudo().group_ids.ids,
        }
        return {**action, "context": context}

    # ------------------------------------------------------------------
    # The folder tree
    # ------------------------------------------------------------------

    @api.model
    def tree_page(self, parent_id, offset=0, including_ids=()):
        """Between the archive and the general folders stand the models of records.

        Their nodes are no folders: their ids are like "model:sale.order".
        """
        if isinstance(parent_id, str):
            return self._progbox_records_page(parent_id, offset, including_ids)
        ids = [id_ for id_ in including_ids if isinstance(id_, int)]
        page = super().tree_page(parent_id, offset, ids)
        if not parent_id and not offset:
            archive = [folder for folder in page["folders"] if folder["locked"]]
            others = page["folders"][len(archive) :]
            page["folders"] = [*archive, *self._progbox_roots(), *others]
        return page

    @api.model
    def progbox_tree_of(self, res_model, res_id, open_ids=()):
        """Return the folders of a record and of its relatives, for the record's tab.

        In the shape of :meth:`tree_start`: the record's own folder comes first, open.
        Its ``id`` is False when it has no document yet. Folders of relatives follow;
        where one kind has several, under a node with the title of their group.

        :param open_ids: other folders that are open
        """
        record = self._progbox_record(res_model, res_id)
        record._progbox_check_tab()
        return record_folders.tree_of(record, open_ids)

    @api.model
    def progbox_tree_of_group(self, res_model, res_id, key, before=0):
        """Return a page of the folders of one kind of relatives of a record.

        :param str key: of the group
        :param before: what the page before calls ``next``
        :return: see :meth:`tree_page`
        """
        record = self._progbox_record(res_model, res_id)
        record._progbox_check_tab()
        return record_folders.page_of(record, key, before)

    def progbox_documents(
        self, text="", offset=0, limit=record_folders.PAGE_SIZE, sorted_by=""
    ):
        """Return the documents in this folder of a record, and in those under it.

        :param str text: see :meth:`progbox.mixin.progbox_tab`, and so for `sorted_by`
        :return: dictionary of ``items``, ``more``, and how many there are:
            ``documents``, ``capped``
        """
        self.ensure_one()
        return record_folders.documents_in(self, text, offset, limit, sorted_by)

    @api.model
    def _progbox_roots(self):
        """Return the nodes of the models of which there are folders."""
        models = [
            model
            for model in self._progbox_models_read()
            if self.env.execute_query(
                SQL(
                    "SELECT FROM progbox_folder"
                    " WHERE res_model = %s AND res_id IS NOT NULL LIMIT 1",
                    model,
                )
            )
        ]
        return sorted(map(self._progbox_root, models), key=lambda node: node["name"])

    @api.model
    def _progbox_models_read(self):
        """Return the models of records some of which the caller may read."""
        models = self.env["progbox.mixin"]._progbox_models()
        return [name for name in models if self.env[name]._progbox_may_at_all("read")]

    @api.model
    def _progbox_root(self, model):
        return {
            "id": f"{MODEL}{model}",
            "parentId": False,
            "name": self.env[model]._progbox_folder_title(),
            "subtitle": False,
            "locked": False,
            "count": False,
            "counted": True,
            "hasChildren": True,
            "virtual": True,
            "writable": False,
            "own": False,
            # Archived documents of invoices have a folder of their own.
            "domain": [["of_records", "=", model], ["seal_id", "=", False]],
        }

    @api.model
    def _progbox_records_page(self, node, before, including_ids):
        """Return a page of the folders of records of a model, newest first.

        Beginning where the page before has ended: counting off 50,000 folders, with the
        rights on each, would take as long as reading them.
        """
        page = {"folders": [], "size": 0, "more": False}
        if (model := node.removeprefix(MODEL)) in self._progbox_models_read():
            inside = Domain("res_model", "=", model) & Domain("res_id", ">", 0)
            if before:
                inside &= Domain("id", "<", before)
            ids = [id_ for id_ in including_ids if isinstance(id_, int)]
            limit = archive_folder.PAGE_SIZE + 1
            newest = record_folders.newest_of(self, model, before, limit)
            inside &= Domain("id", "in", [*newest, *ids])
            page = self._tree_found(inside, "id desc", 0, ids)
        ids = [folder["id"] for folder in page["folders"][: page["size"]]]
        return {**page, "parentId": node, "next": min(ids, default=0)}

    @api.model
    def _tree_named(self, text):
        """The folders of records are found by the names of their records."""
        without_compiling(self.env)
        return super()._tree_named(text) | record_folders.named(self, text)

    @api.model
    def _tree_known(self, ids):
        models = {f"{MODEL}{model}" for model in self._progbox_models_read()}
        known = super()._tree_known([id_ for id_ in ids if isinstance(id_, int)])
        return [*models.intersection(map(str, ids)), *known]

    @api.model
    def _tree_path(self, id_):
        if isinstance(id_, str):
            return [id_]
        path = super()._tree_path(id_)
        top = self.sudo().browse(path[:1])
        return [f"{MODEL}{top.res_model}", *path] if top.res_id else path

    @api.model
    def _tree_newest(self):
        if not self.env.user.has_group(READERS):
            return self.browse()
        # Without the rights on each document: of the archive, a reader reads all.
        newest = super(ProgboxFolder, self.sudo())._tree_newest()
        return newest.with_env(self.env)._filtered_access("read")

    @api.model
    def _tree_documents(self):
        return super()._tree_documents() & Domain("trashed_on", "=", False)

    def _tree_values(self):
        nodes = super()._tree_values()
        keeper = self._progbox_may_keep()
        for node, folder in zip(nodes, self, strict=True):
            node["writable"] = not folder.locked and folder.writable
            node["own"] = node["writable"] and not folder.res_id
            if folder.res_id:
                node["parentId"] = f"{MODEL}{folder.res_model}"
            elif not folder.parent_id:
                node["general"] = folder.general
                node["own"] = node["writable"] and folder.general and keeper
        return nodes
