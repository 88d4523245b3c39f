import json
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from ..tools import chain
from ..tools.verify import SEALED
from .verification_common import VerificationCommon

COLUMNS = {
    # sealed value: what somebody does to the document's row
    "amount": "amount_total = amount_total + 1",
    "company": "company_id = company_id + 1000",
    "currency": "currency_name = 'XTS'",
    "date": "document_date = document_date + 1",
    "folder": "folder_id = (SELECT min(id) FROM progbox_folder)",
    "made_with": """made_with = '{"renderer": "another"}'""",
    "model": "res_model = 'res.partner'",
    "name": "name = 'another.pdf'",
    "number": "number = 'INV/1'",
    "origin": "origin = 'legal'",
    "partner": "partner_name = 'Somebody else'",
    "record": "res_id = res_id - 1",
    "sha256": "sha256 = repeat('0', 64)",
    "size": "size = size + 1",
    "type": """type_id = (SELECT id FROM progbox_document_type
        WHERE code = 'receipt')""",
    "version": "version = version + 1",
    "seal": "seal_id = NULL",
}
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
class TestArchiveTampering(VerificationCommon):
    """Whatever is done to an archive past Odoo is named, with the right invoice."""

    def setUp(self):
        super().setUp()
        self.victim = self.moves[2]
        self.other = self.moves[4]
        # The file store is not rolled back: what a test does to it, it undoes.
        for move in self.victim | self.other:
            path = self.path(move)
            self.addCleanup(path.write_bytes, path.read_bytes())

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def test_a_flipped_bit(self):
        data = bytearray(self.path(self.victim).read_bytes())
        data[-1] ^= 1
        self.path(self.victim).write_bytes(data)
        self.assertFound(("file_changed", self.victim))

    def test_a_truncated_file(self):
        path = self.path(self.victim)
        path.write_bytes(path.read_bytes()[:-1])
        self.assertFound(("file_changed", self.victim))

    def test_an_emptied_file_is_missing(self):
        self.path(self.victim).write_bytes(b"")
        self.assertFound(("file_missing", self.victim))

    def test_a_removed_file(self):
        self.path(self.victim).unlink()
        self.assertFound(("file_missing", self.victim))

    def test_a_file_that_cannot_be_read(self):
        path = self.path(self.victim)
        data = path.read_bytes()
        path.unlink()
        path.mkdir()
        self.addCleanup(path.write_bytes, data)
        self.addCleanup(path.rmdir)
        run = self.assertFound(("file_unreadable", self.victim))
        self.assertIn("directory", run.finding_ids.message)

    def test_files_of_two_invoices_exchanged(self):
        mine, others = (
            self.documents(move)._content_attachment().id
            for move in (self.victim, self.other)
        )
        self.tamper(
            """UPDATE ir_attachment a SET store_fname = b.store_fname
            FROM ir_attachment b
            WHERE (a.id, b.id) IN ((%s, %s), (%s, %s))""",
            mine,
            others,
            others,
            mine,
        )
        self.assertFound(("file_changed", self.victim), ("file_changed", self.other))

    def test_an_attachment_row_removed(self):
        attachment = self.documents(self.victim)._content_attachment()
        self.tamper("DELETE FROM ir_attachment WHERE id = %s", attachment.id)
        self.assertFound(("file_missing", self.victim))

    def test_a_second_attachment_beside_the_first(self):
        self.env.cr.execute("DROP INDEX IF EXISTS ir_attachment_progbox_content_unique")
        self.tamper(
            """INSERT INTO ir_attachment (
                name, type, res_model, res_field, res_id, store_fname
            ) SELECT 'forged.pdf', 'binary', 'progbox.document', 'content', %s,
                store_fname
            FROM ir_attachment WHERE id = %s""",
            self.documents(self.victim).id,
            self.documents(self.other)._content_attachment().id,
        )
        self.assertFound(("file_second", self.victim), ("file_changed", self.victim))

    def test_a_file_in_the_database_changed(self):
        attachment = self.documents(self.victim)._content_attachment()
        self.tamper(
            "UPDATE ir_attachment SET store_fname = NULL, db_datas = %s WHERE id = %s",
            b"forged",
            attachment.id,
        )
        self.assertFound(("file_changed", self.victim))

    def test_a_file_in_the_database_emptied(self):
        attachment = self.documents(self.victim)._content_attachment()
        self.tamper(
            "UPDATE ir_attachment SET store_fname = NULL, db_datas = '' WHERE id = %s",
            attachment.id,
        )
        self.assertFound(("file_missing", self.victim))

    # ------------------------------------------------------------------
    # Documents
    # ------------------------------------------------------------------

    def test_every_sealed_value_of_a_row(self):
        self.assertEqual(set(SEALED) | {"seal"}, set(COLUMNS))
        document = self.documents(self.victim)
        sealed = set(json.loads(document.seal_id.payload))
        self.assertEqual(
            sealed, set(SEALED) | {"document", "kind", "sealed_on"} | {"sequence"}
        )
        for value, assignment in COLUMNS.items():
            with self.subTest(value), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE progbox_document SET {assignment} WHERE id = %s",  # pylint: disable=sql-injection
                    document.id,
                )
                run = self.verify()
                kinds = {(f.kind, f.number, f.what) for f in run.finding_ids}
                self.assertIn(("document_changed", self.victim.name, value), kinds)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_document_removed(self):
        self.tamper(
            "DELETE FROM progbox_document WHERE id = %s", self.documents(self.victim).id
        )
        run = self.assertFound(("document_missing", self.victim))
        self.assertEqual(run.finding_ids.res_id, self.victim.id)

    def test_a_document_without_seal(self):
        self.tamper(
            """INSERT INTO progbox_document (
                name, folder_id, company_id, type_id, number, version
            ) SELECT 'forged.pdf', folder_id, company_id, type_id, 'INV/FORGED', 1
            FROM progbox_document WHERE id = %s""",
            self.documents(self.victim).id,
        )
        self.assertFound(("document_unsealed", "INV/FORGED"))

    def test_a_folder_renamed(self):
        self.tamper(
            "UPDATE progbox_folder SET name = '07' WHERE id = %s",
            self.documents(self.victim).folder_id.id,
        )
        self.assertFound(*(("document_changed", move) for move in self.moves))

    def test_a_posted_invoice_without_document(self):
        self.company.progbox_archive_started = "2020-01-01"
        forgotten = self.posted()
        self.assertIntact(self.verify())
        self.jobs_of(forgotten).unlink()
        run = self.assertFound(("invoice_missing", forgotten))
        self.assertEqual(run.finding_ids.level, "warning")

    # ------------------------------------------------------------------
    # The ledger
    # ------------------------------------------------------------------

    def forge(self, move, **values):
        """Return the payload of an invoice's line with other values."""
        return chain.canonical({**json.loads(self.seal(move).payload), **values})

    def test_a_payload_changed(self):
        self.tamper(
            "UPDATE progbox_seal SET payload = %s WHERE id = %s",
            self.forge(self.victim, partner="Somebody else"),
            self.seal(self.victim).id,
        )
        self.assertFound(
            ("line_changed", self.victim), ("document_changed", self.victim)
        )

    def test_a_payload_of_nonsense(self):
        nonsense = [1, {}, [], "x", None, True, -(10**30)]
        payload = json.loads(self.seal(self.victim).payload)
        for value in nonsense:
            with self.subTest(value=value), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    "UPDATE progbox_seal SET payload = %s WHERE id = %s",
                    chain.canonical(dict.fromkeys(payload, value)),
                    self.seal(self.victim).id,
                )
                kinds = {kind for kind, _number in self.found(self.verify())}
                self.assertIn("line_changed", kinds)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_hash_changed(self):
        for column in ("hash", "previous_hash"):
            with self.subTest(column), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE progbox_seal SET {column} = '$1$' || repeat('0', 64)"  # pylint: disable=sql-injection
                    " WHERE id = %s",
                    self.seal(self.victim).id,
                )
                self.assertFound(("line_changed", self.victim))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_copied_column_changed(self):
        for assignment in (
            "kind = 'source_deleted'",
            "sealed_on = sealed_on + interval '1 day'",
        ):
            with self.subTest(assignment), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE progbox_seal SET {assignment} WHERE id = %s",  # pylint: disable=sql-injection
                    self.seal(self.victim).id,
                )
                self.assertIn(
                    ("line_changed", self.victim.name), self.found(self.verify())
                )
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_line_removed_in_the_middle(self):
        seal = self.seal(self.victim)
        number = str(seal.sequence)
        self.tamper("DELETE FROM progbox_seal WHERE id = %s", seal.id)
        run = self.assertFound(
            ("line_removed", None), ("document_unsealed", self.victim)
        )
        removed = run.finding_ids.filtered(lambda f: f.kind == "line_removed")
        self.assertEqual(removed.what, number)

    def test_a_line_removed_and_the_gap_closed(self):
        seal = self.seal(self.victim)
        sequence = seal.sequence
        later = [s.document_id.number for s in self.seals() if s.sequence > sequence]
        self.tamper("DELETE FROM progbox_seal WHERE id = %s", seal.id)
        for number in range(sequence + 1, self.seals()[-1].sequence + 1):
            self.tamper(
                "UPDATE progbox_seal SET sequence = sequence - 1"
                " WHERE company_id = %s AND sequence = %s",
                self.company.id,
                number,
            )
        self.assertFound(
            ("document_unsealed", self.victim),
            *(("line_reordered", number) for number in later),
        )

    def test_the_first_line_removed(self):
        first = self.moves[0]
        self.tamper("DELETE FROM progbox_seal WHERE id = %s", self.seal(first).id)
        self.assertFound(("line_removed", None), ("document_unsealed", first))

    def test_two_lines_swapped(self):
        pairs = ((self.moves[2], self.moves[3]), (self.moves[0], self.moves[5]))
        for one, two in pairs:
            with self.subTest(one.name), self.env.cr.savepoint() as savepoint:
                mine, theirs = self.seal(one), self.seal(two)
                numbers = mine.sequence, theirs.sequence
                change = "UPDATE progbox_seal SET sequence = %s WHERE id = %s"
                self.tamper(change, 1000000, mine.id)
                self.tamper(change, numbers[0], theirs.id)
                self.tamper(change, numbers[1], mine.id)
                self.assertFound(("line_reordered", one), ("line_reordered", two))
                savepoint.rollback()
                self.env.invalidate_all()

    def rewrite(self, move, previous_hash=None, **values):
        """Forge a line with a correct hash of its own, and the row with it."""
        seal = self.seal(move)
        payload = self.forge(move, **values)
        previous_hash = previous_hash or seal.previous_hash
        self.tamper(
            """UPDATE progbox_seal SET payload = %s, hash = %s, previous_hash = %s
            WHERE id = %s""",
            payload,
            chain.link(previous_hash, payload),
            previous_hash,
            seal.id,
        )
        self.tamper(
            "UPDATE progbox_document SET partner_name = %s WHERE id = %s",
            json.loads(payload)["partner"],
            self.documents(move).id,
        )

    def test_a_forged_line_with_a_correct_hash(self):
        self.rewrite(self.victim, partner="Somebody else")
        self.assertFound(("line_foreign", self.victim))

    def test_a_forged_line_that_follows_nothing(self):
        self.rewrite(self.victim, previous_hash="$1$00", partner="Somebody else")
        self.assertFound(("line_foreign", self.victim))

    def test_a_forged_first_line(self):
        self.rewrite(self.moves[0], partner="Somebody else")
        self.assertFound(("line_foreign", self.moves[0]))

    def test_two_forged_lines(self):
        self.rewrite(self.moves[1], partner="Somebody else")
        self.rewrite(self.moves[3], partner="Somebody else")
        self.assertFound(
            ("line_foreign", self.moves[1]), ("line_foreign", self.moves[3])
        )

    def test_a_line_of_another_company(self):
        self.tamper(
            "UPDATE progbox_seal SET payload = %s WHERE id = %s",
            self.forge(self.victim, company=self.company.id + 1000),
            self.seal(self.victim).id,
        )
        seal = self.seal(self.victim)
        self.tamper(
            "UPDATE progbox_seal SET hash = %s WHERE id = %s",
            chain.link(seal.previous_hash, seal.payload),
            seal.id,
        )
        self.assertIn(("line_foreign", self.victim.name), self.found(self.verify()))

    # ------------------------------------------------------------------
    # Cut and written anew: against anchors
    # ------------------------------------------------------------------

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
        self.runs.search([]).sudo().unlink()
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

    def test_the_clock_set_back(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=3)):
            late = self.filed()
        run = self.assertFound(("clock", late))
        self.assertEqual(run.finding_ids.level, "warning")

    def test_a_guard_that_was_lifted_until_the_server_started(self):
        self.env["ir.config_parameter"].sudo().set_param(
            "progbox_invoice_archive.guards_repaired", "guard_of_seals disabled"
        )
        run = self.assertFound(("guard_missing", None))
        self.assertIn("guard_of_seals disabled", run.finding_ids.message)

    def test_a_guard_that_is_gone(self):
        guards = type(self.env["progbox.ledger.guards"])
        state = {"guard_of_documents": "active", "guard_of_seals": "disabled"}
        with patch.object(guards, "_guards_state", lambda self: state):
            run = self.assertFound(("guard_missing", None))
        self.assertIn("guard_of_seals", run.finding_ids.message)

    # ------------------------------------------------------------------
    # Closings
    # ------------------------------------------------------------------

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
