import json
import runpy
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import progbox_document
from ..models.progbox_document import ProgboxDocument
from ..tools.ledger import chain
from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestLedger(ArchiveCommon):
    """Every document is a line, and every line vouches for the one before."""

    def lines(self, company=None):
        return self.server["progbox.seal"].search(
            [("company_id", "=", (company or self.company).id)], order="sequence"
        )

    def test_a_deposit_is_sealed_with_all_that_it_shows(self):
        move = self.archived()
        document = self.documents(move)
        payload = json.loads(document.seal_id.payload)
        self.assertEqual(payload["sha256"], document.sha256)
        self.assertEqual(payload["size"], document.size)
        self.assertEqual(payload["number"], move.name)
        self.assertEqual(payload["partner"], "Maçonnerie Lefèvre")
        self.assertEqual(payload["folder"], ".factures/2026/11")
        self.assertEqual(payload["record"], move.id)
        self.assertEqual(payload["version"], 1)
        self.assertEqual(payload["date"], "2026-11-02")
        self.assertEqual(payload["amount"], f"{move.amount_total:.2f}")
        self.assertTrue(payload["made_with"].startswith("wkhtmltopdf"))

    def test_the_chain_has_no_gap_and_no_break(self):
        for number in range(5):
            self.archived_without_render(f"INV/{number}")
        lines = self.lines()
        self.assertEqual(lines.mapped("sequence"), [1, 2, 3, 4, 5])
        previous = chain.GENESIS
        for line in lines:
            self.assertEqual(line.previous_hash or "", previous)
            self.assertEqual(line.hash, chain.link(previous, line.payload))
            previous = line.hash

    def test_each_company_has_its_own_chain(self):
        other = self.setup_other_company()["company"]
        self.archived_without_render("A/1")
        self.archived_without_render("B/1", company=other)
        self.archived_without_render("A/2")
        self.assertEqual(self.lines().mapped("sequence"), [1, 2])
        self.assertEqual(self.lines(other).mapped("sequence"), [1])

    def test_nobody_writes_the_ledger(self):
        line = self.archived_without_render().seal_id
        ledger = self.server["progbox.seal"]
        for attempt in (
            lambda: line.write({"payload": "{}"}),
            lambda: line.unlink(),
            lambda: line.copy(),
            lambda: ledger.create({"sequence": 2, "company_id": self.company.id}),
            lambda: ledger.with_context(progbox_server=True).create({"sequence": 2}),
        ):
            with self.assertRaisesRegex(UserError, "only grows"):
                attempt()

    def test_documents_from_before_the_ledger_are_sealed_in_order(self):
        documents = [self.archived_without_render(f"INV/{n}") for n in range(3)]
        ids = [document.id for document in documents]
        self.env.flush_all()
        with self.without_guards():
            self.env.cr.execute("UPDATE progbox_document SET seal_id = NULL")
            self.env.cr.execute("DELETE FROM progbox_seal")
        self.env.invalidate_all()
        batches = []
        seal = ProgboxDocument._seal

        def counted(documents):
            batches.append(len(documents))
            return seal(documents)

        with (
            patch.object(progbox_document, "SEAL_BATCH", 2),
            patch.object(ProgboxDocument, "_seal", counted),
        ):
            self.migrate("19.0.1.1.0/post-seal.py")
        self.assertEqual(batches, [2, 1], "all were sealed at once")
        lines = self.lines()
        self.assertEqual(lines.document_id.ids, ids)
        self.assertEqual(lines.mapped("sequence"), [1, 2, 3])

    def test_deletions_from_before_learn_their_lines(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.unlink()
        deletion = self.server["progbox.source.deletion"].search(
            [], order="id desc", limit=1
        )
        deletion._job_process()
        line = deletion.seal_id
        self.assertEqual(line.kind, "source_deleted")
        self.env.flush_all()
        with self.lifted("progbox_source_deletion"):
            self.env.cr.execute("UPDATE progbox_source_deletion SET seal_id = NULL")
        self.migrate("19.0.1.3.0/post-deletions.py")
        self.env.invalidate_all()
        self.assertEqual(deletion.seal_id, line)

    def migrate(self, script):
        path = Path(__file__).parents[1] / "migrations" / script
        runpy.run_path(path)["migrate"](self.env.cr, "19.0.1.0.0")

    def without_guards(self):
        """Lift the triggers of the database, as a person with SQL could."""
        return self.lifted("progbox_document", "progbox_seal")
