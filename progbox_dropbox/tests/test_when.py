from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.progbox_dropbox_account import ACTIVITY
from ..tools import schedule
from ..tools.verdicts import Action, Verdict
from .dropbox_common import LOGGER, DropboxCommon

MONDAY = datetime(2026, 11, 30, 12, 0)
MONTH = MONDAY.date().replace(day=1)
HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestWhen(DropboxCommon):
    """Copies go when the company wants it, and somebody hears of it."""

    def settings(self, **values):
        self.account.with_user(self.admin)._write_settings(values)

    def sync(self):
        cron = self.env.ref("progbox_dropbox.ir_cron_sync").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def run_at(self, moment):
        self.run_cron(later=moment - fields.Datetime.now())

    def test_nothing_is_missed_where_nothing_is_connected(self):
        others = self.env["progbox.dropbox.account"].sudo().search([]) - self.account
        others._forget_tokens()
        watch = self.env["progbox.watch"].sudo()
        name = "progbox_dropbox.ir_cron_transfer"
        self.assertTrue(watch._expected_crons()[name].is_used)
        self.account._forget_tokens()
        self.assertFalse(watch._expected_crons()[name].is_used)

    # ------------------------------------------------------------------
    # Timetable
    # ------------------------------------------------------------------

    @freeze_time(MONDAY)
    def test_daily_at_an_hour_of_the_administrator(self):
        self.admin.tz = "Europe/Paris"
        self.settings(frequency="daily", run_at=20.5)
        self.assertEqual(self.account.send_from, MONDAY.replace(hour=19, minute=30))
        document = self.document("FAC/1")
        self.run_cron()
        self.assertFalse(self.files)
        self.run_at(MONDAY + 8 * HOUR)
        self.assert_copied(document)
        # Everything has been sent: the next copies go tomorrow.
        self.assertEqual(self.account.send_from, MONDAY.replace(day=30) + 31.5 * HOUR)

    @freeze_time(MONDAY)
    def test_weekly_and_hourly(self):
        self.settings(frequency="weekly", run_at=6, weekday="3")
        self.assertEqual(self.account.send_from, datetime(2026, 12, 3, 6, 0))
        self.settings(frequency="hourly")
        self.assertEqual(self.account.send_from, MONDAY + HOUR)
        self.settings(frequency="immediately")
        self.assertFalse(self.account.send_from)

    @freeze_time(MONDAY)
    def test_checks_restores_and_closings_do_not_wait_for_the_timetable(self):
        self.settings(frequency="daily", run_at=20)
        document = self.document("FAC/1")
        self.account.with_user(self.manager).action_restore()
        self.server["progbox.closing"]._close(self.company, MONTH)
        self.env["progbox.dropbox.check"]._enqueue_due()
        for name in ("anchor", "check", "restore"):
            runs = self.server[f"progbox.dropbox.{name}"]
            self.run_cron(1, HOUR, runs._job_leader())
            mine = runs.search([("account_id", "=", self.account.id)])
            self.assertEqual(set(mine.mapped("state")), {"done"}, runs)
        self.assertEqual(self.copy_of(document).state, "pending")

    def test_a_full_dropbox_is_compared_and_fetched_from(self):
        self.document("FAC/1")
        self.dropbox.account.store.allocated = 1
        self.run_cron()
        self.assertEqual(self.account.state, "full")
        for name in ("check", "restore"):
            runs = self.server[f"progbox.dropbox.{name}"]
            run = runs._of_account(self.account, False)
            self.run_cron(1, timedelta(minutes=1), runs._job_leader())
            self.assertEqual(run.state, "done")
        # Whether there is room is another question.
        self.assertEqual(self.account.state, "full")

    def test_what_is_asked_does_not_end_what_the_copies_wait_for(self):
        self.document("FAC/1")
        self.fault("upload_session/start_batch", "drop_before")
        self.run_cron()
        since, until = self.account.problem_since, self.account.paused_until
        self.assertTrue(since and until)
        self.account._answered()
        with freeze_time(until + HOUR):
            self.account._answered()
        self.assertEqual(self.account.problem_since, since)
        # Where nothing is to be copied, there is no outage.
        self.run_cron(later=HOUR)
        self.assertFalse(self.account.problem_since)
        self.account._apply(Verdict(Action.RETRY, "unreachable"))
        with freeze_time(fields.Datetime.now() + 48 * HOUR):
            self.account._apply(Verdict(Action.RETRY, "unreachable"))
        self.assertFalse(self.account.problem_told)

    @freeze_time(MONDAY)
    def test_hours_that_are_kept_free(self):
        self.settings(quiet_from=8, quiet_to=18)
        document = self.document("FAC/1")
        self.run_cron()
        self.assertFalse(self.files)
        self.run_at(MONDAY + 6 * HOUR)
        self.assert_copied(document)

    def test_clocks_that_are_put_back(self):
        # In Paris, 2:30 comes twice on 25 October 2026.
        twice = datetime(2026, 10, 25, 0, 30)
        self.assertEqual(
            schedule.next_time(twice, "Europe/Paris", 2.5),
            datetime(2026, 10, 26, 1, 30),
        )

    @freeze_time(MONDAY)
    def test_paused_and_resumed(self):
        account = self.account.with_user(self.manager)
        account.action_pause()
        document = self.document("FAC/1")
        self.run_cron()
        self.assertFalse(self.files)
        with self.assertRaises(UserError):
            account.action_sync()
        account.action_resume()
        self.run_cron()
        self.assert_copied(document)
        steering = ("action_pause", "action_resume", "action_stop_sync")
        for action in (*steering, "action_retry_failed"):
            with self.assertRaises(AccessError):
                getattr(self.account.with_user(self.billing), action)()

    # ------------------------------------------------------------------
    # Synchronizing
    # ------------------------------------------------------------------

    @freeze_time(MONDAY)
    def test_a_synchronization_does_not_wait_for_the_timetable(self):
        self.settings(frequency="daily", run_at=20)
        document = self.document("FAC/1")
        self.account.action_sync()
        self.sync()
        self.run_cron()
        self.assert_copied(document)
        self.assertTrue(self.account.send_from)

    def test_a_synchronization_waits_for_a_deleted_cron(self):
        self.env.ref("progbox_dropbox.ir_cron_sync").unlink()
        self.account.action_sync()
        self.assertTrue(self.account.sync_requested)

    def test_what_people_ask_for_waits_for_deleted_crons(self):
        for kind in ("transfer", "anchor", "check", "restore"):
            self.server[f"progbox.dropbox.{kind}"]._job_crons().unlink()
        document = self.document("FAC/1")
        account = self.account.with_user(self.manager)
        account.action_pause()
        account.action_resume()
        self.server["progbox.dropbox.anchor"]._queue_account(self.account)
        jobs = [self.copy_of(document)]
        jobs.append(self.server["progbox.dropbox.anchor"].search([]))
        for action in (account.action_check, account.action_restore):
            answer = action()
            jobs.append(self.server[answer["res_model"]].browse(answer["res_id"]))
        for job in jobs:
            with self.subTest(job=job):
                self.assertEqual(job.mapped("state"), ["pending"])

    @freeze_time(MONDAY)
    def test_progress(self):
        self.account.state = "disconnected"
        for number in range(4):
            self.document(f"FAC/{number}", b"x" * 1000)
        self.account.state = "connected"
        self.account.action_sync()
        self.sync()
        account = self.account.with_user(self.manager)
        self.assertTrue(account.is_live)
        self.assertEqual(account.progress, 0)
        self.assertIn("0 of 4", account.progress_text)
        self.transfers.search([], limit=1)._job_finish("done")
        self.env.invalidate_all()
        self.assertEqual(account.progress, 25)
        self.assertIn("1 of 4", account.progress_text)
        self.assertIn("0:00:0", account.progress_text)
        self.run_cron()
        self.assertFalse(account.is_live)
        self.assertFalse(account.progress_text)

    def test_stopped_and_taken_up_again(self):
        self.account.state = "disconnected"
        documents = self.several(3)
        self.account.state = "connected"
        self.account.action_sync()
        self.sync()
        new = self.document("FAC/new")
        self.account.with_user(self.manager).action_stop_sync()
        # What is new goes all the same.
        self.assertEqual(self.transfers.search([]).document_id, new)
        self.assertFalse(self.account.sync_begun)
        self.account.action_sync()
        self.sync()
        self.run_cron()
        self.assert_copied(documents | new)

    def test_a_synchronization_tries_again_what_was_given_up(self):
        document = self.document("FAC/1")
        self.fault("upload_session/finish_batch_v2", "disallowed_name", name="FAC_1")
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        self.assertEqual(self.copy_of(document).state, "failed")
        self.account.action_sync()
        self.run_cron(later=timedelta(minutes=1))
        self.assert_copied(document)

    # ------------------------------------------------------------------
    # E-mails
    # ------------------------------------------------------------------

    def mails(self):
        found = self.env["mail.mail"].sudo().search([("subject", "like", "Dropbox of")])
        return found - self.earlier_mails

    def setUp(self):
        super().setUp()
        self.earlier_mails = self.env["mail.mail"].sudo().browse()
        self.earlier_mails = self.mails()
        self.company.progbox_archive_user_id = self.manager
        self.manager.email = "manager@example.com"

    def failed_document(self, number="FAC/1"):
        name = number.replace("/", "_")
        document = self.document(number)
        self.fault("upload_session/finish_batch_v2", "disallowed_name", name=name)
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron(later=timedelta(minutes=len(self.mails())))
        return document

    def test_each_problem_is_told_once(self):
        self.failed_document()
        mail = self.mails()
        self.assertIn("manager@example.com", mail.email_to)
        account = self.account.with_user(self.manager)
        self.assertEqual(account.failed_ids.path, self.path("FAC/1"))
        self.assertIn("Facture_FAC_1.pdf", mail.body_html)
        self.assertIn("does not take this file name", mail.body_html)
        self.run_cron(later=timedelta(minutes=5))
        self.assertEqual(self.mails(), mail)
        # Whatever else is written on it does not tell it again.
        failed = self.transfers.search([("state", "=", "failed")])
        with freeze_time(fields.Datetime.now() + HOUR):
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE progbox_dropbox_transfer SET write_date = now()"
                " + interval '2 hours' WHERE id = %s",
                [failed.id],
            )
            self.env["progbox.dropbox.account"]._after_run()
        self.assertEqual(self.mails(), mail)

    def test_a_closing_that_cannot_be_copied_is_told_and_tried_again(self):
        closings = self.server["progbox.closing"]
        closing = closings._close(self.company, MONTH)
        [anchor] = self.server["progbox.dropbox.anchor"].search(
            [("closing_id", "=", closing.id)]
        )
        [name] = [name for name, *_rest in anchor._files() if "closing_" in name]
        client = self.account._client()
        client.files_upload(b"somebody's", f"{self.account._ledger_folder()}/{name}")
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron(cron=anchor._job_leader())
        self.assertEqual(anchor.state, "failed")
        self.assertEqual(self.account.failed_count, 1)
        self.run_cron()
        self.assertIn(closing.display_name, self.mails().body_html)
        client.files_move_v2(f"{self.account._ledger_folder()}/{name}", "/elsewhere")
        self.account.with_user(self.manager).action_retry_failed()
        self.run_cron(1, HOUR, anchor._job_leader())
        self.assertEqual(anchor.state, "done")

    def test_a_stop_is_told_once_with_the_remedy(self):
        self.admin.email = "admin@example.com"
        self.document("FAC/1")
        self.dropbox.tokens.clear()
        self.dropbox.refreshes.clear()
        self.run_cron(2)
        mail = self.mails()
        self.assertEqual(len(mail), 1)
        self.assertIn("Connect again in Settings", mail.body_html)
        # The manager may not do that.
        self.assertIn("manager@example.com", mail.email_to)
        self.assertIn("admin@example.com", mail.email_to)

    def test_administrators_have_what_only_they_can_put_right_to_do(self):
        activities = self.server["mail.activity"]

        def told():
            return activities._progbox_open_alerts(self.company, ACTIVITY).user_id

        self.document("FAC/1")
        self.dropbox.tokens.clear()
        self.dropbox.refreshes.clear()
        self.run_cron(2)
        self.assertIn(self.admin, told())
        self.assertIn(self.company._progbox_archive_manager(), told())
        self.assertNotIn(self.billing, told())
        number = len(activities._progbox_open_alerts(self.company, ACTIVITY))
        self.assertEqual(number, len(told()))
        # It is done by itself when the connection is there again.
        access, refresh = self.dropbox.grant()
        self.account.write({"access_token": access, "refresh_token": refresh})
        self.account._resume()
        self.assertFalse(told())
        # A full Dropbox is for the manager.
        self.dropbox.account.store.allocated = 1
        self.run_cron(later=timedelta(minutes=5))
        self.assertEqual(self.account.state, "full")
        self.assertEqual(told(), self.company._progbox_archive_manager())

    def test_nothing_is_told_when_that_is_set(self):
        self.account.notify = "none"
        self.failed_document()
        self.dropbox.tokens.clear()
        self.dropbox.refreshes.clear()
        self.document("FAC/2")
        self.run_cron(later=timedelta(minutes=1))
        self.env["progbox.dropbox.account"]._run_reports()
        self.assertFalse(self.mails())

    def test_a_summary_a_day(self):
        self.account.notify = "daily"
        self.several(2)
        self.failed_document("FAC/bad")
        self.assertFalse(self.mails())
        accounts = self.env["progbox.dropbox.account"]
        accounts._run_reports()
        mail = self.mails()
        for words in ("Copied: 2", "Waiting: 0", "Failed: 1", "Facture_FAC_bad.pdf"):
            self.assertIn(words, mail.body_html)
        accounts._run_reports()
        self.assertEqual(self.mails(), mail)
        with freeze_time(fields.Datetime.now() + 24 * HOUR):
            accounts._run_reports()
        self.assertEqual(len(self.mails()), 2)
        self.account.notify = "weekly"
        with freeze_time(fields.Datetime.now() + 72 * HOUR):
            accounts._run_reports()
        self.assertEqual(len(self.mails()), 2)
