from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime

from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import OPEN_STATES

from .dropbox_comparison import CopyComparison, moved_folders
from .dropbox_ledger_comparison import LedgerComparison
from .dropbox_report import tell_check

ACTIVITY = "progbox_dropbox.mail_activity_type_dropbox_check"
INTERVALS = {
    "daily": relativedelta(days=1),
    "weekly": relativedelta(weeks=1),
    "monthly": relativedelta(months=1),
}
# Copies that one statement reads.
PAGE = 1000


class ProgboxDropboxCheck(models.Model):
    """One comparison of all copies with what Dropbox holds, by their hashes."""

    _name = "progbox.dropbox.check"
    _inherit = "progbox.dropbox.run.mixin"
    _description = "Check of the Copies in Dropbox"
    _run_action = "progbox_dropbox.progbox_dropbox_check_action"
    _job_cron = "progbox_dropbox.ir_cron_check"

    started_on = fields.Datetime(readonly=True)
    checkpoint = fields.Json(readonly=True, groups="base.group_system", copy=False)
    position = fields.Integer(string="Copies Compared")
    total = fields.Integer(string="Copies")
    other_count = fields.Integer(
        string="Other Files",
        readonly=True,
        aggregator=None,
        help="Files of people that lie beside the copies. They are left alone.",
    )
    finding_ids = fields.One2many("progbox.dropbox.finding", "check_id", readonly=True)
    finding_count = fields.Integer(compute="_compute_finding_count")
    open_finding_count = fields.Integer(
        string="To Decide", compute="_compute_finding_count"
    )
    result = fields.Selection(
        [
            ("progress", "In Progress"),
            ("intact", "All There"),
            ("findings", "Findings"),
            ("stopped", "Stopped"),
            ("failed", "Could Not Run"),
        ],
        compute="_compute_result",
    )

    _open_unique = models.UniqueIndex(
        "(account_id) WHERE state IN ('pending', 'running', 'waiting')",
        "The copies of this account are being checked already.",
    )

    @api.depends("create_date")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for check in self:
            check.display_name = self.env._(
                "Check of %(date)s",
                date=format_datetime(self.env, check.create_date, dt_format="short"),
            )

    @api.depends("finding_ids.state", "finding_ids.document_count")
    def _compute_finding_count(self):
        for check in self:
            findings = check.finding_ids
            check.finding_count = sum(findings.mapped("document_count"))
            to_decide = findings.filtered(lambda f: f.state == "open")
            check.open_finding_count = sum(to_decide.mapped("document_count"))

    @api.depends("state", "finding_ids.state")
    def _compute_result(self):
        for check in self:
            if check.state == "done":
                check.result = "findings" if check.finding_ids else "intact"
            elif check.state in ("failed", "cancelled"):
                check.result = "failed" if check.state == "failed" else "stopped"
            else:
                check.result = "progress"

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_repair_all(self):
        """Put right what is still to be decided."""
        self.finding_ids.filtered(lambda f: f.state == "open").action_repair()

    # ------------------------------------------------------------------
    # Queueing
    # ------------------------------------------------------------------

    @api.model
    def _enqueue_check(self, account, user=None):
        """Queue a check of an account, unless one is under way.

        :param res.users user: who has asked for it, None for the timetable
        :rtype: progbox.dropbox.check
        """
        check = self._of_account(account, user.id if user else False)
        if user and check.state != "running":
            check._job_write(
                {"state": "pending", "attempts": 0, "next_try": fields.Datetime.now()}
            )
        self._job_trigger()
        return check.with_env(self.env)

    @api.model
    def _enqueue_due(self):
        """Cron: queue a check of each account whose last one is long ago enough."""
        now = fields.Datetime.now()
        for account in self.env["progbox.dropbox.account"]._answering(now):
            # Closings from before the connection, too.
            self.env["progbox.dropbox.anchor"]._queue_account(account)
            interval = INTERVALS.get(account.check_interval)
            if not interval:
                continue
            since = now - interval
            recent = Domain("create_date", ">", since) | Domain(
                "state", "in", OPEN_STATES
            )
            mine = Domain("account_id", "=", account.id)
            if not self.sudo().search_count(mine & recent, limit=1):
                self._enqueue_check(account)

    # ------------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------------

    def _job_steps(self):
        account = self.account_id.sudo()
        client = account._client()
        yield from CopyComparison(self, client).steps()
        # In one transaction with the end of the job: nothing is found twice.
        self._conclude(LedgerComparison(account, client).findings())

    def _copies_domain(self):
        return (
            Domain("account_id", "=", self.account_id.id)
            & Domain("state", "=", "done")
            # The copy of a deleted document is a file like any other.
            & Domain("document_id", "!=", False)
        )

    def _unseen_domain(self):
        """Return the domain of the copies that Dropbox has not listed."""
        begun = self.started_on
        return (
            self._copies_domain()
            & Domain("done_on", "<", begun)
            & (Domain("checked_on", "=", False) | Domain("checked_on", "<", begun))
        )

    def _conclude(self, of_ledger):
        """Write down what was found at last, and settle what can be.

        :param list of_ledger: values of findings
        """
        findings = self.env["progbox.dropbox.finding"].sudo()
        common = {
            "check_id": self.id,
            "account_id": self.account_id.id,
            "company_id": self.company_id.id,
            "state": "open",
        }
        found_last = self._moved_values() + of_ledger
        findings.create([{**common, **vals} for vals in found_last])
        findings.search(
            Domain("account_id", "=", self.account_id.id)
            & Domain("check_id", "!=", self.id)
            & Domain("state", "=", "open")
        ).write({"state": "outdated"})
        found = self.finding_ids.sudo()
        found._acknowledge_again()
        if self.account_id.sudo().check_repair == "repair":
            found.filtered(lambda f: f.state == "open")._repair()

    def _moved_values(self):
        """Return the findings of what people have moved, one for each folder."""
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        moved = (
            Domain("account_id", "=", self.account_id.id)
            & Domain("state", "=", "done")
            & Domain("found_path", "!=", False)
            & Domain("checked_on", ">=", self.started_on)
        )
        groups, after = {}, 0
        while page := transfers.search(
            moved & Domain("id", ">", after), order="id", limit=PAGE
        ):
            for transfer in page:
                key = moved_folders(transfer.copied_path, transfer.found_path)
                groups[key] = groups.get(key, transfers) + transfer
            after = page[-1:].id
        return [
            {
                "transfer_id": group.id if len(group) == 1 else False,
                "document_id": group.document_id.id if len(group) == 1 else False,
                "document_count": len(group),
                "kind": "moved",
                "path": group.copied_path if len(group) == 1 else old or "/",
                "found": group.found_path if len(group) == 1 else new or "/",
            }
            for (old, new), group in groups.items()
        ]

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        if state == "done":
            self._tell(by_email=True)
        return result

    def _job_on_error(self):
        if self.state == "failed":
            self._tell(by_email=True)

    def _tell(self, by_email=False):
        """Tell the manager, once, what is to be decided; take it back when nothing is.

        A check that could not run is told as well.

        :param bool by_email: as well, unless it has been told before
        """
        for check in self:
            activities = self.env["mail.activity"]._progbox_to_manager(check.company_id)
            if check.state != "failed" and not check.open_finding_count:
                activities._progbox_open_alerts(check.company_id, ACTIVITY).unlink()
                continue
            summary = activities.env._(
                "Dropbox of %(company)s: copies to look at",
                company=check.company_id.display_name,
            )
            note = activities.env._(
                "Not all copies are in Dropbox as they were sent. Open Documents > "
                "Dropbox > Findings: each line says what is wrong and what to do."
            )
            if check.state == "failed":
                note = activities.env._(
                    "The copies could not be checked. Open Documents > Dropbox > "
                    "Checks: the newest one says why."
                )
            told = activities._progbox_open_alerts(check.company_id, ACTIVITY)
            if by_email and not told:
                tell_check(check.account_id.sudo(), summary, note)
            activities._progbox_tell(check.company_id, ACTIVITY, summary, note)

    @api.model
    def _start(self, account, user):
        """Begin a check that a person asks for.

        :raise UserError: when no Dropbox is connected
        """
        if account.state == "disconnected":
            raise UserError(self.env._("Connect Dropbox first, in Settings > Dropbox."))
        return self._enqueue_check(account, user)
