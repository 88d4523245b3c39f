import ast
import json
import os
import re
from pathlib import Path
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable

from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models import (
    certificate_addresses,
    guards_lines,
    guards_shadows,
    progbox_access_log_seal,
    progbox_archive_catchup,
    progbox_closing,
    progbox_closing_mail,
    progbox_document,
    progbox_job_mixin,
    progbox_long_job_mixin,
    progbox_time_stamp,
    progbox_verification,
    progbox_watch,
    stamp_authorities,
    verification_beside_sql,
    verification_check,
    verification_sql,
)
from ..tools.ledger import chain
from ..tools.ledger.digests import digest_files
from ..tools.ledger.verify import read_payload
from .verification_common import VerificationCommon

CHECK = verification_check.__name__
RUN = progbox_verification.__name__
JOB = progbox_job_mixin.__name__
INTEGRITY = "progbox_invoice_archive.mail_activity_type_integrity"
# Where the statements of a verification are.
STATEMENTS = (
    certificate_addresses,
    guards_lines,
    progbox_access_log_seal,
    progbox_archive_catchup,
    progbox_closing,
    progbox_closing_mail,
    progbox_document,
    progbox_time_stamp,
    progbox_verification,
    progbox_watch,
    stamp_authorities,
    verification_beside_sql,
    verification_sql,
)


