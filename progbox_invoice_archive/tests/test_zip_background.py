from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import progbox_long_job_mixin
from ..tools.package import build as package_build
from .test_zip import ZipCommon


@tagged("post_install", "-at_install")
class TestZipInTheBackground(ZipCommon):
    """What is too large to be sent while it is made."""

    def build(self, answer, user=None):
        """Do as the worker does; returns the export, as the user sees it."""
        exports = self.env["progbox.export"].with_user(user or self.billing)
        export = exports.browse(answer["export"]["res_id"])
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            job = self.server["progbox.export"].browse(export.id)
            job = job.with_env(job.env(cr=cr))
            self.running = job.env
            job._job_begin_attempt()
            job.env["ir.cron"]._commit_progress()
            job._job_process()
        self.env.invalidate_all()
        return export

    def setUp(self):
        super().setUp()
        self.limit(0)

    def test_a_large_zip_is_built_and_can_be_taken_up_again(self):
        export = self.build(self.start(folder=self.year))
        self.assertEqual(export.state, "done", export.error)
        whole = self.download(export.action_download()["url"])
        self.assertEqual(len(self.documents_in(whole)), 2)
        self.assertEqual(whole.headers["Cache-Control"], "no-store")
        self.assertEqual(int(whole.headers["Content-Length"]), export.size)
        rest = self.url_open(
            export.action_download()["url"], headers={"Range": "bytes=100-"}
        )
        self.assertEqual(rest.status_code, 206)
        self.assertEqual(rest.content, whole.content[100:])
        self.assertEqual(
            self.log_lines().mapped("note"), [f"2 in a zip: {export.name}"]
        )

    def test_a_range_is_no_way_past_the_log(self):
        export = self.build(self.start(folder=self.year))
        self.authenticate("billing", "billing")
        url = export.action_download()["url"]
        for _time in range(2):
            self.url_open(url, headers={"Range": "bytes=1-"})
            self.assertEqual(len(self.log_lines()), 1)
        self.url_open(url)
        self.assertEqual(len(self.log_lines()), 2)

    def test_who_asks_again_meanwhile_gets_the_same_zip(self):
        first = self.start(folder=self.year)["export"]["res_id"]
        chosen = [("id", "in", (self.november | self.december).ids)]
        other = self.start(chosen)["export"]["res_id"]
        self.assertNotEqual(other, first)
        self.assertEqual(self.start(folder=self.year)["export"]["res_id"], first)
        self.assertEqual(self.start(chosen)["export"]["res_id"], other)
        answer = self.download(f"/progbox/zip/folder/{self.year.id}")
        self.assertIn(f"/odoo/archive-exports/{first}", answer.url)
        self.assertNotEqual(self.start([("id", "!=", 0)])["export"]["res_id"], other)
        self.build({"export": {"res_id": first}})
        self.assertNotEqual(self.start(folder=self.year)["export"]["res_id"], first)

    def test_nobody_gets_the_zip_that_somebody_else_waits_for(self):
        colleague = self.user_of("colleague", "account.group_account_invoice")
        mine = self.start(folder=self.year)["export"]["res_id"]
        theirs = self.start(folder=self.year, user=colleague)["export"]["res_id"]
        self.assertNotEqual(mine, theirs)

    def test_when_its_time_is_up_the_next_run_goes_on(self):
        answer = self.start(folder=self.year)
        export = self.server["progbox.export"].browse(answer["export"]["res_id"])
        self.env.flush_all()
        runs = 0
        with (
            patch.object(package_build, "PIECE", -1),
            patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", -1),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            job = export.with_env(export.env(cr=cr))
            cron = job.env["ir.cron"]
            while job.state != "done":
                job._job_begin_attempt()
                cron._commit_progress()
                job._job_process(lambda: cron._commit_progress() and 0)
                runs += 1
                self.assertFalse(job.error)
                self.assertLess(runs, 20)
        self.env.invalidate_all()
        # The plan, two documents, the index, the manifest, the end.
        self.assertEqual(runs, 6)
        self.assertEqual(export.progress_text, "4 of 4 files")
        whole = self.download(f"/progbox/export/{export.id}")
        self.assertEqual(len(self.documents_in(whole)), 2)

    def test_a_folder_s_address_leads_to_what_is_being_built(self):
        answer = self.download(f"/progbox/zip/folder/{self.year.id}")
        export = self.env["progbox.export"].search([], limit=1)
        self.assertEqual(export.create_uid, self.billing)
        self.assertIn(f"/odoo/archive-exports/{export.id}", answer.url)

    def test_it_is_told_when_it_is_ready(self):
        export = self.build(self.start(folder=self.year))
        message = self.server["mail.message"].search(
            [("partner_ids", "in", self.billing.partner_id.ids)], limit=1
        )
        self.assertIn(export._url(), message.body)

    def test_nobody_else_fetches_it_and_only_managers_see_it(self):
        export = self.build(self.start(folder=self.year))
        for login, groups in (
            ("colleague", "account.group_account_invoice"),
            ("boss", "account.group_account_manager"),
        ):
            user = self.user_of(login, groups)
            url = f"/progbox/export/{export.id}"
            self.assertEqual(self.download(url, login).status_code, 403)
            seen = export.with_user(user).has_access("read")
            self.assertEqual(seen, login == "boss")

    def test_rights_lost_meanwhile_count_at_the_download(self):
        export = self.build(self.start(folder=self.year))
        url = export.action_download()["url"]
        self.billing.group_ids = self.env.ref("base.group_user")
        self.assertEqual(self.download(url).status_code, 403)

    def test_a_company_lost_meanwhile_counts_at_the_download(self):
        other = self.setup_other_company()["company"]
        export = self.build(self.start(folder=self.year))
        self.billing.write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        self.assertEqual(self.download(f"/progbox/export/{export.id}").status_code, 403)

    def test_rights_lost_meanwhile_count_when_it_is_built(self):
        answer = self.start(folder=self.year)
        self.billing.group_ids = self.env.ref("base.group_user")
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            export = self.build(answer)
        self.assertFalse(export.sudo()._progbox_build().zip.exists())
        self.assertEqual(export.sudo().state, "pending")

    def test_rights_lost_while_it_is_built_count_at_its_end(self):
        answer = self.start(folder=self.year)
        write = package_build.PackageBuild.write_zip

        def late(build, *args):
            yield from write(build, *args)
            user = self.billing.with_env(self.running)
            user.group_ids = user.env.ref("base.group_user")

        self.patch(package_build.PackageBuild, "write_zip", late)
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            export = self.build(answer)
        self.assertFalse(export.sudo().has_content)
        self.assertEqual(export.sudo().state, "pending")

    def test_it_expires_by_the_clock(self):
        export = self.build(self.start(folder=self.year))
        self.env.cr.execute(
            "UPDATE progbox_export SET done_on = done_on - interval '8 days'"
        )
        self.env.invalidate_all()
        answer = self.download(f"/progbox/export/{export.id}")
        self.assertNotEqual(answer.status_code, 200)
        self.assertIn("not there any more", answer.text)

    def test_its_requester_cancels_it(self):
        answer = self.start(folder=self.year)
        export = (
            self.env["progbox.export"]
            .with_user(self.billing)
            .browse(answer["export"]["res_id"])
        )
        export.action_cancel()
        self.assertEqual(export.state, "cancelled")
        with self.assertRaises(UserError):
            export.action_download()
