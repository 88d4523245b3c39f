from odoo import api, models
from odoo.tools.misc import clean_context


class ProgboxServerMade(models.AbstractModel):
    """Records that the server makes for itself, whoever set it to work.

    What is not given has the default of its field: neither one from the context of
    the call that caused it, nor one of the database (see ``ir.default`` here).
    """

    _name = "progbox.server.made"
    _description = "Record Made by the Server"

    @api.model
    def default_get(self, fields):
        own = self.with_context(clean_context(self.env.context))
        return super(ProgboxServerMade, own).default_get(fields)
