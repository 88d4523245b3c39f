import re
from datetime import timedelta
from itertools import product
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import OPEN_STATES

from ..models import dropbox_sharing
from ..models.dropbox_fetch import is_whole
from ..tools import upload
from .dropbox_common import LOGGER
from .dropbox_server.faults import ANSWERS
from .dropbox_server.sharing import SharingApi
from .dropbox_server.table import ROUTES
from .work_common import WorkCommon

# After the work was done: the answer of a call that goes well is lost, or cut off.
LOST = ("drop_after", "truncate")
# What goes by: an answer is lost or odd, Dropbox is busy or out of order, a token has
# run out.
PASSING = (
    "drop_before",
    "429_json",
    "429_header",
    "429_text",
    "429_bare",
    "429_date",
    "401_expired",
    "401_html",
    "409_busy",
    "409_html",
    "409_other",
    "409_unknown",
    "500_html",
    "502_html",
    "503_empty",
    "200_charset",
    "200_html",
    "200_not_json",
    *LOST,
)
# What stops the account, until a person has mended it or there is room again.
STOPPING = ("401_revoked", "401_suspended", "401_scope", "400_scope", "403_plan")
# There it is what a success looks like to the SDK, which expects nothing of it.
NO_FAULT = {("sharing/add_folder_member", "200_charset")}
# Of what the token's own address answers there is no 401 and no 409.
OF_TOKENS = tuple(kind for kind in PASSING if kind[:3] not in ("401", "409"))
# What is done, and the routes that it takes.
WORK = {
    "token": ["oauth2/token"],
    "copy": [
        "files/upload_session/start_batch",
        "files/upload_session/append_batch",
        "files/upload_session/finish_batch_v2",
    ],
    "copy large": ["files/upload_session/start", "files/upload_session/append_v2"],
    "full": ["users/get_space_usage"],
    "move": ["files/move_batch_v2", "files/move_batch/check_v2"],
    "delete": ["files/delete_batch", "files/delete_batch/check"],
    "ledger": ["files/upload"],
    "check": [
        "files/list_folder",
        "files/list_folder/continue",
        "files/get_metadata",
    ],
    "restore": ["files/get_metadata", "files/download", "files/list_revisions"],
    "test": ["users/get_current_account", "users/get_space_usage"],
    "disconnect": ["auth/token/revoke"],
    "put back": ["files/move_v2"],
    "put back files": ["files/move_batch_v2", "files/move_batch/check_v2"],
    "versions": ["files/list_revisions", "files/get_metadata", "files/restore"],
    "invite": [
        "files/get_metadata",
        "sharing/share_folder",
        "sharing/check_share_job_status",
        "sharing/add_folder_member",
        "sharing/list_folder_members",
        "sharing/list_folder_members/continue",
    ],
    "revoke": [
        "sharing/remove_folder_member",
        "sharing/check_remove_member_job_status",
    ],
}
STOPPED = ("full", "reconnect", "configuration")
GUEST = "claire@example.com"


