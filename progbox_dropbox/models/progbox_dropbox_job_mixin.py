from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from odoo.addons.progbox_invoice_archive.exceptions import JobError

from ..tools.verdicts import HANDLED, Action, classify
from .dropbox_texts import text_of

# Verdicts that are about what was asked for, not about the connection.
OF_THE_CALL = {Action.RESTART, Action.PERMANENT}
REASONS_OF_THE_CALL = {"refused", "odd_answer", "unknown"}


class ProgboxDropboxJobMixin(models.AbstractModel):
    """A background job that works with one account.

    It rests while Dropbox is not to be asked, but not for the timetable. What Dropbox
    answers is judged once, in the one table. To be named before the mixin of the kind
    of job.
    """

    _name = "progbox.dropbox.job.mixin"
    _inherit = "progbox.dropbox.account.mixin"
    _description = "Background Job with Dropbox"

    @api.model
    def _job_new(self, account, **values):
        """Make a job of an account: no default of a context or database gets in."""
        empty = {
            name: False
            for name, field in self._fields.items()
            if field.store
            and name not in models.MAGIC_COLUMNS
            and field.type != "one2many"
        }
        # pylint: disable-next=context-overridden
        server = self.sudo().with_context(clean_context(self.env.context))
        return server.create(
            {
                **empty,
                "state": "pending",
                "next_try": fields.Datetime.now(),
                "account_id": account.id,
                "company_id": account.company_id.id,
                **values,
            }
        )

    @api.model
    def _job_ready_domain(self, now):
        accounts = self.env["progbox.dropbox.account"]._answering(fields.Datetime.now())
        of_accounts = Domain("account_id", "in", accounts.ids)
        return super()._job_ready_domain(now) & of_accounts

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        if state == "done":
            for account in self.account_id.sudo():
                account._answered()
        return result

    def _job_settle(self, error):
        if not isinstance(error, HANDLED):
            return super()._job_settle(error)
        verdict = classify(error)
        text = text_of(self.with_context(lang=self._job_language()).env, verdict)
        if verdict.action in OF_THE_CALL or verdict.reason in REASONS_OF_THE_CALL:
            give_up = verdict.action is Action.PERMANENT
            return self._job_fail(JobError(text, verdict.detail), give_up=give_up)
        return self._job_wait(text, self.account_id.sudo()._apply(verdict))
