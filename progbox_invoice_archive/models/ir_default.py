from odoo import api, models

# How the models of the archive, and of the add-ons upon it, are called.
OWN_MODELS = "progbox."


class IrDefault(models.Model):
    """Defaults of the database do not reach into the archive.

    With one, whoever may set defaults could make a verification skip its parts, or
    have jobs begin as done. What people fill in has its defaults in the code.
    """

    _inherit = "ir.default"

    @api.model
    def _get_model_defaults(self, model_name, condition=False):
        if model_name.startswith(OWN_MODELS):
            return {}
        return super()._get_model_defaults(model_name, condition)
