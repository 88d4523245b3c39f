from odoo import models


class IrBinary(models.AbstractModel):
    """Leaves it to a share to write down who opens a file through it."""

    _inherit = "ir.binary"

    def _progbox_log_opening(self, record, field_name):
        # What the browser shows and what it saves, the route alone knows.
        if self.env["progbox.share"]._visited():
            return None
        return super()._progbox_log_opening(record, field_name)
