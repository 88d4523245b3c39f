import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime

from . import verification_beside_sql
from .progbox_job_mixin import OPEN_STATES
from .verification_beside import BESIDE_KINDS, BESIDE_PAST, BESIDE_WARNINGS
from .verification_texts import TEXTS

WARNINGS = (
    "clock",
    "closing_late",
    "cron_off",
    "invoice_missing",
    "helper_missing",
    "job_late",
    "mail_failed",
    "verification_late",
    *BESIDE_WARNINGS,
)

# What a ledger that was mended does not have any more.
LEDGER_KINDS = frozenset(
    (
        "line_changed",
        "line_removed",
        "line_reordered",
        "line_foreign",
        "line_replaced",
        "ledger_cut",
    )
)

# What has happened, and cannot be put right: somebody looks into it, once.
PAST_KINDS = ("clock", "guard_lifted", "source_gone", *BESIDE_PAST)

# By what such a finding is known again.
IDENTITY = ("kind", "sequence", "res_id", "actual")

KINDS = [
    ("file_missing", "File missing"),
    ("file_unreadable", "File unreadable"),
    ("file_changed", "File changed"),
    ("file_second", "Second file"),
    ("line_changed", "Ledger line changed"),
    ("line_removed", "Ledger line removed"),
    ("line_reordered", "Ledger line moved"),
    ("line_foreign", "Foreign ledger line"),
    ("line_replaced", "Ledger line replaced"),
    ("ledger_cut", "Ledger cut at its end"),
    ("document_unsealed", "Document without ledger line"),
    ("document_missing", "Ledger line without document"),
    ("document_changed", "Document changed"),
    ("closing_changed", "Closing changed"),
    ("closing_unsealed", "Closing without ledger line"),
    ("closing_missing", "Ledger line without closing"),
    ("invoice_missing", "Invoice without document"),
    ("source_gone", "Invoice gone without ledger line"),
    ("guard_missing", "Database guard not active"),
    ("guard_lifted", "Database guard was lifted"),
    ("unchecked", "Part not checked"),
    ("clock", "Clock set back"),
    ("cron_off", "Scheduled action does not run"),
    ("helper_missing", "Piece of the add-on deleted"),
    ("right_missing", "Rights of the archive deleted"),
    ("job_late", "Invoices wait too long"),
    ("mail_failed", "E-mails of the archive not sent"),
    ("verification_late", "Verification overdue"),
    ("closing_late", "Month not closed"),
    *BESIDE_KINDS,
]


def _identity(finding):
    """Return by what a finding is known again, from a record or its values."""
    return tuple(finding[name] or None for name in IDENTITY)


LISTED = re.compile(r"^(\w+): ", re.MULTILINE)

# Per kind of finding, the fields that the sealed keys are shown as.
SEALED_FIELDS = {
    "document_changed": (
        "progbox.document",
        {
            "amount": "amount_total",
            "company": "company_id",
            "currency": "currency_name",
            "date": "document_date",
            "folder": "folder_id",
            "made_with": "made_with",
            "mimetype": "mimetype",
            "model": "res_model",
            "name": "name",
            "number": "number",
            "origin": "origin",
            "partner": "partner_name",
            "record": "res_id",
            "seal": "seal_id",
            "series": "series",
            "sha256": "sha256",
            "size": "size",
            "type": "type_id",
            "version": "version",
        },
    ),
    "closing_changed": (
        "progbox.closing",
        {
            "closed_by": "closed_by",
            "documents": "document_count",
            "last_hash": "last_hash",
            "last_sequence": "last_sequence",
            "month": "month",
            "new_documents": "new_document_count",
            "number": "number",
            "sealed_on": "closed_on",
            "totals": "totals_text",
        },
    ),
    "line_changed": (
        "progbox.seal",
        {"document": "document_id", "kind": "kind", "sealed_on": "sealed_on"},
    ),
    "line_foreign": (
        "progbox.source.deletion",
        {
            "deleted_by": "deleted_by",
            "deleted_on": "deleted_on",
            "documents": "document_ids",
            "model": "res_model",
            "number": "number",
            "record": "res_id",
        },
    ),
}


