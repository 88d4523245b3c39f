from odoo import models

EVIDENCE = (
    "progbox.access.log",
    "progbox.closing",
    "progbox.document",
    "progbox.folder",
    "progbox.seal",
    "progbox.source.deletion",
)


class IrModel(models.Model):
    """An administrator's RPC call drops no table of the archive."""

    _inherit = "ir.model"

    def unlink(self):
        # First of all: Odoo drops columns before it asks what may be deleted. It does
        # so itself only while a registry loads, after our uninstall hook.
        if self.pool.ready and any(model.model in EVIDENCE for model in self):
            self.env["ir.module.module"]._progbox_check_uninstall()
        return super().unlink()
