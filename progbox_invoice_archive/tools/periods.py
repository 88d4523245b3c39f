"""Billing periods: from a day of the month or of the week to the next such day."""

from calendar import monthrange
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def month_period(day, start):
    """Return the first and the last day of the monthly period that a day is in.

    :param date day: any day
    :param int start: day of the month, 1 to 31, on which periods begin; in a month
        that is shorter, its last day

    >>> month_period(date(2026, 11, 21), 1)
    (datetime.date(2026, 11, 1), datetime.date(2026, 11, 30))
    >>> month_period(date(2027, 2, 27), 31)
    (datetime.date(2027, 1, 31), datetime.date(2027, 2, 27))
    >>> month_period(date(2027, 2, 28), 31)
    (datetime.date(2027, 2, 28), datetime.date(2027, 3, 30))
    """
    first = _day_of_month(day.year, day.month, start)
    if day < first:
        before = day.replace(day=1) - ONE_DAY
        return _day_of_month(before.year, before.month, start), first - ONE_DAY
    after = day.replace(day=1) + timedelta(days=31)
    return first, _day_of_month(after.year, after.month, start) - ONE_DAY


def week_period(day, start):
    """Return the first and the last day of the weekly period that a day is in.

    :param int start: weekday on which periods begin, Monday is 0

    >>> week_period(date(2026, 11, 21), 0)
    (datetime.date(2026, 11, 16), datetime.date(2026, 11, 22))
    """
    first = day - timedelta(days=(day.weekday() - start) % 7)
    return first, first + timedelta(days=6)


def due_date(last, days, to_month_end=False):
    """Return when what was invoiced in a period is due.

    :param date last: last day of the period
    :param int days: after it
    :param bool to_month_end: at the end of the month those days end in

    >>> due_date(date(2026, 11, 30), 30, to_month_end=True)
    datetime.date(2026, 12, 31)
    """
    due = last + timedelta(days=days)
    if to_month_end:
        return due.replace(day=monthrange(due.year, due.month)[1])
    return due


def _day_of_month(year, month, day):
    return date(year, month, min(day, monthrange(year, month)[1]))
