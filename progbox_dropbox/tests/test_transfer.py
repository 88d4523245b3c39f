import threading
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..tools import upload
from .dropbox_common import LOGGER, DropboxCommon


@tagged("post_install", "-at_install")
class TestTransfer(DropboxCommon):
    """Each document is copied once, to a path of its own."""

    def test_a_document_is_queued_in_its_own_transaction_and_copied(self):
        document = self.document()
        transfer = self.copy_of(document)
        self.assertEqual(transfer.state, "pending")
        self.assertEqual(document.dropbox_state, "waiting")
        self.run_cron()
        self.assert_copied(document)
        self.assertEqual(transfer.copied_path, self.path("FAC/2026/00001"))
        self.assertTrue(transfer.rev and transfer.file_ref)
        self.assertEqual(document.dropbox_state, "copied")
        self.assertIn("Copied on", document.dropbox_text)

    def test_many_documents_take_three_calls(self):
        documents = self.several(20)
        self.dropbox.calls = 0
        self.run_cron()
        self.assertEqual(self.dropbox.calls, 3)
        self.assert_copied(documents)
        self.assertEqual(self.dropbox.max_concurrent_commits, 1)

    def test_a_second_run_and_a_synchronization_make_no_call(self):
        documents = self.several(3)
        self.run_cron()
        self.dropbox.calls = 0
        self.account.action_sync()
        self.sync()
        self.run_cron()
        self.assertEqual(self.dropbox.calls, 0)
        self.assert_copied(documents)

    def sync(self):
        cron = self.env.ref("progbox_dropbox.ir_cron_sync").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_documents_from_before_are_copied_on_request(self):
        self.account.state = "disconnected"
        documents = self.several(3)
        self.assertFalse(self.copy_of(documents[0]))
        self.account.state = "connected"
        self.assertEqual(self.account.missing_count, 3)
        self.run_cron()
        self.assertFalse(self.files)
        self.account.with_user(self.manager).action_sync()
        self.sync()
        self.run_cron()
        self.assert_copied(documents)
        self.assertEqual(self.account.missing_count, 0)
        self.assertFalse(self.account.sync_requested)

    def test_files_that_do_not_fit_into_one_call(self):
        documents = self.several(7)
        with patch.object(upload, "PIECE", 40):
            self.run_cron()
        self.assert_copied(documents)
        self.assertGreater(
            self.dropbox.by_route["files/upload_session/append_batch"], 2
        )
        self.assertEqual(
            self.dropbox.by_route["files/upload_session/finish_batch_v2"], 1
        )

    def test_more_files_than_one_call_takes(self):
        many = [
            upload.File(number, f"/{number}", 1, "", lambda: [b"a"])
            for number in range(501)
        ]
        upload.Upload(self.account._client()).send(many, float("inf"))
        self.assertTrue(all(file.arrived for file in many))
        sent = self.dropbox.by_route["files/upload_session/append_batch"]
        self.assertEqual(sent, 2)

    def test_an_empty_file(self):
        document = self.document(content=b"")
        self.run_cron()
        self.assertEqual(len(self.files), 1)
        self.assertEqual(self.copy_of(document).state, "done")

    # ------------------------------------------------------------------
    # Paths
    # ------------------------------------------------------------------

    def test_two_documents_never_have_one_path(self):
        one = self.document("FAC/1", b"one")
        other = self.document("fac/1", b"other")
        third = self.document("FAC_1", b"third")
        self.run_cron()
        self.assert_copied(one | other | third)
        paths = (self.copy_of(document).path for document in (one, other, third))
        self.assertEqual(
            list(paths),
            [
                "/ProGBox/Factures/2026/11/Facture_FAC_1.pdf",
                "/ProGBox/Factures/2026/11/Facture_fac_1 (2).pdf",
                "/ProGBox/Factures/2026/11/Facture_FAC_1 (3).pdf",
            ],
        )
        # Another day: the first names are taken since long.
        later = self.document("FAC_1", b"later")
        self.run_cron(later=timedelta(minutes=1))
        self.assertTrue(self.copy_of(later).path.endswith(" (4).pdf"))

    def test_a_version_has_a_name_of_its_own(self):
        move = self.posted()
        values = {"res_model": move._name, "res_id": move.id}
        first = self.document("FAC/1", b"one", **values)
        second = self.document("FAC/1", b"two", version=2, **values)
        self.run_cron()
        self.assertTrue(self.copy_of(first).path.endswith("Facture_FAC_1.pdf"))
        self.assertTrue(self.copy_of(second).path.endswith("Facture_FAC_1-v2.pdf"))

    def test_the_path_stays_although_the_base_folder_changes(self):
        first = self.document("FAC/1")
        self.run_cron()
        self.account.base_folder = "gsmOS Backup"
        second = self.document("FAC/2")
        self.run_cron(later=timedelta(minutes=1))
        self.assert_copied(first | second)
        self.assertTrue(self.copy_of(second).path.startswith("/gsmOS Backup/Factures"))

    def test_each_type_has_its_folder(self):
        self.document("FAC/1", kind="einvoice_issued", name="ubl.xml")
        self.document("REP/7", kind="repair_report")
        self.run_cron()
        self.assertEqual(
            sorted(self.files),
            [
                "/ProGBox/SPV/XML/2026/11/XML_FAC_1.xml",
                "/ProGBox/Service/Réparations/2026/11/REP_7.pdf",
            ],
        )

    # ------------------------------------------------------------------
    # What is copied
    # ------------------------------------------------------------------

    def test_chosen_types_alone_are_copied(self):
        types = self.server["progbox.document.type"]
        self.account.type_ids = [Command.set(types._of_codes("credit_note").ids)]
        self.document("FAC/1")
        note = self.document("RFAC/1", kind="credit_note")
        self.run_cron()
        self.assert_copied(note)

    def test_the_documents_of_another_company_stay_away(self):
        other = self.server["res.company"].create({"name": "Another"})
        document = self.archived_without_render(company=other)
        self.assertFalse(self.copy_of(document))

    def test_each_company_has_its_dropbox(self):
        other = self.server["res.company"].create({"name": "Another"})
        theirs = self.dropbox.add_account("Another", "other@example.com")
        self.connected(other, theirs)
        self.document("FAC/1")
        self.archived_without_render(company=other)
        self.run_cron()
        self.assertEqual(len(self.files), 1)
        self.assertEqual(len(theirs.store.files()), 1)

    def test_what_is_beside_the_archive_goes_when_its_type_is_chosen(self):
        self.document("FAC/1")
        folder = self.server["progbox.folder"].create(
            {"name": "Contracts", "company_id": self.company.id}
        )
        types = self.server["progbox.document.type"]
        contract = types._of_codes("employment_contract")
        values = {
            "name": "contract.pdf",
            "folder_id": folder.id,
            "company_id": self.company.id,
            "type_id": contract.id,
        }
        documents = self.server["progbox.document"]
        for chosen, count in ((types, 0), (contract, 1)):
            self.account.type_ids = chosen
            staged = self.server["ir.attachment"]._progbox_stage([b"%d" % count])
            document = documents._create_with_file(values, staged)
            with self.subTest(chosen=chosen.code):
                self.assertEqual(len(self.copy_of(document)), count)

    def test_a_deleted_document_is_not_waited_for(self):
        folder = self.server["progbox.folder"].create(
            {"name": "Free", "company_id": self.company.id}
        )
        types = self.server["progbox.document.type"]
        values = {
            "name": "plan.pdf",
            "folder_id": folder.id,
            "company_id": self.company.id,
            "type_id": types._of_codes("plan").id,
        }
        self.account.type_ids = types._of_codes("plan")
        attachments = self.server["ir.attachment"]
        documents = self.server["progbox.document"]
        gone, kept = (
            documents._create_with_file(values, attachments._progbox_stage([content]))
            for content in (b"gone", b"kept")
        )
        transfers = self.copy_of(gone) | self.copy_of(kept)
        gone.unlink()
        self.run_cron()
        kept.unlink()
        self.assertEqual(transfers.mapped("state"), ["cancelled", "done"])
        # The copy of a document that is deleted later stays.
        self.assertEqual(len(self.files), 1)

    def test_a_file_that_is_not_what_was_archived_is_not_copied(self):
        document, good = self.several(2)
        path = document._content_attachment()._progbox_path()
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.chmod(0o600)
        path.write_bytes(b"something else")
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        self.assertEqual(list(self.files), [self.path(good.number)])
        self.assertIn("Verify the archive", self.copy_of(document).error)

    def test_a_file_that_is_missing_is_named_and_stops_nobody(self):
        document, good = self.several(2)
        path = document._content_attachment()._progbox_path()
        self.addCleanup(path.write_bytes, path.read_bytes())
        path.unlink()
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        self.assertEqual(list(self.files), [self.path(good.number)])
        self.assertIn("missing", self.copy_of(document).error)

    # ------------------------------------------------------------------
    # Large files
    # ------------------------------------------------------------------

    def small_pieces(self):
        self.startPatcher(patch.object(upload, "LARGE", 10))
        self.startPatcher(patch.object(upload, "PIECE", 16))

    def test_a_large_file_goes_in_pieces(self):
        self.small_pieces()
        document = self.document(content=b"0123456789" * 10)
        self.run_cron()
        self.assert_copied(document)
        self.assertEqual(
            self.dropbox.by_route["files/upload_session/append_v2"], 100 // 16
        )

    def test_a_large_file_goes_on_where_it_was(self):
        self.small_pieces()
        document = self.document(content=b"0123456789" * 10)
        self.fault("upload_session/append_v2", "drop_before", skip=2)
        self.run_cron()
        transfer = self.copy_of(document)
        self.assertEqual((transfer.state, transfer.session_offset), ("waiting", 48))
        sent = sum(size for route, size in self.dropbox.log if "session" in route)
        self.dropbox.log.clear()
        self.run_cron(later=timedelta(minutes=1))
        self.assert_copied(document)
        again = sum(size for route, size in self.dropbox.log if "append" in route)
        self.assertEqual((sent, again), (64, 52))

    def test_a_piece_whose_answer_was_lost_is_not_sent_twice(self):
        self.small_pieces()
        document = self.document(content=b"0123456789" * 10)
        for skip in (1, 5):
            self.fault("upload_session/append_v2", "drop_after", skip=skip)
        self.run_cron(4, later=timedelta(minutes=1))
        self.assert_copied(document)

    def test_what_a_killed_run_has_sent_is_not_sent_again(self):
        self.small_pieces()
        content = b"0123456789" * 10
        document = self.document(content=content)
        self.fault("upload_session/append_v2", "drop_before", skip=2)
        self.run_cron()
        transfer = self.copy_of(document)
        self.assertEqual(transfer.session_offset, 48)
        # It sent two more pieces, and could not note them.
        cursor = {"session_id": transfer.session_ref, "offset": 48}
        self.dropbox.account.store.append(cursor, content[48:80])
        self.dropbox.log.clear()
        self.run_cron(later=timedelta(minutes=1))
        self.assert_copied(document)
        # The first one is refused, and says what is there.
        pieces = [size for route, size in self.dropbox.log if "append" in route]
        self.assertEqual(pieces, [16, 16, 4])

    def test_a_session_that_is_forgotten_begins_anew(self):
        self.small_pieces()
        document = self.document(content=b"0123456789" * 10)
        self.fault("upload_session/append_v2", "drop_before", skip=2)
        self.run_cron()
        self.dropbox.account.store.sessions.clear()
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron(later=timedelta(minutes=1))
        self.run_cron(later=timedelta(minutes=5))
        self.assert_copied(document)

    def test_a_large_file_makes_room_for_the_next_run(self):
        self.small_pieces()
        document = self.document(content=b"0123456789" * 10)
        patience = "odoo.addons.progbox_dropbox.models.progbox_dropbox_transfer"
        with patch(f"{patience}.PATIENCE", -1):
            self.run_cron()
        self.assertEqual(self.copy_of(document).state, "waiting")
        # Not even read: that alone takes long.
        self.assertFalse(self.copy_of(document).content_hash)
        self.run_cron(later=timedelta(minutes=1))
        self.assert_copied(document)

    def test_large_files_go_side_by_side(self):
        self.small_pieces()
        documents = self.document("FAC/1", b"0123456789" * 10)
        documents |= self.document("FAC/2", b"abcdefghij" * 10)
        both, start = threading.Barrier(2, timeout=30), upload.Upload._send_piece

        def meet(sender, file, content, is_last):
            # The first piece of one waits for that of the other.
            if not file.session:
                both.wait()
            return start(sender, file, content, is_last)

        with patch.object(upload.Upload, "_send_piece", meet):
            self.run_cron()
        self.assert_copied(documents)
        self.assertEqual(self.dropbox.max_concurrent_commits, 1)

    def test_one_large_file_that_fails_takes_none_of_the_others_along(self):
        self.small_pieces()
        documents = self.document("FAC/1", b"0123456789" * 10)
        documents |= self.document("FAC/2", b"abcdefghij" * 10)
        self.fault("upload_session/append_v2", "409_unknown")
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        states = sorted(self.copy_of(document).state for document in documents)
        self.assertEqual(states, ["done", "pending"])
        self.run_cron(later=timedelta(minutes=5))
        self.assert_copied(documents)

    # ------------------------------------------------------------------
    # People
    # ------------------------------------------------------------------

    def test_readers_see_the_state_and_no_more(self):
        document = self.document()
        self.run_cron()
        mine = document.with_user(self.billing)
        self.assertEqual(mine.dropbox_state, "copied")
        action = mine.action_view_in_dropbox()
        self.assertEqual(
            action["url"],
            "https://www.dropbox.com/home/ProGBox/Factures/2026/11"
            "?preview=Facture_FAC_2026_00001.pdf",
        )
        for records in (self.copy_of(document), self.account):
            with self.assertRaises(AccessError):
                records.with_user(self.billing).read(["state"])
        with self.assertRaises(AccessError):
            document.with_user(self.plain).action_view_in_dropbox()

    def test_a_card_says_how_the_copy_is(self):
        documents = self.several(2)
        copied, failed = documents
        [mark] = copied._marks()[copied.id]
        self.assertEqual((mark["text"], mark["menu"]), ("Dropbox: Waiting", []))
        self.copy_of(failed)._job_write({"state": "failed", "error": "No."})
        self.run_cron()
        marks = documents.with_user(self.billing)._marks()
        [mark] = marks[copied.id]
        self.assertIn("Copied on", mark["text"])
        [[method, label]] = mark["menu"]
        self.assertEqual((method, label), ("action_view_in_dropbox", "View in Dropbox"))
        [mark] = copied.with_user(self.manager)._marks()[copied.id]
        self.assertEqual(mark["menu"][1][0], "action_dropbox_versions")
        [mark] = marks[failed.id]
        self.assertEqual((mark["text"], mark["menu"]), ("Dropbox: Failed: No.", []))
        self.account.type_ids = self.server["progbox.document.type"]._of_codes("plan")
        other = self.document("FAC/other")
        self.assertEqual(other._marks(), {other.id: []})

    def test_an_app_folder_is_under_apps(self):
        self.account.app_folder = "Mon Odoo"
        self.assertEqual(
            self.account._web_url("/ProGBox/a b.pdf"),
            "https://www.dropbox.com/home/Apps/Mon%20Odoo/ProGBox?preview=a%20b.pdf",
        )

    def test_what_is_not_there_cannot_be_viewed(self):
        document = self.document()
        with self.assertRaises(UserError):
            document.with_user(self.billing).action_view_in_dropbox()

    def test_nobody_changes_a_copy_by_hand(self):
        transfer = self.copy_of(self.document())
        for user in (self.manager, self.admin):
            with self.assertRaises(AccessError):
                transfer.with_user(user).write({"path": "/elsewhere"})
            with self.assertRaises(AccessError):
                transfer.with_user(user).unlink()
        with self.assertRaises(AccessError):
            transfer.with_user(self.billing).action_retry()
        transfer.with_user(self.manager).action_retry()

    def test_another_companys_manager_sees_nothing(self):
        other = self.server["res.company"].create({"name": "Another"})
        manager = self.user_of("other_manager", "account.group_account_manager")
        manager.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        transfer = self.copy_of(self.document())
        for records in (transfer, self.account):
            self.assertFalse(records.with_user(manager).search([]))
            with self.assertRaises(AccessError):
                records.with_user(manager).read(["state"])
        for action in ("action_sync", "action_retry_failed"):
            with self.assertRaises(AccessError):
                getattr(self.account.with_user(manager), action)()

    def test_the_overview_counts(self):
        self.several(3)
        self.fault(
            "upload_session/finish_batch_v2", "disallowed_name", name="00001.pdf"
        )
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron()
        self.document("FAC/later")
        overview = self.account.with_user(self.manager)
        self.assertEqual(overview.copied_count, 2)
        self.assertEqual(overview.failed_count, 1)
        self.assertEqual(overview.open_count, 1)
        self.assertLess(overview.last_success - fields.Datetime.now(), timedelta(1))
        overview.action_retry_failed()
        self.run_cron(later=timedelta(minutes=1))
        self.assertEqual(len(self.files), 4)
