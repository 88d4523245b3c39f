from contextlib import nullcontext
from datetime import timedelta

from odoo import models
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.tools.misc import str2bool

from ..tools.sentinels import STREAMER

# A viewer fetches a long file piece by piece; all of it is one opening.
ONE_OPENING = timedelta(hours=1)
# Somebody who hammers at a closed door does not fill the disk.
ONE_REFUSAL = timedelta(minutes=1)


class IrBinary(models.AbstractModel):
    """Writes down who opens or downloads a document of the archive."""

    _inherit = "ir.binary"

    def _find_record(
        self, xmlid=None, res_model="ir.attachment", res_id=None, *args, **kwargs
    ):
        try:
            return super()._find_record(xmlid, res_model, res_id, *args, **kwargs)
        except AccessError:
            if request and not xmlid:
                record = self.env[res_model].sudo().browse(res_id)
                self._progbox_log_refusal(record.exists())
            raise

    def _record_to_stream(self, record, field_name):
        opening = {"progbox_streamer": STREAMER}
        stream = super(IrBinary, self.with_context(**opening))._record_to_stream(
            record.with_context(**opening), field_name
        )
        if request and request.httprequest.method != "HEAD":
            self._progbox_log_opening(record, field_name)
        return stream

    def _progbox_log_opening(self, record, field_name):
        document = self._progbox_archived_document(record, field_name)
        if not document:
            return
        with self._progbox_writing_cursor() as cr:
            log = self.with_env(self.env(cr=cr)).env["progbox.access.log"]
            download = str2bool(request.params.get("download") or "", False)
            kind = "download" if download else "view"
            if not log._is_continued(kind, document):
                log._log(kind, documents=document.with_env(log.env))

    def _progbox_log_refusal(self, record):
        document = self._progbox_archived_document(record, "content")
        if not document:
            return
        # The transaction of the request is about to be rolled back.
        with self._progbox_writing_cursor(own=True) as cr:
            log = self.with_env(self.env(cr=cr)).env["progbox.access.log"]
            if not log._has_recent(("refused",), ONE_REFUSAL, document_ref=document.id):
                log._log("refused", documents=document.with_env(log.env))

    def _progbox_archived_document(self, record, field_name):
        """Return the document to watch whose file this is, or an empty one."""
        documents = self.env["progbox.document"].sudo()
        record = record.sudo()
        if record._name == "ir.attachment" and record.res_field == "content":
            if record.res_model != documents._name:
                return documents
            record, field_name = documents.browse(record.res_id), "content"
        if record._name != documents._name or field_name != "content":
            return documents
        return documents.browse(record.ids)._progbox_logged()

    def _progbox_writing_cursor(self, own=False):
        """Return a cursor that can write, as a context manager.

        The routes of files are read-only. With a replica of the database, writing
        there would make Odoo run the whole request a second time.

        :param bool own: to write what stays when the request fails
        """
        if self.env.cr.readonly:
            # As the routes of the assets do: nothing is lost, and the lock that the
            # tests hold on the reading cursor is released.
            self.env.cr.rollback()
        elif not own:
            return nullcontext(self.env.cr)
        return self.env.registry.cursor()
