import os
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2

from odoo import SUPERUSER_ID, api, models

from odoo.addons.base.models.ir_attachment import IrAttachment as BaseIrAttachment

from ..exceptions import FileMissing, FileUnreadable
from ..tools.staging import BLOCK_SIZE, remove_leftovers, stage, write_blocks

LEFTOVER_AGE = 24 * 3600


class IrAttachment(models.Model):
    """The one writer and the one reader of ProGBox's files."""

    _inherit = "ir.attachment"

    # For the catch-up, which asks for the legal documents of the last days.
    _progbox_legal_idx = models.Index(
        "(write_date) WHERE res_model = 'account.move'"
        " AND res_field = 'invoice_pdf_report_file'"
    )

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
    def _progbox_adopt(self, staged, vals):
        """Make an attachment of a staged file, without reading it into memory.

        :param StagedFile staged: taken over; gone from its place afterwards
        :param dict vals: name, mimetype and the field it is the content of
        :rtype: ir.attachment
        """
        # As the superuser: others get their XML turned into plain text.
        attachments = self.with_user(SUPERUSER_ID)
        if self._storage() != "file":
            with staged:
                return attachments.create({**vals, "raw": staged.path.read_bytes()})
        attachment = attachments.create(vals)
        store_fname = f"{staged.sha1[:2]}/{staged.sha1}"
        # As in _set_attachment_data: write() drops these three, they belong to
        # whoever stores the bytes.
        super(BaseIrAttachment, attachment).write(
            {
                "store_fname": store_fname,
                "checksum": staged.sha1,
                "file_size": staged.size,
            }
        )
        # The row must lock out the garbage collection before the file is there,
        # and the collection must find the file if this transaction fails.
        attachment.flush_recordset()
        self._mark_for_gc(store_fname)
        # The name is the digest: replacing the file can only mend it.
        staged.move_to(Path(self._full_path(store_fname)))
        return attachment

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
            raise OSError(
                self.env._(
                    "no installed module reads the storage %(storage)s.",
                    storage=self.store_fname.partition("://")[0],
                )
            )
        return self.open

    @api.autovacuum
    def _gc_progbox_staged(self):
        remove_leftovers(self._progbox_staging_folder(), LEFTOVER_AGE)


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
