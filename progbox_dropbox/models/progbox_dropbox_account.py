import contextlib
from datetime import timedelta
from urllib.parse import quote

from dropbox import session

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from odoo.addons.progbox_invoice_archive.models.compilation_texts import size_text
from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import OPEN_STATES
from odoo.addons.progbox_invoice_archive.tools.backoff import next_delay

from ..tools.client import space_of
from ..tools.ledger_copy import FOLDER
from ..tools.naming import clean_folder, template_of
from ..tools.schedule import is_quiet, next_run, next_time
from ..tools.verdicts import HANDLED, STOPS, Action, classify
from .dropbox_connection import Connection
from .dropbox_counts import missing_count, progress_of, progress_text
from .dropbox_paths import example_path, path_of
from .dropbox_report import (
    administrators_of,
    tell_failures,
    tell_stop,
    tell_summary,
)
from .dropbox_texts import text_of

ACTIVITY = "progbox_dropbox.mail_activity_type_dropbox"
# How often a full account is looked at.
PROBE = timedelta(hours=1)
# For how long a problem that goes by itself may last before somebody is told.
LONG = timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
STATES = {
    Action.FULL: "full",
    Action.RECONNECT: "reconnect",
    Action.CONFIGURATION: "configuration",
}
# Which documents one statement queues.
QUEUE_PAGE = 5000
# Of what was given up, the overview shows this many.
SHOWN_FAILED = 20
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
BASE_FOLDER = "ProGBox"
CALLBACK = "/progbox/dropbox/callback"
WEB = f"https://{session.WEB_HOST}/home"


