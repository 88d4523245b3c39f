import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .progbox_job_mixin import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

# Days after the end of a month that late invoices of it may take.
GRACE_DAYS = 5


class ProgboxClosing(models.Model):
    """Which months are to be closed, and when."""

    _inherit = "progbox.closing"

    @api.model
    def _run(self):
        """Cron: close what is due, company by company, each in its transaction."""
        companies = self.env["progbox.seal"]._read_group([], ["company_id"])
        alert = self.env["progbox.archive.alert"]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for [company] in companies:
            try:
                # First of all in its transaction: see progbox.seal._lock().
                self.env["progbox.seal"]._lock()
                self._close_due(company)
                alert._clear_ledger(company)
            except CONCURRENCY_ERRORS as error:
                _logger.info("The archive of %s is closed later: %s", company, error)
                self.env.cr.rollback()
            except Exception:
                # One company's trouble does not keep the others open.
                _logger.exception("The archive of %s could not be closed", company)
                self.env.cr.rollback()
                alert._report_ledger(company)
            if not cron._commit_progress(1):
                return

    @api.model
    def _close_due(self, company):
        """Close the months of a company that are over and have something new.

        Not while its archiver is still busy with them: a history of years would open
        a supplementary closing for every batch of it.

        :return: the new closings
        """
        over = fields.Date.context_today(self) - timedelta(days=GRACE_DAYS)
        before = over.replace(day=1)
        if self._archiver_is_busy(company, before):
            return self.browse()
        months = self._open_months(company, before)
        return self.union(*(self._close(company, month) for month in months))

    @api.model
    def _archiver_is_busy(self, company, before):
        """Whether invoices from before a day are still to be archived."""
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
            WHERE document.company_id = %(company)s
            AND document.document_date IS NOT NULL
            UNION ALL
            SELECT older.document_date, seal.sequence
            FROM progbox_document newer
            JOIN progbox_seal seal ON seal.id = newer.seal_id
            JOIN progbox_document older ON older.res_model = newer.res_model
                AND older.res_id = newer.res_id AND older.version = newer.version - 1
            WHERE newer.company_id = %(company)s AND newer.version > 1
            AND older.document_date IS NOT NULL
            UNION ALL
            SELECT document.document_date, line.sequence
            FROM progbox_seal line
            JOIN progbox_document document ON document.id IN (
                SELECT jsonb_array_elements(line.payload::jsonb -> 'documents')::int
            )
            WHERE line.company_id = %(company)s AND line.kind = 'source_deleted'
            AND document.document_date IS NOT NULL""",
            company=company.id,
        )

    @api.model
    def _has_news(self, company, month):
        """Whether there is something to testify for a month that no closing has."""
        end = month + relativedelta(months=1)
        return month in self._open_months(company, before=end)
