from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import MAX_ATTEMPTS

from ..models import dropbox_sharing
from ..models.dropbox_fetch import is_whole
from ..models.progbox_dropbox_account import ACTIVITY
from .dropbox_common import LOGGER
from .dropbox_server.faults import COMMITS, LOOKUPS, MEMBERS
from .work_common import WorkCommon

UNKNOWN = "no reason that is known"
PLACE = "does not let this be changed"
# What becomes of the work that one file is refused to: "full" stops the account,
# "busy" is tried again soon, "unknown" ever more rarely and not for ever, "never" is
# listed until a person has done something; and words of its reason.
WRITES = {
    "insufficient_space": ("full", "Dropbox is full"),
    "too_many_write_operations": ("busy", "Something else writes"),
    "something_new": ("unknown", UNKNOWN),
    "disallowed_name": ("never", "does not take this file name"),
    "malformed_path": ("never", "does not take this path"),
    "no_write_permission": ("never", "may not write into this folder"),
    "operation_suppressed": ("never", PLACE),
    "team_folder": ("never", PLACE),
}
# To delete takes neither room nor a new name.
NOT_OF_DELETING = {"insufficient_space", "disallowed_name", "malformed_path"}
DELETES = {kind: WRITES[kind] for kind in WRITES if kind not in NOT_OF_DELETING}
STATES = {"full": "waiting", "busy": "waiting", "unknown": "pending", "never": "failed"}
# A file that is not there is no refusal to most of the work.
OTHER_LOOKUPS = {kind: ("unknown", UNKNOWN) for kind in sorted(LOOKUPS - {"not_found"})}
GONE = "does not have this folder any more"
INVITATIONS = {
    "cant_share_outside_team": "people outside of it",
    "email_unverified": "is not verified",
    "insufficient_plan": "paid plan",
    "no_permission": "may not do that",
    "rate_limit": "tomorrow",
    "team_folder": "folder of the Dropbox team",
    "too_many_members": "no more people",
}
# Of these, what the other routes of sharing know.
SHARINGS = ("email_unverified", "no_permission")
REMOVALS = ("no_permission", "team_folder")
GUEST = "claire@example.com"
BAD = "00001.pdf"


