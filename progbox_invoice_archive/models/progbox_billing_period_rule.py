import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.periods import month_period, week_period

_logger = logging.getLogger(__name__)

# Of more days than these, a message names the months.
NAMED_DAYS = 10


class ProgboxBillingPeriod(models.Model):
    """Periods that make themselves, after the rule of the company."""

    _inherit = "progbox.billing.period"

    @api.model
    def _ensure(self, company, days, by_hand=False):
        """Make the periods that some days lack, where they make themselves.

        :param res.company company: whose periods
        :param days: dates
        :param bool by_hand: make them after the rule in any case
        :return: the days that are in no period, because people make them
        """
        periods = self.sudo()
        missing = []
        for day in sorted(set(days)):
            if periods._of_day(company, day):
                continue
            if company.progbox_period_mode != "automatic" and not by_hand:
                missing.append(day)
                continue
            period = periods.create(periods._values_after_rule(company, day))
            if not by_hand and period._contains(self._today(company)):
                period.action_open()
        return missing

    @api.model
    def _of_day(self, company, day):
        """Return the period of a company that a day is in, or an empty one."""
        return self.search(
            self._scope_domain(company)
            & Domain("date_from", "<=", day)
            & Domain("date_to", ">=", day),
            limit=1,
        )

    @api.model
    def _today(self, company):
        """Return the day it is where a company is."""
        zone = company.partner_id.tz or company._progbox_archive_manager().tz
        here = self.with_context(tz=zone or self.env.user.tz)
        return fields.Date.context_today(here)

    def _contains(self, day):
        return self.date_from <= day <= self.date_to

    @api.model
    def _values_after_rule(self, company, day):
        """Return the values of the period of a day, between those that exist."""
        if company.progbox_period_unit == "week":
            first, last = week_period(day, int(company.progbox_period_weekday))
        else:
            first, last = month_period(day, company.progbox_period_day)
        ours = self._scope_domain(company)
        before = self.search(
            ours & Domain("date_to", "<", day), order="date_to desc", limit=1
        )
        after = self.search(
            ours & Domain("date_from", ">", day), order="date_from", limit=1
        )
        one_day = timedelta(days=1)
        if before:
            first = max(first, before.date_to + one_day)
        if after:
            last = min(last, after.date_from - one_day)
        past = last < self._today(company)
        return {
            "company_id": company.id,
            "date_from": first,
            "date_to": last,
            "state": "closed" if past else "upcoming",
        }

    @api.model
    def _run(self):
        """Cron: make the periods that are needed, open the one of today."""
        companies = self.env["res.company"].search(
            Domain("progbox_period_mode", "=", "automatic")
        )
        for company in companies:
            try:
                with self.env.cr.savepoint():
                    self._run_company(company)
            except Exception:
                # One company's trouble does not keep the others waiting.
                _logger.exception("No billing periods for %s", company)

    @api.model
    def _run_company(self, company):
        today = self._today(company)
        self._ensure(company, [today, *self._days_without(company)])
        current = self._of_day(company, today)
        self._ensure(company, [current.date_to + timedelta(days=1)])
        if current.state == "upcoming":
            current.action_open()
        # Whose days have gone by while the server did not run.
        self.search(
            self._scope_domain(company)
            & Domain("state", "=", "upcoming")
            & Domain("date_to", "<", today)
        ).action_close()

    @api.model
    def _days_without(self, company, moves=None):
        """Return the days of invoices that are in no period.

        :param res.company company: whose invoices
        :param account.move moves: which of them; by default all
        """
        everything = self.env["account.move"].sudo()
        everything.flush_model(["invoice_date", "date", "company_id", "move_type"])
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT %(day)s AS day FROM account_move move
                WHERE move.company_id = %(company)s AND move.move_type != 'entry'
                AND %(day)s IS NOT NULL AND %(period)s IS NULL %(among)s
                ORDER BY day""",
                day=everything._progbox_day_sql("move"),
                period=everything._progbox_period_sql("move"),
                company=company.id,
                among=SQL()
                if moves is None
                else SQL("AND move.id = ANY(%s)", moves.ids),
            )
        )
        return [day for [day] in rows]

    @api.model
    def _days_text(self, days):
        """Return days as a message names them; many of them as their months."""
        if len(days) <= NAMED_DAYS:
            return ", ".join(format_date(self.env, day) for day in days)
        months = dict.fromkeys(day.replace(day=1) for day in days)
        return ", ".join(
            format_date(self.env, month, date_format="MMMM y") for month in months
        )