class ProgboxVerificationFinding(models.Model):
    """Something that is not as it was sealed, and what to do about it."""

    _name = "progbox.verification.finding"
    _inherit = "progbox.own.values.mixin"
    _description = "Verification Finding"
    _order = "verification_id desc, level, sequence, id"
    _rec_name = "kind"

    verification_id = fields.Many2one(
        "progbox.verification",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="verification_id.company_id", store=True, readonly=True
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    level = fields.Selection(
        [("error", "Damage"), ("warning", "Warning")], required=True, readonly=True
    )
    sequence = fields.Integer(string="Ledger Line", readonly=True, aggregator=None)
    number = fields.Char(string="Invoice Number", readonly=True)
    partner_name = fields.Char(string="Client", readonly=True)
    document_date = fields.Date(string="Date", readonly=True)
    res_model = fields.Char(string="Record Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    document_id = fields.Many2one(
        "progbox.document", readonly=True, ondelete="set null"
    )
    path = fields.Char(readonly=True, help="Where the document stands in the archive.")
    what = fields.Char(
        readonly=True, help="What differs, or what it was compared with."
    )
    expected = fields.Text(string="Sealed (technical)", readonly=True)
    actual = fields.Text(string="Found (technical)", readonly=True)
    acknowledged_by = fields.Char(readonly=True)
    acknowledged_on = fields.Datetime(readonly=True)
    can_acknowledge = fields.Boolean(compute="_compute_can_acknowledge")
    message = fields.Text(string="What Happened", compute="_compute_message")
    advice = fields.Text(string="What to Do", compute="_compute_message")
    expected_text = fields.Text(string="Sealed", compute="_compute_message")
    actual_text = fields.Text(string="Found", compute="_compute_message")

    @api.depends("kind", "acknowledged_on", "verification_id.state")
    def _compute_can_acknowledge(self):
        for finding in self:
            finding.can_acknowledge = (
                finding.kind in PAST_KINDS
                and not finding.acknowledged_on
                and finding.verification_id.state not in OPEN_STATES
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open_record(self):
        """Open the invoice the finding is about."""
        self.ensure_one()
        record = self.browse()
        if self.res_model and self.res_model in self.env:
            record = self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise UserError(
                self.env._(
                    "No record in Odoo belongs to this finding, or it has been deleted."
                )
            )
        return record._get_records_action()

    def action_open_document(self):
        """Open the document the finding is about."""
        self.ensure_one()
        if not self.document_id:
            raise UserError(self.env._("The document is not in the archive."))
        return self.document_id._get_records_action()

    def action_acknowledge(self):
        """Note that a person has looked into it: no later verification repeats it."""
        self.check_access("read")
        self.env.user._check_archive_manager()
        if any(finding.kind not in PAST_KINDS for finding in self):
            raise UserError(
                self.env._("This finding goes when what is wrong has been corrected.")
            )
        if any(state in OPEN_STATES for state in self.verification_id.mapped("state")):
            raise UserError(
                self.env._(
                    "The verification is still going on. Acknowledge what it has found "
                    "once it is over."
                )
            )
        for finding in self.filtered(lambda finding: not finding.acknowledged_on):
            finding.sudo().write(
                {
                    "acknowledged_by": self.env.user.name,
                    "acknowledged_on": fields.Datetime.now(),
                }
            )
            finding._note_acknowledged()

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _note_acknowledged(self):
        """Put on record that a person has looked into it."""
        for finding in self:
            self.env["progbox.access.log"]._log(
                "verification",
                company=finding.company_id,
                note=self.env._(
                    "Acknowledged by %(who)s on %(when)s, finding %(mark)s %(what)s",
                    who=finding.acknowledged_by,
                    when=format_datetime(self.env, finding.acknowledged_on),
                    mark=f"#{finding.id}:",
                    what=finding.message,
                ),
            )

    def _on_record(self, company):
        """Return those whose acknowledgement the access log has, or had.

        A row that says so by itself is believed no more than any other: the database
        takes no acknowledgement with a day of the past, so only what is older than
        the log may be without its line. The line is younger than the finding, and
        names it and who has looked into it.
        """
        return self.browse(verification_beside_sql.acknowledged(company, self))

    @api.model
    def _without_acknowledged(self, findings, company):
        """Return those among findings that nobody has acknowledged in an earlier run.

        :param findings: list of Finding
        """
        kinds = [kind for kind in PAST_KINDS if any(f.kind == kind for f in findings)]
        if not kinds:
            return findings
        acknowledged = self.search_fetch(
            Domain("company_id", "=", company.id)
            & Domain("kind", "in", kinds)
            & Domain("acknowledged_on", "!=", False),
            IDENTITY,
        )
        known = set(map(_identity, acknowledged._on_record(company)))
        return [f for f in findings if _identity(self._values(f)) not in known]

    @api.model
    def _values(self, finding):
        """Return the field values for a Finding of the tools."""
        content = self._readable(finding.content or {})
        folder, name = content["folder"], content["name"]
        return {
            "kind": finding.kind,
            "level": "warning" if finding.kind in WARNINGS else "error",
            "sequence": finding.sequence,
            "number": content["number"],
            "partner_name": content["partner"],
            "document_date": content["date"],
            "res_model": content["model"],
            "res_id": content["record"],
            "document_id": finding.document,
            "path": f"{folder}/{name}" if folder and name else name,
            "what": finding.what,
            "expected": finding.expected,
            "actual": finding.actual,
        }

    @api.model
    def _readable(self, content):
        """Return sealed values that can be stored, whatever somebody has forged."""
        texts = {
            key: content[key] if isinstance(content.get(key), str) else None
            for key in ("date", "folder", "model", "name", "number", "partner")
        }
        try:
            date = fields.Date.to_date(texts["date"])
        except ValueError:
            date = None
        record = content.get("record")
        if not isinstance(record, int) or not 0 < record < 1 << 31:
            record = None
        return {**texts, "date": date, "record": record}

    # ------------------------------------------------------------------
    # What a finding says to a person
    # ------------------------------------------------------------------

    @api.depends("kind", "sequence", "number", "path", "what", "expected", "actual")
    @api.depends_context("lang")
    def _compute_message(self):
        renumbered = self._renumbered()
        named = self.env["progbox.document"]._number_text
        words = self.env["progbox.watch"]._words
        for finding in self:
            message, advice = map(self.env._, TEXTS[finding.kind])
            now = renumbered.get(finding.id)
            finding.message = message % {
                "name": named(finding.path or finding.number or "?", now),
                "what": finding._labelled_keys() or finding.sequence,
                "line": finding.sequence,
                "number": named(finding.number or "?", now),
                "actual": words(finding.kind, finding.actual or "?"),
            }
            finding.advice = advice
            finding.expected_text = finding._labelled_values(finding.expected)
            finding.actual_text = finding._labelled_values(finding.actual)

    def _renumbered(self):
        """Return the numbers that the invoices have now that were renumbered.

        :return: dictionary of numbers by id of the finding
        """
        named = self.filtered(
            lambda finding: finding.res_model == "account.move" and finding.number
        )
        moves = self.env["account.move"].sudo().browse(named.mapped("res_id"))
        posted = moves.exists().filtered(lambda move: move.state == "posted")
        numbers = {(move.id, move.company_id): move.name for move in posted}
        now = {
            finding.id: numbers.get((finding.res_id, finding.company_id))
            for finding in named
        }
        return {
            finding.id: now[finding.id]
            for finding in named
            if now[finding.id] != finding.number
        }

    def _labelled_keys(self):
        """Return what differs, under the names that the screens have for it."""
        labels = self._labels()
        return ", ".join(labels.get(key, key) for key in (self.what or "").split(", "))

    def _labelled_values(self, text):
        """Return lines of ``key: value`` with the names of the screens as keys."""
        labels = self._labels()
        return LISTED.sub(
            lambda match: f"{labels.get(match[1], match[1])}: ", text or ""
        )

    def _labels(self):
        """Return the translated labels of the sealed keys, by the key."""
        model, names = SEALED_FIELDS.get(self.kind, ("progbox.document", {}))
        model_fields = self.env[model]._fields
        return {
            key: model_fields[name]._description_string(self.env)
            for key, name in names.items()
        }
