from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..models.progbox_dropbox_account import ACTIVITY
from .dropbox_common import LOGGER, DropboxCommon

ROUTES = ("start_batch", "append_batch", "finish_batch_v2")
# What goes by: an answer is lost or odd, Dropbox is busy or out of order.
PASSING = (
    "drop_before",
    "drop_after",
    "429_json",
    "429_header",
    "429_text",
    "429_bare",
    "429_date",
    "401_expired",
    "401_html",
    "500_html",
    "502_html",
    "503_empty",
    "200_html",
    "200_not_json",
    "200_charset",
    "409_html",
    "409_other",
    "409_unknown",
    "409_busy",
)
# What Dropbox never takes, whoever asks.
NEVER = (
    "disallowed_name",
    "malformed_path",
    "no_write_permission",
    "operation_suppressed",
    "team_folder",
)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestFaults(DropboxCommon):
    """Whatever goes wrong, each file ends there once, or with its reason."""

    def alerts(self):
        activities = self.server["mail.activity"]
        return activities._progbox_open_alerts(self.company, ACTIVITY)

    def assert_told_once(self):
        """Check that the manager has an activity, and each administrator one, too."""
        told = self.alerts().user_id
        self.assertEqual(len(self.alerts()), len(told))
        self.assertIn(self.company._progbox_archive_manager(), told)
        self.assertIn(self.admin, told)

    def test_what_goes_by_leaves_each_file_there_once(self):
        for route in ROUTES:
            for kind in PASSING:
                with self.subTest(route=route, kind=kind):
                    self.dropbox.account.store.reset()
                    self.transfers.search([]).unlink()
                    self.account._resume()
                    documents = self.several(3)
                    fault = self.fault(f"upload_session/{route}", kind)
                    self.run_cron()
                    self.assertEqual(fault.hit, 1)
                    self.run_cron(2, later=timedelta(minutes=20))
                    self.assert_copied(documents)
                    self.assertEqual(self.account.state, "connected")
                    self.assertFalse(self.account.problem)
        self.assertFalse(self.alerts())
        self.assertTrue(self.transfers._job_leader().active)

    def test_throttling_pauses_the_account_as_long_as_dropbox_says(self):
        documents = self.several(2)
        self.fault("upload_session/start_batch", "429_json")
        before = fields.Datetime.now()
        self.run_cron()
        pause = self.account.paused_until - before
        self.assertTrue(timedelta(seconds=15) <= pause < timedelta(seconds=30), pause)
        self.assertIn("asks to wait", documents[0].dropbox_text)
        # What is new waits, too.
        documents |= self.document("FAC/new")
        self.dropbox.calls = 0
        self.run_cron()
        self.assertEqual(self.dropbox.calls, 0)
        self.assertEqual(self.copy_of(documents[-1]).attempts, 0)
        self.run_cron(later=MINUTE)
        self.assert_copied(documents)

    def test_a_day_of_outage_costs_nothing_but_delay(self):
        documents = self.several(3)
        fault = self.fault("upload_session/start_batch", "drop_before", times=10**6)
        for hour in range(24):
            self.run_cron(later=hour * HOUR)
        self.assertGreater(fault.hit, 20)
        transfer = self.copy_of(documents[0])
        self.assertEqual(transfer.state, "waiting")
        self.assertFalse(self.alerts())
        # Longer than that, somebody has to look at it, and is told once.
        for hour in (25, 26):
            self.run_cron(later=hour * HOUR)
        alert = self.alerts()
        self.assertEqual(len(alert), 1)
        self.assertIn("cannot be reached", alert.note)
        fault.times = 0
        self.run_cron(later=27 * HOUR)
        self.assert_copied(documents)
        self.assertFalse(self.alerts())

    def test_full_until_there_is_room(self):
        documents = self.several(3)
        self.dropbox.account.store.allocated = 20
        self.run_cron()
        self.assertEqual(self.account.state, "full")
        self.assertEqual(len(self.files), 1)
        self.assertEqual(len(self.alerts()), 1)
        self.assertIn("full", self.alerts().note)
        # Looked at once an hour, with one call, without another word.
        self.dropbox.calls = 0
        self.run_cron(later=HOUR + MINUTE)
        self.assertEqual(list(self.dropbox.by_route).count("users/get_space_usage"), 1)
        self.assertEqual(self.account.state, "full")
        self.assertEqual(len(self.alerts()), 1)
        self.dropbox.account.store.allocated = 10**9
        self.run_cron(later=3 * HOUR)
        self.assert_copied(documents)
        self.assertFalse(self.alerts())

    def test_the_plan_allows_no_more_calls(self):
        documents = self.several(2)
        self.fault("upload_session/start_batch", "403_plan")
        self.run_cron()
        self.assertEqual(self.account.state, "full")
        self.assertIn("plan", self.account.problem)
        self.run_cron(later=2 * HOUR)
        self.assert_copied(documents)

    def test_revoked_until_somebody_connects_again(self):
        documents = self.several(2)
        self.dropbox.revoke(self.dropbox.tokens[self.account.access_token])
        self.run_cron()
        self.assertEqual(self.account.state, "reconnect")
        self.assertIn("Connect again", self.account.problem)
        self.assert_told_once()
        self.dropbox.calls = 0
        self.run_cron(later=2 * HOUR)
        self.assertEqual(self.dropbox.calls, 0)
        # What is new is queued all the same.
        documents |= self.document("FAC/new")
        access, refresh = self.dropbox.grant()
        self.account.write({"access_token": access, "refresh_token": refresh})
        self.account._resume()
        self.run_cron()
        self.assert_copied(documents)
        self.assertFalse(self.alerts())

    def test_errors_of_the_app_stop_the_account_and_say_so(self):
        for kind in ("400_scope", "401_scope"):
            with self.subTest(kind):
                documents = self.several(1)
                self.fault("upload_session/start_batch", kind)
                self.run_cron()
                self.assertEqual(self.account.state, "configuration")
                self.assert_told_once()
                self.account.with_user(self.admin).action_test()
                self.assertEqual(self.account.state, "connected")
                self.assertFalse(self.alerts())
                self.run_cron()
                self.assert_copied(documents)
                self.dropbox.account.store.reset()

    def test_a_suspended_account(self):
        self.several(1)
        self.fault("upload_session/start_batch", "401_suspended")
        self.run_cron()
        self.assertEqual(self.account.state, "reconnect")
        self.assertIn("suspended", self.account.problem)

    def test_one_file_that_can_never_go_is_listed_and_stops_nobody(self):
        for kind in NEVER:
            with self.subTest(kind):
                self.dropbox.account.store.reset()
                good, bad = self.document("FAC/1"), self.document("FAC/2")
                self.fault("upload_session/finish_batch_v2", kind, name="FAC_2")
                with self.assertLogs(LOGGER, "WARNING"):
                    self.run_cron()
                self.assert_copied(good)
                self.assertEqual(self.copy_of(bad).state, "failed")
                self.assertTrue(self.copy_of(bad).error)
                self.assertEqual(bad.dropbox_state, "failed")
                self.transfers.search([]).unlink()

    def test_a_file_that_is_refused_without_a_known_reason_is_listed(self):
        good, bad = self.document("FAC/1"), self.document("FAC/2")
        route = "upload_session/finish_batch_v2"
        self.fault(route, "something_new", name="FAC_2", times=10**6)
        with self.assertLogs(LOGGER, "WARNING"):
            for hour in range(12):
                self.run_cron(later=7 * hour * HOUR)
        self.assert_copied(good)
        transfer = self.copy_of(bad)
        self.assertEqual(transfer.state, "failed")
        self.assertIn("no reason that is known", transfer.error)
        self.assertIn("WriteError", transfer.error_detail)

    def test_another_file_at_the_path_is_never_overwritten(self):
        document = self.document("FAC/1")
        path = self.path("FAC/1")
        client = self.account._client()
        client.files_upload(b"somebody else's", path)
        before = self.files[path]
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        self.assertEqual(self.files, {path: before})
        transfer = self.copy_of(document)
        self.assertEqual(transfer.state, "failed")
        self.assertIn("Another file lies at this path", transfer.error)
        client.files_move_v2(path, "/elsewhere.pdf")
        transfer.with_user(self.manager).action_retry()
        self.run_cron(later=MINUTE)
        self.assertEqual(len(self.files), 2)
        self.assertEqual(transfer.state, "done")

    def test_wrong_bytes_are_noticed_and_replaced(self):
        documents = self.several(3)
        self.fault("upload_session/finish_batch_v2", "corrupt", name="00001")
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        transfer = self.copy_of(documents[1])
        self.assertEqual(transfer.state, "pending")
        self.assertIn("not what was sent", transfer.error)
        self.run_cron(later=timedelta(minutes=5))
        self.assert_copied(documents)

    def test_somebody_else_writes_at_the_same_time(self):
        documents = self.several(3)
        self.fault(
            "upload_session/finish_batch_v2", "too_many_write_operations", times=2
        )
        self.run_cron()
        self.assertEqual(len(self.files), 1)
        # It is let alone for a while.
        self.dropbox.calls = 0
        self.run_cron()
        self.assertEqual(self.dropbox.calls, 0)
        self.run_cron(later=MINUTE)
        self.assert_copied(documents)
        self.assertFalse(self.account.problem)

    def test_sessions_that_are_lost_begin_anew(self):
        documents = self.several(2)
        self.fault("upload_session/append_batch", "drop_after")
        self.run_cron()
        self.dropbox.account.store.sessions.clear()
        self.run_cron(later=MINUTE)
        self.assert_copied(documents)

    def test_a_file_that_spoils_every_call_is_soon_alone(self):
        documents = self.several(5)
        bad = self.copy_of(documents[2])
        # A path that Dropbox refuses the whole call for.
        bad._job_write({"path": "no slash", "path_key": "no slash"})
        with self.assertLogs(LOGGER, "WARNING"):
            for hour in range(20):
                self.run_cron(later=7 * hour * HOUR)
        self.assertEqual(bad.state, "failed")
        self.assertTrue(bad.error)
        self.assert_copied(documents - documents[2])

    def test_a_neutralized_copy_never_writes(self):
        self.several(1)
        params = self.server["ir.config_parameter"]
        params.set_param("database.is_neutralized", "True")
        self.dropbox.calls = 0
        self.account._resume()
        transfer = self.transfers.search([], limit=1)
        transfer._choose_paths(self.account)
        transfer._job_process()
        self.assertEqual(self.dropbox.calls, 0)
        self.assertIn("copy", transfer.error)

    def test_a_copy_that_is_not_neutralized_does_not_write_either(self):
        document = self.document()
        params = self.server["ir.config_parameter"]
        self.account.database_uuid = params.get_param("database.uuid")
        params.set_param("database.uuid", "that of the copy")
        self.run_cron()
        self.assertFalse(self.files)
        self.assertIn("copy", self.copy_of(document).error)
