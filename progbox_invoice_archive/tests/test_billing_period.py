from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ArchiveCommon


class PeriodCommon(ArchiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.periods = cls.server["progbox.billing.period"]
        cls.manager = new_test_user(
            cls.env,
            "period_manager",
            groups="account.group_account_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def period(cls, first, last, **values):
        return cls.periods.create(
            {
                "company_id": cls.company.id,
                "date_from": first,
                "date_to": last,
                **values,
            }
        )

    def span(self, period):
        return period.date_from, period.date_to


@tagged("post_install", "-at_install")
class TestBillingPeriod(PeriodCommon):
    """Every invoice is in one billing period of its company, that of its date."""

    def test_an_invoice_is_in_the_period_of_its_date(self):
        november = self.period("2026-11-01", "2026-11-30")
        december = self.period("2026-12-01", "2026-12-31")
        first, last, after = (
            self.draft(date=day) for day in ("2026-11-01", "2026-11-30", "2026-12-01")
        )
        self.assertEqual((first | last).progbox_period_id, november)
        self.assertEqual(after.progbox_period_id, december)
        self.assertFalse(self.draft(date="2026-10-31").progbox_period_id)
        after.invoice_date = "2026-11-05"
        self.assertEqual(after.progbox_period_id, november)

    def test_an_invoice_is_not_in_the_period_of_another_company(self):
        other = self.setup_other_company()["company"]
        self.period("2026-11-01", "2026-11-30", company_id=other.id)
        self.assertFalse(self.draft(date="2026-11-02").progbox_period_id)

    def test_a_journal_entry_is_in_no_period(self):
        self.period("2026-11-01", "2026-11-30")
        entry = self.env["account.move"].create({"date": "2026-11-02"})
        self.assertFalse(entry.progbox_period_id)
        self.assertNotIn(entry, self.found(("progbox_period_id", "!=", False)))

    def test_invoices_are_found_by_their_period(self):
        november = self.period("2026-11-01", "2026-11-30", state="open")
        inside, outside = self.draft(date="2026-11-02"), self.draft(date="2026-12-02")
        both = inside | outside
        for condition, expected in (
            (("progbox_period_id", "=", november.id), inside),
            (("progbox_period_id", "in", november.ids), inside),
            (("progbox_period_id", "=", False), outside),
            (("progbox_period_id", "!=", False), inside),
            (("progbox_period_id", "!=", november.id), outside),
            (("progbox_period_id.state", "=", "open"), inside),
            (("progbox_period_id", "any", [("state", "=", "closed")]), both.browse()),
            (("progbox_period_id", "ilike", "november 2026"), inside),
            (("progbox_period_id", "in", []), both.browse()),
        ):
            with self.subTest(condition=condition):
                self.assertEqual(self.found(condition) & both, expected)

    def found(self, condition):
        return (
            self.env["account.move"].with_user(self.billing).search([condition])
        ).sudo()

    def test_a_period_is_found_however_it_is_typed(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        february = self.period("2026-02-01", "2026-02-28")
        periods = self.env["progbox.billing.period"].with_context(lang="fr_FR")
        for typed in ("Février 2026", "fevrier", "2026 FEVR"):
            with self.subTest(typed=typed):
                found = periods.search([("display_name", "ilike", typed)])
                self.assertEqual(found, february)

    def test_lists_are_grouped_by_the_period(self):
        november = self.period("2026-11-01", "2026-11-30")
        moves = self.draft(date="2026-11-02") | self.draft(date="2026-11-03")
        moves |= self.draft(date="2026-12-02")
        as_billing = self.env["account.move"].with_user(self.billing)
        groups = as_billing.formatted_read_group(
            [("id", "in", moves.ids)], ["progbox_period_id"], ["__count"]
        )
        counts = {g["progbox_period_id"]: g["__count"] for g in groups}
        self.assertEqual(counts, {(november.id, "November 2026"): 2, False: 1})
        field = as_billing.fields_get(["progbox_period_id"], ["groupable"])
        self.assertTrue(field["progbox_period_id"]["groupable"])

    def test_two_periods_do_not_overlap(self):
        self.period("2026-11-01", "2026-11-30")
        for first, last in (
            ("2026-11-30", "2026-12-30"),
            ("2026-10-15", "2026-11-01"),
            ("2026-11-10", "2026-11-11"),
            ("2026-01-01", "2026-12-31"),
        ):
            with (
                self.subTest(first=first),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.period(first, last)
        self.period("2026-12-01", "2026-12-31")
        other = self.setup_other_company()["company"]
        self.period("2026-11-01", "2026-11-30", company_id=other.id)

    @mute_logger("odoo.sql_db")
    def test_a_period_begins_before_it_ends(self):
        with self.assertRaises(IntegrityError):
            self.period("2026-11-30", "2026-11-01")

    def test_opening_a_period_closes_the_one_before(self):
        november = self.period("2026-11-01", "2026-11-30")
        december = self.period("2026-12-01", "2026-12-31")
        november.with_user(self.manager).action_open()
        december.with_user(self.manager).action_open()
        self.assertEqual((november.state, december.state), ("closed", "open"))
        november.with_user(self.manager).action_open()
        self.assertEqual((november.state, december.state), ("open", "closed"))

    @mute_logger("odoo.sql_db")
    def test_one_period_is_open_at_a_time(self):
        self.period("2026-11-01", "2026-11-30", state="open")
        with self.assertRaises(IntegrityError):
            self.period("2026-12-01", "2026-12-31", state="open")

    def test_a_period_with_invoices_is_not_deleted(self):
        november = self.period("2026-11-01", "2026-11-30")
        empty = self.period("2026-12-01", "2026-12-31")
        move = self.draft(date="2026-11-02")
        with self.assertRaisesRegex(UserError, "has invoices, so it stays"):
            november.with_user(self.manager).unlink()
        move.unlink()
        (november | empty).with_user(self.manager).unlink()

    def test_a_period_with_invoices_becomes_no_shorter(self):
        november = self.period("2026-11-01", "2026-11-29")
        self.draft(date="2026-11-02")
        for values in ({"date_from": "2026-11-02"}, {"date_to": "2026-11-28"}):
            with self.assertRaisesRegex(UserError, "longer, not shorter"):
                november.with_user(self.manager).write(values)
        november.with_user(self.manager).date_to = "2026-11-30"

    def test_the_name_is_the_month_or_the_days(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        period = self.period("2026-11-01", "2026-11-30")
        self.assertEqual(period.display_name, "November 2026")
        self.assertEqual(
            period.with_context(lang="fr_FR").display_name, "Novembre 2026"
        )
        period = self.period("2026-12-01", "2026-12-30")
        self.assertEqual(period.display_name, "12/01/2026 to 12/30/2026")

    def test_periods_of_another_scope_are_a_calendar_of_their_own(self):
        def compute(periods):
            for period in periods:
                of_project = period.env.context.get("of_project")
                period.scope_key = -7 if of_project else period.company_id.id

        # As a module does that has periods of projects.
        self.patch(type(self.periods), "_compute_scope_key", compute)
        of_project = self.periods.with_context(of_project=True)
        november = self.period("2026-11-01", "2026-11-30", state="open")
        values = {"company_id": self.company.id, "date_from": "2026-11-10"}
        project = of_project.create({**values, "date_to": "2026-12-10"})
        project.action_open()
        self.assertEqual((november.state, project.state), ("open", "open"))
        self.assertEqual(self.draft(date="2026-11-12").progbox_period_id, november)
        self.assertEqual(
            self.periods._of_day(self.company, date(2026, 11, 12)), november
        )
        self.assertFalse(self.draft(date="2026-12-02").progbox_period_id)
        self.periods._ensure(self.company, [date(2026, 12, 2)])
        december = self.periods._of_day(self.company, date(2026, 12, 2))
        self.assertEqual(december.date_from, date(2026, 12, 1))
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            of_project.create({**values, "date_to": "2026-11-11"})

    def test_counts_are_those_of_the_reader(self):
        november = self.period("2026-11-01", "2026-11-30")
        self.draft(date="2026-11-02")
        self.draft("in_invoice", date="2026-11-02")
        seen = november.with_user(self.billing)
        self.assertEqual((seen.invoice_count, seen.bill_count), (1, 1))


@tagged("post_install", "-at_install")
class TestBillingPeriodSecurity(PeriodCommon):
    """Readers read, managers manage, others see nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.november = cls.period("2026-11-01", "2026-11-30")

    def test_a_reader_changes_nothing(self):
        november = self.november.with_user(self.billing)
        self.assertEqual(november.display_name, "November 2026")
        for attempt in (
            november.action_open,
            november.action_close,
            november.unlink,
            lambda: november.write({"date_to": date(2026, 12, 5)}),
            lambda: november.create(
                {"date_from": "2026-12-01", "date_to": "2026-12-31"}
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_a_plain_user_and_a_portal_user_see_none(self):
        portal = new_test_user(self.env, "period_portal", groups="base.group_portal")
        for user in (self.plain, portal):
            with self.assertRaises(AccessError):
                self.november.with_user(user).read(["date_from"])
            with self.assertRaises(AccessError):
                self.draft().with_user(user).read(["progbox_period_id"])

    def test_nobody_makes_up_a_scope(self):
        period = self.period("2031-11-01", "2031-11-30").with_user(self.manager)
        with self.assertRaisesRegex(UserError, "Company and project"):
            period.scope_key = 2**20
        with self.assertRaisesRegex(UserError, "Company and project"):
            self.period("2031-12-01", "2031-12-31", scope_key=2**20)
        self.assertEqual(period.scope_key, self.company.id)

    def test_a_manager_hands_no_period_to_another_company(self):
        other = self.setup_other_company()["company"]
        period = self.period("1950-01-01", "1999-12-31").with_user(self.manager)
        with self.assertRaises(AccessError):
            period.company_id = other.id

    def test_the_manager_of_another_company_sees_none(self):
        other = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            "period_stranger",
            groups="account.group_account_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(
            self.env["progbox.billing.period"].with_user(stranger).search([])
        )
        for attempt in (
            lambda: self.november.with_user(stranger).action_open(),
            lambda: self.november.with_user(stranger).read(["date_from"]),
            lambda: self.november.with_user(stranger).create(
                {
                    "company_id": self.company.id,
                    "date_from": date(2030, 1, 1),
                    "date_to": date(2030, 1, 1) + timedelta(days=30),
                }
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()
