import logging
import re
from collections import Counter

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ..exceptions import NotKept
from . import verification_sql
from .declared_pieces import piece
from .progbox_job_mixin import OPEN_STATES
from .progbox_verification_finding import KINDS, LEDGER_KINDS
from .verification_beside import parts_beside
from .verification_beside_sql import companies_beside_sql, companies_sql
from .verification_check import (
    LITTLE_PATIENCE,
    VerificationCheck,
    is_of_the_moment,
    waiting_at_most,
)

_logger = logging.getLogger(__name__)

# Tables of which each tells by itself which companies have an archive.
WITNESSES = (
    "progbox_seal",
    "progbox_verification",
    "progbox_archive_job",
    "progbox_closing",
    "progbox_access_log_seal",
    "progbox_time_stamp",
)
# Whoever has posted an invoice waits for the answer.
PATIENCE = "5s"
# Findings of one kind that are listed; the others are counted.
LISTED_PER_KIND = 1000


class ProgboxVerification(models.Model):
    """One check of the archive of a company, and what it came to."""

    _name = "progbox.verification"
    _inherit = "progbox.long.job.mixin"
    _description = "Archive Verification"
    _order = "id desc"
    _job_cron = "progbox_invoice_archive.ir_cron_verification"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    door = fields.Selection(
        [
            ("button", "Manually"),
            ("cron", "Scheduled action"),
            ("command", "Command line"),
        ],
        string="Started",
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Requested By", readonly=True, ondelete="set null"
    )
    since = fields.Date(
        readonly=True, help="Only what was sealed from this day on is checked."
    )
    anchors = fields.Json(
        readonly=True, help="Lines and hashes to compare with, noted outside Odoo."
    )
    ledger = fields.Binary(
        string="Exported Ledger",
        attachment=True,
        readonly=True,
        copy=False,
        help="The file ledger.jsonl of an export, to compare with.",
    )
    started_on = fields.Datetime(readonly=True)
    checkpoint = fields.Json(readonly=True, groups="base.group_system", copy=False)
    position = fields.Integer(string="Lines Checked", readonly=True, aggregator=None)
    total = fields.Integer(string="Lines to Check", readonly=True, aggregator=None)
    progress = fields.Float(compute="_compute_progress")
    files = fields.Integer(string="Files Checked", readonly=True, aggregator=None)
    volume = fields.Float(
        string="Bytes Checked", digits=(20, 0), readonly=True, aggregator=None
    )
    last_sequence = fields.Integer(string="Last Line", readonly=True, aggregator=None)
    last_hash = fields.Char(readonly=True)
    still_to_archive = fields.Integer(
        string="Still to Be Archived",
        readonly=True,
        aggregator=None,
        help="Invoices that the archiver had not come to yet: new ones, and those of "
        "the time before the archive that is being taken up. They are no findings.",
    )
    log_sealed_until = fields.Datetime(
        string="Access Log Sealed Up To",
        readonly=True,
        help="Younger lines of the access log are guarded by the database alone.",
    )
    finding_ids = fields.One2many(
        "progbox.verification.finding", "verification_id", readonly=True
    )
    finding_counts = fields.Json(readonly=True)
    acknowledged_count = fields.Integer(
        string="Acknowledged Before",
        readonly=True,
        aggregator=None,
        help="Findings that somebody has acknowledged after an earlier verification: "
        "they are not repeated. The access log says who.",
    )
    finding_count = fields.Integer(compute="_compute_finding_count")
    findings_by_kind = fields.Json(compute="_compute_finding_count")
    result = fields.Selection(
        [
            ("progress", "In Progress"),
            ("intact", "Intact"),
            ("findings", "Findings"),
            ("failed", "Could Not Run"),
        ],
        compute="_compute_result",
    )

    _open_unique = models.UniqueIndex(
        "(company_id) WHERE state IN ('pending', 'running', 'waiting')",
        "The archive of this company is being verified already.",
    )

    @api.depends("create_date")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._(
                "Verification of %(date)s",
                date=format_datetime(self.env, run.create_date, dt_format="short"),
            )

    @api.depends("position", "total", "state")
    def _compute_progress(self):
        for run in self:
            share = run.position / run.total if run.total else 0
            run.progress = 100 if run.state == "done" else min(100 * share, 100)

    @api.depends("finding_counts")
    @api.depends_context("lang")
    def _compute_finding_count(self):
        kind = self.env["progbox.verification.finding"]._fields["kind"]
        labels = dict(kind._description_selection(self.env))
        for run in self:
            counts = run.finding_counts or {}
            run.finding_count = sum(counts.values())
            run.findings_by_kind = [
                [labels[kind], counts[kind]] for kind, _label in KINDS if kind in counts
            ]

    @api.depends("state", "finding_counts")
    def _compute_result(self):
        for run in self:
            if run.state in ("failed", "cancelled"):
                run.result = "failed"
            elif run.finding_counts:
                run.result = "findings"
            else:
                run.result = "intact" if run.state == "done" else "progress"

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_verify(self):
        """Button: verify the archives of the user's companies, in the background."""
        self.env.user._check_archive_manager()
        return self._enqueue_runs(self.env.companies, "button")._action()

    def _action(self):
        """Return the action that shows these runs."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_verification_action"
        )
        if len(self) == 1:
            action.update(res_id=self.id, views=[(False, "form")])
        return action

    def action_print(self):
        """Print the report of these runs."""
        report = "progbox_invoice_archive.progbox_verification_report"
        return piece(self.env, report).report_action(self)

    # ------------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------------

    def _job_steps(self):
        if not self.started_on:
            self._job_write({"started_on": fields.Datetime.now()})
        yield from VerificationCheck(self).steps()

    def _parts_of_check(self):
        """Hook: what else a run of this kind checks, after the archive's own parts.

        For add-ons whose records are archived too::

            def _parts_of_check(self):
                return {
                    **super()._parts_of_check(),
                    "bills": self._unarchived_bills,
                }

        :return: dictionary of methods by the name of the part; a method gets the key
            after which to begin (0 at first), and returns the last key of its page with
            a list of Finding (tools/ledger/verify.py), or nothing at the end
        """
        return parts_beside(self)

    @api.model
    def _anchors(self, company):
        """Return hashes of the ledger that were noted earlier; to be extended.

        A run that found the ledger itself damaged has noted the damage: it is no
        witness against the ledger that has been mended.

        :return: list of (sequence, hash, what to call the source)
        """
        runs = self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "done")
            & Domain("last_sequence", ">", 0),
            order="id",
        )
        anchors = self.env["progbox.closing"]._anchors(company)
        anchors += self.env["progbox.time.stamp"]._anchors(company)
        return anchors + [
            (run.last_sequence, run.last_hash, run.display_name)
            for run in runs
            if LEDGER_KINDS.isdisjoint(run.finding_counts or {})
        ]

    def _add_findings(self, findings):
        """Keep findings; of each kind the first ones with all they say.

        :param findings: list of Finding
        """
        Listed = self.env["progbox.verification.finding"].sudo()
        found = len(findings)
        findings = Listed._without_acknowledged(findings, self.company_id)
        if acknowledged := found - len(findings):
            acknowledged += self.acknowledged_count
            self._job_write({"acknowledged_count": acknowledged})
        if not findings:
            return
        counts = Counter(self.finding_counts or {})
        values = []
        for finding in findings:
            counts[finding.kind] += 1
            if counts[finding.kind] <= LISTED_PER_KIND:
                values.append({"verification_id": self.id, **Listed._values(finding)})
        listed = Listed.create(values)
        self._job_write({"finding_counts": dict(counts)})
        self._check_kept(listed)

    def _check_kept(self, listed=None):
        """Check that the database has what was found: a trigger may take it away.

        The counts may have been changed since they were written, and read again: the
        findings themselves, which no guard lets anybody take away, say how many.

        :param listed: findings that were just written
        :raise NotKept:
        """
        if listed is None:
            listed = self.finding_ids.browse()
        counts = self.finding_counts or {}
        by_kind = {kind: min(count, LISTED_PER_KIND) for kind, count in counts.items()}
        expected = (counts, by_kind, len(listed))
        self.env.flush_all()
        if verification_sql.kept(self.env, self, listed) != expected:
            raise NotKept(
                self.env._(
                    "What was found is not in the database after it was written: "
                    "something changes it on the way. Have the administrator look for "
                    "triggers and rules on the tables of the verifications and of "
                    "their findings, then verify again."
                )
            )

    def _job_settle(self, error):
        if isinstance(error, NotKept):
            return self._job_fail(error, give_up=True)
        return super()._job_settle(error)

    def _job_on_error(self):
        if self.state == "failed":
            self.env["progbox.access.log"]._log(
                "verification",
                company=self.company_id,
                note=self.env._("%(run)s: could not run", run=self.display_name),
            )
            self.env["mail.activity"]._progbox_report_unverified(self)

    def _job_finish(self, state, reason=False):
        with self.env.cr.savepoint():
            result = super()._job_finish(state, reason)
            if state == "done":
                for run in self:
                    run._check_kept()
        if state == "done":
            for run in self:
                self.env["mail.activity"]._progbox_report_verification(run)
                self.env["progbox.access.log"]._log(
                    "verification", company=run.company_id, note=run.display_name
                )
        return result

    # ------------------------------------------------------------------
    # How runs come about: queued by a button or a cron, or begun at once
    # ------------------------------------------------------------------

    @api.model
    def _enqueue_runs(self, companies, door, **values):
        """Queue a run for each company, unless one is under way.

        :param res.company companies: whose archives
        :param str door: a key of the field ``door``
        :return: the open runs, one per company
        """
        runs = self.sudo().search(self._open_domain(companies))
        new = self.sudo().create(
            [
                {"company_id": company.id, "door": door, "user_id": self.env.uid}
                | values
                for company in companies - runs.company_id
            ]
        )
        if door == "button":
            # Somebody is waiting: also for the run that a failure has put off.
            runs.filtered(lambda run: run.state != "running")._job_write(
                {"state": "pending", "attempts": 0, "next_try": fields.Datetime.now()}
            )
        self._job_trigger()
        return (runs | new).with_env(self.env)

    @api.model
    def _enqueue_monthly(self):
        """Cron: queue a run for each company that has an archive."""
        self._enqueue_runs(self._companies(), "cron")

    @api.model
    def _open_domain(self, companies):
        return Domain("company_id", "in", companies.ids) & Domain(
            "state", "in", OPEN_STATES
        )

    @api.model
    def _companies(self, unread=None):
        """Return the companies that have an archive, or once had one.

        Whoever takes one table away leaves the others to tell.

        :param list unread: takes the errors of the tables that cannot be read
        """
        ids = set()
        patience = PATIENCE
        for rows in (
            SQL("(SELECT company_id FROM progbox_folder WHERE locked)"),
            *map(SQL.identifier, WITNESSES),
            companies_beside_sql(self.env),
        ):
            query = companies_sql(rows)
            try:
                with waiting_at_most(self.env.cr, patience):
                    ids.update(id_ for [id_] in self.env.execute_query(query))
            except psycopg2.Error as error:
                if is_of_the_moment(error):
                    raise
                patience = LITTLE_PATIENCE
                _logger.exception("A table of the archive cannot be read")
                if unread is not None:
                    unread.append(error)
        return self.env["res.company"].browse(sorted(ids))

    @api.model
    def _start_here(self, company, values, ledger=None):
        """Begin a run in this process, instead of one that is queued.

        :param dict values: field values of the run
        :param ledger: iterable of bytes, an exported ledger to compare with
        :return: the run, with its lease taken
        :raise UserError: while another worker verifies this company
        """
        runs = self.sudo()
        queued = runs.search(self._open_domain(company))
        alive = queued & runs.search(
            Domain("state", "=", "running")
            & Domain("lease_until", ">=", fields.Datetime.now())
        )
        if alive or len(queued.try_lock_for_update()) < len(queued):
            raise UserError(
                self.env._(
                    "The archive of %(company)s is being verified by %(worker)s.",
                    company=company.display_name,
                    worker=alive.lease_holder or "?",
                )
            )
        if queued:
            told = queued.with_context(lang=queued._job_language())
            queued._job_finish(
                "cancelled", told.env._("A run from the command line took its place.")
            )
            queued.flush_recordset()
        run = runs.create({"company_id": company.id, "user_id": self.env.uid, **values})
        if ledger:
            run._keep_ledger(ledger)
        run._job_begin_attempt()
        return run

    def _stop_here(self):
        """End a run that was interrupted on the command line."""
        told = self.with_context(lang=self._job_language())
        self._job_finish("cancelled", told.env._("Stopped on the command line."))

    @api.model
    def _parse_anchor(self, text):
        """Read a line of the ledger and its hash, as reports and certificates print it.

        :param str text: ``12:$1$0a…``
        :return: (sequence, hash)
        :raise UserError: for anything else
        """
        match = re.fullmatch(r"(\d+):(\$1\$[0-9a-f]{64})", "".join(text.split()))
        if not match:
            raise UserError(
                self.env._(
                    "%(text)s is no line of the ledger with its hash. Reports and "
                    "certificates print it as LINE:HASH, such as 12:$1$0a…",
                    text=text,
                )
            )
        return int(match[1]), match[2]

    def _keep_ledger(self, blocks):
        attachments = self.env["ir.attachment"]
        attachments._progbox_adopt(
            attachments._progbox_stage(blocks),
            {
                "name": "ledger.jsonl",
                "mimetype": "application/jsonl",
                "res_model": self._name,
                "res_id": self.id,
                "res_field": "ledger",
                "company_id": self.company_id.id,
            },
        )
        self.invalidate_recordset(["ledger"])

    def _renumbered(self):
        """Return what the report says of renumbered invoices.

        :return: see :func:`.verification_sql.renumbered`
        """
        return verification_sql.renumbered(self.env, self.company_id)

    def _ledger_attachment(self):
        """Return what holds the exported ledger, without reading it."""
        attachments = self.env["ir.attachment"].sudo()
        return attachments.search(
            Domain("res_model", "=", self._name)
            & Domain("res_id", "=", self.id)
            & Domain("res_field", "=", "ledger"),
            limit=1,
        )