@tagged("post_install", "-at_install")
class TestFaultRoutes(WorkCommon):
    """Whatever goes wrong on whichever route: kept, told, and done in the end, once."""

    def setUp(self):
        super().setUp()
        self.faults, self.stops = [], False

    # ------------------------------------------------------------------
    # One fault after the other
    # ------------------------------------------------------------------

    def on_each_route(self, name, case, faults=(PASSING, STOPPING)):
        """Do a piece of work to its end, whatever goes wrong at each of its routes.

        As often as the work asks a route again, the next fault is there; for those that
        are left, the work is done once more. What was there before is there again each
        time, in Odoo and in Dropbox.

        :param str name: of the work
        :param case: function that does it to its end, and looks what has come of it
        """
        before = self.dropbox_now()
        for route, kinds in product(WORK[name], faults):
            self.stops = kinds is STOPPING
            kinds = tuple(kind for kind in kinds if (route, kind) not in NO_FAULT)
            while kinds:
                with (
                    self.subTest(route=route, kinds=kinds),
                    self.env.cr.savepoint() as savepoint,
                    mute_logger(LOGGER),
                ):
                    self.put_dropbox_back(before)
                    self.faults = self.added(route, kinds)
                    case()
                    savepoint.rollback()
                left = tuple(f.kind for f in self.faults if not f.hit)
                self.assertLess(len(left), len(kinds), f"{route} was not asked")
                kinds = left

    def added(self, route, kinds):
        """Add faults that come one after the other."""
        answers = sum(kind in ANSWERS for kind in kinds)
        return [
            self.dropbox.faults.add(route, kind, skip=answers * (kind in LOST))
            for kind in kinds
        ]

    def hits(self, start=""):
        """Return how many faults have come whose names begin in a way."""
        return sum(f.hit for f in self.faults if f.kind.startswith(start))

    def work(self, jobs):
        """Let a worker do its work, as often as it takes.

        :param jobs: the model of the queue
        """
        states = {self.account.state, "connected", *(STOPPED if self.stops else ())}
        for _run in range(len(self.faults) + 6):
            throttled, begun = self.hits("429_json"), fields.Datetime.now()
            self.run_cron(cron=jobs._job_leader())
            self.assertIn(self.account.state, states)
            self.assertTrue(jobs._job_leader().active)
            if self.hits("429_json") > throttled:
                wait = timedelta(seconds=15)
                latest = fields.Datetime.now() + wait
                self.assertTrue(begun + wait <= self.account.paused_until <= latest)
            if not (open_jobs := self.open_jobs(jobs)):
                break
            self.assertTrue(all(open_jobs.mapped("error")))
            # What it waits for is over, or mended.
            if self.account.state in STOPPED:
                self.account._resume()
            self.account.paused_until = False
            again = {"next_try": fields.Datetime.now(), "attempts": 0}
            open_jobs._job_write(again)
        self.assertFalse(self.open_jobs(jobs), open_jobs.mapped("error"))
        self.assertEqual(self.account.state, "connected")
        self.assertFalse(self.account.problem)

    def open_jobs(self, jobs):
        return jobs.search([("state", "in", OPEN_STATES)])

    def insist(self, function):
        """Ask as a person does: what goes wrong is said, and asked again."""
        for _fault in self.faults:
            try:
                with self.env.cr.savepoint():
                    return function()
            except UserError as error:
                self.assertTrue(str(error))
        return function()

    def test_each_route_that_is_called_is_here(self):
        source = "".join(
            path.read_text()
            for folder in ("models", "tools", "wizards", "controllers", "cli")
            for path in (Path(__file__).parents[1] / folder).glob("*.py")
        )
        names = set(re.findall(r"\w+", source))
        called = {route for route in ROUTES if route.replace("/", "_") in names}
        self.assertGreater(len(called), 20)
        self.assertFalse(
            called - {route for routes in WORK.values() for route in routes}
        )

    # ------------------------------------------------------------------
    # In the background
    # ------------------------------------------------------------------

    def test_copying(self):
        documents = self.several(2)

        def case():
            self.work(self.transfers)
            self.assert_copied(documents)

        self.on_each_route("copy", case)
        self.account.token_expires = fields.Datetime.now()
        self.on_each_route("token", case, [OF_TOKENS])

    def test_copying_large_files(self):
        self.startPatcher(patch.object(upload, "LARGE", 10))
        self.startPatcher(patch.object(upload, "PIECE", 16))
        # One after the other: which of two faults comes first is left to no chance.
        self.startPatcher(patch.object(upload, "SIDE_BY_SIDE", 1))
        documents = self.document("FAC/1", b"0123456789" * 5)
        documents |= self.document("FAC/2", b"abcdefghij" * 5)

        def case():
            self.work(self.transfers)
            self.assert_copied(documents)

        self.on_each_route("copy large", case)

    def test_looking_whether_there_is_room_again(self):
        documents = self.several(2)

        def case():
            self.account.state = "full"
            self.work(self.transfers)
            self.assert_copied(documents)

        self.on_each_route("full", case)

    def test_moving(self):
        documents, rule = self.to_be_moved()

        def case():
            self.dropbox.faults.add("files/move_batch_v2", "async", times=99)
            rule.action_move()
            self.work(self.transfers)
            self.assert_copied(documents)
            self.assertTrue(all("/Ventes/" in path for path in self.files))

        self.on_each_route("move", case)

    def test_deleting(self):
        kept, gone = self.to_be_deleted("a.pdf", "b.pdf")
        path, there = self.copy_of(gone).copied_path, set(self.files)
        self.assertEqual(len(there), 2)

        def case():
            self.dropbox.faults.add("files/delete_batch", "async", times=99)
            gone.unlink()
            self.work(self.transfers)
            self.assertEqual(set(self.files), there - {path})
            self.assertEqual(self.copy_of(kept).state, "done")

        self.on_each_route("delete", case)

    def test_sending_the_ledger(self):
        self.document()

        def case():
            self.anchors._queue_account(self.account)
            self.work(self.anchors)
            anchor = self.anchors.search([("account_id", "=", self.account.id)])
            self.assertEqual(anchor.state, "done")
            names = {path.rpartition("/")[2] for path in self.files}
            self.assertEqual(names, {*anchor.sent, "check_copy.py"})

        self.on_each_route("ledger", case)

    def test_checking(self):
        path = self.to_be_missed()

        def case():
            check = self.checks._enqueue_check(self.account)
            self.work(self.checks)
            self.assertEqual((check.result, check.position), ("findings", 3))
            self.assertEqual(check.finding_ids.mapped("path"), [path])
            self.assertEqual(check.finding_ids.kind, "missing")

        self.on_each_route("check", case)

    def test_restoring(self):
        documents, places = self.to_be_fetched()

        def case():
            for place in places:
                place.unlink(missing_ok=True)
            for _time in range(len(documents) + len(self.faults)):
                refused = self.hits("409")
                restore = self.restores._enqueue_restore(self.account)
                self.work(self.restores)
                self.assertEqual(restore.state, "done")
                if not restore.problems:
                    break
                # A file that is refused is named, and stops none of the others.
                refused = self.hits("409") - refused
                self.assertTrue(1 <= restore.problem_count <= refused)
            self.assertFalse(restore.problems)
            self.assertTrue(all(is_whole(document) for document in documents))

        self.on_each_route("restore", case)

    # ------------------------------------------------------------------
    # While a person waits
    # ------------------------------------------------------------------

    def test_testing_the_connection(self):
        account = self.account.with_user(self.admin)

        def case():
            for _time in range(len(self.faults) + 1):
                account.action_test()
            self.assertEqual((account.state, account.problem), ("connected", False))

        self.on_each_route("test", case)

    def test_disconnecting(self):
        def case():
            self.account.with_user(self.admin).action_disconnect()
            self.assertEqual(self.account.state, "disconnected")
            self.assertFalse(self.account.refresh_token)

        self.on_each_route("disconnect", case)

    def test_putting_a_folder_back(self):
        documents, finding = self.moved_by_a_person()

        def case():
            self.insist(finding.action_put_back)
            self.assert_copied(documents)
            self.assertEqual(finding.state, "repaired")

        self.on_each_route("put back", case)

    def test_putting_files_back(self):
        documents, finding = self.moved_by_a_person()
        self.store.make_folder("/ProGBox/Factures/2026/11")

        def case():
            self.dropbox.faults.add("files/move_batch_v2", "async", times=99)
            self.insist(finding.action_put_back)
            self.assert_copied(documents)
            self.assertEqual(finding.state, "repaired")

        self.on_each_route("put back files", case)

    def test_restoring_a_version(self):
        document = self.document()
        self.run_cron()
        path = self.copy_of(document).copied_path
        self.person_writes(path)
        mine = document.with_user(self.manager)

        def case():
            action = self.insist(mine.action_dropbox_versions)
            versions = self.env[action["res_model"]].with_user(self.manager)
            archived = versions.browse(action["res_id"]).version_ids.filtered(
                "is_archived"
            )
            self.insist(archived.action_restore)
            self.assert_copied(document)
            self.assertEqual(len(self.store.find(path).revisions), 3)

        self.on_each_route("versions", case)

    def shared_wizard(self):
        folder = self.folder.with_user(self.manager)
        action = self.insist(folder.action_share_in_dropbox)
        wizards = self.env[action["res_model"]].with_user(self.manager)
        return wizards.browse(action["res_id"])

    def shared(self):
        self.account.scopes = " ".join(dropbox_sharing.SHARING_SCOPES)
        self.folder = self.several(2).folder_id
        self.run_cron()

    def test_inviting(self):
        self.shared()
        page = SharingApi.page_of_members
        one_each = patch.object(
            SharingApi,
            "page_of_members",
            lambda api, share, _limit, begin: page(api, share, 1, begin),
        )
        self.startPatcher(one_each)

        def case():
            self.dropbox.faults.add("sharing/share_folder", "async")
            wizard = self.shared_wizard()

            def invite():
                wizard.email = GUEST
                wizard.action_invite()

            self.insist(invite)
            [share] = self.dropbox.account.shares
            self.assertEqual(share.invited, {GUEST: "viewer"})
            self.assertIn(GUEST, self.shared_wizard().member_ids.mapped("email"))

        self.on_each_route("invite", case)

    def test_taking_access_away(self):
        self.shared()
        wizard = self.shared_wizard()
        wizard.email = GUEST
        wizard.action_invite()

        def case():
            member = wizard.member_ids.filtered(lambda m: m.email == GUEST)
            self.insist(member.action_revoke)
            [share] = self.dropbox.account.shares
            self.assertFalse(share.invited)
            self.assertNotIn(GUEST, wizard.member_ids.mapped("email"))

        self.on_each_route("revoke", case)
