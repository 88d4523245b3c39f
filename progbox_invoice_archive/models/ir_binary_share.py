from odoo import models
from odoo.http import request
from odoo.tools.misc import str2bool


class IrBinary(models.AbstractModel):
    """Writes down who opens a file through a share."""

    _inherit = "ir.binary"

    def _progbox_log_opening(self, record, field_name):
        share = self.env["progbox.share"]._visited()
        if not share:
            return super()._progbox_log_opening(record, field_name)
        if record._name == "progbox.document":
            download = str2bool(request.params.get("download") or "", False)
            share._log_file(record, "download" if download else "view")
        elif "Range" not in request.httprequest.headers:
            share._log_visit("download", record.name)
