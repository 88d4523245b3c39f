import os
from contextlib import suppress
from uuid import uuid4

from odoo import models

from odoo.addons.progbox_invoice_archive.tools.staging import PREFIX, StagedFile


class IrAttachment(models.Model):
    """Files that become another document without being copied."""

    _inherit = "ir.attachment"

    def _progbox_staged_again(self):
        """Return the file of one document, ready to become another document's.

        In the file store, a name is the digest of what it holds: a second link to the
        file is enough, and adopting it copies nothing. Elsewhere the bytes are copied.

        :rtype: StagedFile
        :raise FileMissing: the storage does not hold it
        """
        self.ensure_one()
        document = self.env["progbox.document"].sudo().browse(self.res_id)
        if path := self._progbox_path():
            folder = self._progbox_staging_folder()
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / f"{PREFIX}{uuid4().hex}"
            # Not every file system has links, and a missing file is reported below.
            with suppress(OSError):
                os.link(path, link)
                return StagedFile(link, self.checksum, document.sha256, document.size)
        return self._progbox_stage(self._progbox_blocks())
