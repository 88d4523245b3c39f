"""The one way to make a document of a file, and the hook at its end."""

from pathlib import Path

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PDF
from .compilation_common import CompilationCommon

PLAN = b"%PDF-1.4\n% a plan that nobody else has\n%%EOF\n"


class Refused(Exception):
    """What the hook of an add-on may raise."""


@tagged("post_install", "-at_install")
class TestDocumentFiles(CompilationCommon):
    def setUp(self):
        super().setUp()
        self.stored, self.fails = [], False
        test = self

        def hook(documents):
            """Queue a row for each file, as another add-on does."""
            result = original(documents)
            test.stored.append(documents)
            for document in documents:
                # The file is there, whole, and what is archived is sealed by now.
                test.assertEqual(len(test.content(document)), document.size)
                test.assertEqual(bool(document.seal_id), document.locked)
                documents.env["res.partner"].sudo().create(
                    {"name": f"Row of {document.id}"}
                )
            if test.fails:
                raise Refused
            return result

        documents = self.registry["progbox.document"]
        original = documents._file_stored
        self.patch(documents, "_file_stored", hook)

    def rows(self):
        names = [f"Row of {document.id}" for [document] in self.stored]
        return self.env["res.partner"].search([("name", "in", names)])

    def stage(self, content=PLAN):
        return self.server["ir.attachment"]._progbox_stage([content])

    def values(self, **values):
        folder = self.server["progbox.folder"].create(
            {"name": f"Plans {len(self.stored)}", "company_id": self.company.id}
        )
        return {
            "name": "plan.pdf",
            "folder_id": folder.id,
            "company_id": self.company.id,
            "type_id": self.env.ref("progbox_invoice_archive.document_type_plan").id,
            "mimetype": "application/pdf",
            **values,
        }

    def make(self, staged, **values):
        documents = self.server["progbox.document"]
        return documents._create_with_file(self.values(**values), staged)

    # ------------------------------------------------------------------
    # Who comes through here
    # ------------------------------------------------------------------

    def test_a_document_of_an_ordinary_folder(self):
        staged = self.stage()
        document = self.make(staged)
        self.assertEqual(self.stored, [document])
        self.assertEqual(self.content(document), PLAN)
        self.assertEqual(document.sha256, staged.sha256)
        self.assertEqual(document.size, len(PLAN))
        self.assertFalse(document.seal_id)
        self.assertFalse(staged.path.exists(), "It was taken over.")
        attachment = document._content_attachment()
        self.assertEqual(attachment.company_id, self.company)
        self.assertEqual(attachment.name, "plan.pdf")

    def test_a_deposit_ends_in_the_hook_once_it_is_sealed(self):
        document = self.archived_without_render()
        self.assertEqual(self.stored, [document])
        self.assertTrue(document.seal_id)

    def test_a_file_in_the_database_is_complete_before_it_is_sealed(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ir_attachment.location", "db")
        document = self.archived_without_render()
        # What is written later is refused by the database.
        self.env.flush_all()
        attachment = document._content_attachment()
        self.assertFalse(attachment.store_fname)
        self.assertEqual(len(self.content(document)), document.size)

    def test_the_files_of_an_invoice_come_through_it(self):
        move = self.archived()
        [document] = self.stored
        self.assertEqual(document, self.documents(move))
        self.assertEqual(len(self.rows()), 1)

    def test_a_backup_comes_through_it(self):
        move = self.invoice("FIRST")
        self.stored.clear()
        job = self.compiled(move, with_cover=False, with_numbers=False)
        self.assertEqual(self.stored, [job.result_ids])
        self.assertEqual(len(self.rows()), 1)

    # ------------------------------------------------------------------
    # Together or not at all
    # ------------------------------------------------------------------

    def collected(self, path):
        """Whether the collection of garbage removes a file of the store."""
        self.server["ir.attachment"]._gc_file_store_unsafe()
        return not path.exists()

    def test_what_is_rolled_back_takes_the_row_and_the_file_along(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            document = self.make(self.stage())
            attachment = document._content_attachment()
            path = Path(attachment._full_path(attachment.store_fname))
            self.assertEqual(len(self.rows()), 1)
            raise ZeroDivisionError
        self.assertFalse(document.exists())
        self.assertFalse(attachment.exists())
        self.assertFalse(self.rows())
        self.assertTrue(self.collected(path))

    def test_a_hook_that_fails_leaves_no_document_and_no_file(self):
        self.fails = True
        staged = self.stage()
        name = staged.sha1
        with self.assertRaises(Refused), self.env.cr.savepoint():
            self.make(staged)
        [document] = self.stored
        self.assertFalse(document.exists())
        self.assertFalse(self.rows())
        self.assertFalse(staged.path.exists())
        store = Path(self.server["ir.attachment"]._filestore())
        self.assertTrue(self.collected(store / name[:2] / name))

    def test_a_hook_that_fails_does_not_lose_the_invoice(self):
        self.fails = True
        move = self.posted()
        seals = self.server["progbox.seal"].search_count([])
        with mute_logger("odoo.addons.progbox_invoice_archive"):
            self.run_jobs(move)
        job = self.jobs_of(move)
        self.assertEqual(job.state, "pending")
        self.assertIn("Refused", job.error)
        self.assertFalse(self.documents(move))
        self.assertEqual(self.server["progbox.seal"].search_count([]), seals)
        self.assertFalse(self.rows())
        self.fails = False
        self.run_jobs(move)
        self.assertEqual(job.state, "done")
        document = self.documents(move)
        self.assertEqual(document.version, 1)
        self.assertTrue(document.seal_id)
        self.assertEqual(len(self.rows()), 1)

    def test_a_document_that_is_refused_leaves_the_file_to_its_owner(self):
        staged = self.stage(PDF)
        with staged:
            with self.assertRaises(Exception), mute_logger("odoo.sql_db"):  # noqa: B017
                with self.env.cr.savepoint():
                    self.make(staged, company_id=False)
            self.assertTrue(staged.path.exists())
        self.assertFalse(staged.path.exists())
        self.assertFalse(self.stored)