class ProgboxDropboxAccount(models.Model):
    """The Dropbox of a company: the connection, and whether it may send."""

    _name = "progbox.dropbox.account"
    _description = "Dropbox Account"
    _rec_name = "company_id"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(
        [
            ("disconnected", "Not Connected"),
            ("connected", "Connected"),
            ("full", "Full"),
            ("reconnect", "To Reconnect"),
            ("configuration", "To Set Up"),
        ],
        default="disconnected",
        required=True,
        readonly=True,
    )
    problem = fields.Text(
        readonly=True, help="Why nothing is copied at the moment, and what to do."
    )
    problem_detail = fields.Text(
        string="Technical Detail", readonly=True, groups="base.group_system"
    )
    paused_until = fields.Datetime(
        readonly=True, help="Until then nothing is sent: Dropbox has asked for it."
    )
    problem_since = fields.Datetime(
        readonly=True, help="Since when nothing has gone well."
    )
    problem_told = fields.Boolean(readonly=True)
    pauses = fields.Integer(readonly=True, help="Calls in a row that went wrong.")
    app_key = fields.Char(readonly=True)
    app_secret = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    app_folder = fields.Char(readonly=True)
    base_folder = fields.Char(default=BASE_FOLDER, readonly=True)
    language = fields.Char(readonly=True)
    type_ids = fields.Many2many(
        "progbox.document.type", string="Document Types", readonly=True
    )
    rule_ids = fields.One2many("progbox.dropbox.rule", "account_id", readonly=True)
    without_company = fields.Boolean(
        string="Documents without a Company",
        readonly=True,
        help="Documents of the chosen types that belong to no company are copied to "
        "this Dropbox, too.",
    )
    on_delete = fields.Selection(
        [("keep", "Keep the Copy"), ("delete", "Delete the Copy")],
        default="keep",
        required=True,
        readonly=True,
    )
    notify = fields.Selection(
        [
            ("each", "Each Problem"),
            ("daily", "A Daily Summary"),
            ("weekly", "A Weekly Summary"),
            ("none", "Nothing"),
        ],
        default="each",
        required=True,
        readonly=True,
    )
    reported_on = fields.Datetime(readonly=True)
    check_interval = fields.Selection(
        [
            ("daily", "Every Day"),
            ("weekly", "Every Week"),
            ("monthly", "Every Month"),
            ("never", "Only on Demand"),
        ],
        default="weekly",
        readonly=True,
    )
    check_repair = fields.Selection(
        [("ask", "Ask"), ("repair", "Repair by Itself")], default="ask", readonly=True
    )
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
    account_ref = fields.Char(string="Account ID", readonly=True, copy=False)
    name = fields.Char(string="Account", readonly=True, copy=False)
    email = fields.Char(string="E-mail", readonly=True, copy=False)
    scopes = fields.Char(string="Permissions", readonly=True, copy=False)
    used = fields.Float(readonly=True, aggregator=None, help="Bytes")
    allocated = fields.Float(readonly=True, aggregator=None, help="Bytes")
    space = fields.Char(compute="_compute_space")
    access_token = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    refresh_token = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    token_expires = fields.Datetime(readonly=True, copy=False, groups=fields.NO_ACCESS)
    database_uuid = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    offers_count = fields.Integer(compute="_compute_offers_count")
    copied_count = fields.Integer(compute="_compute_counts")
    open_count = fields.Integer(compute="_compute_counts")
    failed_count = fields.Integer(compute="_compute_counts")
    missing_count = fields.Integer(compute="_compute_counts")
    last_success = fields.Datetime(compute="_compute_counts")
    failed_ids = fields.Many2many(
        "progbox.dropbox.transfer",
        string="Failed Copies",
        compute="_compute_failed_ids",
        help="The newest ones. The list of the copies has all of them.",
    )

    _company_unique = models.UniqueIndex(
        "(company_id)", "A company has one Dropbox account."
    )
    _without_company_unique = models.UniqueIndex(
        "(without_company) WHERE without_company",
        "Another company's Dropbox has the documents without a company already.",
    )
    _hours = models.Constraint(
        "CHECK (run_at >= 0 AND run_at < 24 AND quiet_from >= 0 AND quiet_from < 24 "
        "AND quiet_to >= 0 AND quiet_to < 24)",
        "An hour of the day is from 0:00 to 23:59.",
    )

    @api.depends("used", "allocated")
    @api.depends_context("lang")
    def _compute_space(self):
        for account in self:
            account.space = account.allocated and self.env._(
                "%(used)s of %(allocated)s used",
                used=size_text(self.env, account.used),
                allocated=size_text(self.env, account.allocated),
            )

    def _compute_counts(self):
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        groups = transfers._read_group(
            Domain("account_id", "in", self.ids),
            ["account_id", "state"],
            ["__count", "done_on:max"],
        )
        found = {(account, state): rest for account, state, *rest in groups}
        anchors = self.env["progbox.dropbox.anchor"].sudo()
        failed = Domain("account_id", "in", self.ids) & Domain("state", "=", "failed")
        closings = dict(anchors._read_group(failed, ["account_id"], ["__count"]))
        for account in self:
            counts = {
                state: found.get((account, state), (0, False))
                for state in dict(transfers._fields["state"].selection)
            }
            account.copied_count, account.last_success = counts["done"]
            account.failed_count = counts["failed"][0] + closings.get(account, 0)
            account.open_count = sum(
                counts[state][0] for state in ("pending", "running", "waiting")
            )
            account.missing_count = missing_count(account.sudo())

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_failed_ids(self):
        transfers = self.env["progbox.dropbox.transfer"]
        may_read = transfers.has_access("read")
        for account in self:
            failed = Domain("account_id", "=", account.id) & Domain(
                "state", "=", "failed"
            )
            account.failed_ids = may_read and transfers.search(
                failed, order="failed_on desc, id desc", limit=SHOWN_FAILED
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

    @api.depends("rule_ids.moves_offered")
    def _compute_offers_count(self):
        for account in self:
            rules = account.sudo().rule_ids
            account.offers_count = len(rules.filtered("moves_offered"))

    @api.constrains("base_folder")
    def _check_base_folder(self):
        for account in self:
            folder = account.base_folder or ""
            if clean_folder(folder) != folder:
                raise ValidationError(
                    self.env._(
                        "Dropbox does not take the folder “%(folder)s”. Use this: "
                        "%(clean)s",
                        folder=folder,
                        clean=clean_folder(folder),
                    )
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_connect(self):
        """Open Dropbox's page that asks for consent."""
        self._check_administrator()
        if not self.sudo().app_key or not self.sudo().app_secret:
            raise UserError(
                self.env._("Fill in the app key and the app secret first, and save.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/progbox/dropbox/connect/{self.id}",
            "target": "self",
        }

    def action_test(self):
        """Ask Dropbox who we are, and take up the work again when it answers."""
        self._check_administrator()
        account = self.sudo()
        try:
            Connection(account).note_account()
        except HANDLED as error:
            verdict = classify(error)
            account._apply(verdict)
            return self._notify("warning", text_of(self.env, verdict))
        account._resume()
        return self._notify(
            "success",
            self.env._("Connected as %(name)s, %(email)s.", **account._identity()),
        )

    def action_disconnect(self):
        """Give the tokens back. What is in Dropbox stays there."""
        self._check_administrator()
        account = self.sudo()
        with contextlib.suppress(*HANDLED, UserError):
            account._client().auth_token_revoke()
        account._forget_tokens()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_forget(self):
        """Forget what was copied where, to begin with another account."""
        self._check_administrator()
        if self.sudo().state != "disconnected":
            raise UserError(self.env._("Disconnect first."))
        for model in ("transfer", "anchor", "check"):
            records = self.env[f"progbox.dropbox.{model}"].sudo()
            records.search(Domain("account_id", "=", self.id)).unlink()
        self.sudo().write({"account_ref": False, "name": False, "email": False})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

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
        if cron := self.env.ref(
            "progbox_dropbox.ir_cron_sync", raise_if_not_found=False
        ):
            cron.sudo()._trigger()
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

    def action_open_rules(self):
        """Show the folders and names of all types of documents."""
        self.check_access("read")
        for account in self:
            self.env["progbox.dropbox.rule"]._make_missing(account.sudo())
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_dropbox.progbox_dropbox_rule_action"
        )
        return {**action, "domain": [("account_id", "in", self.ids)], "context": {}}

    def action_check(self):
        """Compare all copies with what Dropbox holds, in the background."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.su:
            self.env.user._check_archive_manager(self.company_id)
        checks = self.env["progbox.dropbox.check"]
        return checks._start(self.sudo(), self.env.user)._action()

    def action_restore(self):
        """Fetch all files back that the server has lost, in the background."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.su:
            self.env.user._check_archive_manager(self.company_id)
        restores = self.env["progbox.dropbox.restore"]
        return restores._enqueue_restore(self.sudo())._action()

    def action_retry_failed(self):
        """Try again what was given up, also what its user does not see.

        Nobody reads the copy any more whose document has been deleted.
        """
        failed = Domain("account_id", "=", self._to_steer().id)
        failed &= Domain("state", "=", "failed")
        copies = self.env["progbox.dropbox.transfer"].sudo().search(failed)
        closings = self.env["progbox.dropbox.anchor"].sudo().search(failed)
        if closings and not copies:
            return closings.action_retry()
        closings.action_retry()
        return copies.action_retry()

    def action_open_transfers(self):
        """Show what is copied, queued and failed."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_dropbox.progbox_dropbox_transfer_action"
        )
        return {**action, "domain": [("account_id", "in", self.ids)], "context": {}}

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
        failed = Domain("account_id", "=", self.id) & Domain("state", "=", "failed")
        self.env["progbox.dropbox.anchor"].sudo().search(failed)._send_again()
        self.env["progbox.dropbox.transfer"].sudo().search(failed)._job_write(
            {
                "state": "pending",
                "attempts": 0,
                "priority": SYNC_PRIORITY,
                "next_try": fields.Datetime.now(),
            }
        )

    def _notify(self, kind, message):
        params = {"type": kind, "message": message}
        params["next"] = {"type": "ir.actions.client", "tag": "soft_reload"}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": params,
        }

    def _check_administrator(self):
        """Check that the user may change the connection of this company.

        :raise AccessError: for anybody but an administrator of the company
        """
        self.ensure_one()
        if self.env.su:
            return
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._("Only an administrator may change the Dropbox connection.")
            )
        if self.sudo().company_id not in self.env.companies:
            raise AccessError(self.env._("This company is not one of yours."))

    # ------------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------------

    @api.model
    def _choices(self, name):
        """Return the choices of a field, in the user's language."""
        return self._fields[name]._description_selection(self.env)

    @api.model
    def _of_company(self, company):
        """Return the account of a company, empty when it has none."""
        return self.sudo().search(Domain("company_id", "=", company.id))

    @api.model
    def _make(self, company):
        """Make the account of a company: nothing is connected yet."""
        # pylint: disable-next=context-overridden
        server = self.sudo().with_context(clean_context(self.env.context))
        return server.create(
            {"company_id": company.id, "language": company.partner_id.lang or "en_US"}
        )

    def _write_settings(self, vals):
        """Write what the settings' page says; another app has other tokens."""
        account = self.sudo()
        changed = {
            name: value
            for name, value in vals.items()
            if (account[name] or False) != (value or False)
            and (value or not self._fields[name].required)
        }
        if changed:
            self.sudo(False)._check_administrator()
        account.write(
            {
                name: value if name != "type_ids" else [Command.set(value.ids)]
                for name, value in changed.items()
            }
        )
        if "base_folder" in changed:
            self.env["progbox.dropbox.rule"]._make_missing(account)
            account.rule_ids._offer_moves()
            # The ledger is read from one folder: there, all of it has to be.
            self.env["progbox.dropbox.anchor"]._send_all_again(account)
        if changed.keys() & TIMETABLE:
            account.tz = self.env.user.tz or "UTC"
            account._schedule()
        if "app_key" in changed:
            account._forget_tokens()
        elif "app_secret" in changed and account.state == "configuration":
            account._resume()

    def _forget_tokens(self):
        self.write(
            {
                "state": "disconnected",
                "access_token": False,
                "refresh_token": False,
                "token_expires": False,
                "scopes": False,
                "problem": False,
                "problem_detail": False,
                "problem_since": False,
                "problem_told": False,
                "paused_until": False,
                # A copy of the database may connect by itself from now on.
                "database_uuid": False,
            }
        )
        self._clear_alert()

    def _client(self):
        """Return a client of the SDK that may call.

        :raise: one of HANDLED, when the token cannot be refreshed
        """
        self.ensure_one()
        return Connection(self).client()

    @api.model
    def _redirect_address(self):
        """Return the address that is to be registered with the app at Dropbox."""
        return f"{self.get_base_url()}{CALLBACK}"

    def _identity(self):
        return {"name": self.name, "email": self.email}

    # ------------------------------------------------------------------
    # Whether it may send
    # ------------------------------------------------------------------

    def _apply(self, verdict):
        """Pause or stop the account, as an error asks for.

        :param Verdict verdict: of the table
        :return: naive UTC datetime of the next look
        """
        now = fields.Datetime.now()
        told, values = self.state, {"pauses": self.pauses + 1}
        # As long as there is nothing to copy, nothing is missed.
        values["problem_since"] = self._has_copies(OPEN_STATES) and (
            self.problem_since or now
        )
        if verdict.action in STOPS:
            until = now + PROBE
            values["state"] = STATES[verdict.action]
        elif verdict.seconds:
            until = now + timedelta(seconds=verdict.seconds)
        else:
            until = now + next_delay(values["pauses"], FIRST_PAUSE, LONGEST_PAUSE)
        in_words = self.with_context(
            lang=self.company_id._progbox_archive_manager().lang
        )
        values["paused_until"] = until
        values["problem"] = text_of(in_words.env, verdict)
        values["problem_detail"] = verdict.detail
        self.write(values)
        if verdict.action in STOPS:
            self._alert()
            if told != values["state"]:
                self.problem_told = True
                tell_stop(self)
        elif self._is_an_outage(now):
            self.problem_told = True
            self._alert()
            tell_stop(self)
        return until

    def _is_an_outage(self, now):
        """Whether somebody has to hear that nothing has gone well for long."""
        return (
            not self.problem_told
            and self.problem_since
            and now - self.problem_since >= LONG
        )

    def _has_copies(self, states):
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        mine = Domain("account_id", "=", self.id) & Domain("state", "in", states)
        return bool(transfers.search_count(mine, limit=1))

    def _check_room(self, client, size):
        """Look whether a full account has room again.

        :param int size: of the smallest file that waits
        :raise StillFull:
        """
        if self.state != "full":
            return
        used, allocated = space_of(client)
        self.write({"used": used, "allocated": allocated})
        if allocated and used + size > allocated:
            raise StillFull

    def _worked(self):
        """Note that a call has gone well."""
        if self.problem or self.pauses or self.state == "full":
            self._lift_stop()

    def _answered(self):
        """Note that Dropbox has answered.

        That a full one has room it does not say, nor that copies go again which it has
        put off.
        """
        now = fields.Datetime.now()
        is_put_off = self.paused_until and self.paused_until > now
        if self.state == "connected" and not (
            is_put_off or self._has_copies(["waiting"])
        ):
            self._worked()

    def _lift_stop(self):
        """Forget what has stopped the copying, and its alert."""
        self.write(
            {
                "state": "connected",
                "problem": False,
                "problem_detail": False,
                "problem_since": False,
                "problem_told": False,
                "paused_until": False,
                "pauses": 0,
            }
        )
        self._clear_alert()

    def _resume(self):
        """Take up the work again at once."""
        self._lift_stop()
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        waiting = transfers.search(
            Domain("account_id", "=", self.id) & Domain("state", "=", "waiting")
        )
        waiting._job_write({"next_try": fields.Datetime.now()})
        transfers._job_trigger()

    def _alert(self):
        """Tell the manager, once, that nothing is copied any more.

        Where the connection has to be set up, whoever may do that is told as well.
        """
        activities = self.env["mail.activity"]._progbox_to_manager(self.company_id)
        activities._progbox_tell(
            self.company_id,
            ACTIVITY,
            activities.env._(
                "Dropbox of %(company)s: nothing is copied at the moment",
                company=self.company_id.display_name,
            ),
            self.problem,
            others=administrators_of(self),
        )

    def _clear_alert(self):
        activities = self.env["mail.activity"]
        for account in self:
            activities._progbox_open_alerts(account.company_id, ACTIVITY).unlink()

    # ------------------------------------------------------------------
    # When it may send
    # ------------------------------------------------------------------

    @api.model
    def _sending(self, now):
        """Return the accounts that may send copies at a naive UTC datetime."""
        return self._answering(now).filtered(
            lambda account: (
                not account._rests(now)
                and not (account.send_from and account.send_from > now)
                and not is_quiet(now, account.tz, account.quiet_from, account.quiet_to)
            )
        )

    @api.model
    def _answering(self, now):
        """Return the accounts whose Dropbox may be asked at a naive UTC datetime.

        The timetable, the hours that are kept free and a person's pause are for what
        is sent. A full one answers: what is there is compared and fetched all the same.
        """
        waited = Domain("paused_until", "=", False) | Domain("paused_until", "<=", now)
        return self.sudo().search(
            Domain("state", "=", "full") | Domain("state", "=", "connected") & waited
        )

    def _rests(self, now):
        """Whether nothing may be sent: a person, or Dropbox, has asked for it."""
        return self.paused or bool(self.paused_until and self.paused_until > now)

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
        self.env["progbox.dropbox.transfer"]._queue_again(page, SYNC_PRIORITY)
        return page[-1:].id

    # ------------------------------------------------------------------
    # Paths
    # ------------------------------------------------------------------

    def _base_path(self):
        """Return the path that all copies are under: empty for the whole Dropbox."""
        return f"/{self.base_folder}" if self.base_folder else ""

    def _ledger_folder(self):
        """Return where the ledger lies beside the copies."""
        return f"{self._base_path()}/{FOLDER}"

    def _path(self, document, template=None):
        """Return the path that a document gets, if no other has it.

        :param progbox.document document: see :meth:`_in_words`
        :param str template: another than that of its type
        """
        return path_of(self, document, template or self._template(document.type_id))

    def _example_path(self, kind, template):
        return example_path(self, self._in_words(kind), template)

    def _template(self, kind):
        """Return the template of a type: its rule's, or the one that we come with."""
        rule = self.rule_ids.filtered(lambda rule: rule.type_id == kind)
        return rule._template() if rule else template_of(self.language, kind.code)

    def _in_words(self, documents):
        """Return documents, or types, in the language that names the folders."""
        installed = dict(self.env["res.lang"].get_installed())
        language = self.language if self.language in installed else None
        return documents.sudo().with_context(lang=language)

    def _taken_keys(self, condition):
        """Return the keys of the paths that documents have, or are about to leave.

        :param condition: function of a field's name that returns a domain
        """
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        names = ("path_key", "from_key")
        found = transfers.search_fetch(
            Domain("account_id", "=", self.id)
            & Domain.OR([condition(name) for name in names]),
            names,
        )
        return {key for t in found for key in (t.path_key, t.from_key) if key}

    def _web_url(self, path):
        """Return the address of a file in the company's own Dropbox.

        Whoever opens it needs the rights to in Dropbox: nothing is made public.
        """
        folder, _slash, name = path.rpartition("/")
        if self.app_folder:
            folder = f"/Apps/{self.app_folder}{folder}"
        return f"{WEB}{quote(folder)}?preview={quote(name, safe='')}"

    def _web_folder_url(self, path):
        """Return the address of a folder in the company's own Dropbox."""
        if self.app_folder:
            path = f"/Apps/{self.app_folder}{path}"
        return f"{WEB}{quote(path)}"


class StillFull(Exception):
    """There is no room yet."""
