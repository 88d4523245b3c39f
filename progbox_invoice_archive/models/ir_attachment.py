import hashlib
import os
from base64 import b64decode
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg2

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.base.models.ir_attachment import IrAttachment as BaseIrAttachment

from ..exceptions import FileMissing, FileUnreadable
from ..tools.sentinels import SERVER, STREAMER
from ..tools.staging import (
    BLOCK_SIZE,
    PREFIX,
    CopyStream,
    StagedFile,
    read_blocks,
    remove_leftovers,
    stage,
    staged,
    write_blocks,
)
from ..tools.web_request import current_request
from .ir_binary import ONE_OPENING

LEFTOVER_AGE = 24 * 3600
MEGABYTE = 1 << 20
# PostgreSQL has no value above 1 GB, and writes bytes out as text of twice their
# length, both for pg_dump and for Odoo: of a row with more than half of it no backup
# of the database can be made. Some room is left for the row's other columns.
DATABASE_LIMIT = 500 * MEGABYTE
# Odoo has a column of 32 bits for the size.
FILE_LIMIT = 2**31 - 1
DOCUMENT = "progbox.document"
BYTES = {"raw", "datas", "db_datas"}
# What the bytes are, whose they are, and who gets them.
GUARDED = BYTES | {
    "access_token",
    "checksum",
    "company_id",
    "file_size",
    "mimetype",
    "name",
    "public",
    "res_field",
    "res_id",
    "res_model",
    "store_fname",
    "type",
    "url",
}


