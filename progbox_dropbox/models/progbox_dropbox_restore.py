import contextlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime

from .dropbox_fetch import Fetch, NotFetched, is_whole

# The screen shows that many lines; the count says how many there are.
SHOWN_PROBLEMS = 200


class ProgboxDropboxRestore(models.Model):
    """Fetches all files back that the server has lost: the file store from its copy.

    Each file is looked at. What is whole stays as it is, what is missing or damaged is
    fetched, and compared with the seal before it takes its place.
    """

    _name = "progbox.dropbox.restore"
    _inherit = "progbox.dropbox.run.mixin"
    _description = "Restore from Dropbox"
    _run_action = "progbox_dropbox.progbox_dropbox_restore_action"
    _job_cron = "progbox_dropbox.ir_cron_restore"

    after = fields.Integer(readonly=True, groups="base.group_system")
    position = fields.Integer(string="Files Looked At")
    total = fields.Integer(string="Files")
    fetched_count = fields.Integer(string="Fetched", readonly=True, aggregator=None)
    problem_count = fields.Integer(string="Problems", readonly=True, aggregator=None)
    problems = fields.Text(string="Not Fetched", readonly=True)
    uncopied_count = fields.Integer(
        string="Without a Copy",
        readonly=True,
        aggregator=None,
        help="Documents that were never copied: nothing can be fetched for them.",
    )

    _open_unique = models.UniqueIndex(
        "(account_id) WHERE state IN ('pending', 'running', 'waiting')",
        "Files are being fetched from this account already.",
    )

    @api.depends("create_date")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for restore in self:
            restore.display_name = self.env._(
                "Restore of %(date)s",
                date=format_datetime(self.env, restore.create_date, dt_format="short"),
            )

    # ------------------------------------------------------------------
    # Queueing
    # ------------------------------------------------------------------

    @api.model
    def _enqueue_restore(self, account):
        """Queue the restore of a company's files, unless one is under way.

        :rtype: progbox.dropbox.restore
        :raise UserError: when no Dropbox is connected
        """
        if account.state == "disconnected":
            raise UserError(self.env._("Connect Dropbox first, in Settings > Dropbox."))
        restore = self._of_account(account, self.env.uid)
        self._job_trigger()
        return restore.with_env(self.env)

    @api.model
    def _start_here(self, account):
        """Begin a restore in this process, instead of one that is queued.

        :return: the restore, with its lease taken
        """
        restore = self._enqueue_restore(account)
        # A person asks for it again; as a rule a lost terminal has stopped it.
        restore._job_write({"interruptions": 0, "interrupted_step": False})
        restore._job_begin_attempt()
        return restore

    # ------------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------------

    def _job_steps(self):
        if not self.total:
            yield {
                "total": self._transfers().search_count(self._domain()),
                "uncopied_count": self._count_uncopied(),
            }
        fetch = Fetch(self.account_id)
        while transfer := self._next():
            yield (yield from self._restore_one(fetch, transfer))

    def _transfers(self):
        return self.env["progbox.dropbox.transfer"].sudo()

    def _domain(self):
        return (
            Domain("account_id", "=", self.account_id.id)
            & Domain("copied_path", "!=", False)
            & Domain("document_id", "!=", False)
        )

    def _next(self):
        after = Domain("id", ">", self.sudo().after)
        return self._transfers().search(self._domain() & after, order="id", limit=1)

    def _count_uncopied(self):
        documents = self.env["progbox.document"].sudo()
        companies = self.account_id.sudo()._copied_companies()
        company = Domain("company_id", "in", companies)
        return documents.search_count(company) - self._transfers().search_count(
            self._domain()
        )

    def _restore_one(self, fetch, transfer):
        """Fetch the file of one copy, if the server does not have it whole.

        :return: generator that ends with values for this job: none when the time is
            up, and the next run goes on with the same file
        """
        values = {"after": transfer.id, "position": self.position + 1}
        if is_whole(transfer.document_id.sudo()):
            return values
        pieces = fetch.pieces(transfer, f"restore-{self.id}-{transfer.id}")
        try:
            with contextlib.closing(pieces):
                for piece in pieces:
                    if (yield) and piece:
                        return {}
        except NotFetched as error:
            text = self._problem_text(transfer.document_id.sudo(), error)
            return {**values, **self._problem_values(text)}
        return {**values, "fetched_count": self.fetched_count + 1}

    def _problem_text(self, document, error):
        """Return why a file was not fetched.

        What people keep beside the archive is not named here: others read this.
        """
        if document.seal_id:
            return str(error)
        return self.env._(
            "A file beside the archive: document %(number)s. Fetch it on its form: "
            "the reason is said there.",
            number=document.id,
        )

    def _problem_values(self, text):
        """Name one file that stays as it is; it stops none of the others."""
        lines = [*(self.problems or "").splitlines(), text]
        return {
            "problem_count": self.problem_count + 1,
            "problems": "\n".join(lines[:SHOWN_PROBLEMS]),
        }

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        if state == "done":
            for restore in self:
                self.env["progbox.access.log"]._log(
                    "verification",
                    company=restore.company_id,
                    note=self.env._(
                        "%(restore)s from Dropbox, files fetched: %(count)s",
                        restore=restore.display_name,
                        count=restore.fetched_count,
                    ),
                )
        return result
