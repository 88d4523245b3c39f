"""What counts as archived, and whose version a file is: defined once."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.document_sql import invoices_sql
from ..models.progbox_archive_deposit import Deposit, FileToArchive
from ..tools.sentinels import SERVER
from .common import PDF, ArchiveCommon


class DocumentsCommon(ArchiveCommon):
    """Documents of all kinds, in the archive and outside of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.progbox_archive_started = "2020-01-01"
        cls.drawer = cls.server["progbox.folder"].create(
            {"name": "Dropped", "company_id": cls.company.id}
        )

    @classmethod
    def type_of(cls, code):
        return cls.env.ref(f"progbox_invoice_archive.document_type_{code}")

    @classmethod
    def stored(cls, record, code, folder=None, **values):
        """Make a document of a file; in a locked folder, as the server does."""
        documents = cls.server["progbox.document"].with_context(progbox_server=SERVER)
        document = documents._create_with_file(
            {
                "name": f"{code}.pdf",
                "folder_id": (folder or cls.drawer).id,
                "company_id": cls.company.id,
                "type_id": cls.type_of(code).id,
                "mimetype": "application/pdf",
                "res_model": record._name,
                "res_id": record.id,
                "number": record.display_name,
                **values,
            },
            cls.server["ir.attachment"]._progbox_stage([PDF]),
        )
        return document.with_env(cls.server)

    @classmethod
    def month(cls, move):
        return cls.server["progbox.folder"]._archive_folder(
            cls.company, move.invoice_date
        )

    def put_away(self, move, content=PDF):
        """Archive a file as the invoice, as its job does."""
        staged = self.server["ir.attachment"]._progbox_stage([content])
        file = FileToArchive("x.pdf", "application/pdf", None, staged)
        documents = self.jobs._put_away(move.sudo(), Deposit("generated", (file,)))
        self.jobs_of(move)._job_finish("done")
        self.env.invalidate_all()
        return documents


