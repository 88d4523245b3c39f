from odoo import api, models
from odoo.exceptions import UserError

from ..tools.sentinels import SERVER


class ProgboxAppendOnly(models.AbstractModel):
    """Records that the server writes once: nobody changes, copies or removes them.

    The superuser is refused like everybody else.
    """

    _name = "progbox.append.only"
    _description = "Append-only Record"
    # What the server alone may still write.
    _server_fields = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get("progbox_server") is not SERVER:
            raise UserError(self._refusal())
        return super().create(vals_list)

    def write(self, vals):
        is_server = self.env.context.get("progbox_server") is SERVER
        if not is_server or not self._server_fields.issuperset(vals):
            raise UserError(self._refusal())
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_server(self):
        raise UserError(self._refusal())

    def copy_data(self, default=None):
        raise UserError(self._refusal())

    def _refusal(self):
        """Return why, as a translated sentence."""
        raise NotImplementedError
