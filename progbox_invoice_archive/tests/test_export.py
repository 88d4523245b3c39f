import csv
import io
import shutil
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.progbox_export import DIRECTORY_PARAMETER
from ..models.progbox_job_mixin import QueueRun
from .common import PDF, ArchiveCommon

LINES_INTACT = "lines are intact"


class ExportCommon(ArchiveCommon):
    """Three months of archive, and somebody who exports."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.november = cls.archived_without_render("INV/2026/11/0001", "2026-11-02")
        cls.december = cls.archived_without_render("INV/2026/12/0001", "2026-12-02")
        cls.january = cls.archived_without_render("INV/2027/01/0001", "2027-01-02")
        cls.manager = new_test_user(
            cls.env,
            "export_manager",
            groups="account.group_account_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.exports = cls.env["progbox.export"].with_user(cls.manager)
        cls.root = cls.november.folder_id.parent_id.parent_id

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name)
        self.env["ir.config_parameter"].set_param(
            DIRECTORY_PARAMETER, str(self.directory)
        )

    def export(self, **values):
        """Do as the manager does with the wizard, and then as the worker does."""
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        action = wizard.create(values).action_export()
        export = self.exports.browse(action["res_id"])
        self.run_export(export)
        return export

    def run_export(self, export):
        """Do what a worker does, transactions included."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            job = self.server["progbox.export"].browse(export.id)
            job = job.with_env(job.env(cr=cr))
            job._job_begin_attempt()
            job.env["ir.cron"]._commit_progress()
            job._job_process()
        self.env.invalidate_all()

    def unzipped(self, export):
        self.assertEqual(export.state, "done", export.error)
        target = self.directory / f"unzipped{export.id}"
        self.run_tool("unzip", "-q", str(self.zip_of(export)), "-d", str(target))
        return target

    def zip_of(self, export):
        return self.server["progbox.export"].browse(export.id)._progbox_build().zip

    def run_tool(self, *command, cwd=None):
        return subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        ).stdout  # fmt: skip

    def files_in(self, folder):
        """Return the documents in an export, without our own files."""
        return sorted(str(p.relative_to(folder)) for p in folder.glob("*/**/*.*"))

    def index_of(self, folder, delimiter=","):
        text = (folder / "index.csv").read_text(encoding="utf-8-sig")
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))


