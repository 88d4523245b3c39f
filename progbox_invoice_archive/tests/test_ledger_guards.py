import re

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools.guards_sql import FUNCTIONS, REFUSALS
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
        parameters = self.env["ir.config_parameter"].sudo()
        self.env.cr.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
        )
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
                found = parameters.get_param("progbox_invoice_archive.guards_repaired")
                self.assertIn(f"{name} {how}", found)

    def test_guards_in_place_are_not_touched(self):
        guards = self.server["progbox.ledger.guards"]
        before = guards._guards_found()
        with self.assertQueryCount(2):
            guards._guards_ensure()
        self.assertEqual(guards._guards_found(), before)
