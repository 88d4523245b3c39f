from odoo import api, models
from odoo.exceptions import UserError

from ..tools.sentinels import SERVER


class ProgboxAppendOnly(models.AbstractModel):
    """Records that the server writes once: nobody changes, copies or removes them.

    The superuser is refused like everybody else. Each model says why
    (:meth:`_refusal`), what the server may still write and whether it may purge.
    """

    _name = "progbox.append.only"
    _description = "Append-only Record"
    # What the server alone may still write.
    _server_fields = frozenset()
    # Whether the server alone may remove records.
    _server_purges = False

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_server():
            raise UserError(self._refusal())
        return super().create(vals_list)

    def write(self, vals):
        if not self._is_server() or not self._server_fields.issuperset(vals):
            raise UserError(self._refusal())
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_purge(self):
        if not self._is_server() or not self._server_purges:
            raise UserError(self._refusal())

    def copy_data(self, default=None):
        raise UserError(self._refusal())

    def _is_server(self):
        return self.env.context.get("progbox_server") is SERVER

    def _refusal(self):
        """Return why, as a translated sentence."""
        raise NotImplementedError
