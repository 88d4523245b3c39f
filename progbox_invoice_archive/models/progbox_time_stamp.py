import base64
import binascii
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import config, str2bool

from ..exceptions import JobError
from ..tools.ledger.verify import Finding
from ..tools.time_stamp import (
    LOCAL,
    SILENT,
    StampError,
    ask_for_stamp,
    check_stamp,
    load_certificates,
    shown_address,
)
from .progbox_job_mixin import JOB_FIELDS
from .stamp_authorities import (
    TOLERANCE,
    authority_findings,
    on_record,
    stamped_since,
    trusted_in_time,
)

# An authority may be away for a weekend.
PATIENCE = timedelta(days=4)
# Option in the configuration file of the server: the authority is one of the own
# network, or of the server itself, for trials.
LOCAL_OPTION = "progbox_local_authority"


class ProgboxTimeStamp(models.Model):
    """What an authority outside has signed of the ledger, and when (RFC 3161).

    One for each closing, and one a day for the end of a ledger that has moved. A
    ledger that somebody has written anew, as a whole, has other hashes, and nobody
    can have them signed with a date of the past. Asked for by a job: an authority that
    is silent holds up nothing.
    """

    _name = "progbox.time.stamp"
    _inherit = "progbox.kept.job.mixin"
    _description = "Time Stamp of the Ledger"
    _rec_name = "hash"
    _order = "company_id, sequence desc, id desc"
    _job_cron = "progbox_invoice_archive.ir_cron_time_stamp"
    _server_fields = JOB_FIELDS | {"token", "stamped_on", "authority"}

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    closing_id = fields.Many2one(
        "progbox.closing", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    sequence = fields.Integer(
        string="Ledger Line", required=True, readonly=True, aggregator=None
    )
    hash = fields.Char(required=True, readonly=True)
    log_sequence = fields.Integer(
        string="Seal of the Access Log", readonly=True, aggregator=None
    )
    log_hash = fields.Char(string="Hash of the Access Log", readonly=True)
    token = fields.Binary(
        string="Answer of the Authority", attachment=False, readonly=True
    )
    token_name = fields.Char(compute="_compute_token_name")
    stamped_on = fields.Datetime(readonly=True)
    authority = fields.Char(
        string="Certificate of the Authority (SHA-256)",
        readonly=True,
        help="Which of the certificates of the settings vouched for the answer when "
        "it came. Compare it with what the authority publishes.",
    )

    _line_unique = models.Constraint(
        "UNIQUE(company_id, sequence)", "This line is stamped, or about to be."
    )

    @api.depends("sequence", "closing_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for stamp in self:
            stamp.display_name = stamp._label()

    @api.depends("sequence")
    def _compute_token_name(self):
        for stamp in self:
            stamp.token_name = f"{stamp.sequence}.tsr"

    def _refusal(self):
        return self.env._("Time stamps are kept as the authority has given them.")

    def _text(self):
        """Return what is signed: a line of the ledger with its hash, as reports do.

        The access log has a chain of its own: where it stands is signed with it.
        """
        self.ensure_one()
        text = f"{self.sequence}:{self.hash}"
        if self.log_hash:
            text += f"\nlog {self.log_sequence}:{self.log_hash}"
        return text

    def _answer(self):
        """Return what the authority has answered.

        :rtype: bytes, empty as long as there is nothing that can be read
        """
        token = self.with_context(bin_size=False).token or b""
        try:
            return base64.b64decode(token)
        except binascii.Error:
            return b""

    # ------------------------------------------------------------------
    # Queueing and execution
    # ------------------------------------------------------------------

    @api.model
    def _enqueue_stamp(self, seal, closing=None):
        """Have a line of the ledger stamped, when its company has an authority.

        :param progbox.seal seal: the line
        :param progbox.closing closing: that the line is of
        """
        company = seal.company_id
        if not company._progbox_stamps():
            return
        log = self.env["progbox.access.log.seal"].sudo()._last(company)
        self._as_server().create(
            {
                "company_id": company.id,
                "closing_id": closing and closing.id,
                "sequence": seal.sequence,
                "hash": seal.hash,
                "log_sequence": log.sequence,
                "log_hash": log.hash,
            }
        )
        self._job_trigger()

    @api.model
    def _enqueue_daily(self, company):
        """Have the end of a ledger stamped that has moved, and ask again for the rest.

        :param res.company company: whose ledger it is
        """
        if not company._progbox_stamps():
            return
        stamps = self.sudo().search(Domain("company_id", "=", company.id))
        last = self.env["progbox.seal"].sudo()._last(company)
        if last.sequence > max(stamps.mapped("sequence"), default=0):
            self._enqueue_stamp(last)
        given_up = stamps.filtered(lambda stamp: stamp.state == "failed")
        given_up._job_write({"state": "pending", "attempts": 0})
        if given_up:
            self._job_trigger()

    def _job_prepare(self):
        company = self.company_id.sudo()
        if not company._progbox_stamps():
            raise JobError(
                self.env._(
                    "No time-stamping authority is set any more. Name one in the "
                    "settings of the archive; this is tried again every day."
                )
            )
        try:
            return ask_for_stamp(
                company.progbox_stamp_url,
                self._text(),
                load_certificates(company.progbox_stamp_certificates),
                local=str2bool(config.get(LOCAL_OPTION, ""), False),
            )
        except StampError as error:
            raise JobError(self._error_text(error), error.detail) from error

    def _job_execute(self, prepared):
        late = abs(prepared.stamped_on - fields.Datetime.now())
        if late > TOLERANCE:
            raise JobError(
                self.env._(
                    "The time-stamping authority says it is %(theirs)s (UTC), the "
                    "server %(ours)s. Set the clock of the server, or choose another "
                    "authority.",
                    theirs=prepared.stamped_on.replace(microsecond=0),
                    ours=fields.Datetime.now(),
                )
            )
        self._job_write(
            {
                "token": base64.b64encode(prepared.token),
                "stamped_on": prepared.stamped_on.replace(microsecond=0),
                "authority": prepared.authority,
            }
        )

    def _error_text(self, error):
        address = shown_address(self.company_id.sudo().progbox_stamp_url or "")
        if error.code == SILENT:
            return self.env._(
                "The time-stamping authority %(address)s does not answer. It is asked "
                "again; if this lasts, check its address in the settings.",
                address=address,
            )
        if error.code == LOCAL:
            return self.env._(
                "The address %(address)s of the time-stamping authority is one of this "
                "server itself or of the network around it, which is not asked. Enter "
                "the address that the authority publishes in the settings; for an "
                "authority of your own, have the administrator set %(option)s in the "
                "configuration file of the server.",
                address=address,
                option=f"{LOCAL_OPTION} = True",
            )
        return self.env._(
            "The answer of the time-stamping authority %(address)s proves nothing: it "
            "is not signed by a certificate of the settings, or is about something "
            "else. Compare the address and the certificate with what the authority "
            "publishes.",
            address=address,
        )

    # ------------------------------------------------------------------
    # What stamps prove
    # ------------------------------------------------------------------

    def _judge(self):
        """Check a stamp with the certificates that its company trusts.

        :return: what is signed (a Stamp), or None; and why it proves nothing, if so
        """
        try:
            trusted = load_certificates(
                self.company_id.sudo().progbox_stamp_certificates or ""
            )
            judged = check_stamp(
                self._answer(), self._text(), trusted, authority=self.authority
            )
            return judged, ""
        except StampError as error:
            return None, error.detail
        except ValueError as error:
            return None, str(error)

    @api.model
    def _anchors(self, company):
        """Return what good stamps know of the ledger of a company.

        :return: list of (sequence, hash, what to call the source)
        """
        return [
            (stamp.sequence, stamp.hash, stamp._label())
            for stamp in self._of(company)
            if stamp.token and stamp._judge()[0]
        ]

    @api.model
    def _of(self, company):
        return self.sudo().search(Domain("company_id", "=", company.id), order="id")

    def _label(self):
        if self.closing_id:
            return self.env._(
                "Time stamp: %(closing)s", closing=self.closing_id.display_name
            )
        return self.env._("Time stamp of line %(line)s", line=self.sequence)

    @api.model
    def _findings(self, company, after=0):
        """Return what is wrong with the stamps of a company: a part of a verification.

        :param int after: 0 for the one page that there is
        :return: see progbox.verification._parts_of_check()
        """
        if after:
            return None
        stamps = self._of(company)
        known = on_record(company)
        findings = [
            finding
            for stamp in stamps
            if (finding := stamp._finding(known)) is not None
        ]
        return 1, [
            *findings,
            *self._missing_findings(company, stamps),
            *authority_findings(company),
        ]

    def _finding(self, known):
        """Return what is wrong with one stamp, or None.

        :param dict known: since when which authorities are on record
        """
        about = {"sequence": self.sequence, "content": {"name": self._label()}}
        if not self.token:
            if self.create_date > fields.Datetime.now() - PATIENCE:
                return None
            return Finding("stamp_missing", **about, actual=self.error or "")
        judged, why = self._judge()
        if not judged:
            return Finding("stamp_invalid", **about, actual=why)
        stamped_on = judged.stamped_on
        if abs(stamped_on - self.stamped_on) > timedelta(seconds=1):
            return Finding(
                "stamp_invalid",
                **about,
                actual=f"{self.stamped_on} != {stamped_on}",
            )
        if judged.authority != (
            self.authority or judged.authority
        ) or not trusted_in_time(
            judged.authority, stamped_on, bool(self.authority), known
        ):
            return Finding(
                "stamp_authority",
                **about,
                expected=self.authority or "",
                actual=judged.authority,
            )
        line = (
            self.env["progbox.seal"]
            .sudo()
            .search(
                Domain("company_id", "=", self.company_id.id)
                & Domain("sequence", "=", self.sequence),
                limit=1,
            )
        )
        log = (
            self.env["progbox.access.log.seal"]
            .sudo()
            .search(
                Domain("company_id", "=", self.company_id.id)
                & Domain("sequence", "=", self.log_sequence),
                limit=1,
            )
        )
        if self.log_hash and log.hash != self.log_hash:
            return Finding(
                "log_chain",
                **about,
                what=self._label(),
                expected=f"{self.log_sequence}:{self.log_hash}",
                actual=f"{log.sequence}:{log.hash}",
            )
        if line and not (
            -TOLERANCE < stamped_on - line.sealed_on < PATIENCE + timedelta(days=10)
        ):
            return Finding(
                "stamp_late",
                **about,
                expected=f"{line.sealed_on}Z",
                actual=f"{stamped_on}Z",
            )
        return None

    @api.model
    def _begin(self, company, stamps):
        """Return since when the ledger of a company is stamped, None for never.

        Where somebody has removed that day and the stamps, the access log has it.
        """
        since = company.sudo().progbox_stamp_since
        days = filter(None, (since, *stamps.mapped("create_date")))
        return min(days, default=None) or stamped_since(company)

    @api.model
    def _off_findings(self, company):
        """Return whether the ledger was stamped, and no authority is set any more."""
        if company._progbox_stamps():
            return []
        begin = self._begin(company, self._of(company)[:1])
        return [Finding("stamp_off", actual=f"{begin}Z")] if begin else []

    @api.model
    def _missing_findings(self, company, stamps):
        """Return which lines should have a stamp and have none."""
        begin = self._begin(company, stamps)
        if not begin:
            return []
        until = fields.Datetime.now() - PATIENCE
        closings = (
            self.env["progbox.closing"]
            .sudo()
            .search(
                Domain("company_id", "=", company.id)
                & Domain("closed_on", ">=", begin)
                & Domain("id", "not in", stamps.closing_id.ids),
                order="id",
            )
        )
        findings = [
            Finding(
                "stamp_missing",
                closing.seal_id.sequence,
                {"name": closing.display_name},
            )
            for closing in closings
        ]
        lines = (
            self.env["progbox.seal"]
            .sudo()
            .search(
                Domain("company_id", "=", company.id)
                & Domain("sealed_on", ">=", begin)
                & Domain("sealed_on", "<", until),
                order="sequence desc",
                limit=1,
            )
        )
        if lines.sequence > max(stamps.mapped("sequence"), default=0):
            findings.append(
                Finding(
                    "stamp_missing",
                    lines.sequence,
                    {
                        "name": self.env._(
                            "Time stamp of line %(line)s", line=lines.sequence
                        )
                    },
                )
            )
        return findings

    # ------------------------------------------------------------------
    # For people without Odoo
    # ------------------------------------------------------------------

    def _files(self):
        """Return what `openssl ts -verify` takes, as (name, content) of each file."""
        for stamp in self:
            if answer := stamp._answer():
                yield f"{stamp.sequence}.tsr", answer
                yield f"{stamp.sequence}.txt", stamp._text().encode()
