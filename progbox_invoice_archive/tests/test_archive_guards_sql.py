import json

import psycopg2

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..tools.ledger import chain
from ..tools.ledger.guards_triggers import APPEND_ONLY, DOCUMENT_COLUMNS, FOLDER_COLUMNS
from .guards_common import GuardsCommon

# A value of its own for each type of column.
OTHERS = {
    "int4": "-1",
    "varchar": "'forged'",
    "text": "'forged'",
    "numeric": "-1",
    "date": "DATE '1999-01-01'",
    "timestamp": "TIMESTAMP '1999-01-01'",
    "jsonb": "'[]'::jsonb",
    "bool": "NOT {column}",
}


@tagged("post_install", "-at_install")
class TestGuardsSql(GuardsCommon):
    """What comes past the ORM is refused by the database, and Odoo says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.closing = cls.server["progbox.closing"]._close(
            cls.company, cls.document.document_date
        )
        cls.server["progbox.source.deletion"]._note_deletions(
            [
                {
                    "company_id": cls.company.id,
                    "res_model": "account.move",
                    "res_id": 1 << 30,
                    "number": "INV/GONE",
                    "document_ids": cls.document.ids,
                }
            ]
        )
        cls.deletion = cls.server["progbox.source.deletion"].search(
            [], order="id desc", limit=1
        )
        cls.env.flush_all()

    @mute_logger("odoo.sql_db")
    def refused(self, query, *parameters, deferred=False):
        before = self.evidence()
        with self.subTest(query=str(query)):
            with (
                self.assertRaises(psycopg2.errors.RestrictViolation) as error,
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(query, parameters or None)
                if deferred:
                    self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
            self.assertEqual(error.exception.diag.constraint_name, "progbox_guard")
            self.assertEqual(self.evidence(), before)

    def columns(self, table, names):
        """Return {column: SQL of another value} of the named columns."""
        self.env.cr.execute(
            "SELECT column_name, udt_name FROM information_schema.columns"
            " WHERE table_name = %s",
            [table],
        )
        types = dict(self.env.cr.fetchall())
        # A name that is no column would guard nothing, in silence.
        names = [name.strip() for name in names.split(",")]
        self.assertLessEqual(set(names), set(types))
        return {name: OTHERS[types[name]].format(column=name) for name in names}

    def test_every_sealed_column_is_kept(self):
        for table, names, id_ in (
            ("progbox_document", DOCUMENT_COLUMNS, self.document.id),
            ("progbox_folder", FOLDER_COLUMNS + ", parent_path", self.folder.id),
            ("progbox_seal", APPEND_ONLY["progbox_seal"], self.seal.id),
            ("progbox_closing", APPEND_ONLY["progbox_closing"], self.closing.id),
            (
                "progbox_source_deletion",
                APPEND_ONLY["progbox_source_deletion"],
                self.deletion.id,
            ),
        ):
            for column, value in self.columns(table, names).items():
                self.refused(f"UPDATE {table} SET {column} = {value} WHERE id = {id_}")

    def test_every_stored_value_that_the_ledger_has_is_kept(self):
        """A field that is sealed later must not be forgotten here."""
        names = {name.strip() for name in DOCUMENT_COLUMNS.split(",")}
        stored = {
            field.name
            for field in self.document._fields.values()
            if field.store
            and field.column_type
            # What other add-ons keep beside it is theirs.
            and "progbox_invoice_archive" in field._modules
        }
        self.assertEqual(
            stored - names,
            {"create_uid", "create_date", "write_uid", "write_date"}
            # What the archive learns later: that the answer changed nothing.
            | {"before_answer"}
            # By what people find it, with words of its invoice as they are now.
            | {"search_text"},
        )

    def test_nothing_is_deleted(self):
        for table, id_ in (
            ("progbox_seal", self.seal.id),
            ("progbox_closing", self.closing.id),
            ("progbox_document", self.document.id),
            ("progbox_folder", self.folder.id),
            ("progbox_source_deletion", self.deletion.id),
            ("ir_attachment", self.attachment.id),
        ):
            self.refused(f"DELETE FROM {table} WHERE id = {id_}")

    def test_nothing_is_emptied(self):
        self.env.cr.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
        )
        for table in (
            "progbox_seal",
            "progbox_closing",
            "progbox_document",
            "progbox_folder",
            "progbox_source_deletion",
            "ir_attachment",
        ):
            self.refused(f"TRUNCATE {table} CASCADE")

    def test_the_file_is_kept(self):
        for column, value in {
            "id": "-1",
            "name": "'forged.pdf'",
            "type": "'url'",
            "url": "'https://example.com'",
            "public": "TRUE",
            "company_id": str(self.other_company.id),
            "res_model": "'res.partner'",
            "res_id": "-1",
            "res_field": "NULL",
            "mimetype": "'text/html'",
            "checksum": "repeat('0', 40)",
            "file_size": "1",
            "store_fname": f"'{self.stranger.store_fname}'",
            "store_fname = NULL, db_datas": "'forged'::bytea",
        }.items():
            self.refused(
                f"UPDATE ir_attachment SET {column} = {value}"
                f" WHERE id = {self.attachment.id}"
            )

    def test_no_second_file_gets_beside_it(self):
        for field in ("'content'", "'other'", "NULL"):
            self.refused(
                "INSERT INTO ir_attachment (name, type, res_model, res_id, res_field)"
                f" VALUES ('x', 'binary', 'progbox.document', %s, {field})",
                self.document.id,
            )
            self.refused(
                "UPDATE ir_attachment SET res_model = 'progbox.document', res_id = %s,"
                f" res_field = {field} WHERE id = %s",
                self.document.id,
                self.stranger.id,
            )

    def test_a_document_that_another_transaction_seals_has_one_file_too(self):
        """The trigger sees no document yet; the index sees the file."""
        new = (
            "INSERT INTO ir_attachment (name, type, res_model, res_id, res_field)"
            " VALUES ('x', 'binary', 'progbox.document', -7, 'content')"
        )
        self.env.cr.execute(new)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(new)

    # ------------------------------------------------------------------
    # Ledger
    # ------------------------------------------------------------------

    def line(self, kind="closing", **changes):
        """Return the values of a good next line, changed."""
        last = self.server["progbox.seal"]._last(self.company)
        values = {
            "company_id": self.company.id,
            "sequence": last.sequence + 1,
            "kind": kind,
            "document_id": None,
            "previous_hash": last.hash,
            "sealed_on": fields.Datetime.now(),
        }
        content = {
            "company": self.company.id,
            "sequence": values["sequence"],
            "kind": values["kind"],
        }
        values["payload"] = chain.canonical({**content, **changes.pop("content", {})})
        values.update(changes)
        values.setdefault(
            "hash", chain.link(values["previous_hash"] or "", values["payload"])
        )
        return values

    def insert(self, values):
        return SQL(
            "INSERT INTO progbox_seal (%s) VALUES %s",
            SQL(", ").join(SQL.identifier(name) for name in values),
            tuple(values.values()),
        )

    def test_only_the_next_line_enters_the_ledger(self):
        first = self.seal
        for changes in (
            {"sequence": 1},
            {"sequence": 99, "content": {"sequence": 99}},
            {"previous_hash": chain.GENESIS},
            {"previous_hash": first.hash},
            {"previous_hash": None},
            {"hash": "$1$" + "0" * 64},
            {"hash": first.hash},
            {"content": {"sequence": 99}},
            {"content": {"company": -1}},
            {"content": {"kind": "deposit"}},
            {"kind": "deposit", "content": {"document": 1}},
            {"kind": "deposit", "content": {"document": None}},
            {"kind": "invented"},
            {"kind": "source_deleted"},
            {
                "kind": "source_deleted",
                "content": {"model": "account.move", "record": 1},
            },
            {"company_id": self.other_company.id},
        ):
            self.refused(self.insert(self.line(**changes)))

    def test_the_next_line_does(self):
        self.env.cr.execute(self.insert(self.line()))
        last = self.server["progbox.seal"]._last(self.company)
        self.assertEqual(last.kind, "closing")

    def test_a_deletion_enters_the_ledger_once(self):
        content = self.deletion._sealed_content()
        self.deletion._job_process()
        self.env.flush_all()
        self.assertEqual(self.deletion.seal_id.kind, "source_deleted")
        self.refused(self.insert(self.line(kind="source_deleted", content=content)))
        self.refused(
            "UPDATE progbox_source_deletion SET seal_id = %s WHERE id = %s",
            self.seal.id,
            self.deletion.id,
        )

    def test_the_kinds_of_lines_are_the_same_everywhere(self):
        kind = self.env["progbox.seal"]._fields["kind"]
        self.assertEqual(tuple(kind.get_values(self.env)), chain.KINDS)

    # ------------------------------------------------------------------
    # Sealing
    # ------------------------------------------------------------------

    def unsealed(self, folder, **values):
        """Return an INSERT of a document past the ORM."""
        values = {
            "name": "forged.pdf",
            "folder_id": folder.id,
            "company_id": self.company.id,
            "type_id": self.document.type_id.id,
            "sha256": self.document.sha256,
            **values,
        }
        return SQL(
            "INSERT INTO progbox_document (%s) VALUES %s",
            SQL(", ").join(SQL.identifier(name) for name in values),
            tuple(values.values()),
        )

    def test_no_document_is_born_sealed(self):
        for folder in (self.folder, self.elsewhere):
            self.refused(self.unsealed(folder, seal_id=self.seal.id))

    def test_nothing_enters_a_locked_folder_without_a_seal(self):
        self.refused(self.unsealed(self.folder), deferred=True)
        self.env.cr.execute(self.unsealed(self.elsewhere))
        self.refused(
            "UPDATE progbox_document SET folder_id = %s WHERE seal_id IS NULL",
            self.folder.id,
            deferred=True,
        )

    def test_a_seal_fits_its_own_document_only(self):
        self.env.cr.execute(self.unsealed(self.elsewhere))
        self.refused(
            "UPDATE progbox_document SET seal_id = %s WHERE seal_id IS NULL",
            self.seal.id,
        )

    def test_a_document_is_sealed_once(self):
        content = {**json.loads(self.seal.payload), "amount": "1.00"}
        content.update(sequence=self.line()["sequence"], kind="deposit")
        again = self.line(kind="deposit", document_id=self.document.id, content=content)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(self.insert(again))
        for value in ("NULL", str(self.closing.seal_id.id)):
            self.refused(
                f"UPDATE progbox_document SET seal_id = {value} WHERE id = %s",
                self.document.id,
            )

    def test_no_folder_gets_into_the_archive(self):
        self.refused(
            "INSERT INTO progbox_folder (name, parent_id, company_id)"
            " VALUES ('mine', %s, %s)",
            self.folder.id,
            self.company.id,
        )
        for change in (f"parent_id = {self.folder.id}", "locked = TRUE"):
            self.refused(
                f"UPDATE progbox_folder SET {change} WHERE id = %s", self.elsewhere.id
            )
