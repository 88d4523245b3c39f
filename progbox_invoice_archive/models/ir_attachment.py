from pathlib import Path

from odoo import SUPERUSER_ID, api, models

from odoo.addons.base.models.ir_attachment import IrAttachment as BaseIrAttachment

from ..exceptions import FileMissing
from ..tools.staging import BLOCK_SIZE, read_blocks, remove_leftovers, stage

LEFTOVER_AGE = 24 * 3600


class IrAttachment(models.Model):
    """The one writer and the one reader of ProGBox's files."""

    _inherit = "ir.attachment"

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

    def _progbox_blocks(self, size=BLOCK_SIZE):
        """Yield the bytes of one attachment, block by block.

        :raise FileMissing: when the file store does not hold the file
        """
        self.ensure_one()
        if self.store_fname:
            path = Path(self._full_path(self.store_fname))
            if not path.is_file():
                raise FileMissing(
                    self.env._(
                        "The file of %(name)s is missing in the file store. Restore "
                        "it from a backup.",
                        name=self.name,
                    )
                )
            yield from read_blocks(path, size)
        else:
            yield from self._progbox_database_blocks(size)

    def _progbox_database_blocks(self, size):
        self.flush_recordset(["db_datas"])
        yield from read_database_blocks(self.env.cr, self.id, size)

    @api.autovacuum
    def _gc_progbox_staged(self):
        remove_leftovers(self._progbox_staging_folder(), LEFTOVER_AGE)


def read_database_blocks(cr, attachment_id, size):
    """Yield the bytes of an attachment that the database holds, block by block.

    The ORM would hold the whole value; the database cuts it for us.
    """
    query = "SELECT substring(db_datas FROM %s FOR %s) FROM ir_attachment WHERE id = %s"
    offset = 1
    while True:
        cr.execute(query, (offset, size, attachment_id))
        [block] = cr.fetchone() or [None]
        if not block:
            return
        yield bytes(block)
        offset += size
