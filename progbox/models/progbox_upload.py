import mimetypes
import re
import shutil
from functools import partial
from uuid import uuid4

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, LockError, UserError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from odoo.addons.progbox_invoice_archive.models.ir_attachment import FILE_LIMIT
from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import OPEN_STATES

from ..tools.dropped_files import clean_name
from ..tools.upload_parts import (
    folder_names,
    kept,
    remove_strangers,
    size_of,
    touched_before,
)
from .dropped_file import check_program
from .place import Place

# Nothing else becomes a path on the disk.
PART = re.compile(r"[0-9a-f]{32}")
MEGABYTE = 1 << 20
# Digesting more takes longer than a person should wait for an answer.
FILED_AT_ONCE = 200 * MEGABYTE
# The browser says that all is sent at once; after this time it is gone.
BROWSER_GONE = 5 * 60
# What nobody goes on with is removed.
KEPT_DAYS = 1
DAY = 24 * 3600
UNFINISHED = ("receiving", "failed")


class ProgboxUpload(models.Model):
    """A file on its way in: its bytes arrive in pieces, and stay until it is whole.

    The row says where the file shall go; the bytes are in a part on the disk, whose
    size is the truth about how much has arrived. Filing is a job of its own, so that
    it can be repeated: by the browser, or by the server when the browser is gone.
    """

    _name = "progbox.upload"
    _inherit = "progbox.job.mixin"
    _description = "Upload"
    _job_cron = "progbox.ir_cron_upload"

    state = fields.Selection(
        selection_add=[("receiving", "On Its Way"), ("pending",)],
        ondelete={"receiving": "cascade"},
        default="receiving",
    )
    name = fields.Char(required=True, readonly=True)
    size = fields.Integer(
        readonly=True, aggregator=None, help="Bytes that the whole file has."
    )
    file_modified = fields.Float(
        readonly=True,
        aggregator=None,
        help="When the file was changed last, as the browser says it.",
    )
    mimetype = fields.Char(readonly=True)
    path = fields.Char(
        string="Sub-folders",
        readonly=True,
        help="Where in a dropped folder the file was.",
    )
    part = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: uuid4().hex,
        help="Name of what has arrived, on the disk.",
    )
    res_model = fields.Char(string="Record Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    # Their names are not the uploader's to read.
    folder_id = fields.Many2one(
        "progbox.folder", readonly=True, ondelete="set null", groups=fields.NO_ACCESS
    )
    type_id = fields.Many2one(
        "progbox.document.type", readonly=True, ondelete="set null"
    )
    replaces_id = fields.Many2one(
        "progbox.document",
        readonly=True,
        ondelete="set null",
        groups=fields.NO_ACCESS,
    )
    document_id = fields.Many2one(
        "progbox.document",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups=fields.NO_ACCESS,
    )
    already_there = fields.Char(
        readonly=True, help="What to say when the same file was there before."
    )

    # ------------------------------------------------------------------
    # For the browser
    # ------------------------------------------------------------------

    @api.model
    def begin(self, res_model, res_id, files):
        """Announce files that shall become documents of a record.

        :param str res_model: of the record; False for a general folder
        :param int res_id: of the record
        :param list files: dictionaries of ``name`` and ``size``, and where known
            ``modified``, ``mimetype``, ``path``, ``folderId``, ``typeId``, ``replaces``
        :return: for each file a dictionary of ``id``, ``url`` and ``offset``, or of
            ``error``: what to do instead
        """
        return [self._begin(res_model, res_id, file) for file in files]

    @api.model
    def _begin(self, res_model, res_id, file):
        values = self._values(res_model, res_id, file)
        try:
            self._check_file(values)
            self._check_target(values)
        except UserError as error:
            return {"error": str(error)}
        upload = self._begun_before(values) or self._announce(values)
        # The type may be another one this time, and rights may be back.
        if upload.state == "failed":
            values = {**values, "state": "receiving", "error": False, "attempts": 0}
        upload._job_write(values)
        return {
            "id": upload.id,
            "url": f"/progbox/upload/{upload.id}",
            "offset": size_of(upload._path()),
        }

    @api.model
    def _announce(self, values):
        # Of the context's defaults, which are the caller's to choose, none counts.
        # pylint: disable-next=context-overridden
        server = self.sudo().with_context(clean_context(self.env.context))
        return server.create({**values, "part": uuid4().hex})

    @api.model
    def _values(self, res_model, res_id, file):
        name = str(file.get("name") or "").replace("\\", "/").rpartition("/")[2].strip()
        return {
            "name": name,
            "size": int(file.get("size") or 0),
            "file_modified": float(file.get("modified") or 0),
            "mimetype": mimetypes.guess_type(name)[0] or file.get("mimetype"),
            "path": file.get("path") or False,
            "res_model": res_model or False,
            "res_id": res_id or False,
            "folder_id": file.get("folderId") or False,
            "type_id": file.get("typeId") or False,
            "replaces_id": file.get("replaces") or False,
        }

    @api.model
    def _check_file(self, values):
        """Check what can be said of a file before its first byte.

        :raise UserError: with what to do instead
        """
        name, size = values["name"], values["size"]
        if not name:
            raise UserError(self.env._("A file without a name cannot be kept."))
        check_program(self.env, clean_name(name))
        if size <= 0:
            raise UserError(
                self.env._(
                    "%(name)s is empty: look whether it was saved completely.",
                    name=name,
                )
            )
        if size > FILE_LIMIT:
            raise UserError(
                self.env["ir.attachment"]._progbox_too_large_text(name, int(size))
            )
        folder = self._parts_folder()
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < size:
            raise UserError(self._disk_full_text())

    @api.model
    def _disk_full_text(self):
        return self.env._(
            "The disk of the server is full. Nothing that has arrived is lost: ask the "
            "administrator to make room, then try again."
        )

    @api.model
    def _begun_before(self, values):
        """Return the upload of the same file to the same place, if it has begun.

        Folders that are dropped whole have files of the same name, size and date.
        """
        same = ("name", "size", "file_modified", "path")
        same += ("res_model", "res_id", "folder_id", "replaces_id")
        return self.sudo().search(
            Domain.AND(Domain(name, "=", values[name]) for name in same)
            & Domain("create_uid", "=", self.env.uid)
            & Domain("state", "in", UNFINISHED),
            limit=1,
        )

    @api.model
    def unfinished(self, res_model, res_id, folder_id=False):
        """Return the user's uploads to a record that have not come to their end.

        :param folder_id: where there is no record, the folder that they go to
        :return: dictionaries of ``id``, ``name``, ``size``, ``offset``, ``modified``,
            and of ``error`` for those that could not be filed
        """
        place = Domain("res_model", "=", res_model) & Domain("res_id", "=", res_id)
        if not res_model:
            place &= Domain("folder_id", "=", folder_id)
        found = self.sudo().search(
            Domain("create_uid", "=", self.env.uid)
            & Domain("state", "in", UNFINISHED)
            & place,
            order="id",
        )
        return [
            {
                "id": upload.id,
                "name": upload.name,
                "size": upload.size,
                "offset": size_of(upload._path()),
                "modified": upload.file_modified,
                "error": upload.error,
            }
            for upload in found
        ]

    def finish(self):
        """File what has arrived; called as often as one likes.

        :return: dictionary of ``state`` (``done``, ``checking`` or ``failed``),
            ``documentId``, ``alreadyThere`` and ``error``
        """
        upload = self._of_user(self.ensure_one().id)
        if not upload:
            raise UserError(self._unknown_text())
        if not upload.try_lock_for_update(allow_referencing=True):
            return upload._answer("checking")
        if upload.state in OPEN_STATES:
            return upload._answer("checking")
        if upload.state in UNFINISHED:
            arrived = size_of(upload._path())
            if arrived != upload.size:
                return upload._answer("failed", upload._incomplete_text(arrived))
            if upload.size > FILED_AT_ONCE:
                upload._queue()
                return upload._answer("checking")
            upload._file_now()
        state = upload.state
        return upload._answer("checking" if state in OPEN_STATES else state)

    def cancel(self):
        """Forget an upload, and what has arrived of it."""
        if upload := self._of_user(self.ensure_one().id):
            upload._forget()

    def _answer(self, state, error=None):
        return {
            "state": state,
            "documentId": self.document_id.id,
            "alreadyThere": self.already_there,
            "error": error or self.error,
        }

    def _unknown_text(self):
        return self.env._(
            "The server does not know this upload any more. Add the file again."
        )

    def _incomplete_text(self, arrived):
        return self.env._(
            "Of %(name)s, %(arrived)s of %(size)s bytes have arrived. Add the file "
            "again: it goes on where it was.",
            name=self.name,
            arrived=arrived,
            size=int(self.size),
        )

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    @api.model
    def _of_user(self, upload_id):
        """Return an upload of the user, with all rights; empty when it is not theirs.

        :param int upload_id: as somebody claims
        """
        if not self.env.user._is_internal():
            return self.browse().sudo()
        upload = self.sudo().browse(upload_id).exists()
        return upload.filtered(lambda upload: upload.create_uid == self.env.user)

    def _as_uploader(self):
        """Return the upload with the rights of the person who drops the file.

        :raise AccessError: who has left cannot drop files any more
        """
        user = self.create_uid
        if not user.active:
            raise AccessError(
                self.env._("%(user)s has no account here any more.", user=user.name)
            )
        return self.with_user(user).with_context(
            lang=user.lang, allowed_company_ids=user.company_ids.ids
        )

    @api.model
    def _check_target(self, values):
        """Check that the user of the environment may put a file where it shall go.

        :param dict values: of an upload, whether there is one already or not
        :return: the record; an empty one for a general folder
        :raise UserError: the record is gone, or rights are missing
        """
        self._check_related(values)
        record = self._target_record(values)
        folder = self.env["progbox.folder"].browse(values["folder_id"] or ())
        replaced = self.env["progbox.document"].browse(values["replaces_id"] or ())
        name = values["name"]
        if record:
            record._progbox_check_access("write")
        elif not (folder or replaced):
            raise UserError(
                self.env._(
                    "%(name)s has no place yet: drop it on a record or on a folder.",
                    name=name,
                )
            )
        elif folder and not folder.writable:
            raise AccessError(
                self.env._(
                    "You may not add files to the folder for %(name)s. Choose another "
                    "one, or ask whoever looks after the folders.",
                    name=name,
                )
            )
        if replaced:
            replaced._progbox_version_values()
        elif record and folder:
            Place.to_write(self.env, record, folder.id)
        return record

    @api.model
    def _check_related(self, values):
        """Check that what the file shall be put into, or replace, is still there."""
        for name in ("folder_id", "type_id", "replaces_id"):
            related = self.env[self._fields[name].comodel_name].sudo()
            related = related.browse(values[name] or ())
            if related != related.exists():
                raise UserError(
                    self.env._(
                        "The folder, the type or the document that was chosen for "
                        "%(name)s is gone. Drop the file again.",
                        name=values["name"],
                    )
                )

    @api.model
    def _target_record(self, values):
        model, name = values["res_model"], values["name"]
        if not model:
            return self.env["progbox.folder"].browse()
        mixin = self.env.registry["progbox.mixin"]
        if not issubclass(self.env.registry.get(model, object), mixin):
            raise AccessError(
                self.env._("Records of this kind have no documents in ProGBox.")
            )
        record = self.env[model].browse(values["res_id"]).exists()
        if not record:
            raise UserError(
                self.env._(
                    "The record that %(name)s was dropped on is gone. Drop the file "
                    "where it belongs now.",
                    name=name,
                )
            )
        return record

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    @api.model
    def _parts_folder(self):
        """Return where the parts are: several servers must share this folder."""
        return self.env["ir.attachment"]._progbox_staging_folder() / "uploads"

    def _path(self):
        if not PART.fullmatch(self.part):
            raise ValueError(f"{self.part!r} is no name of a part")
        return self._parts_folder() / self.part

    def _takes_bytes(self):
        return self.state in UNFINISHED

    def _forget(self):
        """Remove uploads and what has arrived of them, unless they are being filed."""
        forgotten = self.sudo().try_lock_for_update()
        forgotten._remove_part()
        forgotten.unlink()

    def _remove_part(self):
        """Remove what has arrived, once the transaction has succeeded."""
        for upload in self:
            path = upload._path()
            self.env.cr.postcommit.add(partial(path.unlink, missing_ok=True))

    # ------------------------------------------------------------------
    # Filing
    # ------------------------------------------------------------------

    def _queue(self):
        self._job_write(
            {
                "state": "pending",
                "error": False,
                "attempts": 0,
                "next_try": fields.Datetime.now(),
            }
        )
        self._job_trigger()

    def _file_now(self):
        """File a small upload at once, and record what came of it."""
        try:
            with self.env.cr.savepoint():
                self._job_execute(kept(self._path()))
        except (LockError, psycopg2.errors.UniqueViolation) as error:
            # Somebody was faster: Odoo does all of it again.
            raise ConcurrencyError(str(error)) from error
        except (UserError, OSError) as error:
            self._job_fail(error, give_up=True)
        else:
            self._job_finish("done")

    def _job_prepare(self):
        path = self._path()
        arrived = size_of(path)
        if arrived != self.size:
            raise UserError(self._incomplete_text(arrived))
        return kept(path)

    def _job_execute(self, prepared):
        upload = self._as_uploader()
        values = self._target_values()
        record = upload._check_target(values)
        if self.path and not values["replaces_id"]:
            values["folder_id"] = upload._sub_folder(record, values, self.path).id
        documents = upload.env["progbox.document"]
        document, already_there = documents._progbox_drop(
            record,
            prepared,
            {
                "name": self.name,
                "mimetype": self.mimetype,
                "folder_id": values["folder_id"],
                "type_id": values["type_id"],
                "replaces": values["replaces_id"],
            },
        )
        self._job_write({"document_id": document.id, "already_there": already_there})
        self._remove_part()

    def _target_values(self):
        """Return the values of an upload, as :meth:`_check_target` takes them."""
        names = ("name", "res_model", "res_id", "folder_id", "type_id", "replaces_id")
        [values] = self._read_format(names, load=None)
        return values

    @api.model
    def _sub_folder(self, record, values, path):
        """Return the folder for a file of a folder that was dropped as a whole.

        Those on the way to it are made, once the user may write there: whether the
        place is the record's own is for the filing to say.

        :param str path: names of folders, divided by slashes
        :rtype: progbox.folder
        """
        folders = self.env["progbox.folder"].sudo()
        folder = folders.browse(values["folder_id"] or ())
        folder = folder or folders._progbox_of_record(record)
        for name in folder_names(path):
            place = {"parent_id": folder.id, "name": name}
            known = folders.search([(key, "=", value) for key, value in place.items()])
            folder = known or folders._progbox_server().create(
                {**place, "company_id": folder.company_id.id}
            )
        return folder

    def _job_fail(self, error, give_up=False):
        # Rights and lost records do not come back by waiting.
        return super()._job_fail(error, give_up or isinstance(error, UserError))

    def _job_on_error(self):
        # Whoever waits for the answer reads it there; this is for the others.
        if self.state == "failed" and self.attempts:
            self.create_uid._bus_send(
                "simple_notification",
                {
                    "type": "danger",
                    "title": self.name,
                    "message": self.error,
                    "sticky": True,
                },
            )

    def _job_language(self):
        return self.create_uid.lang

    def _job_check_manager(self):
        self.check_access("read")

    # ------------------------------------------------------------------
    # Cron
    # ------------------------------------------------------------------

    @api.model
    def _look_after(self):
        """Cron: file what browsers have left behind, and remove what nobody goes on."""
        for upload in self.search([("state", "=", "receiving")]):
            path = upload._path()
            if size_of(path) == upload.size and touched_before(path, BROWSER_GONE):
                upload._queue()
        self._remove_old()

    @api.model
    def _remove_old(self):
        day_ago = fields.Datetime.subtract(fields.Datetime.now(), days=KEPT_DAYS)
        old = self.search(
            Domain("state", "not in", OPEN_STATES) & Domain("write_date", "<", day_ago)
        )
        # The row is not written while bytes come in.
        old.filtered(lambda upload: touched_before(upload._path(), DAY))._forget()
        known = set(
            self.search([("state", "in", (*OPEN_STATES, *UNFINISHED))]).mapped("part")
        )
        remove_strangers(self._parts_folder(), known, DAY)
