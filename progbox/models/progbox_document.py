from contextlib import contextmanager

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.progbox_invoice_archive.tools.planning import without_compiling
from odoo.addons.progbox_invoice_archive.tools.search_words import plain_text

from ..tools import access
from ..tools.dropped_files import renamed
from . import document_values, gone_records, trash
from .dropped_file import DroppedFile
from .place import Place, key_of, target
from .progbox_document_reading import EMPLOYEE
from .progbox_document_type import OTHER


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
    record_name = fields.Char(
        string="Deleted Record",
        readonly=True,
        copy=False,
        help="What the record was called that this document belonged to.",
    )
    type_chosen = fields.Boolean(
        readonly=True,
        copy=False,
        help="A person has chosen the type: no proposal changes it.",
    )
    drop_key = fields.Char(
        readonly=True,
        copy=False,
        help="The same file dropped twice at once is one document, and two new "
        "versions at once are two.",
    )
    record_display = fields.Char(
        string="Belongs To",
        compute="_compute_record_display",
        compute_sudo=True,
        help="The record that this document was added to.",
    )
    event_ids = fields.One2many(
        "progbox.document.event", compute="_compute_event_ids", string="History"
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

    tab_of = fields.Char(
        store=False,
        search="_search_tab_of",
        export_string_translation=False,
        help="To search for what the tab of a record shows: sale.order,7",
    )

    of_records = fields.Char(
        store=False,
        search="_search_of_records",
        export_string_translation=False,
        help="To search for the documents of all records of a model that the caller "
        "may read: sale.order",
    )

    _drop_unique = models.UniqueIndex(
        "(drop_key) WHERE drop_key IS NOT NULL", "This file has just been added."
    )
    _series_idx = models.Index("(series, version) WHERE series IS NOT NULL")
    # The documents of all records of a model, in the order of the lists.
    _model_idx = models.Index(
        "(res_model, document_date DESC, number DESC, version DESC, id DESC)"
        " WHERE trashed_on IS NULL"
    )
    # Which records have later versions of a document at all.
    _later_idx = models.Index("(res_model, res_id) WHERE version > 1")
    _trash_idx = models.Index("(trashed_on) WHERE trashed_on IS NOT NULL")

    @api.depends("res_model", "res_id", "record_name", "seal_id")
    def _compute_record_display(self):
        places = {(document.res_model, document.res_id) for document in self}
        names = document_values.record_names(self.env, places)
        for document in self:
            place = (document.res_model, document.res_id)
            # What is in the archive names its invoice itself.
            document.record_display = not document.seal_id and (
                document.record_name or names.get(place)
            )

    def _compute_event_ids(self):
        for document in self:
            document.event_ids = document._progbox_events()

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
        return access.domain(self, "read", operator, value)

    def _search_writable(self, operator, value):
        return access.domain(self, "write", operator, value)

    def _search_tab_of(self, operator, value):
        # Each tab is a query of its own: one is all that a wizard needs.
        if operator != "in" or len(value) != 1:
            return NotImplemented
        [place] = value
        return self._progbox_in_tab(place)

    def _search_of_records(self, operator, value):
        if operator != "in" or len(value) != 1:
            return NotImplemented
        [model] = value
        if model not in self.env["progbox.mixin"]._progbox_models():
            return Domain.FALSE
        without_compiling(self.env)
        return Domain("res_model", "=", model) & self.env[model]._progbox_few()

    def _check_access(self, operation):
        # The rights on a record may have changed since they were last asked for.
        self.invalidate_recordset(["readable", "writable"], flush=False)
        return super()._check_access(operation)

    def _progbox_allowed(self, mode):
        """Return the ids of those among these documents that the caller may read.

        :param str mode: "read" or "write"
        :rtype: set
        """
        models = set(self.sudo().mapped("res_model"))
        condition = self._progbox_access_sql(mode, SQL("place"), models)
        return access.allowed(self, condition)

    @api.model
    def _progbox_access_sql(self, mode, alias, models=None):
        """Return whether the caller may read or write a row of documents, as SQL.

        Whoever may read the record may read its documents.

        :param str mode: "read" or "write"
        :param SQL alias: of the row of ``progbox_document``
        :param models: names of the models of the rows, where they are known
        """
        if not self.env.user._is_internal():
            return SQL("FALSE")
        folders = self.env["progbox.folder"]
        allowed = access.by_model(
            self.env,
            mode,
            alias,
            folders._progbox_general_sql(alias),
            documents=True,
            models=models,
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
        allowed = SQL(
            "(%s OR %s)",
            allowed,
            self._progbox_orphan_sql(alias, models),
            to_flush=to_flush,
        )
        return SQL("(%s AND %s)", unlocked, allowed) if mode == "write" else allowed

    @api.model
    def _progbox_orphan_sql(self, alias, models=None):
        """Return whether a row of documents is the caller's, though its record is gone.

        It is in the trash then. Whoever deleted the record may file it elsewhere, and
        so may whoever looks after all such records.

        :param SQL alias: of the row of ``progbox_document``
        :param models: see :meth:`_progbox_access_sql`
        """
        gone = [
            SQL(
                "WHEN %s THEN (%s OR (%s AND %s.trashed_by = %s))"
                " AND NOT EXISTS (SELECT FROM %s record WHERE record.id = %s.res_id)",
                name,
                self.env[name]._progbox_keeps_orphans(),
                self.env[name]._progbox_may_at_all("write"),
                alias,
                self.env.uid,
                SQL.identifier(self.env[name]._table),
                alias,
            )
            for name in access.known(self.env, models)
        ]
        if not gone:
            return access.FALSE
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
        """Return which rows of documents a tab shows if they are the latest version.

        :param SQL alias: of the row of ``progbox_document``
        :param str text: only those whose name or type has it
        """
        return SQL(
            "(%s.trashed_on IS NULL AND %s)",
            alias,
            self._progbox_text_sql(alias, text),
            to_flush=[self._fields["trashed_on"], self._fields["document_date"]],
        )

    @api.model
    def _progbox_in_tab(self, place):
        """Return the domain of the documents that the tab of a record shows.

        :param str place: model and id of the record, divided by a comma
        """
        model, _comma, id_ = str(place).partition(",")
        models = self.env["progbox.mixin"]._progbox_models()
        if model not in models or not id_.isdecimal():
            return Domain.FALSE
        record = self.env[model].browse(int(id_)).exists()
        if not record or not record._progbox_may_open_tab():
            return Domain.FALSE
        places = record._progbox_tab_query().places()
        without_compiling(self.env)
        return Domain.custom(
            to_sql=lambda _model, alias, _query: self._progbox_of_tab_sql(
                SQL.identifier(alias), record, places
            )
        )

    @api.model
    def _progbox_of_tab_sql(self, alias, record, places):
        """Return whether the tab of a record shows a row of documents.

        Conditions on the row itself: what is looked for by its name is told apart
        before it is asked for later versions.

        :param SQL alias: of the row of ``progbox_document``
        :param SQL places: query of model and id of the records of the tab
        """
        return SQL(
            "((%(alias)s.res_model, %(alias)s.res_id) IN (%(places)s)"
            " AND %(shown)s AND %(own)s AND %(superseded)s IS NOT TRUE)",
            alias=alias,
            places=places,
            shown=self._progbox_shown_sql(alias),
            own=record._progbox_own_documents_sql(alias),
            superseded=self._progbox_superseded_sql(alias),
        )

    @api.model
    def _progbox_text_sql(self, alias, text):
        """Return which rows of documents have a text, accents and case ignored."""
        wanted = plain_text(text).strip()
        if not wanted:
            return SQL("TRUE")
        types = self.env["progbox.document.type"].with_context(active_test=False)
        return SQL(
            "(strpos(%(alias)s.search_text, %(wanted)s) > 0"
            " OR %(alias)s.type_id = ANY(%(types)s))",
            alias=alias,
            wanted=wanted,
            types=[
                type_.id
                for type_ in types.sudo().search([])
                if wanted in plain_text(type_.name)
            ],
            to_flush=[self._fields["search_text"], self._fields["type_id"]],
        )

    # ------------------------------------------------------------------
    # Dropped files
    # ------------------------------------------------------------------

    def _progbox_drop(self, record, staged, vals):
        """Make a document of a file that a person has dropped on a record.

        :param record: of a model with the ProGBox tab; the caller's rights count.
            Empty for a general folder, which `vals` then names
        :param StagedFile staged: the file, taken over
        :param dict vals: ``name``, and where known ``mimetype``, ``folder_id`` (a
            folder of one's own under the record's), ``type_id``, ``replaces`` (id of
            the document that this is a new version of)
        :return: tuple of the document, and a sentence that says so if it was there
            already (None if it is new)
        :raise AccessError: whoever may not write the record
        :raise UserError: for a file that is none to keep
        :raise ConcurrencyError: the same file is being dropped elsewhere: try again
        """
        file = DroppedFile(self.env, vals["name"], staged)
        replaced = self.browse(vals.get("replaces") or ())
        if replaced:
            values = replaced._progbox_version_values()
            record = replaced._progbox_record()
            same = replaced.filtered(lambda d: d.sudo().sha256 == staged.sha256)
        else:
            place = Place.to_write(self.env, record, vals.get("folder_id"))
            record, values = place.record, place.values
            values["drop_key"] = place.drop_key(staged)
            same = self._progbox_same(values, staged)
        if same:
            # The caller's transaction may be tried again.
            self.env.cr.postcommit.add(lambda: staged.path.unlink(missing_ok=True))
            return same, same._progbox_say_again()
        if not replaced:
            # It was dropped here once, and is elsewhere by now.
            moved = self.sudo().search(Domain("drop_key", "=", values["drop_key"]))
            moved.drop_key = False
        values["name"], values["mimetype"] = file.name, file.mimetype
        values["document_date"] = fields.Date.context_today(self)
        values |= self._progbox_type_values(record, values, vals.get("type_id"))
        document = self._progbox_new_document(values, staged)
        if replaced:
            document._progbox_note("replaced", version=document.sudo().version)
        else:
            document._progbox_note("added")
            document._progbox_read_later()
        return document, None

    @api.model
    def _progbox_new_document(self, values, staged):
        """Create a document with the server's rights, once, whoever else is at it."""
        with self._progbox_one_at_a_time():
            document = self.sudo()._create_with_file(values, staged)
        self.invalidate_model(["superseded"], flush=False)
        return document.with_env(self.env)

    @api.model
    def _progbox_same(self, values, staged):
        """Return the document of the same place with the same bytes, if any.

        The current version of a document comes before one in the trash, and that
        before an earlier version.
        """
        place = Domain("res_model", "=", values["res_model"]) & Domain(
            "res_id", "=", values["res_id"]
        )
        if not values["res_model"]:
            place &= Domain("folder_id", "=", values["folder_id"])
        found = self.sudo().search(
            place
            & Domain("sha256", "=", staged.sha256)
            & Domain("size", "=", staged.size),
            order="id desc",
        )
        trashed = found.filtered("trashed_on")
        current = (found - trashed).filtered(lambda document: not document.superseded)
        return (current or trashed or found)[:1].with_env(self.env)

    def _progbox_say_again(self):
        """Return what to say of a file that is there already; back from the trash."""
        document = self.sudo()
        if document.trashed_on:
            self._progbox_untrash()
            return self.env._(
                "%(name)s was in the trash. It is back.", name=document.name
            )
        if document.superseded:
            return self.env._(
                "%(name)s is there already, as version %(version)s of a document that "
                "has a later one. Open its versions to restore it.",
                name=document.name,
                version=document.version,
            )
        return self.env._("%(name)s is there already.", name=document.name)

    @api.model
    def _progbox_type_values(self, record, values, type_id=None):
        """Return the type of a new document: the chosen one, or a proposal."""
        types = self.env["progbox.document.type"]
        if chosen := types.browse(type_id or ()).exists():
            return {"type_id": chosen.id, "type_chosen": True}
        if values.get("type_id"):
            return {}
        proposed = types.browse(
            types._proposed(record, values["name"], values["mimetype"])
        )
        if values["res_model"] == EMPLOYEE and proposed.sudo().employee_may_read:
            # Only a person opens a file to the employee.
            proposed = types._of_codes(OTHER)
        return {"type_id": proposed.id}

    @contextmanager
    def _progbox_one_at_a_time(self):
        """Let the same be done once only, whoever does it at the same time.

        :raise ConcurrencyError: somebody else was faster. Odoo does the work again,
            and sees then what the other has done
        """
        try:
            with self.env.cr.savepoint():
                yield
        except psycopg2.errors.UniqueViolation as error:
            if error.diag.constraint_name != self._drop_unique.full_name(self):
                raise
            raise ConcurrencyError(str(error)) from error

    def _progbox_note(self, kind, **detail):
        """Enter what the current user has just done into the history."""
        self.env["progbox.document.event"]._note(self, kind, **detail)

    def _progbox_read_later(self):
        """Have the first page read, where the name did not say what the document is."""
        document = self.sudo()
        if document.type_chosen or document.mimetype != "application/pdf":
            return
        if self.env["progbox.document.type"]._of_name(document.name):
            return
        self.env["progbox.document.reading"]._queue(document)

    # ------------------------------------------------------------------
    # Changing
    # ------------------------------------------------------------------

    def progbox_rename(self, name):
        """Give the document another file name; its extension stays."""
        self.ensure_one()
        [document] = self._progbox_to_change()
        if not (name or "").strip():
            raise UserError(self.env._("%(name)s needs a name.", name=document.name))
        old, new = document.name, renamed(document.name, name)
        if new == old:
            return True
        document.name = new
        document._content_attachment().name = new
        self._progbox_note("renamed", old=old, new=new)
        return True

    def progbox_set_type(self, type_id):
        """Say what these documents are; no proposal changes it any more."""
        chosen = self.env["progbox.document.type"].browse(type_id).exists()
        if not chosen:
            raise UserError(self.env._("Choose a type."))
        for document in self._progbox_to_change():
            old = document.type_id
            document._progbox_series().write(
                {"type_id": chosen.id, "type_chosen": True}
            )
            if old != chosen:
                document.with_env(self.env)._progbox_note(
                    "typed", old=old.name, new=chosen.name
                )
        return True

    def progbox_move(self, res_model, res_id, folder_id=False):
        """Move these documents, with their versions, to another record or folder.

        What was in the trash is restored by it.

        :param res_model: of the record, or False for a general folder
        :param res_id: of the record, or False
        :param folder_id: folder under the record's, or a general folder
        :return: what to tell the user, or True
        """
        self._progbox_to_change()
        record = target(self.env, res_model, res_id)
        place = Place.to_write(self.env, record, folder_id)
        opened = self._progbox_opened_by(place)
        for document in self:
            document._progbox_move_series(place)
        return opened._progbox_close() or True

    def _progbox_opened_by(self, place):
        """Return those of these documents that an employee could read by a move.

        :param Place place: where they shall go
        """
        if place.record._name != EMPLOYEE:
            return self.browse()
        return self.filtered(
            lambda document: (
                document.sudo().type_id.employee_may_read
                and Place.of(document).key != place.key
            )
        )

    def _progbox_close(self):
        """Give these documents a type that no employee reads: only a person opens.

        :return: what to tell the user, or None
        """
        closed = self.env["progbox.document.type"]._closed()
        if not self or not closed:
            return None
        for document in self:
            old = document.sudo().type_id
            series = document._progbox_series()
            series.write({"type_id": closed.id, "type_chosen": True})
            document._progbox_note("typed", old=old.name, new=closed.name)
        return self.env._(
            "Of the type that it had, employees read their own documents. So it is "
            "“%(type)s” now: choose the type again, if the employee may read it.",
            type=closed.name,
        )

    def _progbox_move_series(self, new):
        document = self.sudo()
        old = Place.of(self)
        old_key, old_name = old.key, document.record_name or old.name
        values = {**new.values, "record_name": False}
        if old_key != new.key:
            # The same file may be dropped at the old place again.
            values["drop_key"] = False
        if document.trashed_on:
            self._progbox_untrash()
        series = document._progbox_series()
        series.write(values)
        series._progbox_write_company()
        if (old_key, old_name) != (new.key, new.name):
            self._progbox_note(
                "moved", old=old_name, new=new.name, records=[old_key, new.key]
            )

    def _progbox_write_company(self):
        """Keep the files with the company of their documents."""
        for document in self:
            document._content_attachment().company_id = document.company_id

    def _progbox_to_change(self):
        """Return these documents with the server's rights, if they may be changed.

        :raise AccessError: the user may not change one of them
        :raise UserError: one of them is in the archive
        """
        self.check_access("read")
        if archived := self.sudo()._progbox_in_archive():
            raise UserError(
                self.env._(
                    "%(name)s is in the archive: it is neither changed nor deleted.",
                    name=archived[0].name,
                )
            )
        if refused := self.filtered(lambda document: not document.writable):
            raise AccessError(
                self.env._(
                    "You may not change %(name)s: ask somebody who may change the "
                    "record that it belongs to.",
                    name=refused[0].sudo().name,
                )
            )
        return self.sudo()

    def _progbox_record(self):
        """Return the record of a document as the user sees it, empty if it is gone."""
        self.ensure_one()
        document = self.sudo()
        if not document.res_model or document.res_model not in self.env:
            return self.browse()
        return self.env[document.res_model].browse(document.res_id).exists()

    # ------------------------------------------------------------------
    # Trash
    # ------------------------------------------------------------------

    def progbox_trash(self):
        """Move these documents, with all their versions, to the trash.

        :return: what to tell the user
        """
        documents = self._progbox_to_change()
        current = documents.filtered(lambda document: not document.trashed_on)
        current.with_env(self.env)._progbox_into_trash()
        current.with_env(self.env)._progbox_note("deleted")
        date = format_date(self.env, trash.kept_until(self))
        if len(documents) == 1:
            return self.env._(
                "%(name)s is in the trash. It can be restored until %(date)s.",
                name=documents.name,
                date=date,
            )
        return self.env._(
            "Moved to the trash: %(count)s. They can be restored until %(date)s.",
            count=len(documents),
            date=date,
        )

    def progbox_restore(self):
        """Take these documents out of the trash, where their record still is."""
        documents = self._progbox_to_change()
        for document in documents:
            if document.record_name:
                raise UserError(
                    self.env._(
                        "%(name)s belonged to %(record)s, which was deleted. Move it "
                        "to another record: that restores it.",
                        name=document.name,
                        record=document.record_name,
                    )
                )
        trashed = documents.filtered("trashed_on")
        trashed.with_env(self.env)._progbox_untrash()
        return True

    def action_progbox_trash(self):
        """Move these documents to the trash, and say so."""
        return self._progbox_notification(self.progbox_trash())

    def action_progbox_restore(self):
        """Restore these documents, and say so."""
        self.progbox_restore()
        return self._progbox_notification(self.env._("Restored from the trash."))

    def action_progbox_move(self):
        """Ask where to move these documents: from a lost record, the only way back."""
        return {
            "type": "ir.actions.client",
            "tag": "progbox_move",
            "params": {
                "items": [
                    {
                        "id": document.id,
                        "name": document.name,
                        "resModel": document.res_model,
                        "resId": not document.record_name and document.res_id,
                        "folderId": document.folder_id.id,
                        "typeId": document.type_id.id,
                        "trashed": bool(document.trashed_on),
                    }
                    for document in self._progbox_to_change()
                ]
            },
        }

    def action_progbox_restore_version(self):
        """Restore this version, and show it."""
        return self.browse(self.progbox_restore_version())._get_records_action()

    @api.model
    def _progbox_notification(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _progbox_into_trash(self, **values):
        self._progbox_series().write(
            {"trashed_on": fields.Datetime.now(), "trashed_by": self.env.uid, **values}
        )

    def _progbox_untrash(self):
        """Take these documents, with all their versions, out of the trash."""
        self._progbox_series().write({"trashed_on": False, "trashed_by": False})
        self._progbox_note("restored")

    @api.model
    def _progbox_before_unlink(self, records):
        """Move the documents of records to the trash that are about to be deleted."""
        gone_records.before_unlink(records)

    @api.model
    def _progbox_find_gone(self):
        """Cron: move documents to the trash whose record was deleted past the ORM."""
        gone_records.find_gone(self.sudo().env)

    def _progbox_record_gone(self, name):
        """Move these documents to the trash, and keep the name of their record."""
        trashed = self.filtered(lambda document: not document.sudo().trashed_on)
        trashed._progbox_into_trash()
        # Theirs who deleted the record, whoever has deleted some before.
        self._progbox_series().write({"record_name": name, "trashed_by": self.env.uid})
        self._progbox_note("record_deleted", old=name)

    @api.model
    def _progbox_empty_trash(self):
        """Cron: delete for good what has been in the trash long enough."""
        trash.empty(self.sudo().env)

    # ------------------------------------------------------------------
    # Versions and history
    # ------------------------------------------------------------------

    @api.model
    def _superseded_sql(self, alias):
        # A document of a general folder has no record to look for it at.
        return SQL(
            """CASE WHEN %(older)s.res_model IS NULL THEN EXISTS (
                SELECT FROM progbox_document newer
                WHERE newer.series = %(older)s.series
                AND newer.version > %(older)s.version
                AND newer.res_model IS NULL AND newer.seal_id IS NULL
            ) ELSE %(of_record)s END""",
            older=alias,
            of_record=self._progbox_superseded_sql(alias),
        )

    @api.model
    def _progbox_superseded_sql(self, alias):
        """Return whether a document of a record has a later version, as SQL."""
        return super()._superseded_sql(alias)

    def progbox_versions(self):
        """Return all versions of this document, the newest first."""
        self.ensure_one()
        self.check_access("read")
        # The archived files of a record have no series, and their versions elsewhere.
        series = self._progbox_series() or self
        values = document_values.listed(self.browse(series.ids))
        return [values[id_] for id_ in reversed(series.ids)]

    def progbox_restore_version(self):
        """Make this earlier version the newest one again; the others stay."""
        self.ensure_one()
        values = self._progbox_version_values()
        version = self.sudo()
        if not version.superseded:
            return self.id
        values |= {
            "name": version.name,
            "mimetype": version.mimetype,
            "document_date": fields.Date.context_today(self),
        }
        with version._content_attachment()._progbox_staged_again() as staged:
            newest = self._progbox_new_document(values, staged)
        newest._progbox_note(
            "version_restored", old=version.version, version=values["version"]
        )
        return newest.id

    def progbox_history(self):
        """Return what happened to this document and its versions, newest first."""
        self.ensure_one()
        self.check_access("read")
        return [
            {
                "date": fields.Datetime.to_string(event.create_date),
                "who": event.user_name,
                "text": event.with_env(self.env).sudo().text,
            }
            for event in self._progbox_events()
        ]

    def _progbox_version_values(self):
        """Return the field values of a new version of this document.

        :raise UserError: it is in the archive, or in the trash
        """
        self.ensure_one()
        [document] = self._progbox_to_change()
        if document.trashed_on:
            raise UserError(
                self.env._(
                    "%(name)s is in the trash. Restore it first, then add the new "
                    "version.",
                    name=document.name,
                )
            )
        latest = document._progbox_series()[-1:]
        return {
            "series": latest.series,
            "version": latest.version + 1,
            "drop_key": key_of(latest.series, latest.version + 1),
            "folder_id": latest.folder_id.id,
            "company_id": latest.company_id.id,
            "res_model": latest.res_model,
            "res_id": latest.res_id,
            "type_id": latest.type_id.id,
            "type_chosen": latest.type_chosen,
        }

    def _progbox_events(self):
        """Return what happened to all versions of these documents, newest first."""
        events = self.env["progbox.document.event"].sudo()
        series = self._progbox_series()
        return events.search(Domain("document_id", "in", series.ids))

    def _progbox_series(self):
        """Return all versions of these documents, with the server's rights."""
        ours = {document._progbox_series_key() for document in self.sudo()}
        found = self.sudo().search(
            Domain("series", "in", [key[0] for key in ours if key[0]])
            & Domain("seal_id", "=", False),
            order="version, id",
        )
        return found.filtered(lambda document: document._progbox_series_key() in ours)

    def _progbox_series_key(self):
        # Whoever names a series may use the name for several records.
        return self.series, self.res_model, self.res_id
