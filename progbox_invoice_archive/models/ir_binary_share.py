from odoo import models
from odoo.http import request
from odoo.tools.misc import str2bool


class IrBinary(models.AbstractModel):
    """Writes down who opens a file through a share."""

    _inherit = "ir.binary"

    def _progbox_log_opening(self, record, field_name):
        # A record: nothing that comes over RPC can be one.
        share = self.env.context.get("progbox_share")
        if not isinstance(share, models.BaseModel):
            return super()._progbox_log_opening(record, field_name)
        if record._name == "progbox.document":
            download = str2bool(request.params.get("download") or "", False)
            share._log_file(record, "download" if download else "view")
        elif "Range" not in request.httprequest.headers:
            share._log_visit("download", record.name)