@tagged("post_install", "-at_install")
class TestBlinding(VerificationCommon):
    """Nobody makes the verification look away, nor the archive stop."""

    INVOICES = 3

    def exchange_a_file(self):
        path = self.path(self.moves[0])
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.write_bytes(b"%PDF-1.4 another")

    # ------------------------------------------------------------------
    # The zip of everything
    # ------------------------------------------------------------------

    def test_no_choice_is_not_everything(self):
        for nothing in ([], [(1, "=", 1)], ["|", (1, "=", 1), ("id", "=", 1)]):
            with self.assertRaisesRegex(UserError, "No documents were chosen"):
                self.env["progbox.zip"].start(nothing)

    # ------------------------------------------------------------------
    # A verification comes to its end
    # ------------------------------------------------------------------

    def test_values_that_the_database_cannot_hold(self):
        seal = self.seal(self.moves[1])
        for evil in (r'"\u0000"', r'"\ud800"', "NaN", "1e999"):
            content = json.loads(seal.payload) | {"sequence": "@", "partner": "@"}
            payload = chain.canonical(content).replace('"@"', evil)
            with self.subTest(evil=evil), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    "UPDATE progbox_seal SET payload = %s WHERE id = %s",
                    payload,
                    seal.id,
                )
                kinds = {kind for kind, _number in self.found(self.verify())}
                self.assertIn("line_changed", kinds)
                self.assertNotIn("unchecked", kinds)
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertEqual(
            read_payload(rb'{"a":["\ud800x",{"b":"\u0000"}]}')["a"][0][1:], "x"
        )

    def test_an_odd_path_of_a_folder(self):
        folder = self.documents(self.moves[0]).folder_id
        self.tamper(
            "UPDATE progbox_folder SET parent_path = %s WHERE id = %s",
            f"x/99999999999999999999/{folder.id}/",
            folder.id,
        )
        self.assertFound(
            ("folder_changed", None),
            *[("document_changed", move) for move in self.moves],
        )

    def test_what_is_no_file_in_the_store(self):
        pipe, link, folder = (self.path(move) for move in self.moves)
        for path in (pipe, link, folder):
            self.addCleanup(path.write_bytes, path.read_bytes())
        aside = link.with_suffix(".aside")
        pipe.unlink()
        os.mkfifo(pipe)
        self.addCleanup(pipe.unlink)
        link.rename(aside)
        self.addCleanup(aside.unlink)
        link.symlink_to(aside)
        self.addCleanup(link.unlink)
        folder.unlink()
        folder.mkdir()
        self.addCleanup(folder.rmdir)
        run = self.assertFound(*[("file_unreadable", move) for move in self.moves])
        self.assertEqual(run.result, "findings")
        [device] = digest_files(["/dev/zero"])
        self.assertIn("not a regular file", device.error)

    def test_a_table_that_cannot_be_read(self):
        self.exchange_a_file()
        for table, part in (
            ("progbox_source_deletion", "deleted"),
            ("progbox_closing", "closings"),
        ):
            with self.subTest(table=table), self.env.cr.savepoint() as savepoint:
                self.run_deferred_triggers()
                column = SQL.identifier("seal_id")
                self.env.cr.execute(
                    SQL(
                        "ALTER TABLE %s RENAME %s TO hidden",
                        SQL.identifier(table),
                        column,
                    )
                )
                with mute_logger("odoo.sql_db"), self.assertLogs(CHECK, "ERROR"):
                    run = self.verify()
                found = self.found(run)
                self.assertIn(("file_changed", self.moves[0].name), found)
                self.assertIn(("unchecked", None), found)
                unchecked = run.finding_ids.filtered(lambda f: f.kind == "unchecked")
                self.assertIn(part, unchecked.mapped("what"))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_table_that_somebody_has_locked_for_good(self):
        self.exchange_a_file()
        self.env.flush_all()
        with (
            patch.object(verification_check, "PATIENCE", "50ms"),
            patch.object(progbox_watch, "LOCK_PATIENCE", "50ms"),
            mute_logger("odoo.sql_db", CHECK, progbox_watch.__name__),
            db_connect(self.env.cr.dbname).cursor() as other,
        ):
            other.execute(
                "LOCK TABLE progbox_closing_mail IN ACCESS EXCLUSIVE MODE NOWAIT"
            )
            run = self.verify()
            warnings = self.server["progbox.watch"]._told(self.company)
        self.assertIn(("file_changed", self.moves[0].name), self.found(run))
        unchecked = run.finding_ids.filtered(lambda f: f.kind == "unchecked")
        self.assertEqual(set(unchecked.mapped("what")), {"certificates", "work"})
        [(_finding, sentence)] = warnings
        self.assertIn("could not be checked (work of the archive)", sentence)

    def test_a_lock_is_waited_for_once(self):
        """Of the parts of a run, no two wait in one transaction."""
        run = self.runs._start_here(self.company, {"door": "command"})
        check = verification_check.VerificationCheck(run)
        self.env.flush_all()
        names, patience = [], []

        def locked():
            patience.append(check.patience)
            yield from ()
            raise LockNotAvailable

        parts = {"waiting": locked, "closings": locked, "work": locked}
        run._job_write({"checkpoint": {"part": "waiting", "after": 0}})
        with (
            patch.object(check, "_checks_at_the_end", lambda: parts),
            mute_logger(CHECK),
        ):
            names += [values["checkpoint"]["part"] for values in check.steps()]
        self.assertEqual(names, ["closings", "work"])
        self.assertEqual(patience, ["60s", "1s", "1s"])

    # ------------------------------------------------------------------
    # Guards are what they do
    # ------------------------------------------------------------------

    def test_what_stands_on_the_tables_of_evidence(self):
        comment = (
            "DO $$ BEGIN EXECUTE format('COMMENT ON {kind} IS %L', '{version} ' || md5("
            "{definition})); END $$"
        )
        guards = self.server["progbox.ledger.guards"]
        version = guards._version(guards._guards_wanted())
        function = comment.format(
            kind="FUNCTION public.progbox_guard_purge()",
            version=version,
            definition="pg_get_functiondef('public.progbox_guard_purge'::regproc)",
        )
        trigger = comment.format(
            kind="TRIGGER progbox_seal_keep ON progbox_seal",
            version=version,
            definition="(SELECT pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE tgname = ''progbox_seal_keep'')".replace("''", "'"),
        )
        for name, attack in (
            (
                "progbox_guard_purge (changed)",
                "CREATE OR REPLACE FUNCTION public.progbox_guard_purge() RETURNS"
                " trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';" + function,
            ),
            (
                "progbox_seal_keep (changed)",
                "CREATE OR REPLACE TRIGGER progbox_seal_keep BEFORE UPDATE ON"
                " progbox_seal FOR EACH ROW WHEN (FALSE)"
                " EXECUTE FUNCTION progbox_guard_keep();" + trigger,
            ),
            (
                "progbox_seal: trigger foreign_one",
                "CREATE TRIGGER foreign_one BEFORE UPDATE ON progbox_seal FOR EACH ROW"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            ),
            (
                "progbox_closing: rule away",
                "CREATE RULE away AS ON DELETE TO progbox_closing DO INSTEAD NOTHING",
            ),
            (
                "progbox_document: inheritance progbox_shadow",
                "CREATE TABLE progbox_shadow () INHERITS (progbox_document)",
            ),
            (
                "progbox_seal: row security hide",
                "CREATE POLICY hide ON progbox_seal USING (FALSE)",
            ),
            ("row_security=off for", "ALTER ROLE CURRENT_USER SET row_security = off"),
        ):
            with self.subTest(name=name), self.env.cr.savepoint() as savepoint:
                self.run_deferred_triggers()
                self.env.cr.execute(attack)
                run = self.verify()
                self.assertEqual(self.found(run), {("guard_missing", None)})
                self.assertIn(name, "\n".join(run.finding_ids.mapped("actual")))
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertIntact(self.verify())

    def test_what_answers_in_the_place_of_postgresql(self):
        """Words that are taken before PostgreSQL's own, and rows that are hidden."""
        self.run_deferred_triggers()
        guards_lines.note_lifted(self.server, self.company, ["progbox_seal_keep"])
        lies = (
            "CREATE FUNCTION public.lies(varchar, varchar) RETURNS boolean LANGUAGE sql"
            " AS $$SELECT $1::text = $2::text AND $2::text <> 'guards_lifted'$$;"
            "CREATE OPERATOR public.= (FUNCTION = public.lies, LEFTARG = varchar,"
            " RIGHTARG = varchar)"
        )
        schema = "CREATE SCHEMA evil;"
        lower = (
            "CREATE FUNCTION {}.lower({}) RETURNS text LANGUAGE sql AS $$SELECT 'a'$$;"
        )
        away = "USING (current_query() !~ 'FROM account_move move')"
        # Whoever owns the database may say that his own belongs to an extension.
        borrowed = (
            "CREATE EXTENSION IF NOT EXISTS unaccent;"
            "CREATE DOMAIN public.d AS varchar;"
            "CREATE FUNCTION public.lies({0}, d) RETURNS boolean LANGUAGE sql"
            " AS $$SELECT $1::text = $2::text AND $2::text <> 'guards_lifted'$$;"
            "CREATE OPERATOR public.= (FUNCTION = public.lies, LEFTARG = {0},"
            " RIGHTARG = d); ALTER EXTENSION unaccent ADD OPERATOR public.= ({0}, d)"
        )
        for name, attack, seen in (
            ("=(character varying,character varying) stands before", lies, False),
            (
                "lower(character varying) stands before",
                lower.format("public", "varchar"),
                True,
            ),
            (
                "search_path: evil stands before pg_catalog",
                schema
                + lower.format("evil", "text")
                + "SET LOCAL search_path TO evil, pg_catalog, public",
                True,
            ),
            (
                "evil.account_move: stands before the table",
                schema + "CREATE VIEW evil.account_move AS"
                " SELECT * FROM public.account_move;"
                "SET LOCAL search_path TO evil, public",
                True,
            ),
            (
                ".account_move: stands before the table",
                "CREATE TEMPORARY VIEW account_move AS"
                " SELECT * FROM public.account_move",
                True,
            ),
            ("=(public.d,public.d) stands before", borrowed.format("d"), True),
            (
                "=(character varying,public.d) stands before",
                borrowed.format("varchar"),
                False,
            ),
            (
                "account_move: row security",
                "ALTER TABLE account_move ENABLE ROW LEVEL SECURITY,"
                f" FORCE ROW LEVEL SECURITY; CREATE POLICY hide ON account_move {away}",
                True,
            ),
        ):
            with self.subTest(name=name), self.env.cr.savepoint() as savepoint:
                self.run_deferred_triggers()
                self.env.cr.execute(attack)
                run = self.verify()
                wanted = {("guard_missing", None)}
                # What some of them hide.
                wanted |= {("guard_lifted", None)} if seen else set()
                self.assertEqual(self.found(run), wanted)
                self.assertIn(name, "\n".join(run.finding_ids.mapped("actual")))
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertFound(("guard_lifted", None))

    def test_every_word_of_a_statement_is_looked_at(self):
        """A function that a statement of the verification calls is one that counts."""
        self.env.cr.execute(
            "SELECT DISTINCT proname FROM pg_proc"
            " WHERE pronamespace = 'pg_catalog'::regnamespace"
        )
        known = {name for [name] in self.env.cr.fetchall()}
        called = set()
        for module in STATEMENTS:
            tree = ast.parse(Path(module.__file__).read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    called.update(re.findall(r"\b([a-z_0-9]+)\(", node.value))
        self.assertIn("string_agg", called)
        self.assertEqual(called & known - set(guards_shadows.CALLED), set())

    def test_what_is_found_is_what_is_kept(self):
        """A trigger that takes findings away on their way, behind the guards."""
        self.exchange_a_file()
        # One that another verification may have its findings turned into.
        self.verify()
        eats = (
            "CREATE FUNCTION public.eats() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN {} END$$; CREATE TRIGGER z_eats BEFORE {} ON {} FOR EACH ROW"
            " EXECUTE FUNCTION public.eats()"
        )
        counts = "NEW.finding_counts := NULL; RETURN NEW;"
        table = "progbox_verification"
        for attack in (
            eats.format(
                "NEW.verification_id := NEW.verification_id - 1; RETURN NEW;",
                "INSERT",
                f"{table}_finding",
            ),
            eats.format(counts, "UPDATE", table),
            eats.format(
                f"IF NEW.state = 'done' THEN {counts} END IF; RETURN NEW;",
                "UPDATE",
                table,
            ),
            # Between two transactions, when they are not what is written.
            eats.format(
                "IF NEW.finding_counts IS NOT DISTINCT FROM OLD.finding_counts THEN"
                f" {counts} END IF; RETURN NEW;",
                "UPDATE",
                table,
            ),
            eats.format(
                "NEW.kind := 'guard_lifted'; RETURN NEW;", "INSERT", f"{table}_finding"
            ),
        ):
            with self.subTest(attack), self.env.cr.savepoint() as savepoint:
                self.run_deferred_triggers()
                self.env.cr.execute(attack)  # pylint: disable=sql-injection
                with (
                    mute_logger(CHECK, RUN, JOB),
                    # The transaction of a test goes on.
                    patch.object(self.env.cr, "rollback"),
                    patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", 0),
                ):
                    run = self.verify()
                self.assertEqual((run.state, run.result), ("failed", "failed"))
                self.assertIn("not in the database", run.error)
                alerts = self.env["mail.activity"]._progbox_open_alerts(
                    self.company, INTEGRITY
                )
                self.assertEqual(len(alerts), 1)
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertFound(("file_changed", self.moves[0]))

    def test_what_extensions_bring_along_is_no_attack(self):
        for extension in ("citext", "hstore", "pg_trgm", "unaccent", "pgcrypto"):
            self.env.cr.execute(
                SQL("CREATE EXTENSION IF NOT EXISTS %s", SQL.identifier(extension))
            )
        self.assertIntact(self.verify())

    def test_no_table_is_another_one(self):
        aside = "ALTER TABLE {0} RENAME TO aside;"
        view = f"{aside} CREATE VIEW {{0}} AS SELECT * FROM aside"
        parts = (
            f"{aside} CREATE TABLE {{0}} (LIKE aside) PARTITION BY HASH (id);"
            " CREATE TABLE part PARTITION OF {0}"
            " FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
        )
        for attack in (aside, view, parts):
            for table in ("progbox_seal", "progbox_closing"):
                with (
                    self.subTest(attack, table=table),
                    self.env.cr.savepoint() as savepoint,
                    mute_logger("odoo.sql_db", CHECK, RUN, progbox_watch.__name__),
                ):
                    self.run_deferred_triggers()
                    self.env.cr.execute(attack.format(table))  # pylint: disable=sql-injection
                    unread = []
                    self.assertIn(self.company, self.runs._companies(unread))
                    self.assertEqual(bool(unread), attack == aside)
                    actual = self.verify().finding_ids.mapped("actual")
                    self.assertIn(f"{table}: no table of its own", actual)
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_a_deleted_type_of_activity_is_made_again(self):
        self.env.ref(INTEGRITY).unlink()
        self.exchange_a_file()
        self.verify()
        alerts = self.env["mail.activity"]._progbox_open_alerts(self.company, INTEGRITY)
        self.assertEqual(alerts.activity_type_id, self.env.ref(INTEGRITY))
