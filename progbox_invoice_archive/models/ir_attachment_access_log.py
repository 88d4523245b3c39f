from odoo import models
from odoo.http import request

from ..tools.sentinels import STREAMER
from .ir_attachment_guards import DOCUMENT
from .ir_binary_access_log import ONE_OPENING


class IrAttachment(models.Model):
    """Writes down who reads the bytes of the archive past its links.

    By RPC, by an export of Odoo, or by copying the attachment.
    """

    _inherit = "ir.attachment"

    def _compute_raw(self):
        result = super()._compute_raw()
        # An opening has a line of its own.
        opening = self.env.context.get("progbox_streamer") is STREAMER
        if request and not opening and not self.env.user._is_superuser():
            self.sudo()._progbox_log_reading()
        return result

    def _progbox_log_reading(self):
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
