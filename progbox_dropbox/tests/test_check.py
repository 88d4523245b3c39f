from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError

from ..models import dropbox_comparison
from ..models.progbox_dropbox_check import ACTIVITY
from ..tools import changes
from .dropbox_common import LOGGER, DropboxCommon

LOOKS = ("files/get_metadata", "files/list_folder", "files/list_folder/continue")


class TestCheck(DropboxCommon):
    """All copies compared with what Dropbox holds."""

    def setUp(self):
        super().setUp()
        self.checks = self.server["progbox.dropbox.check"]

    def copied(self, number=3):
        documents = self.several(number)
        self.run_cron()
        self.assertEqual(len(self.files), number)
        self.dropbox.by_route.clear()
        return documents

    def check(self, times=1, later=timedelta(hours=1)):
        """Check the account, and return the check."""
        check = self.checks._enqueue_check(self.account)
        check._job_write({"next_try": fields.Datetime.now()})
        cron = self.env.ref("progbox_dropbox.ir_cron_check")
        self.run_cron(times, later, cron)
        return check

    def calls(self, route):
        return self.dropbox.by_route.get(route, 0)

    def findings(self, check):
        return {f.path: (f.kind, f.state) for f in check.finding_ids}

    # ------------------------------------------------------------------
    # What is compared
    # ------------------------------------------------------------------

    def test_what_is_all_there_takes_one_call(self):
        documents = self.copied()
        self.person_writes("/ProGBox/notes.txt", b"mine")
        check = self.check()
        self.assertEqual(
            (check.state, check.result, check.position, check.other_count),
            ("done", "intact", 3, 1),
        )
        self.assertEqual([self.calls(route) for route in LOOKS], [0, 1, 0])
        self.assertNotIn("files/download", self.dropbox.by_route)
        self.assertTrue(all(self.copy_of(d).checked_on for d in documents))

    def test_a_listing_of_several_pages(self):
        self.copied(5)
        with patch.object(dropbox_comparison, "PAGE", 2):
            check = self.check()
        self.assertEqual((check.result, check.position), ("intact", 5))

    def test_a_reset_begins_anew(self):
        self.copied(5)
        self.fault("list_folder/continue", "reset", skip=1)
        with patch.object(dropbox_comparison, "PAGE", 2):
            check = self.check()
        self.assertEqual((check.result, check.position), ("intact", 5))
        self.assertEqual(self.calls("files/list_folder"), 2)

    def test_an_interrupted_check_goes_on_at_its_page(self):
        self.copied(5)
        self.fault("list_folder/continue", "500_html", skip=1)
        with patch.object(dropbox_comparison, "PAGE", 2):
            check = self.check()
            self.assertEqual(check.state, "waiting")
            self.account._resume()
            check = self.check(later=timedelta(hours=2))
        self.assertEqual((check.result, check.position), ("intact", 5))

    def test_throttling_pauses_the_account(self):
        self.copied()
        self.fault("list_folder", "429_json")
        check = self.check()
        self.assertEqual(check.state, "waiting")
        self.assertTrue(self.account.paused_until)

    # ------------------------------------------------------------------
    # What is found
    # ------------------------------------------------------------------

    def test_a_deleted_copy_is_sent_again_when_somebody_says_so(self):
        first, *_others = documents = self.copied()
        path = self.copy_of(first).copied_path
        self.store.delete(path)
        check = self.check()
        self.assertEqual(self.findings(check), {path: ("missing", "open")})
        self.run_cron(later=timedelta(hours=2))
        self.assertNotIn(path, self.files)
        check.finding_ids.with_user(self.manager).action_repair()
        self.run_cron(later=timedelta(hours=3))
        self.assert_copied(documents)
        self.assertEqual(self.check(later=timedelta(hours=4)).result, "intact")

    def test_a_deleted_folder_is_one_finding_whatever_is_in_it(self):
        documents = self.copied(12)
        self.store.delete("/ProGBox")
        check = self.check()
        [finding] = check.finding_ids
        self.assertEqual(
            (finding.kind, finding.path, finding.document_count, check.position),
            ("missing", "/ProGBox", 12, 12),
        )
        self.assertLessEqual(sum(map(self.calls, LOOKS)), 5)
        finding.with_user(self.manager).action_repair()
        self.run_cron(later=timedelta(hours=2))
        self.assert_copied(documents)
        self.assertEqual(self.check(later=timedelta(hours=3)).result, "intact")

    def test_a_deleted_copy_of_a_folder_that_was_moved_as_well(self):
        [deleted, *_others] = self.copied(5)
        path = self.copy_of(deleted).copied_path
        self.store.delete(path)
        self.store.move(self.store.find("/ProGBox"), "/Archives")
        self.assertEqual(
            self.findings(self.check()),
            {path: ("missing", "open"), "/ProGBox": ("moved", "open")},
        )

    def test_of_a_folder_that_was_moved_in_part_each_copy_takes_two_calls(self):
        documents = self.copied(8)
        paths = [self.copy_of(document).copied_path for document in documents]
        self.store.move(self.store.find(paths[-1]), "/elsewhere.pdf")
        self.store.delete("/ProGBox")
        check = self.check()
        self.assertEqual(len(check.finding_ids), 8)
        # Once for the folder, and for where the newest two are.
        self.assertLessEqual(self.calls("files/get_metadata"), 2 * 8 + 3)

    def test_what_is_no_longer_chosen_is_repaired_all_the_same(self):
        first, *_others = documents = self.copied()
        self.account.type_ids = self.server["progbox.document.type"]._of_codes("plan")
        self.store.delete(self.copy_of(first).copied_path)
        self.check().action_repair_all()
        self.run_cron(later=timedelta(hours=2))
        self.assert_copied(documents)

    def test_a_changed_copy_is_replaced_and_its_change_stays_a_version(self):
        first, *_others = documents = self.copied()
        path = self.copy_of(first).copied_path
        entry = self.person_writes(path, b"forged")
        self.account.check_repair = "repair"
        check = self.check()
        self.assertEqual(self.findings(check), {path: ("different", "repaired")})
        self.run_cron(later=timedelta(hours=2))
        self.assert_copied(documents)
        self.assertEqual(len(entry.revisions), 3)

    def test_a_change_after_the_check_is_not_overwritten(self):
        [document] = self.copied(1)
        path = self.copy_of(document).copied_path
        self.person_writes(path, b"forged")
        check = self.check()
        later = self.person_writes(path, b"forged again")
        check.action_repair_all()
        self.run_cron(later=timedelta(hours=2))
        self.assertEqual(self.files[path], later.content_hash)
        self.assertEqual(self.copy_of(document).state, "failed")

    def test_another_file_in_the_place_of_a_copy(self):
        [document] = self.copied(1)
        path = self.copy_of(document).copied_path
        self.store.delete(path)
        self.person_writes(path, b"forged")
        check = self.check()
        self.assertEqual(self.findings(check), {path: ("different", "open")})
        check.action_repair_all()
        self.run_cron(later=timedelta(hours=2))
        self.assert_copied(document)

    def test_the_same_file_in_the_place_of_a_copy_is_taken_over(self):
        [document] = self.copied(1)
        path = self.copy_of(document).copied_path
        self.store.delete(path)
        entry = self.person_writes(path, self.content(document))
        check = self.check()
        self.assertEqual((check.result, check.other_count), ("intact", 0))
        self.assertEqual(self.copy_of(document).file_ref, entry.id)

    def test_a_moved_folder_is_one_finding_and_is_followed(self):
        documents = self.copied()
        folder = self.store.find("/ProGBox/Factures/2026")
        self.store.move(folder, "/ProGBox/Factures/Année 2026")
        check = self.check()
        finding = check.finding_ids
        self.assertEqual(
            (finding.kind, finding.path, finding.found, finding.document_count),
            ("moved", "/ProGBox/Factures/2026", "/ProGBox/Factures/Année 2026", 3),
        )
        finding.with_user(self.manager).action_repair()
        self.dropbox.by_route.clear()
        self.server["progbox.dropbox.transfer"]._queue(documents)
        self.run_cron(later=timedelta(hours=2))
        self.assert_copied(documents)
        self.assertFalse(self.dropbox.by_route)
        self.assertIn("Année", self.copy_of(documents[0]).path)
        self.assertEqual(self.check(later=timedelta(hours=3)).result, "intact")

    def test_a_base_folder_that_was_moved_is_found_by_one_file(self):
        documents = self.copied(5)
        self.store.move(self.store.find("/ProGBox"), "/Archives/Old")
        self.account.check_repair = "repair"
        check = self.check()
        [finding] = check.finding_ids
        self.assertEqual((finding.path, finding.found), ("/ProGBox", "/Archives/Old"))
        self.assertEqual(self.calls("files/get_metadata"), 1)
        self.assertEqual(check.position, 5)
        self.assert_copied(documents)
        self.assertEqual(self.check(later=timedelta(hours=3)).result, "intact")

    def test_what_was_moved_is_put_back(self):
        documents = self.copied()
        paths = set(self.files)
        self.store.move(self.store.find("/ProGBox/Factures"), "/ProGBox/Elsewhere")
        check = self.check()
        check.finding_ids.with_user(self.manager).action_put_back()
        self.assertEqual(set(self.files), paths)
        self.assert_copied(documents)
        self.assertEqual(self.check(later=timedelta(hours=3)).result, "intact")

    def test_files_go_back_into_a_folder_that_is_there_again(self):
        documents = self.copied()
        paths = set(self.files)
        self.store.move(self.store.find("/ProGBox/Factures"), "/ProGBox/Elsewhere")
        self.store.make_folder("/ProGBox/Factures/2026/11")
        check = self.check()
        self.fault("move_batch_v2", "async")
        with patch.object(changes, "FIRST_LOOK", 0):
            check.finding_ids.action_put_back()
        self.assertEqual(set(self.files), paths)
        self.assert_copied(documents)

    def test_two_that_have_changed_places_are_followed(self):
        documents = self.copied(2)
        first, second = self.copy_of(documents[0]), self.copy_of(documents[1])
        paths = first.copied_path, second.copied_path
        self.store.move(self.store.find(paths[0]), "/ProGBox/aside")
        self.store.move(self.store.find(paths[1]), paths[0])
        self.store.move(self.store.find("/ProGBox/aside"), paths[1])
        self.account.check_repair = "repair"
        self.check()
        self.assertEqual((second.copied_path, first.copied_path), paths)
        self.assert_copied(documents)
        self.assertEqual(self.check(later=timedelta(hours=3)).result, "intact")

    def test_copies_from_before_the_base_folder_was_changed(self):
        self.copied()
        self.account.base_folder = "Other"
        check = self.check()
        self.assertEqual((check.result, check.position), ("intact", 3))
        self.assertFalse(self.calls("files/get_metadata"))

    def test_what_was_sent_meanwhile_is_not_missing(self):
        [document] = self.copied(1)
        self.store.delete(self.copy_of(document).copied_path)
        self.copy_of(document)._job_write(
            {"done_on": fields.Datetime.now() + timedelta(days=1)}
        )
        self.assertEqual(self.check().result, "intact")

    # ------------------------------------------------------------------
    # The ledger beside the copies
    # ------------------------------------------------------------------

    def closed(self):
        """Return the files of the ledger in Dropbox, after a closing."""
        self.copied()
        month = fields.Date.to_date("2026-11-01")
        self.server["progbox.closing"]._close(self.company, month)
        self.send_ledger()
        return sorted(path for path in self.files if "/Ledger/" in path)

    def send_ledger(self, later=timedelta()):
        self.run_cron(1, later, self.env.ref("progbox_dropbox.ir_cron_anchor"))

    def test_a_ledger_that_was_touched_is_put_right(self):
        paths = self.closed()
        before = self.files
        check = self.check()
        self.assertEqual((check.result, check.other_count), ("intact", 0))
        [closing] = [path for path in paths if "/closing_" in path]
        [lines] = [path for path in paths if "/ledger_" in path]
        self.store.delete(closing)
        self.person_writes(lines, b"forged")
        check = self.check(later=timedelta(hours=2))
        self.assertEqual(
            self.findings(check),
            {closing: ("missing", "open"), lines: ("different", "open")},
        )
        check.finding_ids.with_user(self.manager).action_repair()
        self.send_ledger(timedelta(hours=3))
        self.assertEqual(self.files, before)
        self.assertEqual(self.check(later=timedelta(hours=4)).result, "intact")

    def anchors(self):
        mine = [("account_id", "=", self.account.id)]
        return self.server["progbox.dropbox.anchor"].search(mine)

    def test_a_ledger_from_before_its_hashes_were_kept_is_sent_again(self):
        paths = self.closed()
        before = self.files
        self.anchors()._job_write({"sent": False})
        [closing] = [path for path in paths if "/closing_" in path]
        self.store.delete(closing)
        # A name of the company is no other closing.
        self.company.name = "Another name"
        self.assertEqual(self.check().result, "intact")
        self.send_ledger(timedelta(hours=2))
        self.assertEqual(set(self.files), set(before))
        self.anchors()._job_write({"sent": False})
        self.company.name = "Yet another name"
        self.assertEqual(self.check(later=timedelta(hours=3)).result, "intact")
        self.send_ledger(timedelta(hours=4))
        self.assertEqual(set(self.anchors().mapped("state")), {"done"})
        # What was forged is not believed because it is there.
        self.anchors()._job_write({"sent": False})
        [lines] = [path for path in paths if "/ledger_" in path]
        self.person_writes(lines, b"forged")
        self.assertEqual(self.check(later=timedelta(hours=5)).result, "intact")
        with self.assertLogs(LOGGER, "WARNING"):
            self.send_ledger(timedelta(hours=6))
        failed = self.anchors().filtered(lambda anchor: anchor.state == "failed")
        self.assertIn("Another file lies at this path", failed.error)

    def test_a_ledger_that_has_changed_once_more_is_found_again(self):
        paths = self.closed()
        before = self.files
        [lines] = [path for path in paths if "/ledger_" in path]
        self.person_writes(lines, b"forged")
        check = self.check()
        self.person_writes(lines, b"forged again")
        check.action_repair_all()
        with self.assertLogs(LOGGER, "WARNING"):
            self.send_ledger(timedelta(hours=2))
        self.assertNotEqual(self.files, before)
        check = self.check(later=timedelta(hours=3))
        self.assertEqual(self.findings(check), {lines: ("different", "open")})
        check.action_repair_all()
        self.send_ledger(timedelta(hours=4))
        self.assertEqual(self.files, before)
        self.assertEqual(set(self.anchors().mapped("state")), {"done"})

    def test_wrong_bytes_of_the_ledger_are_noticed_and_replaced(self):
        self.fault("upload", "corrupt", name="/ledger_")
        with self.assertLogs(LOGGER, "WARNING"):
            self.closed()
        [anchor] = self.anchors()
        self.assertEqual(anchor.state, "pending")
        self.assertIn("not what was sent", anchor.error)
        self.send_ledger(timedelta(hours=1))
        self.assertEqual(anchor.state, "done")
        self.assertEqual(self.check(later=timedelta(hours=2)).result, "intact")

    def test_a_ledger_that_is_gone_is_one_finding(self):
        paths = self.closed()
        self.store.move(self.store.find("/ProGBox"), "/Archives")
        self.account.check_repair = "repair"
        check = self.check()
        self.assertEqual(
            self.findings(check),
            {
                "/ProGBox": ("moved", "repaired"),
                "/ProGBox/Ledger": ("missing", "repaired"),
            },
        )
        # What is read as a whole is as a whole where the next part of it goes.
        self.send_ledger(timedelta(hours=2))
        self.assertFalse(set(paths) - set(self.files))

    # ------------------------------------------------------------------
    # What people decide
    # ------------------------------------------------------------------

    def test_what_is_left_as_it_is_is_not_asked_again(self):
        documents = self.copied()
        paths = [self.copy_of(document).copied_path for document in documents]
        self.store.delete(paths[0])
        self.check().finding_ids.with_user(self.manager).action_acknowledge()
        self.store.delete(paths[1])
        check = self.check(later=timedelta(hours=2))
        self.assertEqual(
            self.findings(check),
            {paths[0]: ("missing", "acknowledged"), paths[1]: ("missing", "open")},
        )

    def both_kinds(self):
        """Return copied documents of two folders."""
        invoices = self.several(3)
        notes = self.document("RFAC/1", kind="credit_note")
        notes |= self.document("RFAC/2", kind="credit_note")
        self.run_cron()
        self.dropbox.by_route.clear()
        return invoices, notes

    def folder_of(self, document):
        return "/".join(self.copy_of(document).copied_path.split("/")[:3])

    def test_what_is_left_of_a_folder_stays_left(self):
        invoices, notes = self.both_kinds()
        left, other = self.folder_of(invoices[0]), self.folder_of(notes[0])
        for document in invoices:
            self.store.delete(self.copy_of(document).copied_path)
        self.check().finding_ids.action_acknowledge()
        # Its folder is gone as well, and then all of them.
        self.store.delete(left)
        check = self.check(later=timedelta(hours=2))
        self.assertEqual(self.findings(check), {left: ("missing", "acknowledged")})
        self.store.delete("/ProGBox")
        self.account.check_repair = "repair"
        check = self.check(later=timedelta(hours=3))
        self.assertEqual(
            self.findings(check),
            {left: ("missing", "acknowledged"), other: ("missing", "repaired")},
        )
        self.run_cron(later=timedelta(hours=4))
        self.assert_copied(notes)

    def test_what_is_new_in_a_folder_that_was_left_is_looked_at(self):
        documents = self.copied()
        self.store.delete("/ProGBox")
        self.check().finding_ids.action_acknowledge()
        new = self.document("FAC/new")
        self.run_cron(later=timedelta(hours=2))
        check = self.check(later=timedelta(hours=3))
        self.assertEqual(check.finding_ids.document_id, documents)
        self.assertEqual(set(check.finding_ids.mapped("state")), {"acknowledged"})
        self.store.delete("/ProGBox")
        check = self.check(later=timedelta(hours=4))
        to_decide = check.finding_ids.filtered(lambda f: f.state == "open")
        self.assertEqual(to_decide.document_id, new)

    def test_a_folder_of_which_one_copy_was_left_takes_a_few_calls(self):
        left, *others = self.copied(8)
        self.store.delete(self.copy_of(left).copied_path)
        self.check().finding_ids.action_acknowledge()
        self.store.delete("/ProGBox")
        self.dropbox.by_route.clear()
        check = self.check(later=timedelta(hours=2))
        self.assertLessEqual(sum(map(self.calls, LOOKS)), 6)
        self.assertEqual((check.position, len(check.finding_ids)), (8, 8))
        to_decide = check.finding_ids.filtered(lambda f: f.state == "open")
        self.assertEqual(set(to_decide.document_id), set(others))
        check.action_repair_all()
        self.run_cron(later=timedelta(hours=3))
        self.assertEqual(len(self.files), 7)

    def test_what_was_there_again_after_its_folder_was_left_is_asked(self):
        paths = [self.copy_of(document).copied_path for document in self.copied()]
        contents = {path: self.store.find(path).blob.read_bytes() for path in paths}
        self.store.delete("/ProGBox")
        self.check().finding_ids.action_acknowledge()
        for path, content in contents.items():
            self.person_writes(path, content)
        check = self.check(later=timedelta(hours=2))
        self.assertEqual(check.result, "intact")
        self.store.delete(paths[0])
        check = self.check(later=timedelta(hours=3))
        self.assertEqual(self.findings(check), {paths[0]: ("missing", "open")})

    def test_an_open_finding_is_out_of_date_after_the_next_check(self):
        [document] = self.copied(1)
        self.store.delete(self.copy_of(document).copied_path)
        first = self.check()
        second = self.check(later=timedelta(hours=2))
        self.assertEqual(first.finding_ids.state, "outdated")
        self.assertEqual(second.finding_ids.state, "open")

    def alerts(self):
        return self.server["mail.activity"]._progbox_open_alerts(self.company, ACTIVITY)

    def test_the_manager_is_told_once_and_until_all_is_decided(self):
        self.company.progbox_archive_user_id = self.manager
        self.manager.email = "manager@example.com"
        [document] = self.copied(1)
        self.store.delete(self.copy_of(document).copied_path)
        self.check()
        alert = self.alerts()
        self.assertEqual(len(alert), 1)
        check = self.check(later=timedelta(hours=2))
        self.assertEqual(self.alerts(), alert)
        mails = self.env["mail.mail"].sudo()
        mine = [
            ("subject", "like", "copies to look at"),
            ("progbox_company_id", "=", self.company.id),
        ]
        self.assertEqual(mails.search_count(mine), 1)
        check.finding_ids.action_acknowledge()
        self.assertFalse(self.alerts())

    # ------------------------------------------------------------------
    # When
    # ------------------------------------------------------------------

    def test_a_check_is_due_every_week_unless_set_otherwise(self):
        self.checks._enqueue_due()
        [check] = self.checks.search([("account_id", "=", self.account.id)])
        check._job_finish("done")
        self.checks._enqueue_due()
        self.assertEqual(self.checks.search_count([]), 1)
        self.env.cr.execute(
            "UPDATE progbox_dropbox_check SET create_date = now() - interval '8 days'"
        )
        self.account.check_interval = "never"
        self.checks._enqueue_due()
        self.assertEqual(self.checks.search_count([]), 1)
        self.account.check_interval = "weekly"
        self.checks._enqueue_due()
        self.assertEqual(self.checks.search_count([]), 2)

    def test_what_is_long_over_is_forgotten(self):
        restores = self.server["progbox.dropbox.restore"]
        documents = self.copied(2)
        ended, kept = self.copy_of(documents[0]), self.copy_of(documents[1])
        for runs in (self.checks, restores):
            for _number in range(2):
                run = runs._job_new(self.account)
                run._job_finish("done")
                run.flush_recordset()
        ended._job_write(
            {"document_id": False, "state": "cancelled", "file_ref": False}
        )
        kept._job_write({"document_id": False})
        for days, left in ((300, 2), (400, 1)):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)):
                self.transfers._gc_ended()
                for runs in (self.checks, restores):
                    runs._gc_runs()
                    mine = runs.search([("account_id", "=", self.account.id)])
                    self.assertEqual(len(mine), left)
        self.assertFalse(ended.exists())
        # Where a copy is kept, no other one may go.
        self.assertTrue(kept.exists())
        self.env["progbox.dropbox.run.mixin"]._gc_runs()

    def test_a_person_starts_and_stops_a_check(self):
        self.copied()
        account = self.account.with_user(self.manager)
        check = self.checks.browse(account.action_check()["res_id"])
        self.assertEqual(account.action_check()["res_id"], check.id)
        self.assertEqual(check.user_id, self.manager)
        check.with_user(self.manager).action_stop()
        self.assertEqual((check.state, check.result), ("cancelled", "stopped"))
        cron = self.env.ref("progbox_dropbox.ir_cron_check")
        self.run_cron(1, timedelta(hours=1), cron)
        self.assertFalse(self.calls("files/list_folder"))

    def test_no_default_gets_into_a_check(self):
        self.server["ir.default"].set("progbox.dropbox.check", "position", 7)
        account = self.account.with_user(self.manager).with_context(
            default_state="done", default_checkpoint={"roots": []}
        )
        check = self.checks.browse(account.action_check()["res_id"])
        self.assertEqual((check.state, check.position), ("pending", 0))
        self.assertFalse(check.checkpoint)

    def test_the_settings_say_when_and_what(self):
        settings = self.env["res.config.settings"].with_user(self.admin)
        settings.create(
            {"dropbox_check_interval": "monthly", "dropbox_check_repair": "repair"}
        ).set_values()
        self.assertEqual(
            (self.account.check_interval, self.account.check_repair),
            ("monthly", "repair"),
        )

    # ------------------------------------------------------------------
    # Who
    # ------------------------------------------------------------------

    def test_nobody_else_sees_or_decides_anything(self):
        [document] = self.copied(1)
        self.store.delete(self.copy_of(document).copied_path)
        check = self.check()
        finding = check.finding_ids
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.user_of("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        portal = self.user_of("outsider", "base.group_portal")
        public = self.env.ref("base.public_user")
        for user in (self.plain, self.billing, stranger, portal, public):
            with self.subTest(user=user.id):
                for record in (check, finding):
                    with self.assertRaises(AccessError):
                        record.with_user(user).read(["state"])
                for name in ("action_repair", "action_put_back", "action_acknowledge"):
                    with self.assertRaises(AccessError):
                        getattr(finding.with_user(user), name)()
                for name in ("action_stop", "action_retry", "action_repair_all"):
                    with self.assertRaises(AccessError):
                        getattr(check.with_user(user), name)()
                with self.assertRaises(AccessError):
                    self.account.with_user(user).action_check()
        for record in (check, finding):
            for change in (
                lambda r: r.write({"state": "done"}),
                lambda r: r.unlink(),
                lambda r: r.copy(),
            ):
                with self.assertRaises(AccessError):
                    change(record.with_user(self.manager))
