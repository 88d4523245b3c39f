import doctest
from datetime import date, timedelta

from odoo.tests import BaseCase

from ..tools import periods
from ..tools.periods import due_date, month_period, week_period


class TestPeriods(BaseCase):
    """Every day is in one period, and one period follows on the other."""

    def test_the_examples_hold(self):
        self.assertEqual(doctest.testmod(periods).failed, 0)

    def test_months_from_any_day_leave_no_gap(self):
        for start in range(1, 32):
            self.follow(lambda day, start=start: month_period(day, start))

    def test_weeks_from_any_day_leave_no_gap(self):
        for start in range(7):
            self.follow(lambda day, start=start: week_period(day, start))
            first, last = week_period(date(2026, 11, 21), start)
            self.assertEqual((first.weekday(), (last - first).days), (start, 6))

    def test_the_31st_is_the_last_day_of_a_shorter_month(self):
        self.assertEqual(
            month_period(date(2028, 2, 29), 31), (date(2028, 2, 29), date(2028, 3, 30))
        )

    def test_what_is_due_at_the_end_of_a_month(self):
        self.assertEqual(due_date(date(2027, 1, 31), 28), date(2027, 2, 28))
        self.assertEqual(due_date(date(2027, 1, 31), 10, True), date(2027, 2, 28))

    def follow(self, period):
        day, end = date(2027, 1, 1), date(2029, 1, 1)
        while day < end:
            first, last = period(day)
            self.assertEqual(period(first), (first, last))
            self.assertEqual(period(last), (first, last))
            day = last + timedelta(days=1)
            self.assertEqual(period(day)[0], day)
