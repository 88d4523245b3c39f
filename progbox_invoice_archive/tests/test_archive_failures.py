import errno
import os
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.account.models.account_move_send import AccountMoveSend
from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..models.ir_attachment import IrAttachment
from ..tools import staging
from .common import ArchiveCommon

VERSION = '[ "$1" = --version ] && echo "wkhtmltopdf 0.12.6" && exit 0'
LAST_ARGUMENT = "for out; do :; done"


@tagged("post_install", "-at_install")
class TestArchiveFailures(ArchiveCommon):
    """Whatever keeps a page from being made, posting goes on and the reason is said."""

    def setUp(self):
        super().setUp()
        self.jobs.search([]).unlink()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.staged_before = self.staged_files()

    # ------------------------------------------------------------------
    # The renderer
    # ------------------------------------------------------------------

    def test_wkhtmltopdf_is_not_installed(self):
        with self.broken(self.renderer(None)) as job:
            self.assert_says(job, "Wkhtmltopdf", "Unable to find")

    def test_wkhtmltopdf_vanishes_while_odoo_runs(self):
        with ExitStack() as installed:
            binary = installed.enter_context(self.renderer("exit 0"))
            self.assertEqual(_wkhtml().bin, str(binary))
            binary.unlink()
            with self.broken(installed.pop_all()) as job:
                self.assert_says(job, "not installed", "Install it")

    def test_wkhtmltopdf_crashes(self):
        with self.broken(self.renderer("kill -SEGV $$")) as job:
            self.assert_says(job, "broke off", "memory")
            self.assertIn("signal 11", job.error_detail)

    def test_wkhtmltopdf_ends_with_the_status_of_a_crash(self):
        with self.broken(self.renderer("echo Oops >&2; exit 139")) as job:
            self.assert_says(job, "broke off")
            self.assertIn("exit status 139: Oops", job.error_detail)

    def test_wkhtmltopdf_misses_something_of_the_network(self):
        said = "Exit with code 1 due to network error: HostNotFoundError"
        with self.broken(self.renderer(f"echo {said} >&2; exit 1")) as job:
            self.assert_says(job, "not on this server", "picture")
            self.assertIn("HostNotFoundError", job.error_detail)

    def test_wkhtmltopdf_hangs(self):
        parameter = "progbox_invoice_archive.render_timeout"
        # Time enough for the shell to begin.
        self.env["ir.config_parameter"].sudo().set_param(parameter, "2")
        pid_file = self.folder / "pid"
        hang = self.renderer(f"echo $$ > {pid_file}; sleep 600")
        with self.broken(hang) as job:
            self.assert_says(job, "too long", parameter)
            with self.assertRaises(ProcessLookupError):
                os.kill(int(pid_file.read_text()), 0)
            self.env["ir.config_parameter"].sudo().set_param(parameter, "60")

    def test_wkhtmltopdf_makes_nothing(self):
        with self.broken(self.renderer("exit 0")) as job:
            self.assert_says(job, "without a complete page")

    def test_wkhtmltopdf_makes_an_empty_file(self):
        with self.broken(self.renderer(': > "$out"')) as job:
            self.assert_says(job, "without a complete page")

    def test_wkhtmltopdf_makes_no_pdf(self):
        with self.broken(self.renderer('echo "<html>" > "$out"')) as job:
            self.assert_says(job, "without a complete page")
            self.assertIn("<html>", job.error_detail)

    def test_wkhtmltopdf_makes_half_a_pdf(self):
        with self.broken(self.renderer("printf '%%PDF-1.4\\n1 0' > \"$out\"")) as job:
            self.assert_says(job, "without a complete page")

    def test_the_folder_for_temporary_files_is_gone(self):
        nowhere = str(self.folder / "nowhere")
        with self.broken(patch.object(tempfile, "tempdir", nowhere)) as job:
            self.assert_says(job, "temporary files", "Make room")

    # ------------------------------------------------------------------
    # The report
    # ------------------------------------------------------------------

    def test_a_template_that_is_broken(self):
        with self.broken(self.in_the_report('<t t-out="o.no_such_field"/>')) as job:
            self.assert_says(job, "no_such_field", "administrator")
            self.assertIn("Traceback", job.error_detail)

    def test_a_picture_of_another_server(self):
        picture = '<img src="https://pictures.example/logo.png"/>'
        with self.broken(self.in_the_report(picture)) as job:
            self.assert_says(job, "https://pictures.example/logo.png", "take it out")

    def test_a_picture_that_does_not_exist_any_more(self):
        picture = '<img src="/web/image/999999999"/>'
        with self.broken(self.in_the_report(picture)) as job:
            self.assert_says(job, "/web/image/999999999", "still exists")

    def test_a_localisation_that_breaks_the_transaction(self):
        def break_it(model, invoice, data):
            model.env.cr.execute("SELECT 1 / 0", log_exceptions=False)

        hook = "_hook_invoice_document_before_pdf_report_render"
        with self.broken(patch.object(AccountMoveSend, hook, break_it)) as job:
            self.assert_says(job, "DivisionByZero", "administrator")

    def test_a_company_without_paper_format_is_archived(self):
        self.company.paperformat_id = False
        self.env.ref("account.account_invoices").paperformat_id = False
        self.assertEqual(len(self.documents(self.archived())), 1)

    # ------------------------------------------------------------------
    # The disk
    # ------------------------------------------------------------------

    def test_the_disk_is_full(self):
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with self.broken(patch.object(staging.os, "fsync", side_effect=full)) as job:
            self.assert_says(job, "No space left", "Make room")

    def test_the_file_store_cannot_be_written_to(self):
        (self.folder / "store").touch()  # no folder can be made in a file
        elsewhere = self.folder / "store" / "progbox"
        staging_folder = patch.object(
            IrAttachment, "_progbox_staging_folder", lambda attachments: elsewhere
        )
        with self.broken(staging_folder) as job:
            self.assert_says(job, "could not write", "correct the rights")

    # ------------------------------------------------------------------
    # Helpers
    # ------------------------------------------------------------------

    @contextmanager
    def broken(self, cause):
        """Post and archive under the cause, look at it, then archive without it.

        Yields the job that has failed.
        """
        with cause:
            move = self.posted()
            self.assertEqual(move.state, "posted")
            job = self.jobs_of(move)
            with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
                self.run_jobs(move)
            self.assert_to_fix(job)
            yield job
        job.action_retry()
        self.run_jobs(move)
        self.assertEqual((job.state, job.error), ("done", False))
        self.assertEqual(len(self.documents(move)), 1)
        self.assertEqual(move.progbox_archive_state, "archived")
        self.assertFalse(self.warnings())

    def assert_to_fix(self, job):
        self.assertEqual(job.state, "pending")
        self.assertGreater(job.next_try, fields.Datetime.now())
        self.assertIn(job, self.jobs.search([("to_fix", "=", True)]))
        self.assertEqual(job.move_id.progbox_archive_state, "fix")
        self.assertEqual(len(self.warnings()), 1)
        self.assertFalse(self.documents(job.move_id))
        self.assertFalse(self.staged_files() - self.staged_before)

    def assert_says(self, job, *words):
        for word in words:
            self.assertIn(word, job.error)

    def warnings(self):
        return (
            self.env["mail.activity"]
            .sudo()
            .search([("progbox_company_id", "=", self.company.id)])
        )

    def staged_files(self):
        return set(self.env["ir.attachment"]._progbox_staging_folder().glob("*"))

    @contextmanager
    def renderer(self, script):
        """Put a script in the place of wkhtmltopdf; None takes it away."""
        binary = self.folder / "wkhtmltopdf"
        if script is not None:
            binary.write_text(f"#!/bin/sh\n{VERSION}\n{LAST_ARGUMENT}\n{script}\n")
            binary.chmod(0o755)
        search_path = {"PATH": f"{self.folder}:/bin" if script else str(self.folder)}
        _wkhtml.cache_clear()
        self.addCleanup(_wkhtml.cache_clear)
        with patch.dict(os.environ, search_path):
            yield binary
        _wkhtml.cache_clear()

    @contextmanager
    def in_the_report(self, content):
        view = self.env["ir.ui.view"].create(
            {
                "name": "broken",
                "type": "qweb",
                "mode": "extension",
                "inherit_id": self.env.ref("account.report_invoice_document").id,
                "arch": f'<xpath expr="//div[@id=\'total\']" position="after">{content}'
                "</xpath>",
            }
        )
        yield
        view.active = False
