import tempfile
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import convert_file

from odoo.addons.base.models.ir_cron import IrCron

from ..models.progbox_export import DIRECTORY_PARAMETER
from .compilation_common import CompilationCommon

MODULE = "progbox_invoice_archive"


@tagged("post_install", "-at_install")
class TestJobCron(CompilationCommon):
    """An administrator may delete a scheduled action: its jobs wait for another."""

    def setUp(self):
        super().setUp()
        self.crons = self.server["ir.cron"].with_context(active_test=False)

    # ------------------------------------------------------------------
    # What people do, and the job that it makes
    # ------------------------------------------------------------------

    def post(self):
        return self.jobs_of(self.posted())

    def delete(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.with_user(self.billing).unlink()
        return self.server["progbox.source.deletion"].search([], order="id")[-1]

    def verify(self):
        runs = self.server["progbox.verification"]
        action = runs.with_user(self.manager).action_verify()
        return runs.browse(action["res_id"])

    def compile(self):
        job = self.request(self.invoice("BACKUP"))
        return self.server["progbox.compilation"].browse(job.id)

    def export(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        parameters = self.env["ir.config_parameter"]
        parameters.set_param(DIRECTORY_PARAMETER, folder.name)
        self.archived_without_render()
        wizard = self.env["progbox.export.wizard"].with_user(self.manager)
        action = wizard.create({"scope": "all"}).action_export()
        return self.server["progbox.export"].browse(action["res_id"])

    def test_exports_come_before_the_archiver(self):
        """Somebody waits for an export; a history to be archived takes hours."""
        names = ("ir_cron_archive", "ir_cron_export")
        archiver, export = (self.server.ref(f"{MODULE}.{name}") for name in names)
        archiver._trigger()
        export._trigger()
        self.env.flush_all()
        ready = [job["id"] for job in IrCron._get_all_ready_jobs(self.env.cr)]
        self.assertLess(ready.index(export.id), ready.index(archiver.id))

    # ------------------------------------------------------------------
    # Without a cron, and with one again
    # ------------------------------------------------------------------

    def without_cron(self, action):
        """Do something whose cron is deleted; return the job, which waits."""
        kind = {
            self.post: "progbox.archive.job",
            self.delete: "progbox.source.deletion",
            self.verify: "progbox.verification",
            self.compile: "progbox.compilation",
            self.export: "progbox.export",
        }[action]
        jobs = self.server[kind]
        jobs._job_crons().unlink()
        self.assertFalse(jobs._job_crons())
        self.assertFalse(jobs._job_leader())
        job = action()
        self.assertEqual(job._name, kind)
        self.assertEqual((job.state, job.attempts), ("pending", 0))
        return job

    def cron_made_by_hand(self, job):
        return self.crons.create(
            {
                "name": "Made by hand",
                "model_id": self.env["ir.model"]._get_id(job._name),
                "state": "code",
                "code": "model._job_run()",
                "interval_number": 1,
                "interval_type": "hours",
            }
        )

    def cron_of_an_update(self, job):
        convert_file(
            self.server, MODULE, "data/ir_cron_data.xml", {}, "update", noupdate=True
        )
        return self.env.ref(job._job_cron).sudo()

    def check_that_it_waits(self, action):
        for bring_back in (self.cron_made_by_hand, self.cron_of_an_update):
            with self.subTest(bring_back=bring_back.__name__):
                job = self.without_cron(action)
                cron = bring_back(job)
                self.assertEqual(job._job_crons(), cron)
                job._job_trigger()
                self.assertTrue(
                    self.server["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
                )
                with self.crons_come_to_their_end():
                    cron.method_direct_trigger()
                job.invalidate_recordset()
                self.assertEqual(job.state, "done", job.error_detail)

    def test_every_kind_of_job_of_every_add_on(self):
        kinds = [
            name
            for name, model in self.registry.items()
            if not model._abstract and getattr(model, "_job_cron", None)
        ]
        self.assertIn("progbox.time.stamp", kinds)
        for kind in kinds:
            with self.subTest(kind=kind):
                jobs = self.server[kind]
                self.assertTrue(jobs._job_crons(), "It has one to begin with.")
                jobs._job_crons().unlink()
                jobs._job_trigger()
                jobs._job_trigger(fields.Datetime.now())
                self.assertFalse(jobs._job_leader())

    def test_posting(self):
        self.check_that_it_waits(self.post)

    def test_deleting_an_invoice(self):
        self.check_that_it_waits(self.delete)

    def test_verifying(self):
        self.check_that_it_waits(self.verify)

    def test_compiling(self):
        self.check_that_it_waits(self.compile)

    def test_exporting(self):
        self.check_that_it_waits(self.export)

    def test_the_settings_without_the_archiver_and_the_catch_up(self):
        self.jobs._job_crons().unlink()
        self.env.ref(f"{MODULE}.ir_cron_catchup").unlink()
        settings = self.env["res.config.settings"].create(
            {"company_id": self.company.id, "progbox_workers": 2}
        )
        settings.action_progbox_archive_history()
        self.assertTrue(self.company.progbox_archive_history)

    def test_a_catch_up_that_was_made_by_hand_and_runs_out_of_time(self):
        self.env.ref(f"{MODULE}.ir_cron_catchup").unlink()
        self.company.progbox_archive_started = "2020-01-01"
        move = self.posted()
        self.forget(move)
        with patch.object(IrCron, "_commit_progress", return_value=0):
            self.server["progbox.archive.catchup"]._run()
        self.assertEqual(self.jobs_of(move).reason, "catchup")

    def test_one_query_finds_the_cron_and_says_whether_it_is_active(self):
        leader = self.jobs._job_leader()
        for active in (True, False):
            leader.active = active
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(active=active), self.assertQueryCount(1):
                found = self.jobs._job_leader()
                self.assertEqual((found, found.active), (leader, active))

    def test_more_workers_of_one_kind_are_all_found(self):
        leader = self.jobs._job_leader()
        other = self.cron_made_by_hand(self.jobs)
        self.assertEqual(self.jobs._job_crons()[0], leader)
        self.assertIn(other, self.jobs._job_crons())
