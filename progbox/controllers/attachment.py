"""Attachments of a record's messages, for whoever may read the record."""

from werkzeug.exceptions import NotFound

from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, request, route

from odoo.addons.progbox_invoice_archive.controllers.zip_files import HEADERS

from ..models import record_attachments


class Attachment(Controller):
    @route(
        "/progbox/attachment/<string:model>/<int:record_id>/<int:attachment_id>",
        type="http",
        auth="user",
        readonly=True,
    )
    def attachment(self, model, record_id, attachment_id, download=False):
        """Send a file: Odoo itself would refuse those that have lost their record."""
        if model not in request.env["progbox.mixin"]._progbox_models():
            raise NotFound()
        record = request.env[model].browse(record_id).exists()
        try:
            record.ensure_one()._progbox_check_access("read")
            attachment = record_attachments.found(record, attachment_id)
        except (AccessError, UserError, ValueError) as error:
            raise NotFound() from error
        stream = request.env["ir.binary"]._get_stream_from(attachment)
        response = stream.get_response(as_attachment=bool(download))
        response.headers.update(HEADERS)
        return response