@tagged("post_install", "-at_install")
class TestArchivedDefinition(DocumentsCommon):
    def archive_bills_too(self):
        """Let vendor bills be archived, as another add-on does it."""
        moves = self.registry["account.move"]
        types, kinds = moves._progbox_archived_types, moves._progbox_archived_move_types
        code, root = moves._progbox_type_code, moves._progbox_archive_root
        bill = self.type_of("vendor_invoice")
        self.patch(moves, "_progbox_archived_types", lambda m: types(m) | bill)
        self.patch(
            moves,
            "_progbox_archived_move_types",
            lambda m: [*kinds(m), *m._progbox_vendor_types()],
        )
        self.patch(
            moves,
            "_progbox_type_code",
            lambda m: "vendor_invoice" if m.move_type == "in_invoice" else code(m),
        )
        self.patch(
            moves,
            "_progbox_archive_root",
            lambda m: ".achats" if m.move_type == "in_invoice" else root(m),
        )

    def check_definitions(self, expected, others):
        """Compare what SQL and Python say of documents with what is right."""
        documents = expected | others
        model = self.server["progbox.document"]
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM progbox_document document WHERE id = ANY(%s) AND %s",
                documents.ids,
                model._archived_sql(SQL("document")),
            )
        )
        self.assertEqual({id_ for [id_] in rows}, set(expected.ids))
        found = model.browse()
        for name in set(documents.mapped("res_model")) & set(model._archived_types()):
            ours = documents.filtered(lambda d, name=name: d.res_model == name)
            records = self.server[name].browse(ours.mapped("res_id"))
            domain = model._archived_domain(records)
            found |= model.search(domain) & documents
            self.assertEqual(ours.filtered_domain(domain), expected & ours)
        self.assertEqual(found, expected)

    def table(self):
        """Return the archived documents of an invoice and a bill, and all others."""
        invoice = self.posted()
        bill = self.posted("in_invoice")
        month = self.month(invoice)
        archived = (
            self.stored(invoice, "customer_invoice", month)
            | self.stored(invoice, "customer_invoice", month, version=2)
            | self.stored(invoice, "einvoice_issued", month, version=2)
        )
        others = (
            # A copy of the cheque, dropped on the invoice.
            self.stored(invoice, "cheque_copy")
            # Of a type that is archived, and not sealed.
            | self.stored(invoice, "customer_invoice")
            # Sealed, but of a type that invoices do not ask for.
            | self.stored(invoice, "other", month)
            | self.stored(self.client, "customer_invoice", month)
            | self.archived_without_render()
        )
        of_bill = self.stored(bill, "vendor_invoice", month)
        return archived, others, of_bill

    def test_both_definitions_agree(self):
        archived, others, of_bill = self.table()
        self.check_definitions(archived, others | of_bill)

    def test_both_definitions_follow_an_add_on(self):
        archived, others, of_bill = self.table()
        self.archive_bills_too()
        self.check_definitions(archived | of_bill, others)

    def test_a_file_of_another_series_is_not_the_record_itself(self):
        invoice = self.posted()
        document = self.archived_for(invoice)
        copy = self.stored(invoice, "customer_invoice", series="signed")
        # As if it had been sealed with its series.
        self.env.flush_all()
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET seal_id = %s WHERE id = %s",
                [document.seal_id.id, copy.id],
            )
        self.env.invalidate_all()
        self.check_definitions(document, copy)

    def test_a_type_that_is_hidden_is_archived_all_the_same(self):
        document = self.archived_for(self.posted())
        document.type_id.active = False
        self.check_definitions(document, document.browse())

    # ------------------------------------------------------------------
    # Who asks
    # ------------------------------------------------------------------

    def test_a_dropped_file_does_not_hide_that_nothing_is_archived(self):
        move = self.posted()
        self.forget(move)
        self.stored(move, "cheque_copy")
        self.assertEqual(move.progbox_archive_state, "missing")
        self.assertEqual(move.progbox_archive_version, 0)
        self.assertFalse(move._progbox_documents())
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.assertEqual(self.jobs_of(move).reason, "catchup")

    def test_a_sealed_file_of_another_type_does_not_hide_it_either(self):
        move = self.posted()
        self.forget(move)
        self.stored(move, "other", self.month(move))
        self.assertEqual(move.progbox_archive_state, "missing")
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.assertEqual(self.jobs_of(move).reason, "catchup")

    def test_the_legal_file_is_archived_although_it_was_dropped_as_well(self):
        """The same bytes outside of the archive are no archived version."""
        move = self.posted()
        self.put_away(move, PDF + b"% made at posting")
        self.env["ir.attachment"].create(
            {
                "name": "legal.pdf",
                "raw": PDF,
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        self.stored(move, "signed_copy")
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.assertIn("legal", self.jobs_of(move).mapped("reason"))

    def test_the_button_opens_the_job_while_nothing_is_archived(self):
        move = self.posted().sudo()
        self.stored(move, "cheque_copy")
        action = move.action_progbox_open_archive()
        self.assertEqual(action["res_model"], "progbox.archive.job")
        document = self.archived_for(move)
        action = move.action_progbox_open_archive()
        self.assertEqual(action["res_model"], "progbox.document")
        self.assertEqual(action["domain"], [("id", "in", document.ids)])

    def test_the_note_of_a_deletion_names_the_archived_documents_only(self):
        move = self.posted()
        document = self.archived_for(move)
        copy = self.stored(move, "cheque_copy", number="CHEQUE/1")
        number = move.name
        move.button_draft()
        move.unlink()
        note = self.server["progbox.source.deletion"].search([], order="id")
        self.assertEqual(note.document_ids, document.ids)
        self.assertEqual(note.number, number)
        self.assertTrue(copy.exists())

    def test_a_record_that_only_has_dropped_files_is_deleted_without_a_note(self):
        move = self.draft()
        self.stored(move, "cheque_copy")
        move.unlink()
        self.assertFalse(self.server["progbox.source.deletion"].search([]))

    def test_an_add_on_archives_vendor_bills_under_a_root_of_their_own(self):
        self.archive_bills_too()
        bill = self.posted("in_invoice")
        self.assertEqual(self.jobs_of(bill).reason, "posting")
        self.assertEqual(bill.progbox_archive_state, "progress")
        document = self.put_away(bill)
        self.assertEqual(document.folder_id._path(), [".achats", "2026", "11"])
        self.assertTrue(document.folder_id.locked)
        self.assertEqual(document.type_id.code, "vendor_invoice")
        self.assertEqual(bill.progbox_archive_state, "archived")
        self.assertEqual(bill._progbox_documents(), {bill.id: document})
        other = self.posted("in_invoice")
        self.forget(other)
        self.env["progbox.archive.catchup"].sudo()._run_once()
        self.assertEqual(self.jobs_of(other).reason, "catchup")
        self.assertEqual(len(self.jobs_of(bill)), 1)
        invoice = self.put_away(self.posted())
        self.assertEqual(invoice.folder_id._path()[0], ".factures")
        bill.button_draft()
        bill.unlink()
        note = self.server["progbox.source.deletion"].search([])
        self.assertEqual(note.document_ids, document.ids)


@tagged("post_install", "-at_install")
class TestDocumentSeries(DocumentsCommon):
    """A version belongs to a document, not to the record it comes from."""

    def is_superseded(self, document):
        """Ask the field and the search, which must say the same."""
        document.invalidate_recordset()
        found = document.search([("superseded", "=", True), ("id", "=", document.id)])
        self.assertEqual(document.superseded, bool(found))
        return document.superseded

    def test_a_dropped_file_never_supersedes_the_archived_one(self):
        move = self.posted()
        document = self.put_away(move)
        copy = self.stored(move, "signed_copy", version=9)
        self.assertTrue(copy.series)
        self.assertFalse(document.series)
        self.assertFalse(self.is_superseded(document))
        self.assertFalse(self.is_superseded(copy))
        self.assertEqual(document.version_ids, document)
        self.assertEqual(copy.version_ids, copy)
        self.assertEqual(move._progbox_documents(), {move.id: document})

    def test_versions_of_a_series_supersede_each_other_only(self):
        move = self.posted()
        first = self.stored(move, "plan")
        other = self.stored(move, "plan")
        self.assertNotEqual(first.series, other.series)
        second = self.stored(move, "plan", series=first.series, version=2)
        self.assertTrue(self.is_superseded(first))
        self.assertFalse(self.is_superseded(second))
        self.assertFalse(self.is_superseded(other))
        self.assertEqual(first.version_ids, first | second)
        self.assertEqual(second.version_ids, first | second)

    def test_the_next_archived_version_counts_the_archived_ones(self):
        move = self.posted()
        first = self.put_away(move)
        self.stored(move, "signed_copy", version=7)
        second = self.put_away(move, PDF + b"% changed")
        self.assertEqual((first.version, second.version), (1, 2))
        self.assertTrue(self.is_superseded(first))
        self.assertFalse(self.is_superseded(second))
        self.assertEqual(move.progbox_archive_version, 2)

    def test_no_value_puts_a_dropped_file_among_the_archived_ones(self):
        move = self.posted()
        for series in (False, None, ""):
            with self.subTest(series=series):
                self.assertTrue(self.stored(move, "plan", series=series).series)
        copy = self.stored(move, "plan")
        series = copy.series
        for empty in (False, ""):
            with self.subTest(series=empty), self.assertRaises(UserError):
                copy.series = empty
        self.assertEqual(copy.series, series)

    def test_an_invoice_counts_once_in_a_total(self):
        money = {"amount_total": 240, "currency_name": "EUR"}
        move = self.posted()
        document = self.archived_for(move)
        self.env.flush_all()
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET amount_total = 240, currency_name = 'EUR'"
                " WHERE id = %s",
                [document.id],
            )
        copy = self.stored(move, "signed_copy", **{**money, "amount_total": 1})
        alone = self.stored(self.draft(), "plan", **{**money, "amount_total": 5})
        later = self.stored(move, "signed_copy", series=copy.series, version=2, **money)
        self.env.flush_all()

        def total(documents):
            condition = SQL("document.id = ANY(%s)", documents.ids)
            invoices = invoices_sql(self.server, condition)
            query = SQL("SELECT sum(amount_total) FROM %s AS invoice", invoices)
            return self.env.execute_query(query)[0][0]

        self.assertEqual(total(document | copy | later), 240)
        self.assertEqual(total(copy | later), 240)
        self.assertEqual(total(document | copy | alone), 245)
