from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from ..models import progbox_access_log_seal, verification_beside
from .verification_common import VerificationCommon

HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestAccessLogSeals(VerificationCommon):
    """What was written down of accesses is there, or the verification says so."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log = cls.server["progbox.access.log"]
        cls.chain = cls.server["progbox.access.log.seal"]
        cls.startClassPatcher(
            patch.object(progbox_access_log_seal, "SETTLED", timedelta(seconds=-1))
        )
        cls.chain._seal_lines(cls.company)
        cls.document = cls.documents(cls.moves[0])
        cls.log._log("view", documents=cls.document)
        cls.log._log("download", documents=cls.document)
        cls.chain._seal_lines(cls.company)
        cls.last = cls.chain._last(cls.company)

    def lines(self):
        return self.log.search(
            [
                ("company_id", "=", self.company.id),
                ("id", ">=", self.last.first_ref),
                ("id", "<=", self.last.last_ref),
            ],
            order="id",
        )

    def test_what_has_come_is_sealed_once(self):
        self.assertEqual(len(self.lines()), 2)
        self.chain._seal_lines(self.company)
        self.assertEqual(self.chain._last(self.company), self.last)
        self.assertIntact(self.verify())

    def test_lines_of_requests_under_way_are_sealed_later(self):
        with patch.object(progbox_access_log_seal, "SETTLED", HOUR):
            self.log._log("view", documents=self.document)
            self.chain._seal_lines(self.company)
            self.assertEqual(self.chain._last(self.company), self.last)
        self.chain._seal_lines(self.company)
        self.assertGreater(self.chain._last(self.company).sequence, self.last.sequence)

    def test_each_day_has_a_seal_of_its_own(self):
        for days in (2, 1):
            with freeze_time(fields.Datetime.now() + timedelta(days=9 - days)):
                self.log._log("view", documents=self.document)
        with freeze_time(fields.Datetime.now() + timedelta(days=9)):
            self.chain._seal_lines(self.company)
        self.assertEqual(
            self.chain._last(self.company).sequence, self.last.sequence + 2
        )

    def test_tampering_is_found(self):
        first, second = self.lines()
        tail = self.chain.search(
            [("company_id", "=", self.company.id)], order="sequence"
        )
        for name, kind, attack, values in (
            ("removed", "log_removed", "DELETE FROM progbox_access_log WHERE id = %s",
             [first.id]),
            ("changed", "log_changed",
             "UPDATE progbox_access_log SET user_name = 'Nobody' WHERE id = %s",
             [second.id]),
            ("address", "log_changed",
             "UPDATE progbox_access_log SET address = '1.2.3.4' WHERE id = %s",
             [second.id]),
            ("seal changed", "log_chain",
             "UPDATE progbox_access_log_seal SET hash = 'x' WHERE id = %s",
             [tail[-1].id]),
            ("seal moved", "log_chain",
             "UPDATE progbox_access_log_seal SET last_ref = last_ref + 1"
             " WHERE id = %s", [tail[-1].id]),
            ("seal removed", "log_chain",
             "DELETE FROM progbox_access_log_seal WHERE id = %s", [tail[0].id]),
        ):  # fmt: skip
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.tamper(attack, *values)
                found = self.found(self.verify())
                self.assertIn((kind, None), found)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_line_put_in_between_is_found(self):
        # A number that a transaction has taken and given back.
        self.env.cr.execute("SELECT nextval('progbox_access_log_id_seq')")
        self.log._log("view", documents=self.document)
        self.log._log("view", documents=self.document)
        self.chain._seal_lines(self.company)
        last = self.chain._last(self.company)
        self.tamper(
            "UPDATE progbox_access_log_seal SET first_ref = first_ref - 1,"
            " payload = replace(payload, %s, %s) WHERE id = %s",
            f'"first":{last.first_ref}',
            f'"first":{last.first_ref - 1}',
            last.id,
        )
        # The chain is wrong then, whatever else was made to fit.
        self.assertFound(("log_chain", None))

    def test_nothing_is_put_between_what_is_sealed(self):
        self.env.cr.execute("SELECT nextval('progbox_access_log_id_seq')")
        [between] = self.env.cr.fetchone()
        self.log._log("view", documents=self.document)
        self.chain._seal_lines(self.company)
        self.env.flush_all()
        for id_ in (between, -1):
            self.assertRefused(
                "INSERT INTO progbox_access_log (id, company_id, accessed_on, kind)"
                f" VALUES ({id_}, {self.company.id}, now(), 'view')"
            )

    def test_a_run_says_up_to_when_the_log_is_sealed(self):
        run = self.verify()
        self.assertGreaterEqual(run.log_sealed_until, run.started_on)
        before = fields.Datetime.now()
        with patch.object(progbox_access_log_seal, "SETTLED", HOUR):
            self.log._log("view", documents=self.document)
            run = self.verify()
        self.assertLess(run.log_sealed_until, before)

    def test_what_no_seal_covers_is_missed_by_what_it_speaks_of(self):
        run = self.verify()
        share, _token = self.env["progbox.share"]._share(
            self.document.folder_id.with_user(self.env.user),
            {"kind": "link", "lang": "en_US", "include_future": True},
        )
        self.env.flush_all()
        find = verification_beside._run_findings
        with patch.object(verification_beside, "FIRST_DAY", -timedelta(days=1)):
            self.assertEqual(find(self.env, self.company, 0), (1, []))
            self.tamper(
                "DELETE FROM progbox_access_log WHERE share_ref = %s"
                " OR note = %s AND company_id = %s",
                share.id,
                run.display_name,
                self.company.id,
            )
            _last, findings = find(self.env, self.company, 0)
        self.assertEqual(
            {finding.content["model"] for finding in findings},
            {"progbox.share", "progbox.verification"},
        )

    def test_a_line_put_between_two_seals_is_found(self):
        self.env.cr.execute("SELECT nextval('progbox_access_log_id_seq')")
        [between] = self.env.cr.fetchone()
        self.log._log("view", documents=self.document)
        self.chain._seal_lines(self.company)
        last = self.chain._last(self.company)
        self.assertEqual(last.first_ref, self.last.last_ref + 1)
        self.assertIntact(self.verify())
        self.tamper(
            "INSERT INTO progbox_access_log (id, company_id, accessed_on, kind)"
            " VALUES (%s, %s, '2026-05-05', 'view')",
            between,
            self.company.id,
        )
        self.assertIn(("log_added", None), self.found(self.verify()))

    def test_a_line_of_the_future_holds_back_no_other(self):
        with patch.object(progbox_access_log_seal, "SETTLED", HOUR):
            now = fields.Datetime.now()
            for days in (-3, 9999, -3):
                with freeze_time(now + timedelta(days=days)):
                    self.log._log("view", documents=self.document)
            self.assertEqual(
                [f.actual for f in self.chain._unsealed_findings(self.company)], ["2"]
            )
            self.chain._seal_lines(self.company)
            self.assertFalse(self.chain._unsealed_findings(self.company))
            self.assertEqual(
                self.chain._last(self.company).last_ref,
                max(self.log.search([("company_id", "=", self.company.id)]).ids),
            )

    def test_seals_have_a_limit_of_lines(self):
        for _number in range(3):
            self.log._log("view", documents=self.document)
        with patch.object(progbox_access_log_seal, "LINES_OF_SEAL", 2):
            self.chain._seal_lines(self.company)
        self.assertEqual(
            self.chain._last(self.company).sequence, self.last.sequence + 2
        )
        self.assertIntact(self.verify())

    def test_a_deposit_that_the_log_keeps_silent_about(self):
        with patch("odoo.addons.progbox_invoice_archive.models.verification_beside"
                   ".FIRST_DAY", -timedelta(days=1)):  # fmt: skip
            self.assertIntact(self.verify())
            self.tamper(
                "UPDATE progbox_access_log SET document_ref = -1 WHERE kind = 'deposit'"
                " AND document_ref = %s",
                self.document.id,
            )
            kinds = {kind for kind, _number in self.found(self.verify())}
            self.assertEqual(kinds, {"log_changed", "log_silent"})

    def test_a_rule_that_swallows_lines_is_found(self):
        self.env.cr.execute(
            "CREATE RULE swallow AS ON INSERT TO progbox_access_log DO INSTEAD NOTHING"
        )
        self.assertIn("log_silent", self.verify().finding_ids.mapped("kind"))

    def test_a_line_of_the_future_does_not_let_the_log_begin_later(self):
        ahead = {"since": "2099-01-01T00:00:00Z"}
        with patch.object(progbox_access_log_seal, "read_payload", return_value=ahead):
            since = self.chain._kept_since(self.company)
        self.assertLessEqual(since, fields.Datetime.now())

    def test_what_went_after_its_retention_is_no_finding(self):
        with freeze_time(fields.Datetime.now() + timedelta(days=self.retention + 2)):
            # The database has a clock of its own.
            with self.defenceless():
                self.log._gc_access_log()
                self.assertFalse(self.lines())
            self.assertEqual(self.chain._last(self.company).kind, "purged")
            run = self.verify()
        kinds = set(run.finding_ids.mapped("kind"))
        self.assertFalse(kinds & {"log_removed", "log_chain", "log_silent"}, kinds)

    @property
    def retention(self):
        return self.company.progbox_log_retention_days

    def test_the_database_refuses(self):
        self.env.flush_all()
        seal = self.last.id
        columns = "company_id, sequence, kind, first_ref, last_ref, payload, hash"
        for attack in (
            f"UPDATE progbox_access_log_seal SET hash = 'x' WHERE id = {seal}",
            f"DELETE FROM progbox_access_log_seal WHERE id = {seal}",
            "TRUNCATE progbox_access_log_seal",
            f"INSERT INTO progbox_access_log_seal ({columns}, sealed_on) SELECT"
            " company_id, sequence + 1, kind, first_ref, last_ref, payload, hash,"
            f" now() FROM progbox_access_log_seal WHERE id = {seal}",
        ):
            self.assertRefused(attack)
