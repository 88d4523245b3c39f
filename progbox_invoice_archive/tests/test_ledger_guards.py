import json
import re
from contextlib import nullcontext
from unittest.mock import patch

import psycopg2

from odoo.exceptions import ConcurrencyError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models import guards_lines
from ..models.progbox_ledger_guards import INSTALL_LOCK
from ..tools.ledger.guards_sql import FUNCTIONS, REFUSALS
from ..tools.ledger.guards_triggers import TRIGGERS
from .guards_common import GuardsCommon

LOGGER = "odoo.addons.progbox_invoice_archive.models.progbox_ledger_guards"


@tagged("post_install", "-at_install")
class TestLedgerGuards(GuardsCommon):
    """The guards themselves: what they say, and that they are put back."""

    def test_a_temporary_table_does_not_stand_in(self):
        self.env.cr.execute(
            "CREATE TEMP TABLE progbox_document (id int, seal_id int, sha256 text)"
            " ON COMMIT DROP"
        )
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "DELETE FROM ir_attachment WHERE id = %s", [self.attachment.id]
            )

    def test_odoo_shows_a_sentence(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError) as error,
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "DELETE FROM progbox_document WHERE id = %s", [self.document.id]
            )
        # As in odoo.service.model.retrying.
        table = error.exception.diag.table_name
        [name] = [n for n, model in self.env.registry.items() if model._table == table]
        message = self.env[name]._sql_error_to_message(error.exception)
        self.assertRegex(
            message, rf"^Document {self.document.id} is not deleted.* as evidence\.$"
        )
        self.assertNotIn("PL/pgSQL", message)

    def test_every_refusal_has_a_sentence_of_its_own(self):
        guards = self.env["progbox.ledger.guards"]
        sentences = guards._refusals()
        self.assertEqual(sentences.keys(), REFUSALS.keys())
        for key, text in REFUSALS.items():
            self.assertEqual("%(subject)s" in sentences[key], "%s" in text, key)
        bodies = "".join(body for _arguments, _result, body in FUNCTIONS.values())
        used = set(re.findall(r"guard_refuse\(\s*'(\w+)'", bodies))
        self.assertEqual(used, REFUSALS.keys())
        for detail, subject in (
            ("progbox_document 7 partner_name", "Document 7, Client"),
            ("progbox_document 7", "Document 7"),
            ("progbox_seal", "Ledger Line"),
            ("Facture 7.pdf", "Facture 7.pdf"),
            ("res_partner 7 name", "res_partner 7 name"),
            ("", ""),
        ):
            self.assertEqual(guards._refused_subject(detail), subject)

    def test_a_guard_that_is_gone_is_found_and_put_back(self):
        guards = self.server["progbox.ledger.guards"]
        self.assertEqual(set(guards._guards_state().values()), {"active"})
        self.run_deferred_triggers()
        for name, how, attack in (
            (
                "progbox_seal_keep",
                "missing",
                "DROP TRIGGER progbox_seal_keep ON progbox_seal",
            ),
            (
                "progbox_attachment_insert",
                "disabled",
                "ALTER TABLE ir_attachment DISABLE TRIGGER progbox_attachment_insert",
            ),
            (
                "progbox_seal_next",
                "disabled",
                "ALTER TABLE progbox_seal ENABLE REPLICA TRIGGER progbox_seal_next",
            ),
            (
                "progbox_guard_refuse",
                "changed",
                "CREATE OR REPLACE FUNCTION"
                " progbox_guard_refuse(refusal text, subject text) RETURNS void"
                " LANGUAGE plpgsql AS 'BEGIN END'",
            ),
            (
                "progbox_document_keep",
                "changed",
                "CREATE OR REPLACE TRIGGER progbox_document_keep"
                " BEFORE UPDATE ON progbox_document FOR EACH ROW WHEN (FALSE)"
                " EXECUTE FUNCTION progbox_guard_keep()",
            ),
        ):
            with self.subTest(name=name, how=how):
                self.env.cr.execute(attack)
                self.assertEqual(guards._guards_state()[name], how)
                with self.assertLogs(LOGGER, "WARNING"):
                    guards._guards_ensure()
                self.assertEqual(set(guards._guards_state().values()), {"active"})
                self.assertIn(f"{name} {how}", self.repaired()[-1])

    def repaired(self):
        return guards_lines.lifted(self.server, self.company)

    def drop_all(self):
        self.run_deferred_triggers()
        self.server["progbox.ledger.guards"]._guards_drop()
        self.assertFalse(self.server["progbox.ledger.guards"]._guards_found())

    def assertPutBack(self):
        guards = self.server["progbox.ledger.guards"]
        guards._guards_ensure()
        self.assertEqual(set(guards._guards_state().values()), {"active"})

    def test_all_guards_removed_at_once_are_no_first_install(self):
        self.drop_all()
        with self.assertLogs(LOGGER, "WARNING"):
            self.assertPutBack()
        self.assertIn("progbox_seal_keep missing", self.repaired()[-1])

    def test_a_first_install_is_not_suspicious(self):
        self.drop_all()
        guards = type(self.env["progbox.ledger.guards"])
        with (
            patch.object(guards, "_has_ledger", lambda self: False),
            self.assertNoLogs(LOGGER, "WARNING"),
        ):
            self.assertPutBack()
        self.assertFalse(self.repaired())

    def test_an_upgrade_is_not_suspicious(self):
        self.run_deferred_triggers()
        guards = self.server["progbox.ledger.guards"]
        for table, name, _enabled, definition, _comment in guards._guards_found():
            target = SQL("FUNCTION public.%s", SQL.identifier(name))
            if table:
                target = SQL("TRIGGER %s", guards._on(table, name))
            self.env.cr.execute(SQL("COMMENT ON %s IS %s", target, f"0 {definition}"))
        # The version before did not have this one.
        self.env.cr.execute("DROP TRIGGER progbox_folder_add ON progbox_folder")
        self.assertEqual(set(guards._guards_state().values()), {"outdated", "missing"})
        with self.assertNoLogs(LOGGER, "WARNING"):
            self.assertPutBack()
        self.assertFalse(self.repaired())
        # Comments can be forged: it leaves a trace all the same.
        line = self.server["progbox.access.log"].search([], limit=1)
        self.assertEqual(line.company_id, self.company)
        self.assertIn("or had been removed: progbox_folder_add", line.note)
        end = self.server["progbox.seal"]._last(self.company)
        self.assertEqual(end.kind, "guards_restored")
        self.assertIn("progbox_folder_add missing", end.payload)
        self.assertIn("progbox_seal_keep outdated", end.payload)

    def test_every_repair_is_remembered(self):
        for trigger in ("progbox_seal_keep", "progbox_closing_keep"):
            table = trigger.removesuffix("_keep")
            self.run_deferred_triggers()
            self.env.cr.execute(
                SQL(
                    "DROP TRIGGER %s ON %s",
                    SQL.identifier(trigger),
                    SQL.identifier(table),
                )
            )
            with self.assertLogs(LOGGER, "WARNING"):
                self.assertPutBack()
        first, second = self.repaired()
        self.assertIn("progbox_seal_keep missing", first)
        self.assertIn("progbox_closing_keep missing", second)

    def test_a_worker_that_sees_too_late_what_another_has_put_back(self):
        """The snapshot of its transaction is from before."""
        self.run_deferred_triggers()
        guards = type(self.env["progbox.ledger.guards"])
        found = guards._guards_found
        answers = [lambda guards: [], lambda guards: []]
        with (
            patch.object(
                guards,
                "_guards_found",
                lambda self: (answers.pop() if answers else found)(self),
            ),
            self.assertLogs(LOGGER, "WARNING") as logs,
        ):
            self.assertPutBack()
        self.assertFalse(answers)
        self.assertNotIn("could not be installed", "".join(logs.output))

    def test_one_worker_installs_and_the_others_go_on(self):
        self.drop_all()
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALL_LOCK])
            self.server["progbox.ledger.guards"]._guards_ensure()
            self.assertFalse(self.server["progbox.ledger.guards"]._guards_found())
        with self.assertLogs(LOGGER, "WARNING"):
            self.assertPutBack()

    def test_no_registry_fails_to_load_because_of_the_guards(self):
        self.drop_all()
        guards = type(self.env["progbox.ledger.guards"])

        def fail(self):
            self.env.cr.execute("SELECT 1 / 0")

        with (
            patch.object(guards, "_guards_install", fail),
            mute_logger("odoo.sql_db"),
            self.assertLogs(LOGGER, "ERROR") as logs,
        ):
            self.server["progbox.ledger.guards"]._register_hook()
        self.assertIn("could not be installed", logs.output[0])
        self.assertFalse(self.repaired())

    def test_a_ledger_that_goes_on_meanwhile(self):
        """Nothing is put back without a line: the next transaction does both."""
        self.run_deferred_triggers()
        guards = self.server["progbox.ledger.guards"]
        self.env.cr.execute("DROP TRIGGER progbox_seal_keep ON progbox_seal")
        seals, registry = type(self.env["progbox.seal"]), type(self.env.registry)
        append, cr = seals._append, self.env.cr
        busy = [ConcurrencyError("the line was taken")]

        def be_late(self, *args, **kwargs):
            if busy:
                raise busy.pop()
            return append(self, *args, **kwargs)

        with (
            patch.object(seals, "_append", be_late),
            self.assertLogs(LOGGER, "WARNING"),
        ):
            guards._register_hook()
        self.assertFalse(busy)
        self.assertEqual(guards._guards_state()["progbox_seal_keep"], "missing")
        # Whoever is next is not kept off, be it this one.
        with db_connect(cr.dbname).cursor() as other:
            other.execute("SELECT pg_try_advisory_xact_lock(%s)", [INSTALL_LOCK])
            self.assertEqual(other.fetchone(), (True,))
        with (
            patch.object(registry, "cursor", lambda registry: nullcontext(cr)),
            self.assertLogs(LOGGER, "WARNING"),
        ):
            cr.postcommit.run()
        self.assertEqual(set(guards._guards_state().values()), {"active"})
        self.assertIn("progbox_seal_keep missing", self.repaired()[-1])

    def test_the_ledger_says_when_and_that_it_was_restored(self):
        self.run_deferred_triggers()
        guards = self.server["progbox.ledger.guards"]
        before = self.server["progbox.seal"]._last(self.company)
        self.env.cr.execute("DROP TRIGGER progbox_seal_keep ON progbox_seal")
        with self.assertLogs(LOGGER, "WARNING"):
            guards._guards_ensure()
        guards._guards_ensure()
        lines = self.server["progbox.seal"].search(
            [("company_id", "=", self.company.id), ("id", ">", before.id)],
            order="sequence",
        )
        self.assertEqual(lines.mapped("kind"), ["guards_lifted", "guards_restored"])
        for line in lines:
            self.assertEqual(
                json.loads(line.payload)["guards"], ["progbox_seal_keep missing"]
            )
        self.assertEqual(lines[0].previous_hash, before.hash)

    def test_what_an_older_version_has_noted(self):
        for text, noted in (
            ("2026-11-02 10:00:00Z: a missing, b changed",
             ("2026-11-02T10:00:00Z", ["a missing", "b changed"])),
            ("2026-11-02: a missing", (None, ["2026-11-02: a missing"])),
        ):  # fmt: skip
            found_on, guards = guards_lines.noted_before(text)
            self.assertEqual((found_on, guards), noted)
            guards_lines.note_lifted(self.server, self.company, guards, found_on)
        migrated, without_time = self.repaired()
        # Whoever has acknowledged it is not asked again.
        self.assertEqual(migrated, "2026-11-02 10:00:00Z: a missing, b changed")
        self.assertTrue(without_time.endswith("Z: 2026-11-02: a missing"))

    def test_the_ledger_is_locked_first_as_by_a_deposit(self):
        self.drop_all()
        cursor = type(self.env.cr)
        execute = cursor.execute
        locks = []

        def listen(cr, query, *args, **kwargs):
            if "LOCK TABLE" in str(query):
                locks.append(str(query))
            return execute(cr, query, *args, **kwargs)

        with (
            patch.object(cursor, "execute", listen),
            self.assertLogs(LOGGER, "WARNING"),
        ):
            self.assertPutBack()
        self.assertIn("progbox_seal", locks[0])
        exclusive = [lock for lock in locks if "ACCESS EXCLUSIVE" in lock]
        self.assertEqual(
            len(exclusive), len({table for table, *_ in TRIGGERS.values()})
        )

    def test_guards_in_place_are_not_touched(self):
        guards = self.server["progbox.ledger.guards"]
        before = guards._guards_found()
        with self.assertQueryCount(2):
            guards._guards_ensure()
        self.assertEqual(guards._guards_found(), before)
