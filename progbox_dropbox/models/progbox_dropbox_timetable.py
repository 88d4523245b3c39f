from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.schedule import is_quiet, next_run, next_time
from .dropbox_counts import progress_of, progress_text
from .dropbox_report import tell_failures, tell_summary

SENDING = ("connected", "full")
# Which documents one statement queues.
QUEUE_PAGE = 5000
# What is new goes first.
SYNC_PRIORITY = 10
WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]
# Whatever of these changes: when the next copies go is reckoned anew.
TIMETABLE = {"frequency", "run_at", "weekday", "quiet_from", "quiet_to"}


class ProgboxDropboxTimetable(models.AbstractModel):
    """When an account's copies are made: by itself, or when somebody asks for it."""

    _name = "progbox.dropbox.timetable"
    _description = "Dropbox Timetable"

    frequency = fields.Selection(
        [
            ("immediately", "Immediately"),
            ("hourly", "Every Hour"),
            ("daily", "Every Day"),
            ("weekly", "Every Week"),
        ],
        default="immediately",
        required=True,
        readonly=True,
    )
    run_at = fields.Float(default=20, readonly=True, aggregator=None)
    weekday = fields.Selection(WEEKDAYS, default="4", required=True, readonly=True)
    quiet_from = fields.Float(readonly=True, aggregator=None)
    quiet_to = fields.Float(readonly=True, aggregator=None)
    tz = fields.Char(string="Time Zone", readonly=True)
    send_from = fields.Datetime(
        readonly=True, help="When the timetable lets the next copies be sent."
    )
    paused = fields.Boolean(readonly=True)
    sync_after = fields.Integer(
        readonly=True,
        help="A synchronization has queued the documents up to this one.",
    )
    sync_requested = fields.Boolean(readonly=True)
    sync_begun = fields.Datetime(readonly=True)
    is_live = fields.Boolean(
        compute="_compute_progress", help="Copies are being made right now."
    )
    progress = fields.Float(compute="_compute_progress")
    progress_text = fields.Char(compute="_compute_progress")

    _hours = models.Constraint(
        "CHECK (run_at >= 0 AND run_at < 24 AND quiet_from >= 0 AND quiet_from < 24 "
        "AND quiet_to >= 0 AND quiet_to < 24)",
        "An hour of the day is from 0:00 to 23:59.",
    )

    def _compute_progress(self):
        now = fields.Datetime.now()
        sending = self._sending(now)
        for account in self:
            progress = progress_of(account.sudo())
            at_work = bool(account.sync_requested or progress.open)
            account.is_live = at_work and account in sending
            account.progress = progress.percent
            account.progress_text = at_work and progress_text(self.env, progress)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_sync(self):
        """Queue all documents that Dropbox lacks, those from before included."""
        account = self._to_steer()
        if account.state == "disconnected":
            raise UserError(self.env._("Connect Dropbox first, in Settings > Dropbox."))
        if account.paused:
            raise UserError(self.env._("The copying is paused. Resume it first."))
        now = fields.Datetime.now()
        account.write(
            {
                "sync_requested": True,
                "sync_after": 0,
                "sync_begun": now,
                "send_from": False,
            }
        )
        account._queue_failed()
        self.env["progbox.dropbox.anchor"]._queue_account(account)
        self.env.ref("progbox_dropbox.ir_cron_sync").sudo()._trigger()
        self.env["progbox.dropbox.transfer"].sudo()._job_trigger()
        return self._notify(
            "success",
            self.env._("Everything that Dropbox lacks is being queued and copied."),
        )

    def action_stop_sync(self):
        """Queue nothing more. What is on its way arrives; the rest is forgotten.

        Another synchronization goes on from there: it queues what Dropbox lacks.
        """
        account = self._to_steer()
        account.write({"sync_requested": False, "sync_after": 0, "sync_begun": False})
        self.env["progbox.dropbox.transfer"].sudo()._forget_queued(account)
        account._schedule()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_pause(self):
        """Send nothing until somebody resumes it. New documents are queued."""
        self._to_steer().paused = True
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_resume(self):
        """Send again, as the timetable says."""
        self._to_steer().paused = False
        self.env["progbox.dropbox.transfer"].sudo()._job_trigger()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _to_steer(self):
        """Return the account with the server's rights, for whoever may steer it.

        :raise AccessError: for anybody but an archive manager of the company
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            self.env.user._check_archive_manager(self.company_id)
        return self.sudo()

    def _queue_failed(self):
        """Try again what was given up, behind what is new."""
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        failed = transfers.search(
            Domain("account_id", "=", self.id) & Domain("state", "=", "failed")
        )
        failed._job_write(
            {
                "state": "pending",
                "attempts": 0,
                "priority": SYNC_PRIORITY,
                "next_try": fields.Datetime.now(),
            }
        )

    # ------------------------------------------------------------------
    # When it may send
    # ------------------------------------------------------------------

    @api.model
    def _sending(self, now):
        """Return the accounts that may send at a naive UTC datetime."""
        accounts = self.sudo().search(
            Domain("state", "in", SENDING)
            & Domain("paused", "=", False)
            & (Domain("send_from", "=", False) | Domain("send_from", "<=", now))
            & (Domain("paused_until", "=", False) | Domain("paused_until", "<=", now))
        )
        return accounts.filtered(
            lambda account: (
                not is_quiet(now, account.tz, account.quiet_from, account.quiet_to)
            )
        )

    def _schedule(self):
        """Reckon when the next copies may be sent, and wake the worker then."""
        now = fields.Datetime.now()
        for account in self:
            account.send_from = account.frequency != "immediately" and next_run(
                now, account.tz, account.frequency, account.run_at, int(account.weekday)
            )
            self._wake_at(account.send_from or now)
            if account.quiet_from != account.quiet_to:
                self._wake_at(next_time(now, account.tz, account.quiet_to))

    @api.model
    def _wake_at(self, moment):
        self.env["progbox.dropbox.transfer"].sudo()._job_trigger(moment)

    @api.model
    def _after_run(self):
        """Close what the timetable has opened, when everything has been sent."""
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        now = fields.Datetime.now()
        timed = self._sending(now).filtered(lambda a: a.frequency != "immediately")
        for account in timed.filtered(lambda account: not account.sync_requested):
            ready = Domain("account_id", "=", account.id) & Domain(
                "next_try", "<=", now
            )
            ready &= Domain("state", "in", ("pending", "running", "waiting"))
            if not transfers.search_count(ready, limit=1):
                account._schedule()
        for account in self.sudo().search(Domain("notify", "=", "each")):
            tell_failures(account)

    @api.model
    def _run_reports(self):
        """Cron: send the summaries that are due."""
        accounts = self.sudo().search(
            Domain("notify", "in", ("daily", "weekly"))
            & Domain("state", "!=", "disconnected")
        )
        for account in accounts:
            tell_summary(account)

    # ------------------------------------------------------------------
    # Synchronizing
    # ------------------------------------------------------------------

    @api.model
    def _run_sync(self):
        """Cron: queue what the synchronizations that people asked for still lack."""
        cron = self.env["ir.cron"]
        accounts = self.sudo().search(Domain("sync_requested", "=", True))
        for account in accounts:
            while last := account._queue_page():
                account.sync_after = last
                if not cron._commit_progress(1, remaining=1):
                    return
            account.write({"sync_requested": False, "sync_after": 0})
        cron._commit_progress(remaining=0)

    def _copied_companies(self):
        return [self.company_id.id, *([False] if self.without_company else [])]

    def _queue_page(self):
        """Queue the next documents of a synchronization.

        :return: id of the last one, None when there is none
        """
        documents = self.env["progbox.document"].sudo()
        page = documents.search(
            Domain("company_id", "in", self._copied_companies())
            & Domain("id", ">", self.sync_after),
            order="id",
            limit=QUEUE_PAGE,
        )
        self.env["progbox.dropbox.transfer"]._queue(page, priority=SYNC_PRIORITY)
        return page[-1:].id
