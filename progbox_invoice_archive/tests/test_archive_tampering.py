import json

from odoo.tests import tagged

from ..tools.ledger.verify import SEALED
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
    "series": "series = 'cheques'",
    "seal": "seal_id = NULL",
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

    def test_an_attachment_of_no_field_beside_the_first(self):
        for field in ("NULL", "'thumbnail'"):
            with self.subTest(field), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"""INSERT INTO ir_attachment (
                        name, type, res_model, res_field, res_id, store_fname
                    ) SELECT 'forged.pdf', 'binary', 'progbox.document', {field}, %s,
                        store_fname
                    FROM ir_attachment WHERE id = %s""",  # pylint: disable=sql-injection
                    self.documents(self.victim).id,
                    self.documents(self.other)._content_attachment().id,
                )
                self.assertFound(("file_second", self.victim))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_file_made_to_look_like_something_else(self):
        attachment = self.documents(self.victim)._content_attachment()
        change = "UPDATE ir_attachment SET mimetype = 'text/html' WHERE id = %s"
        self.tamper(change, attachment.id)
        run = self.assertFound(("document_changed", self.victim))
        self.assertEqual(run.finding_ids.what, "mimetype")
        self.assertIn("text/html", run.finding_ids.actual_text)

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
        line = {"document", "kind", "sealed_on", "sequence"}
        # The archived set of a record has no series: its lines say nothing of one.
        self.assertEqual(sealed, set(SEALED) - {"series"} | line)
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

    def test_what_is_compared_is_what_is_sealed(self):
        document = self.filed_beside(self.victim, sealed=True)
        sealed = document._sealed_content().keys() | {"company"}
        self.assertEqual(sealed - {"document"}, set(SEALED))
        self.assertEqual(json.loads(document.seal_id.payload)["series"], "cheques")
        self.assertIntact(self.verify())

    def test_a_document_taken_out_of_its_series(self):
        document = self.filed_beside(self.victim, sealed=True)
        for value in ("NULL", "'others'"):
            with self.subTest(value), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE progbox_document SET series = {value} WHERE id = %s",  # pylint: disable=sql-injection
                    document.id,
                )
                run = self.assertFound(("document_changed", self.victim))
                self.assertEqual(run.finding_ids.what, "series")
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
        self.forget(forgotten)
        run = self.assertFound(("invoice_missing", forgotten))
        self.assertEqual(run.finding_ids.level, "warning")

    def test_another_file_of_an_invoice_does_not_hide_that_it_is_not_archived(self):
        self.company.progbox_archive_started = "2020-01-01"
        forgotten = self.posted()
        self.forget(forgotten)
        cheque = self.filed_beside(forgotten)
        self.assertFalse(cheque.seal_id)
        self.assertFound(("invoice_missing", forgotten))
        self.filed_beside(forgotten, sealed=True)
        self.assertFound(("invoice_missing", forgotten))
