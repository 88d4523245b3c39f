from odoo import api, models

from .declared_pieces import piece


class IrActionsActions(models.Model):
    """A screen that somebody has deleted does not hold up what opens it."""

    _inherit = "ir.actions.actions"

    @api.model
    def _for_xml_id(self, full_xml_id):
        addons = self.env["progbox.watch"]._watched_addons()
        if full_xml_id.partition(".")[0] in addons:
            piece(self.env, full_xml_id)
        return super()._for_xml_id(full_xml_id)
