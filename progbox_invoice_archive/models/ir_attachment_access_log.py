import psycopg2.errors

from odoo import models
from odoo.http import request

from .ir_attachment_guards import DOCUMENT
from .ir_binary_access_log import ONE_OPENING


class IrAttachment(models.Model):
    """Writes down who reads the bytes of the archive past its links.

    By RPC, by an export of Odoo, or by copying the attachment.
    """

    _inherit = "ir.attachment"

    def _compute_raw(self):
        result = super()._compute_raw()
        if request and not self.env.user._is_superuser():
            self.sudo()._progbox_log_reading()
        return result

    def _progbox_log_reading(self):
        ids = [
            attachment.res_id
            for attachment in self
            if attachment.res_model == DOCUMENT and attachment.res_field == "content"
        ]
        log = self.env["progbox.access.log"]
        for document in self._progbox_documents_in_archive(ids) if ids else ():
            if log._has_recent(
                ("view", "download"), ONE_OPENING, document_ref=document.id
            ):
                continue
            if self.env.cr.readonly:
                # Odoo then takes the request once more, with a cursor that writes.
                raise psycopg2.errors.ReadOnlySqlTransaction("access log")
            log._log("download", documents=document)
