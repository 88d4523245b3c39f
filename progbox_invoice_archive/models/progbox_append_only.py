from odoo import api, models
from odoo.exceptions import UserError

from ..tools.sentinels import SERVER


class ProgboxAppendOnly(models.AbstractModel):
    """Records that the server writes once: nobody changes, copies or removes them.

    The superuser is refused like everybody else: only code that holds the SERVER
    sentinel in its context may create them. A model says what else the server may do.
    """

    _name = "progbox.append.only"
    _inherit = "progbox.server.made"
    _description = "Append-only Record"
    # Fields that the server writes later, such as a revocation.
    _server_fields = frozenset()
    # Whether the server removes records, such as those whose retention is over.
    _server_may_unlink = False

    @api.model_create_multi
    def create(self, vals_list):
        self._check_server(True)
        return super().create(vals_list)

    def write(self, vals):
        self._check_server(self._server_fields.issuperset(vals))
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_server(self):
        self._check_server(self._server_may_unlink)

    def copy_data(self, default=None):
        raise UserError(self._refusal())

    def _check_server(self, server_may):
        """Check that the server itself is at work, at something that it may do.

        :param bool server_may: whether it may do this
        :raise UserError: see :meth:`_refusal`
        """
        is_server = self.env.context.get("progbox_server") is SERVER
        if not (is_server and server_may):
            raise UserError(self._refusal())

    def _refusal(self):
        """Return why, as a translated sentence."""
        raise NotImplementedError