@tagged("post_install", "-at_install")
class TestRefusals(WorkCommon):
    """What Dropbox refuses to one file or person, on each route that it may come from.

    The others go on. What was refused is listed with its reason, and done once when
    the reason is gone.
    """

    def test_each_refusal_is_here(self):
        self.assertEqual(WRITES.keys(), COMMITS)
        self.assertEqual(INVITATIONS.keys(), MEMBERS)

    def on_each(self, route, refusals, case, **how):
        """Do a piece of work once for each refusal, from the same beginning."""
        before = self.dropbox_now()
        for kind, outcome in refusals.items():
            with (
                self.subTest(route=route, kind=kind),
                self.env.cr.savepoint() as savepoint,
                mute_logger(LOGGER),
            ):
                self.put_dropbox_back(before)
                self.refusal = self.dropbox.faults.add(route, kind, **how)
                case(*([outcome] if isinstance(outcome, str) else outcome))
                self.assertFalse(self.refusal.times, "it was not refused")
                savepoint.rollback()
        self.put_dropbox_back(before)

    # ------------------------------------------------------------------
    # In the background
    # ------------------------------------------------------------------

    def work(self, jobs):
        self.run_cron(cron=jobs._job_leader())

    def refused(self, jobs, outcome, words):
        """Let a worker be refused something, and do it when the reason is gone.

        :param jobs: the model of the queue
        :return: the job that was refused
        """
        self.work(jobs)
        job = jobs.search([("state", "in", ("pending", "waiting", "failed"))])
        self.assertEqual(len(job), 1)
        self.assertEqual(job.state, STATES[outcome])
        self.assertIn(words, job.error)
        is_full = outcome == "full"
        self.assertEqual(self.account.state, "full" if is_full else "connected")
        alerts = self.server["mail.activity"]._progbox_open_alerts(
            self.company, ACTIVITY
        )
        self.assertEqual(bool(alerts), is_full)
        if outcome == "unknown":
            self.refusal.times = 1
            self.again(job, attempts=MAX_ATTEMPTS - 1)
            self.work(jobs)
            self.assertEqual(job.state, "failed")
        if job.state == "failed":
            # No more by itself.
            calls = self.dropbox.calls
            self.run_cron(later=timedelta(hours=2), cron=jobs._job_leader())
            self.assertEqual((job.state, self.dropbox.calls), ("failed", calls))
            # A check is its own; copies and closings are the account's.
            if jobs == self.checks:
                job.with_user(self.manager).action_retry()
            else:
                self.account.with_user(self.manager).action_retry_failed()
        else:
            self.account._resume()
            self.again(job)
        self.work(jobs)
        self.assertIn(job.state, ("done", "cancelled"), job.error)
        self.assertEqual(self.account.state, "connected")
        self.assertFalse(self.account.problem)
        return job

    def again(self, job, **values):
        job._job_write({"next_try": fields.Datetime.now(), **values})

    def test_copying(self):
        documents = self.several(2)

        def case(*outcome):
            job = self.refused(self.transfers, *outcome)
            self.assertEqual(job, self.copy_of(documents[1]))
            self.assert_copied(documents)

        route = "files/upload_session/finish_batch_v2"
        self.on_each(route, WRITES, case, name=BAD)

    def moving(self):
        documents, rule = self.to_be_moved()

        def case(*outcome):
            rule.action_move()
            job = self.refused(self.transfers, *outcome)
            self.assertEqual(job, self.copy_of(documents[1]))
            self.assert_copied(documents)
            self.assertTrue(all("/Ventes/" in path for path in self.files))

        return case

    def test_moving(self):
        self.on_each("files/move_batch_v2", WRITES, self.moving(), name=BAD)

    def test_looking_where_it_is_that_was_not_moved(self):
        move = self.moving()

        def case(*outcome):
            # What is not known to be there is not moved for good, whatever the reason.
            self.fault("move_batch_v2", "disallowed_name", name=BAD, times=2)
            move(*outcome)

        self.on_each("files/get_metadata", OTHER_LOOKUPS, case)

    def test_deleting(self):
        document = self.to_be_deleted("a.pdf")
        transfer = self.copy_of(document)

        def case(*outcome):
            document.unlink()
            self.assertEqual(self.refused(self.transfers, *outcome), transfer)
            self.assertEqual(transfer.state, "cancelled")
            self.assertFalse(self.files)

        self.on_each("files/delete_batch", DELETES, case)

    def test_sending_the_ledger(self):
        self.document()

        def case(*outcome):
            self.anchors._queue_account(self.account)
            anchor = self.refused(self.anchors, *outcome)
            there = {p.rpartition("/")[2]: digest for p, digest in self.files.items()}
            self.assertTrue(there.pop("check_copy.py"))
            self.assertEqual(there, anchor.sent)

        # One file of it is there by then.
        self.on_each("files/upload", WRITES, case, skip=1)

    def test_checking(self):
        path = self.to_be_missed()

        def found(check):
            self.assertEqual((check.state, check.result), ("done", "findings"))
            self.assertEqual(check.finding_ids.mapped("path"), [path])

        def refused(*outcome):
            self.checks._enqueue_check(self.account)
            found(self.refused(self.checks, *outcome))

        def not_found():
            check = self.checks._enqueue_check(self.account)
            self.work(self.checks)
            found(check)

        for route in ("files/list_folder", "files/get_metadata"):
            self.on_each(route, OTHER_LOOKUPS, refused)
            # Whether a file is there is asked of the file itself.
            self.on_each(route, {"not_found": ()}, not_found)

    def test_restoring(self):
        documents, places = self.to_be_fetched()
        path = self.copy_of(documents[0]).copied_path

        def restore():
            done = self.restores._enqueue_restore(self.account)
            self.work(self.restores)
            self.assertEqual(done.state, "done")
            return done

        def case(words):
            for place in places:
                place.unlink(missing_ok=True)
            done = restore()
            self.assertEqual(done.problem_count, bool(words))
            if words:
                # It is named, and stops none of the others.
                self.assertIn(words, done.problems)
                self.assertIn(path, done.problems)
                self.assertFalse(is_whole(documents[0]))
                self.assertFalse(restore().problems)
            self.assertTrue(all(is_whole(document) for document in documents))

        # There is another way to it.
        for route in ("files/get_metadata", "files/list_revisions"):
            self.on_each(route, dict.fromkeys(sorted(LOOKUPS), ""), case)
        # To Dropbox this one is no answer there.
        named = {kind: kind for kind in sorted(LOOKUPS - {"unsupported_file"})}
        self.on_each("files/download", named, case)
        words = {
            "not_found": "nor an earlier version",
            "restricted_content": "restricted_content",
            "unsupported_file": "does not give",
        }
        self.assertEqual(words.keys(), LOOKUPS)
        self.on_each("files/list_revisions", words, case, times=2)

    # ------------------------------------------------------------------
    # While a person waits
    # ------------------------------------------------------------------

    def said(self, words, function):
        """Ask as a person does, who is told why not, and asks again."""
        with self.assertRaisesRegex(UserError, words):
            function()
        self.assertEqual(self.account.state, "connected")
        return function()

    def putting_back(self):
        documents, finding = self.moved_by_a_person()

        def case(_outcome, words):
            with self.assertRaisesRegex(UserError, words):
                finding.action_put_back()
            self.assertEqual(finding.state, "open")
            self.assertEqual(len(self.files), 2)
            finding.action_put_back()
            self.assert_copied(documents)
            self.assertEqual(finding.state, "repaired")

        return case

    def test_putting_a_folder_back(self):
        self.on_each("files/move_v2", WRITES, self.putting_back())

    def test_putting_files_back(self):
        case = self.putting_back()
        self.store.make_folder("/ProGBox/Factures/2026/11")
        self.on_each("files/move_batch_v2", WRITES, case, name=BAD)

    def test_putting_a_file_back_that_was_deleted(self):
        self.putting_back()
        self.store.make_folder("/ProGBox/Factures/2026/11")
        gone = next(path for path in self.files if path.endswith(BAD))
        self.store.delete(gone)
        findings = self.server["progbox.dropbox.finding"].search([])
        with self.assertRaisesRegex(UserError, f"{BAD}: It was deleted in Dropbox"):
            findings.with_user(self.manager).action_put_back()

    def versions(self, document):
        action = document.with_user(self.manager).action_dropbox_versions()
        versions = self.env[action["res_model"]].with_user(self.manager)
        return versions.browse(action["res_id"])

    def test_versions(self):
        document = self.document()
        self.run_cron()
        path = self.copy_of(document).copied_path
        self.person_writes(path)
        lookups = {"not_found": GONE}
        lookups |= {kind: words for kind, (_o, words) in OTHER_LOOKUPS.items()}

        def listing(words):
            versions = self.said(words, lambda: self.versions(document))
            self.assertEqual(len(versions.version_ids), 2)

        self.on_each("files/list_revisions", lookups, listing)
        version = self.versions(document).version_ids.filtered("is_archived")
        self.assertEqual(len(version), 1)

        def restoring(*outcome):
            before = self.files
            with self.assertRaisesRegex(UserError, outcome[-1]):
                version.action_restore()
            self.assertEqual(self.files, before)
            version.action_restore()
            self.assert_copied(document)
            self.assertEqual(len(self.store.find(path).revisions), 3)

        self.on_each("files/get_metadata", lookups, restoring)
        self.on_each("files/restore", WRITES, restoring)

        def downloading(words):
            _name, _size, blocks = self.said(words, version._blocks)
            self.assertEqual(b"".join(blocks), self.content(document))

        lookups.pop("unsupported_file")
        self.on_each("files/download", lookups, downloading)

    def wizard(self):
        action = self.folder.with_user(self.manager).action_share_in_dropbox()
        wizards = self.env[action["res_model"]].with_user(self.manager)
        return wizards.browse(action["res_id"])

    def test_sharing(self):
        self.account.scopes = " ".join(dropbox_sharing.SHARING_SCOPES)
        self.folder = self.document().folder_id
        self.run_cron()

        def opening(words):
            self.assertTrue(self.said(words, self.wizard).place_ids)

        lookups = dict.fromkeys(sorted(LOOKUPS), UNKNOWN) | {"not_found": GONE}
        self.on_each("files/get_metadata", lookups, opening)
        wizard = self.wizard()

        def invited():
            return [dict(share.invited) for share in self.dropbox.account.shares]

        def inviting(words):
            wizard.email = GUEST
            with self.assertRaisesRegex(UserError, words):
                wizard.action_invite()
            self.assertFalse(any(invited()))
            wizard.action_invite()
            self.assertEqual(invited(), [{GUEST: "viewer"}])

        self.on_each("sharing/add_folder_member", INVITATIONS, inviting)
        known = {kind: INVITATIONS[kind] for kind in SHARINGS}
        self.on_each("sharing/share_folder", known, inviting)
        wizard.email = GUEST
        wizard.action_invite()
        member = wizard.member_ids.filtered(lambda m: m.email == GUEST)

        def revoking(words):
            with self.assertRaisesRegex(UserError, words):
                member.action_revoke()
            self.assertEqual(invited(), [{GUEST: "viewer"}])
            member.action_revoke()
            self.assertEqual(invited(), [{}])

        known = {kind: INVITATIONS[kind] for kind in REMOVALS}
        self.on_each("sharing/remove_folder_member", known, revoking)
