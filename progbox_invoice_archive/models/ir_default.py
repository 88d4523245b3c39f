from odoo import api, models

OURS = "progbox."
OUR_FIELDS = "progbox_"
# A default there would make every file public, or put another in its place.
FILES = ("ir.attachment",)


class IrDefault(models.Model):
    """Keeps what people set as defaults out of the archive's own records.

    The server makes jobs, verifications, findings, closings and the like. A default
    that an administrator has set for one of their fields would do the server's work
    otherwise than it says: a verification born at its end, a job born done. The
    defaults that count are those of the fields themselves.
    """

    _inherit = "ir.default"

    @api.model
    def _get_model_defaults(self, model_name, condition=False):
        defaults = super()._get_model_defaults(model_name, condition)
        if model_name.startswith(OURS) or model_name in FILES:
            return {}
        # What the archive has added to invoices, companies and other records.
        return {
            name: value
            for name, value in defaults.items()
            if not name.startswith(OUR_FIELDS)
        }
