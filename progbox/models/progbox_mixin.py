from odoo import api, models


class ProgboxMixin(models.AbstractModel):
    """Records with a ProGBox tab: documents of their own and of their relatives."""

    _name = "progbox.mixin"
    _description = "Record With Documents"

    @api.model
    def _progbox_folder_title(self):
        """Return what stands above the folders of these records: "Quotations"."""
        return self.env["ir.model"]._get(self._name).name
