import json
import logging
from datetime import timedelta
from os.path import splitext

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_datetime

from ..tools.filenames import clean_filename
from ..tools.ledger.verify import read_payload
from ..tools.plural import elided
from ..tools.sentinels import SERVER
from .document_sql import invoices_sql
from .invoice_neighbours import PUT_OFF
from .progbox_job_mixin import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

# Days after the end of a month that late invoices of it may take.
GRACE_DAYS = 5


class ProgboxClosing(models.Model):
    """What the archive of a company held for one month, at one moment.

    A closing is a line of the ledger itself, and it names the last line before
    it. Printed and kept elsewhere, it is the anchor against which cutting off the
    end of the ledger shows. What changes the month later opens a supplementary one:
    another document, an invoice that is deleted or posted anew in another month.
    """

    _name = "progbox.closing"
    _inherit = "progbox.append.only"
    _description = "Month Closing"
    _order = "month desc, number desc, id desc"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    number = fields.Integer(
        required=True,
        readonly=True,
        aggregator=None,
        help="1 for the closing of the month, more for supplementary ones.",
    )
    document_count = fields.Integer(string="Documents", readonly=True)
    new_document_count = fields.Integer(
        string="New Documents",
        readonly=True,
        help="Documents that the closing before this one did not have.",
    )
    totals = fields.Json(
        readonly=True,
        help="Amount of the invoices that were not deleted in Odoo, each once, in its "
        "current version; by currency, as decimal texts.",
    )
    totals_text = fields.Char(string="Total", compute="_compute_totals_text")
    stamp_ids = fields.One2many("progbox.time.stamp", "closing_id", readonly=True)
    mail_ids = fields.One2many("progbox.closing.mail", "closing_id", readonly=True)
    stamp_state = fields.Char(string="Time Stamp", compute="_compute_sent_outside")
    mail_state = fields.Char(string="Certificate", compute="_compute_sent_outside")
    before_answer_count = fields.Integer(
        string="Before the Authority's Answer",
        compute="_compute_before_answer_count",
        help="Invoices whose archived document was made while the authority's answer "
        "was still to come, and had no later version at the closing.",
    )
    last_sequence = fields.Integer(string="Last Line", readonly=True, aggregator=None)
    last_hash = fields.Char(string="Hash of the Last Line", readonly=True)
    seal_id = fields.Many2one(
        "progbox.seal", required=True, readonly=True, ondelete="restrict"
    )
    closed_on = fields.Datetime(required=True, readonly=True)
    closed_by = fields.Char(readonly=True)

    _month_unique = models.Constraint(
        "UNIQUE(company_id, month, number)", "This month has this closing already."
    )

    @api.depends("month", "number")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for closing in self:
            month = closing._month_text()
            closing.display_name = (
                elided(self.env._("Closing of %(word)s"), month)
                if closing.number <= 1
                else self.env._(
                    "%(month)s, supplementary closing %(number)s",
                    month=month,
                    number=closing.number - 1,
                )
            )

    def _month_text(self):
        """Return the month as a person of the current language writes it."""
        return format_date(self.env, self.month, date_format="MMMM y")

    @api.depends("totals")
    @api.depends_context("lang")
    def _compute_totals_text(self):
        names = {name for closing in self for name in closing.totals or {}}
        writer = self.env["res.currency"]._progbox_totals_writer(names)
        for closing in self:
            closing.totals_text = writer(closing.totals or {})

    @api.depends("stamp_ids.state", "mail_ids.state")
    @api.depends_context("lang", "tz")
    def _compute_sent_outside(self):
        for closing in self:
            stamp, mail = closing.stamp_ids[:1], closing.mail_ids[:1]
            closing.stamp_state = (
                format_datetime(self.env, stamp.stamped_on)
                if stamp.stamped_on
                else stamp.error or stamp._state_text()
            )
            closing.mail_state = (
                self.env._("Sent to %(people)s", people=mail.sent_to)
                if mail.sent_to
                else mail.error or mail._state_text()
            )

    @api.depends("company_id", "month", "last_sequence")
    def _compute_before_answer_count(self):
        for closing in self:
            closing.before_answer_count = closing._count_before_answer()

    def _count_before_answer(self):
        self.env["progbox.document"].flush_model()
        [[count]] = self.env.execute_query(
            SQL(
                """SELECT count(DISTINCT document.res_id)
                FROM progbox_document document
                JOIN progbox_seal seal ON seal.id = document.seal_id
                WHERE %(month)s AND document.before_answer
                AND seal.sequence <= %(last)s
                AND NOT EXISTS (
                    SELECT FROM progbox_document newer
                    JOIN progbox_seal line ON line.id = newer.seal_id
                    WHERE newer.res_model = document.res_model
                    AND newer.res_id = document.res_id AND newer.series IS NULL
                    AND newer.version > document.version
                    AND line.sequence <= %(last)s
                )""",
                month=self._month_sql(self.company_id, self.month),
                last=self.last_sequence,
            )
        )
        return count

    def _number_span(self):
        """Return the numbers of the first and the last customer invoice, if any.

        :return: list of two numbers, of one, or of none
        """
        self.env["progbox.document"].flush_model()
        numbers = self.env.execute_query(
            SQL(
                """SELECT document.number FROM progbox_document document
                JOIN progbox_seal seal ON seal.id = document.seal_id
                JOIN progbox_document_type type ON type.id = document.type_id
                WHERE %(month)s AND seal.sequence <= %(last)s
                AND type.code = 'customer_invoice' AND document.number IS NOT NULL
                ORDER BY document.document_date, length(document.number),
                    document.number, document.id""",
                month=self._month_sql(self.company_id, self.month),
                last=self.last_sequence,
            )
        )
        return list(dict.fromkeys(number for [number] in numbers[:1] + numbers[-1:]))

    def _stamp_files(self):
        """Return the time stamps of closings, as (name, content) of each file.

        Every ledger counts its lines from one: names of several say whose they are.
        """
        several = len(self.company_id) > 1
        for closing in self:
            for name, content in closing.stamp_ids._files():
                if several:
                    line, extension = splitext(name)
                    name = f"{line} {closing.company_id.name}"
                    name = clean_filename(name, extension)
                yield name, content

    def _refusal(self):
        return self.env._(
            "A month is closed for good. What comes later makes a supplementary "
            "closing."
        )

    # ------------------------------------------------------------------
    # Closing
    # ------------------------------------------------------------------

    @api.model
    def _close(self, company, month):
        """Close one month, whether it is over or not, and tell those who share it.

        :param date month: any day of it
        :rtype: progbox.closing
        """
        closing = self._close_month(company, month)
        self.env["progbox.share"]._notify_closed(closing)
        self.env["progbox.access.log.seal"]._seal_lines(company)
        return closing

    @api.model
    def _close_month(self, company, month):
        seals = self.env["progbox.seal"].sudo()
        seals._lock()
        month = month.replace(day=1)
        former = self.search(
            Domain("company_id", "=", company.id) & Domain("month", "=", month),
            order="number desc",
            limit=1,
        )
        last = seals._last(company)
        values = {
            "company_id": company.id,
            "month": month,
            "number": former.number + 1,
            **self._month_values(company, month, former.last_sequence),
            "last_sequence": last.sequence,
            "last_hash": last.hash,
            "closed_by": self.env.user.name,
        }
        seal = seals._append(company, "closing", self.new(values)._sealed_content())
        sealer = self.sudo().with_context(progbox_server=SERVER)
        closing = sealer.create(
            {**values, "seal_id": seal.id, "closed_on": seal.sealed_on}
        )
        self.env["progbox.time.stamp"]._enqueue_stamp(seal, closing)
        self.env["progbox.closing.mail"]._enqueue_mail(closing)
        return closing.with_env(self.env)

    def _sealed_content(self):
        """Return what the ledger vouches for, as JSON has it."""
        self.ensure_one()
        return {
            "month": self.month and f"{self.month:%Y-%m}",
            "number": self.number,
            "documents": self.document_count,
            "new_documents": self.new_document_count,
            "totals": self.totals or {},
            "last_sequence": self.last_sequence,
            "last_hash": self.last_hash or None,
            "closed_by": self.closed_by,
        }

    @api.model
    def _month_values(self, company, month, former_sequence):
        """Return count and totals of a month, as field values.

        :param int former_sequence: last line that the closing before knew
        """
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        [[count, new]] = self.env.execute_query(
            SQL(
                """SELECT count(*), count(*) FILTER (WHERE seal.sequence > %s)
                FROM progbox_document document
                JOIN progbox_seal seal ON seal.id = document.seal_id
                WHERE %s""",
                former_sequence or 0,
                self._month_sql(company, month),
            )
        )
        totals = self.env.execute_query(
            SQL(
                """SELECT currency_name, sum(amount_total)::text
                FROM %s AS invoice GROUP BY currency_name""",
                invoices_sql(self.env, self._month_sql(company, month)),
            )
        )
        return {
            "document_count": count,
            "new_document_count": new,
            "totals": dict(totals),
        }

    @api.model
    def _testified_sql(self):
        """Return whether a row of ``document`` counts in a closing.

        All that is sealed of the archived sets, those included that no record of Odoo
        stands behind: a closing testifies for the ledger, not for the invoices.
        """
        return SQL("(document.seal_id IS NOT NULL AND document.series IS NULL)")

    @api.model
    def _month_sql(self, company, month):
        return SQL(
            "%s AND document.company_id = %s"
            " AND document.document_date >= %s AND document.document_date < %s",
            self._testified_sql(),
            company.id,
            month,
            month + relativedelta(months=1),
        )

    # ------------------------------------------------------------------
    # Which months are to be closed, and when
    # ------------------------------------------------------------------

    @api.model
    def _run(self):
        """Cron: close what is due, company by company, each in its transaction."""
        companies = self.env["progbox.seal"]._read_group([], ["company_id"])
        alert = self.env["mail.activity"]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for [company] in companies:
            try:
                # First of all in its transaction: see progbox.seal._lock().
                self.env["progbox.seal"]._lock()
                self._close_due(company)
                self.env["progbox.access.log.seal"]._seal_lines(company)
                self.env["progbox.time.stamp"]._enqueue_daily(company)
                self.env["progbox.closing.mail"]._retry_daily(company)
                alert._progbox_clear_ledger(company)
            except CONCURRENCY_ERRORS as error:
                _logger.info("The archive of %s is closed later: %s", company, error)
                self.env.cr.rollback()
            except Exception:
                # One company's trouble does not keep the others open.
                _logger.exception("The archive of %s could not be closed", company)
                self.env.cr.rollback()
                alert._progbox_report_ledger(company)
            if not cron._commit_progress(1):
                return

    @api.model
    def _close_due(self, company):
        """Close the months of a company that are over and have something new.

        Not while its archiver is still busy with them: a history of years would open
        a supplementary closing for every batch of it.

        Those who share are told of all of them at once: a history may have dozens.

        :return: the new closings
        """
        over = fields.Date.context_today(self) - timedelta(days=GRACE_DAYS)
        before = over.replace(day=1)
        if self._archiver_is_busy(company, before):
            return self.browse()
        months = self._open_months(company, before)
        closings = self.union(*(self._close_month(company, month) for month in months))
        self.env["progbox.share"]._notify_closed(closings)
        return closings

    @api.model
    def _archiver_is_busy(self, company, before, patience=None):
        """Whether invoices from before a day are still to be archived.

        :param timedelta patience: jobs that are older than that do not count
        """
        now = fields.Datetime.now()
        made = Domain.TRUE
        if patience:
            made = Domain("create_date", ">=", now - patience)
            made &= Domain("create_date", "<=", now + timedelta(hours=1))
        jobs = self.env["progbox.archive.job"].sudo()
        dated = Domain("move_id.invoice_date", "<", before) | (
            Domain("move_id.invoice_date", "=", False)
            & Domain("move_id.date", "<", before)
        )
        return bool(
            jobs.search_count(
                Domain("company_id", "=", company.id)
                & Domain("state", "=", "pending")
                & Domain("error", "=", False)
                # One that is put off for long does not keep the month open.
                & Domain("next_try", "<=", now + timedelta(days=1))
                & made
                # Nor does a client who changes an address each day.
                & Domain("priority", "!=", PUT_OFF)
                & dated,
                limit=1,
            )
        )

    @api.model
    def _open_months(self, company, before):
        """Return the months for which the ledger has a line that no closing has.

        Months without a document, too, from when the archive began: that nothing was
        invoiced is also something to testify.

        :param date before: first day of the month to stop at
        """
        self.env["progbox.document"].flush_model()
        return [
            month
            for [month] in self.env.execute_query(
                SQL(
                    """WITH news AS (%(news)s)
                    SELECT touched.month FROM (
                        SELECT date_trunc('month', day)::date AS month, sequence
                        FROM news
                        UNION ALL
                        SELECT generate_series(
                            date_trunc('month', greatest(
                                (SELECT min(day) FROM news),
                                (SELECT min(sealed_on)::date FROM progbox_seal
                                WHERE company_id = %(company)s)
                            )),
                            %(before)s::date - interval '1 month',
                            interval '1 month'
                        )::date, 0
                    ) AS touched
                    WHERE touched.month < %(before)s
                    GROUP BY touched.month
                    HAVING max(touched.sequence) > COALESCE((
                        SELECT max(closing.last_sequence) FROM progbox_closing closing
                        WHERE closing.company_id = %(company)s
                        AND closing.month = touched.month
                    ), -1)
                    ORDER BY touched.month""",
                    news=self._news_sql(company),
                    company=company.id,
                    before=before,
                )
            )
        ]

    @api.model
    def _news_sql(self, company):
        """Return, as SQL, which line of the ledger changes the month of which day.

        A deposit that of its document, and that of the version it replaces; the
        deletion of an invoice those of all its documents.
        """
        return SQL(
            """SELECT document.document_date AS day, seal.sequence
            FROM progbox_document document
            JOIN progbox_seal seal ON seal.id = document.seal_id
            WHERE document.company_id = %(company)s AND %(testified)s
            AND document.document_date IS NOT NULL
            UNION ALL
            SELECT older.document_date, seal.sequence
            FROM progbox_document newer
            JOIN progbox_seal seal ON seal.id = newer.seal_id
            JOIN progbox_document older ON older.res_model = newer.res_model
                AND older.res_id = newer.res_id
                AND older.series IS NOT DISTINCT FROM newer.series
                AND older.version = newer.version - 1
            WHERE newer.company_id = %(company)s AND newer.version > 1
            AND older.document_date IS NOT NULL
            UNION ALL
            SELECT document.document_date, line.sequence
            FROM progbox_seal line
            JOIN progbox_document document ON document.id IN (
                SELECT jsonb_array_elements(line.payload::jsonb -> 'documents')::int
            )
            WHERE line.company_id = %(company)s AND line.kind = 'source_deleted'
            AND %(testified)s AND document.document_date IS NOT NULL""",
            company=company.id,
            testified=self._testified_sql(),
        )

    @api.model
    def _has_news(self, company, month):
        """Whether there is something to testify for a month that no closing has."""
        end = month + relativedelta(months=1)
        return month in self._open_months(company, before=end)

    # ------------------------------------------------------------------
    # What closings testify, and whether they still say what was sealed
    # ------------------------------------------------------------------

    def _export_lines(self):
        """Return these closings as an export keeps them: their sealed texts."""
        return [
            {"hash": closing.seal_id.hash, **json.loads(closing.seal_id.payload)}
            for closing in self.sorted(lambda closing: closing.seal_id.sequence)
        ]

    @api.model
    def _anchors(self, company):
        """Return what the closings of a company know of its ledger.

        :return: list of (sequence, hash, display name)
        """
        closings = self.sudo().search(Domain("company_id", "=", company.id))
        return [
            (closing.last_sequence, closing.last_hash, closing.display_name)
            for closing in closings
            if closing.last_sequence and not closing._is_altered()
        ]

    def _is_altered(self):
        """Whether the closing is not what was sealed: then it is no witness."""
        differing, sealed, _row = self._compared()
        return bool(sealed and differing)

    def _compared(self):
        """Compare a closing with the line of the ledger that was written with it.

        :return: the keys that differ, the sealed values (empty when there is no such
            line), and the values of the row
        """
        self.ensure_one()
        seal = self.seal_id.exists()
        ours = seal.kind == "closing" and seal.company_id == self.company_id
        sealed = read_payload(seal.payload) if ours else {}
        row = self._sealed_content()
        if sealed:
            # Odoo keeps no empty dictionary.
            sealed = {**sealed, "totals": sealed.get("totals") or {}}
        row["sealed_on"] = self.closed_on and f"{self.closed_on.isoformat()}Z"
        return [key for key in row if row[key] != sealed.get(key)], sealed, row

    def _new_domain(self):
        """Return which documents this closing has and the one before it had not."""
        if self.number <= 1:
            return Domain.TRUE
        former = self.search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("month", "=", self.month)
            & Domain("number", "=", self.number - 1)
        )
        return Domain("seal_id.sequence", ">", former.last_sequence)
