import json
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models import guards_lines
from .verification_common import VerificationCommon

CLOSING_COLUMNS = {
    "month": "month = month + interval '1 month'",
    "number": "number = number + 1",
    "documents": "document_count = document_count - 1",
    "new_documents": "new_document_count = new_document_count - 1",
    "totals": """totals = '{"USD": "1"}'""",
    "last_sequence": "last_sequence = last_sequence - 1",
    "last_hash": "last_hash = '$1$' || repeat('0', 64)",
    "closed_by": "closed_by = 'Somebody else'",
    "sealed_on": "closed_on = closed_on + interval '1 day'",
}


@tagged("post_install", "-at_install")
class TestLedgerAnchors(VerificationCommon):
    """What was noted of a ledger earlier tells what has become of its end."""

    def setUp(self):
        super().setUp()
        self.victim = self.moves[2]

    def cut(self, number):
        """Remove the last lines with their documents, files and invoices' jobs."""
        gone = self.moves[-number:]
        documents = self.documents(gone[0])
        for move in gone:
            documents |= self.documents(move)
        ids = documents.ids
        self.tamper("DELETE FROM progbox_seal WHERE document_id = ANY(%s)", ids)
        self.tamper("DELETE FROM progbox_document WHERE id = ANY(%s)", ids)
        self.tamper(
            "UPDATE account_move SET state = 'draft' WHERE id = ANY(%s)", gone.ids
        )

    def test_the_end_cut_off_is_invisible_without_anchor(self):
        self.cut(3)
        self.assertIntact(self.verify())

    def test_the_end_cut_off_is_found_by_an_earlier_run(self):
        self.assertIntact(self.verify())
        self.cut(3)
        run = self.assertFound(("ledger_cut", None))
        self.assertEqual(run.finding_ids.sequence, self.seals()[-1].sequence + 1)
        self.assertIn("Verification of", run.finding_ids.message)

    def test_the_end_cut_off_is_found_by_an_anchor_from_outside(self):
        last = self.seals()[-1]
        anchors = [[last.sequence, last.hash]]
        self.assertIntact(self.verify(anchors=anchors))
        self.tamper("DELETE FROM progbox_verification_finding")
        self.tamper("DELETE FROM progbox_verification")
        self.cut(3)
        self.assertFound(("ledger_cut", None), anchors=anchors)

    def test_the_end_written_anew_is_found_by_an_earlier_run(self):
        self.assertIntact(self.verify())
        self.cut(2)
        for _number in range(3):
            self.filed()
        run = self.verify()
        self.assertEqual(set(run.finding_ids.mapped("kind")), {"line_foreign"})
        self.assertIn("Verification of", run.finding_ids.message)

    def test_the_whole_ledger_removed(self):
        self.assertIntact(self.verify())
        self.tamper("DELETE FROM progbox_seal WHERE company_id = %s", self.company.id)
        self.assertFound(
            ("ledger_cut", None),
            *(("document_unsealed", move) for move in self.moves),
        )

    def test_a_run_that_found_the_ledger_damaged_is_no_witness(self):
        last = self.seals()[-1]
        number, sealed = self.moves[-1].name, last.hash
        change = "UPDATE progbox_seal SET hash = %s WHERE id = %s"
        self.tamper(change, "$1$" + "0" * 64, last.id)
        self.assertFound(("line_changed", number))
        self.tamper(change, sealed, last.id)
        self.assertIntact(self.verify())
        # The one after it is a witness again.
        self.cut(1)
        self.assertFound(("ledger_cut", None))

    def test_the_clock_set_back_until_somebody_has_looked_into_it(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=3)):
            late = self.filed()
        run = self.assertFound(("clock", late))
        self.assertEqual(run.finding_ids.level, "warning")
        self.assertFound(("clock", late))
        run.finding_ids.with_user(self.manager()).action_acknowledge()
        self.assertIntact(self.verify())
        with freeze_time(fields.Datetime.now() - timedelta(days=6)):
            again = self.filed()
        self.assertFound(("clock", again))

    def manager(self):
        return new_test_user(
            self.env,
            "witness",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_guards_that_were_lifted_until_the_server_started(self):
        once, twice = "2026-11-02 10:00:00Z: seals disabled", "seals missing"
        self.note_lifted(once)
        finding = self.assertFound(("guard_lifted", None)).finding_ids
        self.assertIn(once, finding.message)
        self.assertEqual(finding.level, "error")
        with self.assertRaises(AccessError):
            finding.with_user(self.billing).action_acknowledge()
        manager = self.manager()
        finding.with_user(manager).action_acknowledge()
        self.assertEqual(finding.acknowledged_by, manager.name)
        logged = self.server["progbox.access.log"].search([], limit=1)
        self.assertEqual(logged.user_ref, manager.id)
        self.assertIn(once, logged.note)
        self.assertIntact(self.verify())
        self.note_lifted(twice)
        finding = self.assertFound(("guard_lifted", None)).finding_ids
        self.assertIn(twice, finding.message)

    def note_lifted(self, text):
        """As an update does with what an older version has noted."""
        found_on, guards = guards_lines.noted_before(text)
        guards_lines.note_lifted(self.server, self.company, guards, found_on)
        guards_lines.note_restored(self.server, self.company)

    def test_what_can_be_put_right_is_not_acknowledged(self):
        self.tamper(
            "UPDATE progbox_document SET name = 'x' WHERE id = %s",
            self.documents(self.victim).id,
        )
        finding = self.verify().finding_ids.with_user(self.manager())
        with self.assertRaisesRegex(UserError, "has been corrected"):
            finding.action_acknowledge()

    def test_a_guard_that_is_gone(self):
        guards = type(self.env["progbox.ledger.guards"])
        state = {"guard_of_documents": "active", "guard_of_seals": "disabled"}
        with patch.object(guards, "_guards_state", lambda self: state):
            run = self.assertFound(("guard_missing", None))
        self.assertIn("guard_of_seals", run.finding_ids.message)

    def close(self):
        month = self.moves[0].invoice_date
        return self.env["progbox.closing"].sudo()._close(self.company, month)

    def test_every_value_of_a_closing(self):
        closing = self.close()
        self.assertIntact(self.verify())
        sealed = set(json.loads(closing.seal_id.payload))
        self.assertEqual(sealed, set(CLOSING_COLUMNS) | {"company", "kind", "sequence"})
        for value, assignment in CLOSING_COLUMNS.items():
            with self.subTest(value), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE progbox_closing SET {assignment} WHERE id = %s",  # pylint: disable=sql-injection
                    closing.id,
                )
                run = self.assertFound(("closing_changed", None))
                self.assertEqual(run.finding_ids.what, value)
                month = f"{self.moves[0].invoice_date:%Y-%m}"
                self.assertIn(f"{month} (1)", run.finding_ids.message)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_closing_removed(self):
        closing = self.close()
        self.tamper("DELETE FROM progbox_closing WHERE id = %s", closing.id)
        run = self.assertFound(("closing_missing", None))
        self.assertEqual(run.finding_ids.sequence, self.seals()[-1].sequence)

    def test_a_closing_that_no_line_vouches_for(self):
        closing = self.close()
        self.tamper(
            "UPDATE progbox_closing SET seal_id = %s WHERE id = %s",
            self.seal(self.victim).id,
            closing.id,
        )
        self.assertFound(("closing_unsealed", None), ("closing_missing", None))

    def test_closings_tell_that_the_end_was_cut_off(self):
        self.close()
        self.tamper("DELETE FROM progbox_seal WHERE kind = 'closing'")
        self.cut(3)
        self.assertFound(("closing_unsealed", None), ("ledger_cut", None))
