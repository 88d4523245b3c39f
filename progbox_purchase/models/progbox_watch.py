from odoo import api, models


class ProgboxWatch(models.AbstractModel):
    _inherit = "progbox.watch"

    @api.model
    def _watched_addons(self):
        return [*super()._watched_addons(), "progbox_purchase"]
