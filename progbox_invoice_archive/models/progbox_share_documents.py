import re
from datetime import date
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql, format_date

from ..exceptions import NotShared
from ..tools.filenames import clean_filename

# What was taken along at that moment.
TAKEN = "taken@"
# One way to write each part: a large zip is kept by it, and is not built twice.
PART = re.compile(rf"\d{{4}}(-\d\d)?|{TAKEN}\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


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
    number: int
    months: list
    count: int
    new: int
    total: str


class ProgboxShare(models.Model):
    """Which documents a share opens: the one place that says so."""

    _inherit = "progbox.share"

    def _documents_domain(self):
        """Return what whoever has this share may see, and nothing else.

        The share's state is part of it, so that a query made with a domain from
        before the revocation finds nothing either.
        """
        self.ensure_one()
        domain = self._inside() & self._still_open()
        if not self.include_future:
            domain &= self._chosen_domain()
        return domain

    def _inside(self):
        return Domain("company_id", "=", self.company_id.id) & Domain(
            "folder_id", "child_of", self.folder_id.ids
        )

    def _still_open(self):
        share_id = self.id
        return Domain.custom(
            to_sql=lambda _model, _alias, _query: SQL(
                "(SELECT %s FROM progbox_share share WHERE id = %s) = 'active'",
                self._state_sql(SQL("share")),
                share_id,
            ),
        )

    def _documents(self, domain=Domain.TRUE, **options):
        """Return documents of the share, as the server sees them.

        :param domain: which of them
        :param options: offset, limit and order of the search
        """
        documents = self.env["progbox.document"].sudo()
        return documents.search(self._documents_domain() & Domain(domain), **options)

    def _document_count(self, domain=Domain.TRUE):
        documents = self.env["progbox.document"].sudo()
        return documents.search_count(self._documents_domain() & Domain(domain))

    def _count_all(self):
        """Return how many documents these shares open together."""
        documents = self.env["progbox.document"].sudo()
        domains = [share._documents_domain() for share in self]
        return documents.search_count(Domain.OR(domains))

    def _document(self, document_id):
        """Return one document.

        :raise NotShared: when it is not in this share
        """
        document = self._documents(Domain("id", "=", document_id), limit=1)
        if not document:
            raise NotShared(self, "document", document_id)
        return document

    # ------------------------------------------------------------------
    # Parts: what a page shows or a zip holds
    # ------------------------------------------------------------------

    def _part(self, part):
        """Return which documents a part of the share has.

        :param str part: "all", "new", "again" (what was taken along the last time),
            "taken@" and a moment, "2026" or "2026-11"
        :return: domain, and the name of the part
        :raise NotShared: when there is no such part
        """
        if part == "all":
            return Domain.TRUE, self._label()
        new = self.env._("New documents")
        if part == "new":
            return self._new_domain(), new
        if part == "again":
            return self._taken_domain(self._last_delivery()[0]), new
        if not PART.fullmatch(part):
            raise NotShared(self, "part")
        try:
            if part.startswith(TAKEN):
                return self._taken_domain(part.removeprefix(TAKEN)), new
            if len(part) == 4:
                return self._dated(date(int(part), 1, 1), years=1), part
            first = fields.Date.to_date(f"{part}-01")
            return self._dated(first, months=1), self._month_name(first)
        except ValueError as error:
            raise NotShared(self, "part") from error

    def _label(self):
        """Return what its recipient calls the shared folder."""
        return self.folder_id.sudo()._recipient_name()

    def _file_stem(self, name):
        return clean_filename(f"{self.company_id.sudo().name} {name}")

    @api.model
    def _month_name(self, first):
        return format_date(self.env, first, date_format="LLLL y").capitalize()

    @api.model
    def _dated(self, first, **length):
        """Documents of a time; those without a date count on the day they came."""
        after = first + relativedelta(**length)
        undated = Domain("document_date", "=", False)
        return (
            Domain("document_date", ">=", first) & Domain("document_date", "<", after)
        ) | (
            undated
            & Domain("create_date", ">=", first)
            & Domain("create_date", "<", after)
        )

    @api.model
    def _search_domain(self, search="", date_from=None, date_to=None):
        """Return which documents a visitor looks for.

        :param str search: part of a number, a client or a file name
        :param date date_from: first day, or None
        :param date date_to: last day, or None
        """
        domain = Domain.AND(
            Domain.OR(
                Domain(field, "ilike", escape_psql(word))
                for field in ("number", "partner_name", "name")
            )
            for word in search.split()
        )
        if date_from:
            domain &= Domain("document_date", ">=", date_from)
        if date_to:
            domain &= Domain("document_date", "<=", date_to)
        return domain

    # ------------------------------------------------------------------
    # Counts and totals
    # ------------------------------------------------------------------

    def _years(self):
        """Return what the share holds, the newest year and month first.

        :rtype: list of Year
        """
        counts = self.env.execute_query(
            SQL(
                """SELECT %s AS month, count(*), count(*) FILTER (WHERE %s)
                FROM progbox_document document WHERE document.id IN %s
                GROUP BY month ORDER BY month DESC""",
                self._month_sql(),
                self._not_delivered_sql(SQL("document")),
                self._subselect(),
            )
        )
        totals = self._totals()
        currencies = {currency for _month, currency, _amount in totals}
        write = self.env["res.currency"].sudo()._progbox_totals_writer(currencies)
        by_month, by_year = {}, {}
        for first, currency, amount in totals:
            for sums in (
                by_month.setdefault(first, {}),
                by_year.setdefault(first.year, {}),
            ):
                sums[currency] = sums.get(currency, 0) + amount
        years = {}
        for first, count, new in counts:
            total = write(by_month.get(first, {}))
            month = Month(first, self._month_name(first), count, new, total)
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

    def _totals(self):
        """Return the amounts as (month, currency, amount)."""
        inside = SQL("document.id IN %s", self._subselect())
        return self.env.execute_query(
            SQL(
                """SELECT %s AS month, currency_name, sum(amount_total)
                FROM %s AS document GROUP BY month, currency_name""",
                self._month_sql(),
                self.env["progbox.document"]._invoices_sql(inside),
            )
        )

    def _subselect(self):
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        return documents._search(self._documents_domain()).subselect()

    @api.model
    def _month_sql(self):
        return SQL(
            "date_trunc('month', COALESCE(document.document_date,"
            " document.create_date::date))::date"
        )