class IrAttachment(models.Model):
    """The one writer and the one reader of ProGBox's files, and their guards.

    The file of an archived document is neither changed nor given a neighbour: a
    second attachment of the same field would be served instead of the first. Other
    attachments pay for a look at `res_model`, which Odoo reads anyway.
    """

    _inherit = "ir.attachment"

    # For the catch-up, which asks for the legal documents of the last days.
    _progbox_legal_idx = models.Index(
        "(write_date) WHERE res_model = 'account.move'"
        " AND res_field = 'invoice_pdf_report_file'"
    )
    # Sees what another transaction has not committed yet, as no trigger does.
    _progbox_content_unique = models.UniqueIndex(
        "(res_id) WHERE res_model = 'progbox.document' AND res_field = 'content'",
        "A document has one file.",
    )

    def _compute_raw(self):
        result = super()._compute_raw()
        # An opening has a line of its own.
        opening = self.env.context.get("progbox_streamer") is STREAMER
        if not opening and not self.env.user._is_superuser() and current_request():
            self.sudo()._progbox_log_reading()
        return result

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        context = self.env.context
        targets = (
            vals.get("res_id", context.get("default_res_id"))
            for vals in vals_list
            if vals.get("res_model", context.get("default_res_model")) == DOCUMENT
        )
        self._progbox_check_targets(list(targets))
        return super().create(vals_list)

    def write(self, vals):
        if not GUARDED.isdisjoint(vals) and (
            vals.get("res_model") == DOCUMENT
            or any(attachment.res_model == DOCUMENT for attachment in self.sudo())
        ):
            ours = self._progbox_archived()
            ours._progbox_check_write(vals)
            if {"res_model", "res_id", "res_field"} & vals.keys():
                (self - ours)._progbox_check_move(vals)
        return super().write(vals)

    def _can_return_content(self, field_name=None, access_token=None):
        # Neither a token nor "public" opens a file of the archive: only rights do.
        if self._progbox_archived():
            # Of the document: Odoo lets everybody read an attachment that is public.
            self.env[DOCUMENT].browse(self.res_id).check_access("read")
            return True
        return super()._can_return_content(field_name, access_token)

    def _get_raw_access_token(self):
        # Of the others, whoever may read them may pass the key on.
        return False if self._progbox_archived() else super()._get_raw_access_token()

    def generate_access_token(self):
        if self._progbox_archived():
            raise UserError(
                self.env._(
                    "There is no key to a file of the archive. Share its folder."
                )
            )
        return super().generate_access_token()

    @api.ondelete(at_uninstall=True)
    def _unlink_except_archived(self):
        if self._progbox_archived():
            self._progbox_check_archiver(
                self.env._("Files of the archive are not deleted.")
            )

    def _migrate(self):
        # Moving a file may not change it: others get XML as plain text, and large
        # pictures smaller.
        ours = self.sudo().filtered(lambda a: a.res_model == DOCUMENT)
        exact = ours.with_user(SUPERUSER_ID).with_context(image_no_postprocess=True)
        super(IrAttachment, exact)._migrate()
        return super(IrAttachment, self - ours)._migrate()

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model
    def _progbox_stage(self, blocks):
        """Write a file to the disk of the file store, ready to be adopted.

        :param blocks: iterable of bytes
        :rtype: StagedFile
        """
        return stage(blocks, self._progbox_staging_folder())

    @api.model
    def _progbox_staging_folder(self):
        return Path(self._filestore()) / "progbox"

    @api.model
    def _progbox_adopt(self, staged, vals, creator=None):
        """Make an attachment of a staged file, without reading it into memory.

        It goes where Odoo keeps its files: into the file store, the database, or the
        storage of another module.

        :param StagedFile staged: taken over; gone from its place afterwards
        :param dict vals: name, mimetype and the field it is the content of
        :param res.users creator: whose it is, the server's if not said
        :rtype: ir.attachment
        :raise UserError: when it is too large for Odoo, or for where Odoo keeps files;
            nothing has been written then
        """
        if staged.size > FILE_LIMIT:
            with staged:
                raise UserError(self._progbox_too_large_text(vals["name"], staged.size))
        # What is not the server's is held to Odoo's rule: XML becomes plain text.
        attachments = self.with_user(creator or SUPERUSER_ID).sudo()
        # A storage may be chosen by the field, and no picture is made smaller.
        attachments = attachments.with_context(
            attachment_res_model=vals.get("res_model"),
            attachment_res_field=vals.get("res_field"),
            image_no_postprocess=True,
        )
        storage = attachments._storage()
        if storage == "file":
            adopted = attachments._progbox_into_file_store(staged, vals)
        elif storage == "db":
            adopted = attachments._progbox_into_database(staged, vals)
        else:
            adopted = attachments._progbox_into_storage(staged, vals)
        # As it was before: the keys above are for the storage alone.
        return adopted.with_context(self.env.context)  # pylint: disable=context-overridden

    def _progbox_into_file_store(self, staged, vals):
        attachment = self.create(vals)
        store_fname = f"{staged.sha1[:2]}/{staged.sha1}"
        attachment._progbox_write_stored(staged, store_fname=store_fname)
        # The row must lock out the garbage collection before the file is there,
        # and the collection must find the file if this transaction fails.
        attachment.flush_recordset()
        self._mark_for_gc(store_fname)
        # The name is the digest: replacing the file can only mend it.
        staged.move_to(Path(self._full_path(store_fname)))
        return attachment

    def _progbox_into_database(self, staged, vals):
        """Hand the file on to PostgreSQL block by block."""
        with staged:
            if staged.size > DATABASE_LIMIT:
                raise UserError(
                    self._progbox_too_large_for_database(vals["name"], staged.size)
                )
            attachment = self.create(vals)
            attachment.flush_recordset()
            attachment._progbox_copy_into_row(staged)
        attachment._progbox_write_stored(staged)
        # Not later: once its document is sealed, the database refuses every change.
        attachment.flush_recordset()
        attachment.invalidate_recordset(["raw", "datas", "db_datas"])
        return attachment

    def _progbox_copy_into_row(self, staged):
        """Write the bytes of a file into the row of one attachment."""
        cr = self.env.cr
        # A parameter of UPDATE would stand in memory, three times over, and appending
        # block after block would write the file again for each of them. COPY takes a
        # stream, but makes new rows only: hence a table of one row, from which
        # PostgreSQL itself takes the bytes.
        cr.execute(
            "CREATE TEMPORARY TABLE progbox_incoming (bytes bytea) ON COMMIT DROP"
        )
        # Compressing what is about to be moved would cost time for nothing.
        cr.execute(
            "ALTER TABLE pg_temp.progbox_incoming"
            " ALTER COLUMN bytes SET STORAGE EXTERNAL"
        )
        with staged.path.open("rb") as file:
            cr.copy_expert(
                "COPY pg_temp.progbox_incoming FROM STDIN (FORMAT binary)",
                CopyStream(file, staged.size),
                BLOCK_SIZE,
            )
        cr.execute(
            "UPDATE ir_attachment SET db_datas = incoming.bytes"
            " FROM pg_temp.progbox_incoming incoming WHERE ir_attachment.id = %s",
            [self.id],
        )
        cr.execute("DROP TABLE pg_temp.progbox_incoming")

    def _progbox_put_back(self, staged):
        """Put the bytes of one attachment back to where they were.

        :param StagedFile staged: the very bytes that were there; taken over
        :raise FileUnreadable: when the storage does not take them, or when its place
            is not that of these bytes
        """
        if path := self._progbox_path():
            if path.name != staged.sha1 or self._progbox_is_place_of_others():
                with staged:
                    raise FileUnreadable(self._progbox_wrong_place_text())
            staged.move_to(path)
            return
        with staged:
            if not self.store_fname:
                self.flush_recordset(["db_datas"])
                self._progbox_copy_into_row(staged)
            else:
                self._progbox_put_back_object(staged)
        self.invalidate_recordset(["raw", "datas", "db_datas"])

    def _progbox_is_place_of_others(self):
        """Return whether an attachment with other bytes has the same place."""
        others = Domain("store_fname", "=", self.store_fname)
        others &= Domain("checksum", "!=", Path(self.store_fname).name)
        others &= Domain("id", "!=", self.id)
        every = self.sudo().with_context(skip_res_field_check=True)
        return bool(every.search_count(others, limit=1))

    def _progbox_wrong_place_text(self):
        return self.env._(
            "The database names a place for the file of %(name)s that is not its own: "
            "nothing was written there. Restore the database from a backup.",
            name=self.name,
        )

    def _progbox_put_back_object(self, staged):
        """Write the file of one attachment again, under the name that it has."""
        # The module writes on the row when it has written the file.
        server = self.with_context(progbox_server=SERVER)
        try:
            if not hasattr(self, "open"):
                raise OSError(self._progbox_no_module_text())
            with server.open("wb", new_version=False) as file:
                for block in read_blocks(staged.path):
                    file.write(block)
        except psycopg2.Error:
            raise
        except Exception as error:  # noqa: BLE001  each storage has errors of its own
            raise FileUnreadable(
                self.env._(
                    "The file of %(name)s cannot be written: %(reason)s",
                    name=self.name,
                    reason=error,
                )
            ) from error

    def _progbox_no_module_text(self):
        return self.env._(
            "no installed module reads the storage %(storage)s.",
            storage=self.store_fname.partition("://")[0],
        )

    def _progbox_too_large_text(self, name, size):
        return self.env._(
            "%(name)s has %(size)s MB, and Odoo takes files of less than 2,048 MB: "
            "divide it into several files.",
            name=name,
            size=-(-size // MEGABYTE),
        )

    def _progbox_too_large_for_database(self, name, size):
        return self.env._(
            "%(name)s has %(size)s MB. This Odoo keeps its files in the database, where"
            " one file has %(limit)s MB at most: a larger one could be neither read nor"
            " backed up. Set the system parameter %(parameter)s to “file”, then try"
            " again.",
            name=name,
            size=-(-size // MEGABYTE),
            limit=DATABASE_LIMIT // MEGABYTE,
            parameter="ir_attachment.location",
        )

    def _progbox_into_storage(self, staged, vals):
        """Write the file with the method ``open`` of the storage's module.

        That is what ``fs_attachment`` of the OCA gives attachments. What fits into one
        block goes as Odoo itself would store it, so that the storage's rules for small
        files hold; and so does everything when the module knows of no streams. To be
        extended for a storage of one's own.
        """
        with staged:
            if staged.size <= BLOCK_SIZE or not hasattr(self, "open"):
                return self.create({**vals, "raw": staged.path.read_bytes()})
            attachment = self.create(vals)
            with attachment.open("wb") as file:
                for block in read_blocks(staged.path):
                    file.write(block)
        # The module writes a checksum of its own, or none.
        attachment._progbox_write_stored(staged)
        attachment.flush_recordset()
        return attachment

    def _progbox_write_stored(self, staged, **values):
        """Write what only whoever stores the bytes may: `write` drops these fields."""
        return super(BaseIrAttachment, self).write(
            {"checksum": staged.sha1, "file_size": staged.size, **values}
        )

    # ------------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------------

    def _progbox_blocks(self, size=BLOCK_SIZE):
        """Yield the bytes of one attachment, block by block.

        :raise FileMissing: when its storage does not hold the file, or holds it empty
            although it was not
        :raise FileUnreadable: for whatever else the storage answers
        """
        self.ensure_one()
        read = self._progbox_file_blocks
        if not self.store_fname:
            self.flush_recordset(["db_datas"])
            read = self._progbox_database_blocks
        empty = True
        for block in read(size):
            empty = False
            yield block
        if empty and self.file_size:
            raise FileMissing(self._progbox_missing_text())

    def _progbox_file_blocks(self, size):
        with self._progbox_open() as file:
            while block := file.read(size):
                yield block

    def _progbox_database_blocks(self, size):
        """The ORM would hold the whole value; the database cuts it for us."""
        query = """SELECT substring(db_datas FROM %s FOR %s) FROM ir_attachment
            WHERE id = %s"""
        offset = 1
        while True:
            self.env.cr.execute(query, (offset, size, self.id))
            [block] = self.env.cr.fetchone() or [None]
            if not block:
                return
            yield bytes(block)
            offset += size

    def _progbox_missing_text(self):
        return self.env._(
            "The file of %(name)s is missing in the file store. Restore it from a "
            "backup.",
            name=self.name,
        )

    def _progbox_size(self):
        """Return how many bytes the storage holds for one file outside the database.

        :raise FileMissing: when it does not hold the file
        :raise FileUnreadable: for whatever else the storage answers
        """
        with self._progbox_open() as file:
            return file.seek(0, os.SEEK_END)

    def _progbox_path(self):
        """Return where the file of one attachment is, None outside of the file store.

        :rtype: Path
        """
        name = self.store_fname
        return Path(self._full_path(name)) if name and not is_object(name) else None

    def _progbox_local_path(self, copy):
        """Return where other programs find the bytes of one attachment.

        :param Path copy: to be written when they are not in the file store; it is not
            there when their storage does not hold them
        """
        if path := self._progbox_path():
            return path
        if not copy.exists():
            with suppress(FileMissing, FileUnreadable):
                write_blocks(self._progbox_blocks(), copy)
        return copy

    @contextmanager
    def _progbox_open(self):
        """Open the file of one attachment that is not in the database, for reading.

        :raise FileMissing: when the storage does not hold it
        :raise FileUnreadable: for whatever else the storage answers
        """
        try:
            with self._progbox_opener()("rb") as file:
                yield file
        except FileNotFoundError as error:
            raise FileMissing(self._progbox_missing_text()) from error
        except psycopg2.Error:
            raise
        except Exception as error:  # noqa: BLE001  each storage has errors of its own
            raise FileUnreadable(
                self.env._(
                    "The file of %(name)s cannot be read: %(reason)s",
                    name=self.name,
                    reason=error,
                )
            ) from error

    def _progbox_opener(self):
        """Return the function that opens the file of one attachment.

        To be extended for a storage of one's own. What is there reads Odoo's file
        store, and any storage whose module gives attachments a method ``open``, as
        ``fs_attachment`` of the OCA does.
        """
        if path := self._progbox_path():
            return path.open
        if not hasattr(self, "open"):
            raise OSError(self._progbox_no_module_text())
        return self.open

    @api.autovacuum
    def _gc_progbox_staged(self):
        remove_leftovers(self._progbox_staging_folder(), LEFTOVER_AGE)

    # ------------------------------------------------------------------
    # Copies without copying
    # ------------------------------------------------------------------

    def _progbox_staged_again(self):
        """Return the file of one attachment, ready to become another one's.

        In the file store, a name is the digest of what it holds: a second link to the
        file is enough, and adopting it copies nothing. Elsewhere the bytes are copied.

        :rtype: StagedFile
        :raise FileMissing: the storage does not hold it
        """
        self.ensure_one()
        if path := self._progbox_path():
            folder = self._progbox_staging_folder()
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / f"{PREFIX}{uuid4().hex}"
            # Adopting a second name of a file that is there leaves that name.
            self.env.cr.postcommit.add(partial(link.unlink, missing_ok=True))
            # Not every file system has links, and a missing file is reported below.
            with suppress(OSError):
                os.link(path, link)
                return self._progbox_staged_link(link, path.name)
        return self._progbox_stage(self._progbox_blocks())

    def _progbox_staged_link(self, link, digest):
        """Return a second link to the file of one attachment as a staged file.

        :param str digest: SHA-1 by which the file store names it
        """
        is_content = self.res_model == DOCUMENT and self.res_field == "content"
        # Adopted by a digest that is not its own, it would replace another file.
        if not is_content or self.checksum != digest:
            return staged(link)
        # A document knows the digest of its file: it need not be read.
        document = self.env[DOCUMENT].sudo().browse(self.res_id)
        return StagedFile(link, digest, document.sha256, document.size)

    def _progbox_given_to(self, record):
        """Return copies of these attachments of documents that belong to a record.

        They are for an e-mail: what happens to them does not touch the documents. In
        the file store, no bytes are copied.

        :param record: that they are attached to, or a model: Odoo removes what still
            belongs to an e-mail that nobody has sent after a day
        :rtype: ir.attachment
        """
        copies = self.browse()
        for attachment in self:
            copies += self.sudo()._progbox_adopt(
                attachment._progbox_staged_again(),
                {
                    "name": attachment.name,
                    "mimetype": attachment.mimetype,
                    "res_model": record._name,
                    "res_id": record.id,
                },
                # An e-mail takes along what its author has made.
                self.env.user,
            )
        return copies.with_env(self.env)

    # ------------------------------------------------------------------
    # Guards
    # ------------------------------------------------------------------

    def _progbox_archived(self):
        """Return those among these attachments that hold an archived document."""
        ours = self.sudo().filtered(
            lambda a: a.res_model == DOCUMENT and a.res_field == "content"
        )
        if not ours:
            return self.browse()
        documents = self._progbox_documents_in_archive(ours.mapped("res_id"))
        ids = set(documents.ids)
        return ours.filtered(lambda a: a.res_id in ids).sudo(self.env.su)

    @api.model
    def _progbox_documents_in_archive(self, ids):
        documents = self.env[DOCUMENT].sudo().browse(ids)
        return documents.exists()._progbox_in_archive()

    def _progbox_check_write(self, vals):
        """Let pass what changes nothing: the same bytes at another place."""
        for attachment in self.sudo():
            document = self.env[DOCUMENT].sudo().browse(attachment.res_id)
            for name in GUARDED & vals.keys():
                if name in BYTES:
                    same = self._progbox_sha256(name, vals[name]) == document.sha256
                else:
                    value = attachment._fields[name].convert_to_write(
                        attachment[name], attachment
                    )
                    same = (vals[name] or False) == (value or False)
                if not same:
                    self._progbox_check_archiver(
                        self.env._(
                            "%(file)s is in the archive: it is neither changed nor "
                            "moved.",
                            file=attachment.name,
                        )
                    )

    @api.model
    def _progbox_sha256(self, name, value):
        value = value or b""
        if name == "datas":
            value = b64decode(value)
        if isinstance(value, str):
            value = value.encode()
        return hashlib.sha256(value).hexdigest()

    def _progbox_check_move(self, vals):
        """Refuse to make attachments of something else the archive's."""
        self._progbox_check_targets(
            [
                vals.get("res_id", attachment.res_id)
                for attachment in self.sudo()
                if vals.get("res_model", attachment.res_model) == DOCUMENT
            ]
        )

    @api.model
    def _progbox_check_targets(self, ids):
        ids = [id_ for id_ in ids if id_]
        if ids and self._progbox_documents_in_archive(ids):
            self._progbox_check_archiver(
                self.env._("Nothing is attached to a document of the archive.")
            )

    @api.model
    def _progbox_check_archiver(self, refusal):
        if self.env.context.get("progbox_server") is not SERVER:
            self.env["progbox.folder"]._check_archiver(refusal)

    # ------------------------------------------------------------------
    # Access log
    # ------------------------------------------------------------------

    def _progbox_log_reading(self):
        """Write down who reads bytes of the archive past its links.

        By RPC, by an export of Odoo, or by copying the attachment.
        """
        ids = [
            attachment.res_id
            for attachment in self
            if attachment.res_model == DOCUMENT and attachment.res_field == "content"
        ]
        log = self.env["progbox.access.log"]
        documents = self.env[DOCUMENT].browse(ids).exists()._progbox_logged()
        for document in documents:
            if not log._has_recent(
                ("download",), ONE_OPENING, document_ref=document.id
            ):
                log._log_taken(document)


def is_object(store_fname):
    """Whether a file is kept by another storage than Odoo's: ``code://name``."""
    return "://" in store_fname


def read_with_own_cursor(registry, attachment_id):
    """Yield the bytes of an attachment, for readers that outlive their request.

    The cursor is held for this file alone: a slow client must not hold a transaction
    open for a whole download.
    """
    with registry.cursor(readonly=True) as cr:
        attachments = api.Environment(cr, SUPERUSER_ID, {})["ir.attachment"]
        yield from attachments.browse(attachment_id)._progbox_blocks()