@tagged("post_install", "-at_install")
class TestExport(ExportCommon):
    """The archive, in the hands of somebody who has no Odoo."""

    def test_a_month_is_exported(self):
        folder = self.unzipped(self.export(scope="month", date="2026-11-15"))
        self.assertEqual(
            self.files_in(folder), [".factures/2026/11/INV_2026_11_0001.pdf"]
        )
        content = (folder / ".factures/2026/11/INV_2026_11_0001.pdf").read_bytes()
        self.assertEqual(content, PDF)

    def test_a_year_is_exported(self):
        folder = self.unzipped(self.export(scope="year", date="2026-01-01"))
        self.assertEqual(
            self.files_in(folder),
            [
                ".factures/2026/11/INV_2026_11_0001.pdf",
                ".factures/2026/12/INV_2026_12_0001.pdf",
            ],
        )

    def test_everything_is_exported(self):
        folder = self.unzipped(self.export(scope="all"))
        self.assertEqual(len(self.files_in(folder)), 3)

    def test_a_folder_is_exported(self):
        action = self.december.folder_id.with_user(self.manager).action_export()
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        wizard = wizard.with_context(**action["context"]).create({})
        self.assertEqual((wizard.scope, wizard.document_count), ("folder", 1))
        export = self.exports.browse(wizard.action_export()["res_id"])
        self.run_export(export)
        self.assertEqual(
            self.files_in(self.unzipped(export)),
            [".factures/2026/12/INV_2026_12_0001.pdf"],
        )

    def test_a_time_without_documents_is_said_to_have_none(self):
        with self.assertRaisesRegex(UserError, "nothing for that time"):
            self.export(scope="month", date="1999-01-01")

    def test_a_server_that_dies_twice_during_an_export(self):
        folder = self.november.folder_id.with_user(self.manager)
        asked = self.exports._request_export(folder, "zip")
        export = self.server["progbox.export"].browse(asked.id)
        for _death in range(2):
            export._job_begin_attempt()
            self.assertEqual(export.state, "running")
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            export._job_begin_attempt()
        self.assertEqual(export.state, "failed")
        self.assertIn('during the step "Export of Documents"', export.error)

    def test_who_asked_first_is_served_first(self):
        queue = self.server["progbox.export"]
        first, second = (
            self.exports._request_export(folder.with_user(self.manager), "zip")
            for folder in (self.november.folder_id, self.december.folder_id)
        )
        run, served = QueueRun(), queue
        while export := queue._job_lock_next(run):
            served += export & (first | second).sudo()
        self.assertEqual(served.ids, (first + second).ids)

    def test_the_export_is_made_by_the_cron(self):
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        export = self.exports.browse(
            wizard.create({"scope": "all"}).action_export()["res_id"]
        )
        self.assertEqual(export.state, "pending")
        with self.crons_come_to_their_end():
            self.env.ref(
                "progbox_invoice_archive.ir_cron_export"
            ).method_direct_trigger()
        export.invalidate_recordset()
        self.assertEqual(export.state, "done", export.error)
        self.assertTrue(export.has_content)

    def test_a_folder_on_the_server_has_the_same_files(self):
        unzipped = self.unzipped(self.export(scope="all"))
        export = self.export(scope="all", target="folder")
        self.assertEqual(export.state, "done", export.error)
        written = Path(export.directory)
        self.assertEqual(written.parent, self.directory)
        self.assertEqual(self.files_in(written), self.files_in(unzipped))
        self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=written)
        self.assertFalse(self.zip_of(export).exists())

    def test_a_retry_takes_the_place_of_what_it_repeats(self):
        export = self.exports._request_export(
            self.root.with_user(self.manager), "folder", str(self.directory)
        )
        job = self.server["progbox.export"].browse(export.id)
        # Killed when the folder is there, and nobody knows of it yet.
        list(job._job_steps())
        [written] = self.directory.iterdir()
        self.run_export(export)
        self.assertEqual(export.state, "done", export.error)
        self.assertEqual(list(self.directory.iterdir()), [written])
        self.assertEqual(export.directory, str(written))

    def test_nothing_is_taken_up_of_another_with_the_same_number(self):
        """The files of a later day are there when the database is put back."""
        first = self.export(scope="year", date="2026-11-15")
        build = self.server["progbox.export"].browse(first.id)._progbox_build()
        self.assertTrue(build.is_planned)
        left = build.folder.with_name(f"export-{first.id + 1}")
        shutil.copytree(build.folder, left, dirs_exist_ok=True)
        second = self.export(scope="month", date="2026-11-15")
        self.assertEqual(second.id, first.id + 1)
        self.assertEqual(
            self.files_in(self.unzipped(second)),
            [".factures/2026/11/INV_2026_11_0001.pdf"],
        )

    def test_a_second_folder_stands_beside_the_first(self):
        first = self.export(scope="all", target="folder")
        second = self.export(scope="all", target="folder")
        self.assertEqual(second.directory, f"{first.directory} (2)")

    def test_only_the_directory_that_was_set_up_is_written_to(self):
        (self.directory / "inside").mkdir()
        (self.directory / "way_out").symlink_to("/tmp")
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        for directory in ("..", "/etc", "inside/../..", "way_out", "/tmp", "missing"):
            with self.subTest(directory=directory), self.assertRaises(UserError):
                wizard.create(
                    {"scope": "all", "target": "folder", "directory": directory}
                ).action_export()
        export = self.export(scope="all", target="folder", directory="inside")
        self.assertEqual(Path(export.directory).parent, self.directory / "inside")

    def test_the_directory_is_checked_again_when_the_export_is_built(self):
        (self.directory / "inside").mkdir()
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        export = self.exports.browse(
            wizard.create(
                {"scope": "all", "target": "folder", "directory": "inside"}
            ).action_export()["res_id"]
        )
        (self.directory / "inside").rmdir()
        (self.directory / "inside").symlink_to("/tmp")
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            self.run_export(export)
        self.assertIn("inside of", export.error)

    def test_without_a_directory_set_up_there_is_no_folder(self):
        self.env["ir.config_parameter"].set_param(DIRECTORY_PARAMETER, False)
        with self.assertRaisesRegex(UserError, "No directory is set up"):
            self.export(scope="all", target="folder")

    def test_billing_exports_nothing(self):
        wizard = self.env["progbox.export.wizard"].with_user(self.billing)
        with self.assertRaises(AccessError):
            wizard.create({"scope": "all"})
        exports = self.env["progbox.export"].with_user(self.billing)
        with self.assertRaises(UserError):
            exports._request_export(self.root.with_user(self.billing), "zip")
        export = self.export(scope="all")
        with self.assertRaises(AccessError):
            export.with_user(self.billing).read(["name"])
        with self.assertRaises(AccessError):
            export.with_user(self.billing).action_download()

    def test_who_is_no_manager_any_more_gets_nothing(self):
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        export = self.exports.browse(
            wizard.create({"scope": "all"}).action_export()["res_id"]
        )
        self.manager.group_ids = self.env.ref("account.group_account_invoice")
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            self.run_export(export)
        self.assertIn("Only an archive manager", export.sudo().error)

    def test_the_documents_of_another_company_are_never_inside(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        with self.assertRaises(AccessError):
            wizard.create({"scope": "all", "company_id": other.id}).action_export()
        with self.assertRaises(AccessError):
            wizard.create(
                {"scope": "folder", "folder_id": theirs.folder_id.id}
            ).action_export()
        self.manager.company_ids |= other
        folder = self.unzipped(self.export(scope="all"))
        text = "".join(p.read_text() for p in folder.glob("*.*") if p.is_file())
        self.assertNotIn("THEIRS", text)
        self.assertNotIn(f'"company":{other.id},', text.replace("\\", ""))
        self.assertEqual(len(self.files_in(folder)), 3)

    def test_a_full_disk_is_said_in_words(self):
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        export = self.exports.browse(
            wizard.create({"scope": "all"}).action_export()["res_id"]
        )
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        before = set(staging.glob("incoming-*"))
        with (
            patch("os.fsync", side_effect=OSError(28, "No space left on device")),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            self.run_export(export)
        self.assertEqual(export.state, "pending")
        self.assertIn("No space left on device", export.error)
        self.assertEqual(set(staging.glob("incoming-*")), before)

    def test_the_zip_is_removed_after_some_days(self):
        export = self.export(scope="all")
        path = self.zip_of(export)
        with freeze_time(export.expires_on - timedelta(minutes=1)):
            self.server["progbox.export"]._gc_exports()
            self.assertTrue(path.exists())
        with freeze_time(export.expires_on):
            self.server["progbox.export"]._gc_exports()
        self.assertFalse(path.exists())
        export.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "Export again"):
            export.action_download()

    def test_the_manager_is_told_with_a_link(self):
        export = self.export(scope="all")
        message = self.server["mail.message"].search(
            [("partner_ids", "in", self.manager.partner_id.ids)], limit=1
        )
        self.assertEqual(message.subject, export.name)
        self.assertIn(f"/odoo/archive-exports/{export.id}", message.body)

    def test_an_export_that_is_given_up_is_told(self):
        export = self.exports._request_export(self.root.with_user(self.manager), "zip")
        self.server["progbox.export"].browse(export.id)._job_fail(
            UserError("The roof is leaking."), give_up=True
        )
        message = self.server["mail.message"].search(
            [("partner_ids", "in", self.manager.partner_id.ids)], limit=1
        )
        self.assertIn("The roof is leaking.", message.body)
