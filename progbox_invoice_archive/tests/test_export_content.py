import hashlib
import json
import subprocess
from pathlib import Path

from odoo import fields
from odoo.tests import tagged

from .common import PDF
from .test_export import ExportCommon


@tagged("post_install", "-at_install")
class TestExportContent(ExportCommon):
    """What an export says of its files, and of those that are not as they were."""

    def test_a_missing_file_is_named(self):
        path = Path(
            self.november._content_attachment()._full_path(
                self.november._content_attachment().store_fname
            )
        )
        kept = path.read_bytes()
        self.addCleanup(path.write_bytes, kept)
        for damage in (path.unlink, lambda: path.write_bytes(b"")):
            damage()
            export = self.export(scope="month", date="2026-11-01")
            with self.subTest(damage=damage):
                folder = self.unzipped(export)
                name = ".factures/2026/11/INV_2026_11_0001.pdf"
                self.assertIn(name, (folder / "PROBLEMS.txt").read_text())
                self.assertIn(name, export.problems)
                self.assertEqual(export.problem_count, 1)
                self.assertEqual(self.files_in(folder), [])
                self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=folder)
                self.assertIn("PROBLEMS.txt", self.index_of(folder)[1][7])

    def test_a_changed_file_does_not_pass_the_check(self):
        attachment = self.november._content_attachment()
        path = Path(attachment._full_path(attachment.store_fname))
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.write_bytes(PDF.replace(b"honest", b"forged"))
        folder = self.unzipped(self.export(scope="all"))
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=folder)
        self.assertIn("INV_2026_11_0001.pdf: FAILED", raised.exception.stdout)

    def test_files_in_the_database_are_exported(self):
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        self.archived_without_render("INV/2026/11/0002", "2026-11-03")
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "file")
        export = self.export(scope="month", date="2026-11-01")
        folder = self.unzipped(export)
        content = (folder / ".factures/2026/11/INV_2026_11_0002.pdf").read_bytes()
        self.assertEqual(content, PDF)
        self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=folder)

    def test_the_index_lists_the_documents(self):
        folder = self.unzipped(self.export(scope="month", date="2026-11-01"))
        header, line = self.index_of(folder)
        self.assertEqual(header[:3], ["Number", "Date", "Client"])
        self.assertEqual(
            line,
            [
                "INV/2026/11/0001",
                "2026-11-02",
                "Maçonnerie Lefèvre",
                "Customer Invoice",
                "1",
                "240.00",
                "EUR",
                ".factures/2026/11/INV_2026_11_0001.pdf",
                hashlib.sha256(PDF).hexdigest(),
                "",
            ],
        )

    def test_a_client_cannot_put_a_formula_into_the_index(self):
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET partner_name = %s, number = %s"
                " WHERE id = %s",
                ['=HYPERLINK("http://evil")', "@SUM(1)", self.november.id],
            )
        self.env.invalidate_all()
        folder = self.unzipped(self.export(scope="month", date="2026-11-01"))
        line = self.index_of(folder)[1]
        self.assertEqual(line[2], '\'=HYPERLINK("http://evil")')
        self.assertEqual(line[0], "'@SUM(1)")

    def test_the_texts_are_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        folder = self.unzipped(self.export(scope="month", date="2026-11-01"))
        line = self.index_of(folder, ";")[1]
        self.assertEqual(line[5], "240,00")

    def test_the_closings_are_inside(self):
        closings = self.server["progbox.closing"]
        closings._close(self.company, fields.Date.to_date("2026-11-01"))
        folder = self.unzipped(self.export(scope="all"))
        [closing] = json.loads((folder / "closings.json").read_text())
        self.assertEqual(closing["month"], "2026-11")

    def test_a_type_that_is_not_used_any_more_keeps_its_name_in_the_index(self):
        self.november.sudo().type_id.active = False
        folder = self.unzipped(self.export(scope="month", date="2026-11-15"))
        [_header, line] = self.index_of(folder)
        self.assertEqual(line[3], "Customer Invoice")
