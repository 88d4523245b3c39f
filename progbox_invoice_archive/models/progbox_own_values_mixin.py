from odoo import api, models
from odoo.tools.misc import clean_context


class ProgboxOwnValuesMixin(models.AbstractModel):
    """Records that the server makes for itself, of values that it chose itself.

    Whoever calls the server says in the context what else a new record shall have;
    here, nobody is asked: what is not among the values has the default of the code.
    """

    _name = "progbox.own.values.mixin"
    _description = "Values of the Server's Own"

    @api.model
    def default_get(self, fields):
        # pylint: disable-next=context-overridden
        own = self.with_context(clean_context(self.env.context))
        return super(ProgboxOwnValuesMixin, own).default_get(fields)
