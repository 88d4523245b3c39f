from odoo import models

from .ir_model import EVIDENCE


class IrModelFields(models.Model):
    """An administrator's RPC call drops no column of the archive."""

    _inherit = "ir.model.fields"

    def unlink(self):
        if self.pool.ready and any(
            field.model in EVIDENCE and field.state != "manual" for field in self
        ):
            self.env["ir.module.module"]._progbox_check_uninstall()
        return super().unlink()
