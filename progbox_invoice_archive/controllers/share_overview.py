"""The first page of a share: its years and months, with counts and totals."""

from datetime import date
from typing import NamedTuple

from odoo.tools import SQL

from ..models.document_sql import invoices_sql
from ..models.share_parts import month_name

# Documents without a date count in the month they came.
MONTH = SQL(
    "date_trunc('month', COALESCE(document.document_date,"
    " document.create_date::date))::date"
)


class Month(NamedTuple):
    """What a share holds for one month."""

    first: date
    name: str
    count: int
    new: int
    total: str

    @property
    def key(self):
        return f"{self.first:%Y-%m}"


class Year(NamedTuple):
    """What a share holds for one year."""

    number: int
    months: list
    count: int
    new: int
    total: str


def years_of(share):
    """Return what a share holds, the newest year and month first.

    :param progbox.share share: one, as the superuser
    :rtype: list of Year
    """
    inside = _documents_sql(share)
    totals = _totals(share, inside)
    currencies = {currency for _month, currency, _amount in totals}
    write = share.env["res.currency"].sudo()._progbox_totals_writer(currencies)
    by_month, by_year = {}, {}
    for first, currency, amount in totals:
        for sums in (
            by_month.setdefault(first, {}),
            by_year.setdefault(first.year, {}),
        ):
            sums[currency] = sums.get(currency, 0) + amount
    years = {}
    for first, count, new in _counts(share, inside):
        total = write(by_month.get(first, {}))
        month = Month(first, month_name(share.env, first), count, new, total)
        years.setdefault(first.year, []).append(month)
    return [
        Year(
            number,
            months,
            sum(month.count for month in months),
            sum(month.new for month in months),
            write(by_year.get(number, {})),
        )
        for number, months in years.items()
    ]


def _documents_sql(share):
    documents = share.env["progbox.document"].sudo()
    documents.flush_model()
    return documents._search(share._documents_domain()).subselect()


def _counts(share, inside):
    """Return (month, documents, documents not taken along yet), in one query."""
    return share.env.execute_query(
        SQL(
            """SELECT %s AS month, count(*), count(*) FILTER (WHERE %s)
            FROM progbox_document document WHERE document.id IN %s
            GROUP BY month ORDER BY month DESC""",
            MONTH,
            share._not_delivered_sql(SQL("document")),
            inside,
        )
    )


def _totals(share, inside):
    """Return (month, currency, amount): each invoice once, see invoices_sql()."""
    return share.env.execute_query(
        SQL(
            """SELECT %s AS month, currency_name, sum(amount_total)
            FROM %s AS document GROUP BY month, currency_name""",
            MONTH,
            invoices_sql(share.env, SQL("document.id IN %s", inside)),
        )
    )
