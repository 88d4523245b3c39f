from datetime import date

from freezegun import freeze_time

from odoo.fields import Domain
from odoo.tests import tagged

from .test_billing_period import PeriodCommon


@tagged("post_install", "-at_install")
class TestBillingPeriodRule(PeriodCommon):
    """Periods that make themselves."""

    def test_calendar_months_are_the_default(self):
        self.assertEqual(
            self.periods._ensure(self.company, [date(2026, 11, 21), date(2024, 2, 3)]),
            [],
        )
        early, late = self.periods.search([], order="date_from")
        self.assertEqual(self.span(early), (date(2024, 2, 1), date(2024, 2, 29)))
        self.assertEqual(self.span(late), (date(2026, 11, 1), date(2026, 11, 30)))
        self.assertEqual(early.due_date, date(2024, 3, 30))
        self.assertEqual(early.state, "closed")

    def test_a_period_is_made_once(self):
        days = [date(2026, 11, day) for day in (1, 2, 30)]
        self.periods._ensure(self.company, days)
        self.periods._ensure(self.company, days)
        self.assertEqual(self.periods.search_count([]), 1)

    def test_a_new_rule_leaves_what_exists_and_fills_the_rest(self):
        self.period("2026-11-01", "2026-11-30")
        self.period("2027-01-01", "2027-01-05")
        self.company.progbox_period_day = 15
        days = [date(2026, 12, 2), date(2027, 1, 6), date(2026, 10, 31)]
        self.periods._ensure(self.company, days)
        spans = [self.span(p) for p in self.periods.search([], order="date_from")]
        self.assertEqual(
            spans,
            [
                (date(2026, 10, 15), date(2026, 10, 31)),
                (date(2026, 11, 1), date(2026, 11, 30)),
                (date(2026, 12, 1), date(2026, 12, 14)),
                (date(2027, 1, 1), date(2027, 1, 5)),
                (date(2027, 1, 6), date(2027, 1, 14)),
            ],
        )

    def test_weeks_and_the_due_date(self):
        self.company.write(
            {
                "progbox_period_unit": "week",
                "progbox_period_weekday": "3",
                "progbox_period_due_days": 10,
                "progbox_period_due_rule": "month_end",
            }
        )
        self.periods._ensure(self.company, [date(2026, 11, 21)])
        period = self.periods.search([])
        self.assertEqual(self.span(period), (date(2026, 11, 19), date(2026, 11, 25)))
        self.assertEqual(period.due_date, date(2026, 12, 31))

    def test_people_who_make_periods_are_told_which_days_lack_one(self):
        self.company.progbox_period_mode = "manual"
        self.period("2026-11-01", "2026-11-10")
        days = [date(2026, 11, 10), date(2026, 11, 11)]
        self.assertEqual(self.periods._ensure(self.company, days), days[1:])
        self.assertEqual(self.periods.search_count([]), 1)

    def test_the_cron_makes_them_ahead_and_opens_todays(self):
        self.draft(date="2026-03-02")
        with freeze_time("2026-11-21"):
            self.periods._run_company(self.company)
        states = [
            (p.date_from, p.state) for p in self.periods.search([], order="date_from")
        ]
        self.assertEqual(
            states,
            [
                (date(2026, 3, 1), "closed"),
                (date(2026, 11, 1), "open"),
                (date(2026, 12, 1), "upcoming"),
            ],
        )
        with freeze_time("2026-12-01"):
            self.periods._run_company(self.company)
        opened = self.periods.search([("state", "=", "open")])
        self.assertEqual(opened.date_from, date(2026, 12, 1))
        november = self.periods.search([("date_from", "=", "2026-11-01")])
        self.assertEqual(november.state, "closed")

    @freeze_time("2026-11-21")
    def test_the_cron_opens_no_period_that_was_closed_by_hand(self):
        self.periods._run_company(self.company)
        current = self.periods.search([("state", "=", "open")])
        self.assertEqual(current.date_from, date(2026, 11, 1))
        current.action_close()
        self.periods._run_company(self.company)
        self.assertEqual(current.state, "closed")

    def test_the_cron_leaves_the_periods_of_people_alone(self):
        self.env["res.company"].search(Domain.TRUE).progbox_period_mode = "manual"
        before = self.periods.search_count([])
        self.periods._run()
        self.assertEqual(self.periods.search_count([]), before)

    def test_the_trouble_of_one_company_keeps_no_other_waiting(self):
        other = self.env["res.company"].create({"name": "Last", "sequence": 999})
        served = []

        def run(_periods, company):
            if company == self.company:
                raise ValueError
            served.append(company)

        self.patch(type(self.periods), "_run_company", run)
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "ERROR"):
            self.periods._run()
        self.assertIn(other, served)

    def test_days_of_invoices_without_a_period_are_found(self):
        self.draft(date="2026-03-02")
        self.draft(date="2026-04-02")
        self.period("2026-04-01", "2026-04-30")
        days = self.periods._days_without(self.company)
        self.assertIn(date(2026, 3, 2), days)
        self.assertNotIn(date(2026, 4, 2), days)

    def test_the_cron_closes_the_periods_that_it_missed(self):
        with freeze_time("2026-11-21"):
            self.periods._run_company(self.company)
        # The server does not run again before the new year.
        with freeze_time("2027-01-10"):
            self.periods._run_company(self.company)
        states = [
            (p.date_from, p.state) for p in self.periods.search([], order="date_from")
        ]
        self.assertEqual(
            states,
            [
                (date(2026, 11, 1), "closed"),
                (date(2026, 12, 1), "closed"),
                (date(2027, 1, 1), "open"),
                (date(2027, 2, 1), "upcoming"),
            ],
        )

    def test_the_period_of_today_is_open_as_soon_as_it_is_made(self):
        october = self.period("2026-10-01", "2026-10-31", state="open")
        with freeze_time("2026-11-21"):
            self.periods._ensure(self.company, [date(2026, 11, 2), date(2026, 12, 2)])
        self.assertEqual(october.state, "closed")
        november, december = self.periods.search(
            [("date_from", ">", "2026-10-31")], order="date_from"
        )
        self.assertEqual((november.state, december.state), ("open", "upcoming"))

    def test_today_is_the_day_where_the_company_is(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        with freeze_time("2026-11-30 12:00:00"):
            self.periods._run_company(self.company)
        current = self.periods.search([("state", "=", "open")])
        self.assertEqual(current.date_from, date(2026, 12, 1))

    def test_days_are_named_as_the_language_does(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        in_french = self.periods.with_context(lang="fr_FR")
        days = [date(2026, 11, day) for day in (2, 3)]
        self.assertEqual(in_french._days_text(days), "02/11/2026, 03/11/2026")
        days = [date(2026, 11, day) for day in range(1, 10)]
        days += [date(2026, 12, day) for day in range(1, 10)]
        self.assertEqual(in_french._days_text(days), "novembre 2026, décembre 2026")
