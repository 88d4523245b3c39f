import contextlib
import threading
import time
from contextlib import nullcontext
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.base.models.ir_cron import IrCron

from ..models import compilation_assembly, progbox_long_job_mixin
from ..models.compilation_assembly import Assembly
from ..models.ir_attachment import IrAttachment
from ..tools.pdf import CompileError, Part, PartRefused, assemble
from .compilation_common import CompilationCommon, encrypted, pdf_of, signed
from .object_store import ObjectStore

LOGGER = "odoo.addons.progbox_invoice_archive"
ASSEMBLE = f"{LOGGER}.models.compilation_assembly.assemble"
BARE = {"with_cover": False, "with_numbers": False}


@tagged("post_install", "-at_install")
class TestCompilationJob(CompilationCommon):
    """Killed, cancelled, without room: nothing half-done is handed out."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("FIRST")
        cls.attach(cls.move, "plan.pdf", pdf_of("PLAN"))

    def begun(self, **choices):
        job = self.request(self.move, None, {**BARE, **choices})
        job = self.server["progbox.compilation"].browse(job.id)
        job._job_begin_attempt()
        return job

    def walk_until(self, job, condition):
        """Take steps as a worker does, and leave at once when something is so."""
        with contextlib.closing(job._job_steps()) as steps:
            for progress in steps:
                job._job_write(progress or {})
                if condition(job):
                    return

    def staged_files(self):
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        return {path.name for path in staging.glob("*")}

    def failing(self, job):
        """Let the job fail without the rollback, which a test cannot do."""
        with (
            self.assertLogs(LOGGER, "WARNING"),
            patch.object(self.env.cr, "rollback", lambda: None),
        ):
            job._job_process()

    def test_another_worker_goes_on_where_one_died(self):
        for step in ("check", "render", "assemble"):
            with self.subTest(step=step):
                job = self.begun()
                self.walk_until(job, lambda job, step=step: job.step == step)
                lines = job.file_ids
                self.assertTrue(lines)
                job._job_process()
                self.assertEqual(job.state, "done", job.error_detail)
                self.assertEqual(job.file_ids, lines)
                self.assertEqual(self.texts(self.reader(job)), ["FIRST", "PLAN"])

    def test_a_worker_on_another_host_makes_the_copies_anew(self):
        # Its pages are those of a cleaned copy, not of the file itself.
        self.attach(self.move, "open.pdf", encrypted(pdf_of("OPEN"), ""))
        job = self.begun()
        self.walk_until(job, lambda job: job.step == "assemble")
        job._remove_folder()
        job._job_process()
        self.assertEqual(self.texts(self.reader(job)), ["FIRST", "PLAN", "OPEN"])

    def test_files_that_are_finished_are_not_made_twice(self):
        other = self.env["res.partner"].create({"name": "Aubin"})
        self.move |= self.invoice("AUBIN", partner_id=other.id)
        job = self.begun(split_by="partner")
        self.walk_until(job, lambda job: job.finished)
        self.assertEqual(job._documents().mapped("partner_name"), ["Aubin"])
        job._job_process()
        self.assertEqual(len(job._documents()), 2)
        self.assertEqual(job.page_count, 3)

    def test_a_backup_that_takes_many_runs(self):
        """Each is over as soon as it may be: none waits for what takes long."""
        long = pdf_of(*[f"PAGE {number}" for number in range(12)])
        self.attach(self.move, "long.pdf", long)
        job = self.begun()
        texts = ["FIRST", "PLAN", *[f"PAGE {number}" for number in range(12)]]
        asked, pauses, walked = [], [], []

        def slow(parts, *args, paused, **options):
            # It goes on where it was, and stops after a page or two.
            pauses.append(paused)
            while not paused():
                time.sleep(0.01)
            return assemble(parts, *args, paused=lambda: next(patience), **options)

        with (
            patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", -1),
            patch.object(compilation_assembly, "WAIT_SECONDS", 0.05),
            patch(ASSEMBLE, slow),
        ):
            for _run in range(60):
                patience = chain([False], repeat(True))
                walked.append(job.step)
                job._job_process(lambda: asked.append(job.step) or 0)
                if job.state == "done":
                    break
                self.assertEqual((job.state, job.attempts), ("pending", 0))
                self.assertFalse(job.lease_until)
                job._job_begin_attempt()
        self.assertEqual(job.state, "done", job.error_detail)
        self.assertGreater(walked.count("assemble"), 2)
        self.assertEqual(len(pauses), len(set(pauses)), "one call of a run")
        self.assertEqual(self.texts(self.reader(job)), texts)
        self.assertEqual(job.page_count, len(texts))

    def test_a_run_that_begins_without_time_leaves_the_work(self):
        job = self.begun()
        job._job_pause()
        late = self.server["progbox.compilation"].with_context(cron_end_time=0)
        with patch.object(IrCron, "_commit_progress", return_value=0):
            late._job_run()
        self.assertEqual((job.state, job.attempts), ("pending", 0))

    def test_a_server_that_dies_twice_in_the_same_step(self):
        job = self.begun()
        for _death in range(2):
            self.assertEqual(job.state, "running")
            with self.assertLogs(LOGGER, "WARNING") if _death else nullcontext():
                job._job_begin_attempt()
        self.assertEqual(job.state, "failed")
        self.assertIn('2 times in a row during the step "Looking', job.error)
        job.with_user(self.manager).action_retry()
        job._job_begin_attempt()
        self.assertEqual((job.state, job.interruptions), ("running", 0))
        job._job_begin_attempt()
        self.assertEqual((job.state, job.interruptions), ("running", 1))

    def test_servers_that_die_in_several_steps_or_after_a_whole_run(self):
        job = self.begun()
        job._job_begin_attempt()
        job._job_write({"step": "check"})
        job._job_begin_attempt()
        self.assertEqual((job.state, job.interruptions), ("running", 1))
        job._job_pause()
        job._job_begin_attempt()
        self.assertEqual((job.state, job.interruptions), ("running", 0))

    def another_thread(self):
        end = threading.Event()
        thread = threading.Thread(target=end.wait)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(end.set)
        return thread.ident

    def test_a_worker_takes_up_at_once_what_broke_off_under_it(self):
        job = self.begun()
        ready = job._job_ready_domain(fields.Datetime.now())
        self.assertIn(job, job.search(ready))
        host, process, _thread = job.lease_holder.split(":")
        for holder, is_ready in (
            # A thread that has ended, and some that may be at it.
            (f"{host}:{process}:1", True),
            (f"{host}:{process}:{self.another_thread()}", False),
            (f"{host}:{process}0:1", False),
            (f"elsewhere:{process}:1", False),
        ):
            with self.subTest(holder=holder):
                job._job_write({"lease_holder": holder})
                ready = job._job_ready_domain(fields.Datetime.now())
                self.assertEqual(job in job.search(ready), is_ready)
        self.assertLess(job.lease_until, fields.Datetime.now() + timedelta(minutes=3))

    def test_a_cancelled_backup_leaves_nothing(self):
        job = self.begun()
        self.walk_until(job, lambda job: job.step == "assemble")
        job.with_user(self.manager).action_cancel()
        self.env.cr.postcommit.run()
        self.assertEqual(job.state, "cancelled")
        self.assertFalse(job.with_user(self.manager).result_ids)
        self.assertFalse(job._folder().exists())
        job._job_process()
        self.assertEqual(job.state, "cancelled")
        self.assertFalse(job._documents())

    def test_a_full_disk_is_said_in_words_and_the_backup_can_be_retried(self):
        job = self.begun()
        with patch(ASSEMBLE, side_effect=CompileError("disk_full", "ENOSPC")):
            self.failing(job)
        self.assertEqual(job.state, "pending")
        self.assertIn("disk is full", job.error)
        self.assertEqual(job.error_detail, "ENOSPC")
        self.assertFalse(job._documents())
        self.run_job(job)
        self.assertEqual(job.state, "done", job.error)

    def test_a_file_that_goes_bad_late_is_listed_and_the_others_stay(self):
        calls = []

        def moody(parts, *args, **kwargs):
            calls.append(parts)
            if len(calls) == 1:
                raise PartRefused(1, "damaged", "late")
            return assemble(parts, *args, **kwargs)

        job = self.begun()
        with patch(ASSEMBLE, moody):
            job._job_process()
        self.assertEqual(self.left_out(job), {("plan.pdf", "damaged")})
        self.assertIsInstance(calls[0][0], Part)
        self.assertEqual(self.texts(self.reader(job))[0], "FIRST")

    def test_a_file_that_is_missing_on_the_server_is_listed(self):
        plan = self.move.attachment_ids.filtered(lambda a: a.name == "plan.pdf")
        path = Path(plan._full_path(plan.store_fname))
        kept = path.read_bytes()
        self.addCleanup(path.write_bytes, kept)
        path.unlink()
        job = self.run_job(self.begun())
        self.assertEqual(self.left_out(job), {("plan.pdf", "missing")})

    def test_a_file_that_was_deleted_since_it_was_checked_is_listed(self):
        plan = self.move.attachment_ids.filtered(lambda a: a.name == "plan.pdf")
        back = self.attach(self.move, "back.pdf", signed(pdf_of("BACK")))
        late = self.attach(self.move, "late.pdf", signed(pdf_of("LATE")))
        job = self.begun()

        def are_checked(job):
            return job.file_ids.mapped("code").count("uncompared") == 2

        self.walk_until(job, are_checked)
        back.unlink()
        self.walk_until(job, lambda job: job.step == "assemble")
        self.assertEqual(self.left_out(job), {("back.pdf", "missing")})
        plan.unlink()
        job._remove_folder()
        self.walk_until(job, lambda job: job.step == "assemble")
        late.unlink()
        job._job_process()
        self.assertEqual(job.state, "done", job.error_detail)
        lost = {(name, "missing") for name in ("back.pdf", "plan.pdf", "late.pdf")}
        self.assertEqual(self.left_out(job), lost)
        self.assertEqual(self.texts(self.reader(job))[0], "FIRST")

    def test_files_in_another_storage_go_in_and_lost_ones_are_listed(self):
        store = ObjectStore(self)
        kept = self.attach(self.move, "kept.pdf", pdf_of("FROM THE STORE"))
        lost = self.attach(self.move, "lost.pdf", pdf_of("LOST"))
        self.assertEqual({kept.store_fname[:5], lost.store_fname[:5]}, {"s3://"})
        store.path(lost.store_fname).unlink()
        job = self.run_job(self.begun())
        self.assertEqual(
            self.texts(self.reader(job))[:3], ["FIRST", "PLAN", "FROM THE STORE"]
        )
        self.assertEqual(self.left_out(job), {("lost.pdf", "missing")})

    def test_each_file_of_another_storage_is_a_piece_of_work(self):
        store = ObjectStore(self)
        names = [f"stored {number}.pdf" for number in range(3)]
        files = [self.attach(self.move, name, pdf_of(name)) for name in names]
        store.path(files[1].store_fname).unlink()
        job, asked = self.begun(), []
        local_path = IrAttachment._progbox_local_path

        def fetch(attachment, copy):
            known = copy.exists() or attachment._progbox_path()
            asked[-1] += [] if known else [attachment.name]
            return local_path(attachment, copy)

        with (
            patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", -1),
            patch.object(IrAttachment, "_progbox_local_path", fetch),
        ):
            while job.step in ("find", "check") and len(asked) < 20:
                asked.append([])
                job._job_process(lambda: 0)
                job._job_begin_attempt()
        # None again in the run that comes back, not even what is missing.
        self.assertEqual([each for each in asked if each], [[name] for name in names])
        job._job_process()
        wanted = ["FIRST", "PLAN", names[0], names[2]]
        self.assertEqual(self.texts(self.reader(job))[:4], wanted)
        self.assertEqual(self.left_out(job), {(names[1], "missing")})

    def test_an_einvoice_that_is_missing_is_listed_and_the_rest_goes_in(self):
        xml = self.deposit(
            self.move,
            b"<invoice/>",
            name="einvoice.xml",
            mimetype="application/xml",
            type_id=self.env.ref(
                "progbox_invoice_archive.document_type_einvoice_issued"
            ).id,
        )._content_attachment()
        path = Path(xml._full_path(xml.store_fname))
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.unlink()
        job = self.run_job(self.begun())
        self.assertEqual(job.state, "done", job.error)
        self.assertEqual(self.texts(self.reader(job))[:2], ["FIRST", "PLAN"])
        self.assertEqual(self.left_out(job), {("einvoice.xml", "missing")})

    def test_files_in_the_database_go_in(self):
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        self.attach(self.move, "db.pdf", pdf_of("FROM THE DATABASE"))
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "file")
        job = self.run_job(self.begun())
        self.assertEqual(
            self.texts(self.reader(job)), ["FIRST", "PLAN", "FROM THE DATABASE"]
        )

    def test_nothing_stays_on_the_disk(self):
        before = self.staged_files()
        self.run_job(self.begun())
        self.assertEqual(self.staged_files(), before)

    def test_the_requester_is_told_with_a_link_and_what_was_left_out(self):
        self.attach(self.move, "sheet.xlsx", b"PK a sheet")
        job = self.run_job(self.begun())
        message = self.server["mail.message"].search(
            [("partner_ids", "in", self.manager.partner_id.ids)], limit=1
        )
        self.assertIn(f"/odoo/invoice-backups/{job.id}", message.body)
        self.assertIn("sheet.xlsx", message.body)
        self.assertIn("Pages: 3 · ", job.summary)

    def test_a_backup_that_is_given_up_is_told(self):
        job = self.begun()
        job._job_fail(UserError("The roof is leaking."), give_up=True)
        message = self.server["mail.message"].search(
            [("partner_ids", "in", self.manager.partner_id.ids)], limit=1
        )
        self.assertIn("The roof is leaking.", message.body)

    def test_the_name_says_client_reference_date_and_time(self):
        self.move.invoice_origin = "S00042"
        self.manager.tz = "Europe/Paris"
        job = self.run_job(self.begun())
        assembly = Assembly(job, threading.Event())
        [chapter] = assembly.chapters()
        with freeze_time("2026-11-21 23:30:00"):
            title = assembly.file_title(chapter)
        self.assertEqual(
            title,
            f"Invoice backup - {self.client.name} - {self.move.name} - "
            "2026-11-22 - 00h30",
        )
        self.assertIn(self.move.name.replace("/", "_"), job.result_ids.name)

    def test_a_backup_that_is_lost_says_so(self):
        job = self.run_job(self.begun()).with_user(self.manager)
        self.assertIn(f"/{job.result_ids.id}/content", job.action_download()["url"])
        self.lose(job.result_ids)
        with self.assertRaisesRegex(UserError, "missing in the file store"):
            job.action_download()

    def test_a_backup_goes_after_its_days_and_can_be_made_again(self):
        self.company.progbox_backup_days = 5
        begin = fields.Date.today()
        job = self.run_job(self.begun()).with_user(self.manager)
        document = job.result_ids
        days = (begin, fields.Date.today())
        self.assertIn(job.expires_on, [fields.Date.add(day, days=5) for day in days])
        job._gc_compilations()
        self.assertTrue(document.exists())
        with freeze_time(fields.Date.add(job.expires_on, days=1)):
            job._gc_compilations()
        self.assertFalse(document.exists())
        job.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "Compile it again"):
            job.action_download()
        again = self.compilations.browse(job.action_compile_again()["res_id"])
        self.assertEqual((again.move_ids, again.state), (self.move, "pending"))

    def test_nothing_is_taken_up_of_another_with_the_same_number(self):
        """The files of a later day are there when the database is put back."""
        first = self.request(self.move, None, BARE)
        left = first._folder().with_name(f"compilation-{first.id + 1}")
        left.mkdir(parents=True, exist_ok=True)
        second = self.request(self.move, None, BARE)
        self.assertEqual(second.id, first.id + 1)
        self.assertFalse(left.exists())

    def test_the_sweep_leaves_the_folder_of_a_running_backup_alone(self):
        job = self.begun()
        self.walk_until(job, lambda job: job.step == "check")
        orphan = job._folder().with_name("compilation-999999999")
        orphan.mkdir()
        job._gc_compilations()
        self.assertTrue(job._folder().exists())
        self.assertFalse(orphan.exists())
        job._remove_folder()

    def test_who_took_the_archived_invoices_is_in_the_access_log(self):
        job = self.run_job(self.begun())
        line = self.server["progbox.access.log"].search(
            [("kind", "=", "compilation")], limit=1
        )
        self.assertEqual(line.user_ref, self.manager.id)
        self.assertEqual(line.document_ref, self.documents(self.move).id)
        self.assertEqual(line.note, job.name)
