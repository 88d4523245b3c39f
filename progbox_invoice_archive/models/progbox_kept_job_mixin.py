from odoo import models
from odoo.tools.misc import clean_context

from ..tools.sentinels import SERVER
from .progbox_job_mixin import JOB_FIELDS


class ProgboxKeptJobMixin(models.AbstractModel):
    """Jobs that stay as evidence: only the engine writes on them, and nobody else.

    A model adds to ``_server_fields`` what its work leaves on the job.
    """

    _name = "progbox.kept.job.mixin"
    _inherit = ["progbox.job.mixin", "progbox.append.only"]
    _description = "Background Job"
    _server_fields = JOB_FIELDS

    def _job_write(self, vals):
        server = self.with_context(progbox_server=SERVER)
        return super(ProgboxKeptJobMixin, server)._job_write(vals)

    def _as_server(self):
        """Return this model as the server makes records, whoever set it to work."""
        context = {**clean_context(self.env.context), "progbox_server": SERVER}
        return self.sudo().with_context(context)  # pylint: disable=context-overridden

    def _state_text(self):
        """Return the state of one job in words, empty without one."""
        states = dict(self._fields["state"]._description_selection(self.env))
        return states.get(self.state, "")
