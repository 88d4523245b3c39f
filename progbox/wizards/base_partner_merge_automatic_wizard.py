from odoo import api, models

from ..models.gone_records import merge


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Contacts that are merged take their documents along."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_reference_fields(self, src_partners, dst_partner):
        result = super()._update_reference_fields(src_partners, dst_partner)
        merge(src_partners, dst_partner)
        return result
