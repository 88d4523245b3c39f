import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .progbox_job_engine import CONCURRENCY_ERRORS

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

        Not while its archiver is still busy: a history of years would open a
        supplementary closing for every batch of it.

        :return: the new closings
        """
        if (
            self.env["progbox.archive.job"]
            .sudo()
            .search_count(
                Domain("company_id", "=", company.id)
                & Domain("state", "=", "pending")
                & Domain("error", "=", False),
                limit=1,
            )
        ):
            return self.browse()
        over = fields.Date.context_today(self) - timedelta(days=GRACE_DAYS)
        months = self._open_months(company, before=over.replace(day=1))
        return self.union(*(self._close(company, month) for month in months))

    @api.model
    def _open_months(self, company, before):
        """Return the months with documents that no closing has.

        :param date before: first day of the month to stop at
        """
        self.env["progbox.document"].flush_model()
        return [
            month
            for [month] in self.env.execute_query(
                SQL(
                    """SELECT date_trunc('month', document.document_date)::date AS month
                    FROM progbox_document document
                    JOIN progbox_seal seal ON seal.id = document.seal_id
                    WHERE document.company_id = %(company)s
                    AND document.document_date < %(before)s
                    GROUP BY month
                    HAVING max(seal.sequence) > COALESCE((
                        SELECT max(closing.last_sequence) FROM progbox_closing closing
                        WHERE closing.company_id = %(company)s
                        AND closing.month
                            = date_trunc('month', min(document.document_date))
                    ), 0)
                    ORDER BY month""",
                    company=company.id,
                    before=before,
                )
            )
        ]

    @api.model
    def _has_news(self, company, month):
        """Whether a month has documents that no closing has."""
        end = month + relativedelta(months=1)
        return month in self._open_months(company, before=end)
