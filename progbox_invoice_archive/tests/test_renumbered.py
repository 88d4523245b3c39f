import csv
import io
import zipfile
from unittest.mock import patch

from odoo.tests import tagged

from ..models import verification_sql
from ..models.invoice_neighbours import PUT_OFF, PUT_OFF_FOR
from .verification_common import VerificationCommon

NOW = "INV/2026/09999"
TO_COME = "A newer version is still to be archived"


@tagged("post_install", "-at_install")
class TestRenumbered(VerificationCommon):
    """An invoice that was changed after archiving is named as it is called now."""

    INVOICES = 2

    def setUp(self):
        super().setUp()
        self.move, self.other = self.moves
        self.document = self.documents(self.move)
        self.before = self.move.name
        self.both = f"{self.before} (renumbered, now {NOW})"
        self.move.name = NOW
        self.env.invalidate_all()

    def lose(self, move):
        path = self.path(move)
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.unlink()

    def zipped(self, look=True):
        """Return index, as dictionary by number, and problems of the month's zip."""
        packages = self.env["progbox.package"]
        domain = [("folder_id", "=", self.document.folder_id.id)]
        package = packages._package(self.company, domain, look=look)
        packages._finish(package, read=False)
        file = zipfile.ZipFile(io.BytesIO(b"".join(package.zip_stream())))
        index = csv.reader(io.StringIO(file.read("index.csv").decode("utf-8-sig")))
        lines = {line[0]: line for line in list(index)[1:]}
        return lines, package.problems

    # ------------------------------------------------------------------
    # Both numbers
    # ------------------------------------------------------------------

    def test_a_finding_names_both_numbers(self):
        self.lose(self.move)
        self.lose(self.other)
        findings = self.verify().finding_ids.sorted("sequence")
        self.assertEqual(findings.mapped("kind"), ["file_missing"] * 2)
        self.assertEqual(findings.mapped("number"), [self.before, self.other.name])
        self.assertIn(f".pdf (renumbered, now {NOW})", findings[0].message)
        self.assertNotIn("renumbered", findings[1].message)

    def test_the_report_of_an_intact_archive_names_both_numbers(self):
        run = self.verify()
        self.assertIntact(run)
        self.assertEqual(run._renumbered(), (1, [(self.before, NOW)]))
        html = self.env["ir.actions.report"]._render_qweb_html(
            "progbox_invoice_archive.report_verification", run.ids
        )[0]
        self.assertIn(f"<td>{NOW}</td>", html.decode())
        self.assertNotIn(self.other.name, html.decode())

    def test_the_report_counts_invoices_and_lists_some(self):
        self.other.name = "INV/2026/09998"
        with patch.object(verification_sql, "LISTED", 1):
            html = self.env["ir.actions.report"]._render_qweb_html(
                "progbox_invoice_archive.report_verification", self.verify().ids
            )[0]
        self.assertIn("<td>2</td>", html.decode())
        self.assertIn("There are more", html.decode())

    def test_the_log_of_who_was_at_it_names_both_numbers(self):
        self.assertEqual(self.document.display_name, self.both)
        logs = self.server["progbox.access.log"]
        before = logs.search([])
        documents = self.document | self.documents(self.other)
        logs._log_taken(documents)
        names = (logs.search([]) - before).mapped("document_name")
        self.assertEqual(set(names), {self.both, self.other.name})
        self.move.name = self.before
        logs._log_taken(self.document)
        last = logs.search([], order="id desc", limit=1)
        self.assertEqual(last.document_name, self.before, "as it is called now")

    def test_a_finding_about_a_line_names_both_numbers(self):
        self.tamper(
            "UPDATE progbox_seal SET hash = %s WHERE id = %s",
            "$1$" + "0" * 64,
            self.seal(self.move).id,
        )
        messages = self.verify().finding_ids.mapped("message")
        self.assertIn(self.both, " ".join(messages))

    def test_a_finding_names_no_invoice_of_another_company(self):
        self.lose(self.move)
        finding = self.verify().finding_ids
        other = self.setup_other_company()["company"]
        self.env.cr.execute(
            "UPDATE progbox_verification_finding SET company_id = %s", [other.id]
        )
        finding.invalidate_recordset()
        self.assertNotIn(NOW, finding.message)

    def test_a_zip_names_both_numbers(self):
        for look in (True, False):
            with self.subTest(look=look):
                lines, problems = self.zipped(look)
                self.assertEqual(set(lines), {self.both, self.other.name})
                self.assertEqual(problems, [])

    def test_a_file_that_a_zip_lacks_is_named_by_both_numbers(self):
        self.lose(self.move)
        for look in (True, False):
            with self.subTest(look=look):
                lines, problems = self.zipped(look)
                self.assertIn("PROBLEMS.txt", lines[self.both][7])
                self.assertEqual(len(problems), 1)
                self.assertIn(self.file_of_both(), problems[0])

    def file_of_both(self):
        stem = self.document.name.removesuffix(".pdf")
        return f"{stem} (renumbered, now {NOW.replace('/', '_')}).pdf"

    def test_a_file_in_a_download_is_named_by_both_numbers(self):
        self.filed(self.move)
        lines, _problems = self.zipped()
        folder, _slash, name = lines[self.both][7].rpartition("/")
        self.assertEqual(name, self.file_of_both())
        self.assertTrue(lines[NOW][7].startswith(f"{folder}/INV_2026_09999"))

    def test_a_long_name_keeps_the_number_of_now(self):
        packages = self.env["progbox.package"]
        name = packages._renumbered_name(f"{'x' * 200}.pdf", NOW)
        self.assertEqual(len(name), 120)
        now = NOW.replace("/", "_")
        self.assertTrue(name.endswith(f" (renumbered, now {now}).pdf"))

    def test_evidence_keeps_its_names(self):
        packages = self.env["progbox.package"]
        domain = [("folder_id", "=", self.document.folder_id.id)]
        package = packages._package(self.company, domain, hides=True)
        names = {entry.name.rpartition("/")[2] for entry in package.files}
        self.assertIn(self.document.name, names)

    def test_a_backup_of_documents_names_both_numbers(self):
        documents = self.document | self.documents(self.other)
        job = self.env["progbox.compilation"].new(
            {"company_id": self.company.id, "document_ids": documents.ids}
        )
        units = self.env["progbox.compilation.units"]._units_of_documents(job)
        self.assertEqual({unit.number for unit in units}, {self.both, self.other.name})

    # ------------------------------------------------------------------
    # A newer version is on its way
    # ------------------------------------------------------------------

    def notes(self):
        return {number: line[9] for number, line in self.zipped()[0].items()}

    def test_a_zip_says_that_a_newer_version_is_to_come(self):
        self.assertEqual(self.notes(), {self.both: TO_COME, self.other.name: ""})
        self.jobs_of(self.move)[-1]._job_finish("failed")
        self.assertEqual(self.notes()[self.both], TO_COME)

    def test_a_zip_says_so_of_what_is_put_off(self):
        """As when the company has moved: whoever asks gets the newer version."""
        job = self.jobs_of(self.move)[-1]
        later = job.create_date + PUT_OFF_FOR
        job._job_write({"priority": PUT_OFF, "next_try": later})
        self.assertEqual(self.notes(), {self.both: TO_COME, self.other.name: ""})

    def test_a_zip_says_nothing_once_it_has_come(self):
        self.filed(self.move)
        self.assertEqual(self.notes(), {self.both: "", NOW: "", self.other.name: ""})

    def test_only_the_last_version_has_one_to_come(self):
        self.filed(self.move)
        self.move.ref = "PO 4711"
        self.assertEqual(
            self.notes(), {self.both: "", NOW: TO_COME, self.other.name: ""}
        )

    def test_an_einvoice_that_is_to_come_is_no_newer_version(self):
        self.jobs_of(self.move)[-1]._job_write({"pdf_archived": True})
        self.assertEqual(self.notes()[self.both], "")

    def test_the_queries_of_a_zip_do_not_grow(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.zipped()
            return self.env.cr.sql_log_count - before

        queries()
        few = queries()
        for _number in range(3):
            self.filed().ref = "PO 4711"
        self.assertEqual(queries(), few)
