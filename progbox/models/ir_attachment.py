import os
from contextlib import suppress
from functools import partial
from uuid import uuid4

from odoo import models

from odoo.addons.progbox_invoice_archive.tools.staging import (
    PREFIX,
    StagedFile,
    staged,
)


class IrAttachment(models.Model):
    """Files that become another document without being copied."""

    _inherit = "ir.attachment"

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
                return self._progbox_staged_link(link)
        return self._progbox_stage(self._progbox_blocks())

    def _progbox_staged_link(self, link):
        """Return a second link to the file of one attachment as a staged file."""
        if self.res_model != "progbox.document" or self.res_field != "content":
            return staged(link)
        # A document knows the digest of its file: it need not be read.
        document = self.env["progbox.document"].sudo().browse(self.res_id)
        return StagedFile(link, self.checksum, document.sha256, document.size)

    def _progbox_given_to(self, record):
        """Return copies of these attachments of documents that belong to a record.

        They are for an e-mail: what happens to them does not touch the documents. In
        the file store, no bytes are copied.

        :param record: that they are attached to
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
            )
        return copies.with_env(self.env)
