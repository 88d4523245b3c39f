import json

from odoo.tests import tagged

from ..tools.ledger import chain
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestLedgerTampering(VerificationCommon):
    """Whatever is done to the lines of a ledger is named, with the right invoice."""

    def setUp(self):
        super().setUp()
        self.victim = self.moves[2]

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

    def test_a_payload_that_no_reader_can_take(self):
        self.tamper(
            "UPDATE progbox_seal SET payload = repeat('[', 100000) WHERE id = %s",
            self.seal(self.victim).id,
        )
        kinds = {kind for kind, _number in self.found(self.verify())}
        self.assertIn("line_changed", kinds)

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

    def append(self, kind, **content):
        """Append a good next line with SQL, as nobody but the archive may."""
        last = self.seals()[-1]
        payload = chain.canonical(
            {
                **content,
                "company": self.company.id,
                "kind": kind,
                "sealed_on": f"{last.sealed_on.isoformat()}Z",
                "sequence": last.sequence + 1,
            }
        )
        self.tamper(
            """INSERT INTO progbox_seal (
                company_id, sequence, kind, payload, previous_hash, hash, sealed_on
            ) VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            self.company.id,
            last.sequence + 1,
            kind,
            payload,
            last.hash,
            chain.link(last.hash, payload),
            last.sealed_on,
        )

    def test_a_forged_line_at_the_end(self):
        forged = {"number": "INV/FORGED", "model": "account.move", "record": 1 << 30}
        for kind, expected, number in (
            ("deposit", "document_missing", "INV/FORGED"),
            ("source_deleted", "line_foreign", "INV/FORGED"),
            ("closing", "closing_missing", None),
            ("invented", "line_foreign", "INV/FORGED"),
        ):
            with self.subTest(kind), self.env.cr.savepoint() as savepoint:
                self.append(kind, **forged)
                self.assertFound((expected, number))
                savepoint.rollback()
                self.env.invalidate_all()

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
