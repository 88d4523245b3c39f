import json
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo import fields
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models import (
    guards_lines,
    guards_trial,
    progbox_access_log_seal,
    verification_check,
)
from ..tools.ledger.guards_attempts import ATTEMPTS
from ..tools.ledger.guards_triggers import TRIGGERS
from ..tools.ledger.verify import Finding
from .verification_common import VerificationCommon

# What is emptied with these has a guard of its own, or is too much to be tried.
REFUSED_ANYWAY = {
    "progbox_attachment_truncate",
    "progbox_closing_truncate",
    "progbox_document_truncate",
    "progbox_folder_truncate",
    "progbox_seal_truncate",
}


@tagged("post_install", "-at_install")
class TestGuardsTrial(VerificationCommon):
    """A verification believes what the guards do, and nothing that is said of them."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        document = cls.documents(cls.moves[0])
        cls.server["progbox.closing"]._close(cls.company, document.document_date)
        cls.filed_beside(cls.moves[0])
        cls.note_a_deletion(document)
        share, _token = cls.env["progbox.share"]._share(
            document.folder_id.with_user(cls.env.user),
            {"kind": "link", "lang": "en_US", "include_future": False},
        )
        assert share
        with patch.object(progbox_access_log_seal, "SETTLED", timedelta(seconds=-1)):
            cls.server["progbox.access.log.seal"]._seal_lines(cls.company)
        cls.server["progbox.access.log"]._log("view", documents=document)
        cls.stamp()
        run = cls.runs._start_here(cls.company, {"door": "command"})
        run._add_findings([Finding("clock"), Finding("clock")])
        run._job_process()
        run.finding_ids[0].write(
            {"acknowledged_by": "X", "acknowledged_on": fields.Datetime.now()}
        )
        cls.env.flush_all()
        cls.guards = cls.server["progbox.ledger.guards"]

    @classmethod
    def note_a_deletion(cls, document):
        notes = cls.server["progbox.source.deletion"]
        notes._note_deletions(
            [
                {
                    "company_id": cls.company.id,
                    "res_model": "account.move",
                    "res_id": 1 << 30,
                    "number": "INV/GONE",
                    "document_ids": document.ids,
                }
            ]
        )
        notes.search([], order="id desc", limit=1)._job_process()

    @classmethod
    def stamp(cls):
        """Keep the answer of an authority, which nobody asks what it is worth."""
        seal = cls.seals()[-1]
        cls.env.cr.execute(
            "INSERT INTO progbox_time_stamp (company_id, sequence, hash, state)"
            " VALUES (%s, %s, %s, 'pending') RETURNING id",
            [cls.company.id, seal.sequence, seal.hash],
        )
        cls.env.cr.execute(
            "UPDATE progbox_time_stamp SET token = 'x', stamped_on = now()"
            " WHERE id = %s",
            cls.env.cr.fetchone(),
        )

    def not_refused(self):
        return guards_trial.not_refused(self.env, self.guards._guards_wanted())

    def missing(self):
        """Return what a verification says of the guards."""
        findings = self.verify().finding_ids
        return findings.filtered(lambda f: f.kind == "guard_missing").mapped("actual")

    def test_each_guard_is_tried(self):
        self.assertEqual(ATTEMPTS.keys(), TRIGGERS.keys())
        self.run_deferred_triggers()
        self.assertEqual(self.not_refused(), [])

    def test_each_guard_that_does_nothing_is_named(self):
        self.run_deferred_triggers()
        for name, (table, _event, _action) in TRIGGERS.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    SQL(
                        "ALTER TABLE %s DISABLE TRIGGER %s",
                        SQL.identifier(table),
                        SQL.identifier(name),
                    )
                )
                found = guards_trial.not_refused(self.env, {(table, name): ""})
                # Two guards may refuse the same; what one of them alone refuses tells.
                self.assertEqual(bool(found), name not in REFUSED_ANYWAY)
                for text in found:
                    self.assertTrue(text.startswith(f"{name}: "), text)
                savepoint.rollback()

    def test_what_is_found_lifted_stays_in_the_ledger(self):
        self.run_deferred_triggers()
        self.env.cr.execute("DROP TRIGGER progbox_share_stays ON progbox_share")
        last = self.seals()[-1]
        found = [
            "progbox_share_stays (missing)",
            "progbox_share_stays: DELETE on progbox_share was not refused",
        ]
        for _time in range(2):
            self.assertEqual(sorted(self.missing()), found)
        # By whoever knows how to put it back without a trace.
        self.run_deferred_triggers()
        self.guards._guards_install()
        for _time in range(2):
            self.assertEqual(self.missing(), [])
        lines = self.seals().filtered(lambda seal: seal.sequence > last.sequence)
        self.assertEqual(lines.mapped("kind"), ["guards_lifted", "guards_restored"])
        for line in lines:
            self.assertEqual(json.loads(line.payload)["guards"], found)
        run = self.verify()
        lifted = run.finding_ids.filtered(lambda f: f.kind == "guard_lifted")
        self.assertIn(", ".join(found), lifted.message)
        # They are lines like any other.
        self.assertFalse([f.kind for f in run.finding_ids if "line" in f.kind])
        self.assertEqual(run.last_sequence, lines[-1].sequence)

    def test_a_foreign_name_keeps_nothing_out_of_the_ledger(self):
        self.run_deferred_triggers()
        self.env.cr.execute(
            'CREATE TRIGGER "a (outdated)" BEFORE UPDATE ON progbox_share FOR EACH ROW'
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        )
        found = ["progbox_share: trigger a (outdated)"]
        self.assertEqual(self.missing(), found)
        self.assertEqual(json.loads(self.seals()[-1].payload)["guards"], found)

    def test_a_ledger_that_takes_no_line_is_a_finding(self):
        self.run_deferred_triggers()
        self.env.cr.execute("DROP TRIGGER progbox_share_stays ON progbox_share")
        with (
            patch.object(
                guards_lines,
                "note_lifted",
                side_effect=psycopg2.errors.LockNotAvailable("locked"),
            ),
            mute_logger(verification_check.__name__),
        ):
            findings = self.verify().finding_ids
        unchecked = findings.filtered(lambda f: f.kind == "unchecked")
        self.assertEqual(unchecked.mapped("what"), ["guards noted"])

    def test_a_forged_comment_keeps_nothing_out_of_the_ledger(self):
        self.run_deferred_triggers()
        last = self.seals()[-1]
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                "DO $$ BEGIN EXECUTE format('COMMENT ON FUNCTION"
                " public.progbox_guard_keep() IS %L', '0 ' || md5("
                "pg_get_functiondef('public.progbox_guard_keep'::regproc))); END $$"
            )
            self.assertEqual(self.missing(), ["progbox_guard_keep (outdated)"])
            self.assertEqual(self.seals()[-1], last, "an update puts it right")
            self.env.cr.execute("DROP TRIGGER progbox_share_stays ON progbox_share")
            self.verify()
            self.assertEqual(
                sorted(json.loads(self.seals()[-1].payload)["guards"]),
                [
                    "progbox_share_stays (missing)",
                    "progbox_share_stays: DELETE on progbox_share was not refused",
                ],
            )
            savepoint.rollback()
            self.env.invalidate_all()

    def test_nothing_is_left_of_it(self):
        self.run_deferred_triggers()
        rows = "SELECT (SELECT count(*) FROM {0}), (SELECT max(xmin::text) FROM {0})"
        tables = {table for table, *_rest in TRIGGERS.values()}
        counts = {}
        for _time in range(2):
            for table in tables:
                self.env.cr.execute(rows.format(table))  # pylint: disable=sql-injection
                counts.setdefault(table, []).append(self.env.cr.fetchall())
            self.not_refused()
        for table, (before, after) in counts.items():
            self.assertEqual(before, after, table)
        self.env.cr.execute("SELECT current_setting('lock_timeout')")
        self.assertEqual(self.env.cr.fetchone(), ("0",))

    def test_a_function_that_refuses_nothing_any_more(self):
        self.run_deferred_triggers()
        with self.env.cr.savepoint() as savepoint:
            for name in ("keep", "truncate"):
                self.env.cr.execute(
                    SQL(
                        "CREATE OR REPLACE FUNCTION public.%s() RETURNS trigger"
                        " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                        SQL.identifier(f"progbox_guard_{name}"),
                    )
                )
            actual = self.missing()
            self.assertIn(
                "progbox_attachment_truncate: TRUNCATE on ir_attachment was not"
                " refused",
                actual,
            )
            self.assertIn(
                "progbox_closing_keep: UPDATE on progbox_closing was not refused",
                actual,
            )
            savepoint.rollback()
            self.env.invalidate_all()

    def test_a_trigger_that_swallows_the_attempt(self):
        self.run_deferred_triggers()
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                "CREATE FUNCTION pg_temp.swallow() RETURNS trigger LANGUAGE plpgsql"
                " AS 'BEGIN RETURN NULL; END';"
                "CREATE TRIGGER a_first BEFORE DELETE ON progbox_share"
                " FOR EACH ROW EXECUTE FUNCTION pg_temp.swallow()"
            )
            self.assertEqual(
                self.not_refused(),
                ["progbox_share_stays: DELETE on progbox_share was not refused"],
            )
            savepoint.rollback()

    def test_what_is_in_use_keeps_nobody_waiting(self):
        """A table that somebody reads is not emptied then: its copy is."""
        self.run_deferred_triggers()
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SET lock_timeout TO '5s'")
            other.execute("LOCK TABLE progbox_access_log_seal IN ACCESS SHARE MODE")
            self.assertEqual(self.not_refused(), [])

    def test_what_the_role_may_not_do_at_all_is_refused(self):
        self.run_deferred_triggers()
        wanted = {("progbox_share", "progbox_share_stays"): ""}
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                "ALTER TABLE progbox_share DISABLE TRIGGER progbox_share_stays"
            )
            self.assertTrue(guards_trial.not_refused(self.env, wanted))
            self.env.cr.execute(
                "REVOKE DELETE, TRUNCATE ON progbox_share FROM CURRENT_USER"
            )
            self.assertEqual(guards_trial.not_refused(self.env, wanted), [])
            savepoint.rollback()

    def test_no_session_is_exempt(self):
        self.run_deferred_triggers()
        self.env.cr.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgname = ANY(%s)",
            [list(TRIGGERS)],
        )
        self.assertEqual(dict(self.env.cr.fetchall()), dict.fromkeys(TRIGGERS, "A"))
        attack = "ALTER TABLE progbox_seal ENABLE TRIGGER progbox_seal_keep"
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(attack)
            self.assertEqual(self.missing(), ["progbox_seal_keep (disabled)"])
            savepoint.rollback()
            self.env.invalidate_all()
