import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.periods import due_date, month_period, week_period
from ..tools.search_words import plain_text

_logger = logging.getLogger(__name__)

# A company has twelve or fifty-two periods a year.
MOST_PERIODS = 10000
# Of more days than these, a message names the months.
NAMED_DAYS = 10


class ProgboxBillingPeriod(models.Model):
    """A stretch of days whose invoices belong together.

    An invoice is in the period of its date; nothing is stored on it. Periods make
    themselves after the rule of the company, or people make them.
    """

    _name = "progbox.billing.period"
    _description = "Billing Period"
    _order = "date_from desc, id desc"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    scope_key = fields.Integer(
        compute="_compute_scope_key",
        store=True,
        precompute=True,
        aggregator=None,
        help="Periods with the same number do not overlap, and one of them is open.",
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To", required=True)
    due_date = fields.Date(
        compute="_compute_due_date", store=True, readonly=False, precompute=True
    )
    state = fields.Selection(
        [("upcoming", "Upcoming"), ("open", "Current"), ("closed", "Closed")],
        default="upcoming",
        required=True,
        readonly=True,
        copy=False,
    )
    invoice_count = fields.Integer(
        string="Customer Invoices", compute="_compute_counts"
    )
    bill_count = fields.Integer(string="Vendor Bills", compute="_compute_counts")

    _dates_check = models.Constraint(
        "CHECK(date_from <= date_to)", "A period begins before it ends."
    )
    # Each scope has its own ten million days on one line of numbers, because a
    # constraint over two columns would need an extension of PostgreSQL.
    _no_overlap = models.Constraint(
        "EXCLUDE USING gist (int8range("
        "scope_key::bigint * 10000000 + (date_from - '0001-01-01'::date), "
        "scope_key::bigint * 10000000 + (date_to - '0001-01-01'::date), '[]'"
        ") WITH &&)",
        "Another billing period of this company has some of these days. Periods do "
        "not overlap: change the dates.",
    )
    _open_unique = models.UniqueIndex(
        "(scope_key) WHERE state = 'open'",
        "One billing period is open at a time. Close the other one first.",
    )
    _days_idx = models.Index("(scope_key, date_from, date_to)")

    @api.depends("company_id")
    def _compute_scope_key(self):
        """Number the periods that belong to one calendar; to be extended.

        Those of a company itself have its ID. A module that has periods of something
        else, of a project for instance, gives them a negative number of its own, and
        may extend ``_progbox_scope_sql`` and ``_progbox_scope_key`` of the invoices
        that are in no other period then.
        """
        for period in self:
            period.scope_key = period.company_id.id

    @api.model
    def _scope_domain(self, company):
        """Return the domain of the periods of a company itself."""
        return Domain("scope_key", "=", company.id)

    @api.depends("company_id", "date_to")
    def _compute_due_date(self):
        for period in self:
            company = period.company_id
            period.due_date = period.date_to and due_date(
                period.date_to,
                company.progbox_period_due_days,
                company.progbox_period_due_rule == "month_end",
            )

    @api.depends("date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for period in self:
            period.display_name = period._name_of_days()

    def _name_of_days(self):
        first, last = self.date_from, self.date_to
        if not first or not last:
            return self.env._("New period")
        if month_period(first, 1) == (first, last):
            return format_date(self.env, first, date_format="MMMM y").capitalize()
        return self.env._(
            "%(first)s to %(last)s",
            first=format_date(self.env, first),
            last=format_date(self.env, last),
        )

    @api.model
    def _search_display_name(self, operator, value):
        if operator not in ("ilike", "like", "=", "=ilike"):
            return super()._search_display_name(operator, value)
        # Months have other names in other languages: no column knows them.
        words = plain_text((value or "").replace("%", " ")).split()
        found = self.search(Domain.TRUE, limit=MOST_PERIODS).filtered(
            lambda period: all(
                word in plain_text(period.display_name) for word in words
            )
        )
        return Domain("id", "in", found.ids)

    def _compute_counts(self):
        moves = self.env["account.move"]
        counts = {
            (period.id, move_type): count
            for period, move_type, count in moves._read_group(
                Domain("progbox_period_id", "in", self.ids)
                & Domain("state", "!=", "cancel"),
                ["progbox_period_id", "move_type"],
                ["__count"],
            )
        }
        customer, vendor = self._customer_types(), self._vendor_types()
        for period in self:
            period.invoice_count = sum(counts.get((period.id, t), 0) for t in customer)
            period.bill_count = sum(counts.get((period.id, t), 0) for t in vendor)

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_scope_is_computed(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_scope_is_computed(vals)
        if {"company_id", "date_from", "date_to"} & set(vals):
            self._check_stays_whole(vals)
        result = super().write(vals)
        if "company_id" in vals:
            # Odoo asks before, about the company that it leaves.
            self.check_access("write")
        return result

    @api.model
    def _check_scope_is_computed(self, vals):
        """Refuse a scope that somebody has made up: it may be another company's."""
        if "scope_key" in vals:
            raise UserError(
                self.env._("Company and project say what a billing period is about.")
            )

    def _check_stays_whole(self, vals):
        """Let a period with invoices become longer, never shorter."""
        first = fields.Date.to_date(vals.get("date_from"))
        last = fields.Date.to_date(vals.get("date_to"))
        for period in self._with_invoices():
            if (
                vals.get("company_id", period.company_id.id) != period.company_id.id
                or (first or period.date_from) > period.date_from
                or (last or period.date_to) < period.date_to
            ):
                raise UserError(
                    self.env._(
                        "%(period)s has invoices: it can become longer, not shorter, "
                        "and stays with its company.",
                        period=period.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_invoices(self):
        if kept := self._with_invoices():
            raise UserError(
                self.env._(
                    "%(period)s has invoices, so it stays. Change the dates of the "
                    "invoices first, if they are wrong.",
                    period=kept[0].display_name,
                )
            )

    def _with_invoices(self):
        """Return those among these periods that any invoice is in."""
        moves = self.env["account.move"].sudo()
        groups = moves._read_group(
            Domain("progbox_period_id", "in", self.ids), ["progbox_period_id"]
        )
        return self.browse([period.id for [period] in groups])

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open(self):
        """Open this period; the one that was open is closed."""
        self.ensure_one()
        self.check_access("write")
        self.search(
            Domain("scope_key", "=", self.scope_key)
            & Domain("state", "=", "open")
            & Domain("id", "!=", self.id)
        ).action_close()
        self.state = "open"

    def action_close(self):
        """Close these periods."""
        self.state = "closed"
        # The index that lets one be open looks at each row as it is written.
        self.flush_recordset(["state"])

    def action_open_invoices(self):
        """Open the customer invoices of these periods."""
        return self._action_moves(
            "account.action_move_out_invoice_type", self._customer_types()
        )

    def action_open_bills(self):
        """Open the vendor bills of these periods."""
        return self._action_moves(
            "account.action_move_in_invoice_type", self._vendor_types()
        )

    def _action_moves(self, xmlid, types):
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        domain = Domain("progbox_period_id", "in", self.ids) & Domain(
            "move_type", "in", types
        )
        return {**action, "domain": list(domain), "context": {"create": False}}

    def action_compile_invoices(self):
        """Compile all customer invoices of this period, at once."""
        name = self.env._("Customer invoices, %(period)s", period=self.display_name)
        return self._compile(self._customer_types(), name)

    def action_compile_bills(self):
        """Compile all vendor bills of this period, at once."""
        name = self.env._("Vendor bills, %(period)s", period=self.display_name)
        return self._compile(self._vendor_types(), name)

    def _compile(self, types, name):
        self.ensure_one()
        job = self.env["progbox.compilation"]._request(
            self._moves(types), name=name, **self._job_values()
        )
        return job._open()

    def _job_values(self):
        """Return more field values of the backups of this period; to be extended."""
        return {}

    def action_open_wizard(self):
        """Open the wizard for the customer invoices of this period."""
        found = self._moves(self._customer_types())
        return self.env["progbox.compile.wizard"]._open(found)

    def action_open_bill_wizard(self):
        """Open the wizard for the vendor bills of this period."""
        found = self._moves(self._vendor_types())
        return self.env["progbox.compile.wizard"]._open(found)

    def _moves(self, types):
        """Return what is in this period; drafts, too: the backup names them."""
        return self.env["account.move"].search(
            Domain("progbox_period_id", "in", self.ids)
            & Domain("move_type", "in", types)
            & Domain("state", "!=", "cancel")
        )

    def _customer_types(self):
        return self.env["account.move"]._progbox_customer_types()

    def _vendor_types(self):
        return self.env["account.move"]._progbox_vendor_types()

    # ------------------------------------------------------------------
    # Periods that make themselves, after the rule of the company
    # ------------------------------------------------------------------

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
