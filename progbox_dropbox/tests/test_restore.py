import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError

from odoo.addons.progbox_invoice_archive.tests.object_store import ObjectStore

from ..models import dropbox_fetch
from ..models.dropbox_fetch import is_whole
from ..tools.client import Client
from .dropbox_common import DropboxCommon

DOWNLOAD = Client.files_download


class TestRestore(DropboxCommon):
    """What the server has lost comes back from its copy."""

    def copied(self, number=1):
        documents = self.several(number)
        self.run_cron()
        self.assertEqual(len(self.files), number)
        self.dropbox.by_route.clear()
        for document in documents:
            # What another test has lost must not be found by the next one.
            path = self.place(document)
            content = path.read_bytes()
            self.addCleanup(path.write_bytes, content)
        return documents

    def place(self, document):
        return document._content_attachment()._progbox_path()

    def lose(self, documents):
        for document in documents:
            self.place(document).unlink()

    def fetch(self, document):
        return document.with_user(self.manager).action_fetch_from_dropbox()

    def restore(self, later=timedelta(hours=1)):
        restores = self.server["progbox.dropbox.restore"]
        restore = restores._enqueue_restore(self.account)
        restore._job_write({"next_try": fields.Datetime.now()})
        self.run_cron(1, later, self.env.ref("progbox_dropbox.ir_cron_restore"))
        return restore

    # ------------------------------------------------------------------
    # One file
    # ------------------------------------------------------------------

    def test_a_lost_file_comes_back(self):
        document = self.copied()
        content = self.place(document).read_bytes()
        self.lose(document)
        self.fetch(document)
        self.assertEqual(self.place(document).read_bytes(), content)
        self.assertTrue(is_whole(document))

    def test_a_damaged_file_is_replaced_in_one_step(self):
        document = self.copied()
        content = self.place(document).read_bytes()
        self.place(document).write_bytes(b"damaged")
        self.fetch(document)
        self.assertEqual(self.place(document).read_bytes(), content)

    def test_a_file_of_something_else_is_not_replaced(self):
        document = self.copied()
        other = self.env["ir.attachment"].create({"name": "other", "raw": b"other"})
        attachment = document._content_attachment()
        self.env.flush_all()
        with self.lifted("ir_attachment"):
            self.env.cr.execute(
                "UPDATE ir_attachment SET store_fname = %s WHERE id = %s",
                [other.store_fname, attachment.id],
            )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "not its own"):
            self.fetch(document)
        self.assertEqual(other.raw, b"other")

    def test_a_whole_file_is_not_touched(self):
        document = self.copied()
        before = self.place(document).stat().st_mtime_ns
        self.fetch(document)
        self.assertEqual(self.place(document).stat().st_mtime_ns, before)
        self.assertFalse(self.dropbox.by_route)

    def test_what_is_not_what_was_sealed_does_not_get_in(self):
        document = self.copied()
        self.lose(document)
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        before = set(staging.glob("incoming-*"))
        self.fault("download", "corrupt")
        with self.assertRaisesRegex(UserError, "not what was sealed"):
            self.fetch(document)
        self.assertFalse(self.place(document).exists())
        self.assertEqual(set(staging.glob("incoming-*")), before)

    def test_the_ledger_says_what_was_sealed(self):
        document = self.document()
        self.run_cron()
        path = self.place(document)
        self.addCleanup(path.write_bytes, path.read_bytes())
        self.lose(document)
        # Somebody with access to the database has changed the document's row.
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET sha256 = %s WHERE id = %s",
                ["0" * 64, document.id],
            )
        document.invalidate_recordset()
        self.fetch(document)
        self.assertTrue(is_whole(document))

    def test_a_copy_that_was_changed_has_a_version_that_was_sent(self):
        document = self.copied()
        self.person_writes(self.copy_of(document).copied_path)
        self.lose(document)
        self.fetch(document)
        self.assertTrue(is_whole(document))

    def test_a_copy_that_was_deleted_has_a_version_that_was_sent(self):
        document = self.copied()
        self.store.delete(self.copy_of(document).copied_path)
        self.lose(document)
        self.fetch(document)
        self.assertTrue(is_whole(document))

    def test_what_dropbox_lost_as_well_is_said(self):
        document = self.copied()
        self.store.delete(self.copy_of(document).copied_path)
        self.store.deleted.clear()
        self.lose(document)
        with self.assertRaisesRegex(UserError, "Restore the file from a backup"):
            self.fetch(document)

    def test_what_dropbox_refuses_without_a_reason_is_not_said_to_be_lost(self):
        document = self.copied()
        self.store.delete(self.copy_of(document).copied_path)
        self.lose(document)
        self.fault("list_revisions", "409_unknown", times=2)
        with self.assertRaises(UserError) as caught:
            self.fetch(document)
        self.assertNotIn("from a backup", str(caught.exception))
        self.dropbox.faults.clear()
        self.fetch(document)
        self.assertTrue(is_whole(document))

    def test_a_copy_that_is_to_be_sent_again_is_found_by_its_path(self):
        document = self.copied()
        self.store.delete(self.copy_of(document).copied_path)
        self.copy_of(document)._send_again({"file_ref": False, "rev": False})
        self.lose(document)
        restore = self.restore()
        self.assertEqual((restore.state, restore.fetched_count), ("done", 1))
        self.assertTrue(is_whole(document))

    def test_an_outage_is_said(self):
        document = self.copied()
        self.lose(document)
        self.fault("get_metadata", "503_empty")
        with self.assertRaisesRegex(UserError, "problem of its own"):
            self.fetch(document)

    def test_a_disk_without_room_is_said(self):
        document = self.copied()
        self.lose(document)
        full = patch.object(
            type(self.env["ir.attachment"]),
            "_progbox_stage",
            side_effect=OSError(28, "No space left on device"),
        )
        with full, self.assertRaisesRegex(UserError, "No space left"):
            self.fetch(document)

    def test_a_file_kept_in_the_database_comes_back(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ir_attachment.location", "db")
        document = self.document()
        self.run_cron()
        attachment = document._content_attachment()
        self.assertFalse(attachment.store_fname)
        self.env.flush_all()
        for lost in (b"", b"damaged"):
            with self.lifted("ir_attachment"):
                self.env.cr.execute(
                    "UPDATE ir_attachment SET db_datas = %s WHERE id = %s",
                    [lost, attachment.id],
                )
            self.env.invalidate_all()
            self.assertFalse(is_whole(document))
            self.fetch(document)
            self.assertTrue(is_whole(document))

    def test_a_file_kept_in_an_object_storage_comes_back(self):
        store = ObjectStore(self)
        document = self.document()
        self.run_cron()
        place = store.path(document._content_attachment().store_fname)
        place.unlink()
        self.fetch(document)
        self.assertTrue(is_whole(document))
        place.write_bytes(b"damaged")
        with (
            patch.object(store, "rewriting", side_effect=RuntimeError("no network")),
            self.assertRaisesRegex(UserError, "cannot be written: no network"),
        ):
            self.fetch(document)
        self.fetch(document)
        self.assertTrue(is_whole(document))
        store.uninstall(self)
        place.unlink()
        with self.assertRaisesRegex(UserError, "no installed module"):
            self.fetch(document)

    # ------------------------------------------------------------------
    # All files
    # ------------------------------------------------------------------

    def test_an_empty_file_store_is_filled_again(self):
        documents = self.copied(4)
        self.lose(documents[:3])
        restore = self.restore()
        self.assertEqual(
            (restore.state, restore.position, restore.fetched_count),
            ("done", 4, 3),
            restore.error,
        )
        self.assertTrue(all(is_whole(document) for document in documents))
        self.assertFalse(restore.problem_count)

    def test_a_large_file_goes_on_where_a_run_has_ended(self):
        document = self.document(content=b"0123456789" * 10)
        self.run_cron()
        path = self.place(document)
        self.addCleanup(path.write_bytes, path.read_bytes())
        self.lose(document)
        restore = self.server["progbox.dropbox.restore"]._start_here(self.account)
        with patch.object(dropbox_fetch, "BLOCK", 16):
            steps = restore._job_steps()
            restore._job_write(next(steps))
            # Before, and after two pieces; then the time of the run is up.
            self.assertEqual([next(steps) for _ in range(3)], [None] * 3)
            self.assertEqual(steps.send(True), {})
            steps.close()
            self.assertFalse(is_whole(document))
            restore._job_pause()
            client = dropbox_fetch.Fetch(self.account).client
            with patch.object(
                type(client), "files_download", autospec=True, side_effect=DOWNLOAD
            ) as download:
                self.restore()
        self.assertEqual(
            download.call_args.kwargs["extra_headers"], {"Range": "bytes=32-"}
        )
        self.assertEqual((restore.state, restore.fetched_count), ("done", 1))
        self.assertTrue(is_whole(document))

    def test_what_two_workers_have_written_is_fetched_anew(self):
        document = self.copied()
        self.lose(document)
        transfer = self.copy_of(document)
        fetch = dropbox_fetch.Fetch(self.account)
        folder = self.env["ir.attachment"]._progbox_staging_folder()
        partial = folder / f"{dropbox_fetch.PREFIX}spoilt"
        self.addCleanup(partial.unlink, missing_ok=True)
        partial.write_bytes(bytes(3))
        for _piece in fetch.pieces(transfer, "spoilt"):
            pass
        self.assertTrue(is_whole(document))
        self.assertFalse(partial.exists())

    def test_one_file_that_dropbox_refuses_is_named_and_stops_nothing(self):
        documents = self.copied(4)
        self.lose(documents)
        refused = self.copy_of(documents[1])
        self.fault("download", "restricted_content", name=refused.file_ref, times=9)
        # Its versions have another name.
        self.fault("download", "restricted_content", name=refused.rev, times=9)
        restore = self.restore()
        self.assertEqual((restore.fetched_count, restore.problem_count), (3, 1))
        self.assertIn(refused.copied_path, restore.problems)
        self.assertIn("restricted_content", restore.problems)

    def test_an_interrupted_restore_goes_on_where_it_was(self):
        documents = self.copied(4)
        self.lose(documents)
        self.fault("download", "429_json", skip=2)
        restore = self.restore()
        self.assertEqual(restore.state, "waiting")
        self.account._resume()
        self.restore(later=timedelta(hours=2))
        self.assertEqual((restore.state, restore.position), ("done", 4))
        self.assertTrue(all(is_whole(document) for document in documents))
        self.assertLessEqual(self.dropbox.by_route["files/download"], 7)

    def test_a_restore_on_the_command_line_goes_on_however_often_it_was_stopped(self):
        self.copied()
        restores = self.server["progbox.dropbox.restore"]
        started = [restores._start_here(self.account) for _time in range(4)]
        self.assertEqual(len(set(started)), 1)
        self.assertEqual(started[-1].state, "running")

    def test_what_is_beside_the_archive_is_not_named(self):
        document = self.copied()
        restores = self.server["progbox.dropbox.restore"]
        error = UserError("secret")
        self.assertEqual(restores._problem_text(document, error), "secret")
        document = document.new({"name": "Contract of Paul.pdf"})
        text = restores._problem_text(document, error)
        self.assertNotIn("secret", text)

    def test_what_was_never_copied_is_counted(self):
        self.copied()
        self.account.state = "disconnected"
        self.document("FAC/2026/99999")
        self.account.state = "connected"
        self.assertGreaterEqual(self.restore().uncopied_count, 1)

    # ------------------------------------------------------------------
    # The copy alone
    # ------------------------------------------------------------------

    def closed(self):
        """Return a closing with its document, both in Dropbox."""
        document = self.document()
        month = fields.Date.to_date("2026-11-01")
        closing = self.server["progbox.closing"]._close(self.company, month)
        self.run_cron()
        cron = self.env.ref("progbox_dropbox.ir_cron_anchor")
        self.run_cron(1, timedelta(), cron)
        return document, closing

    def downloaded(self):
        """Return a folder with all that is in Dropbox, and nothing else."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(lambda: subprocess.run(["rm", "-r", str(folder)], check=True))
        for entry in self.store.entries.values():
            if entry.kind == "file":
                path = folder / entry.path.lstrip("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(entry.blob.read_bytes())
        return folder / "ProGBox"

    def checked(self, folder):
        """Run the checker that lies in the copy, as anybody would."""
        command = [sys.executable, "-I", str(folder / "Ledger/check_copy.py")]
        done = subprocess.run(command, capture_output=True, text=True)
        text = (folder / "Ledger/CHECK.txt").read_text()
        self.assertEqual(done.stdout, text)
        return done.returncode, text

    def test_a_closing_takes_the_ledger_along(self):
        _document, closing = self.closed()
        [name] = [path for path in self.files if "closing_" in path]
        content = json.loads(self.store.find(name).blob.read_bytes())
        self.assertEqual(content["line_hash"], closing.seal_id.hash)
        self.assertEqual(content["last_hash"], closing.last_hash)
        later = self.server["progbox.closing"]._close(self.company, closing.month)
        cron = self.env.ref("progbox_dropbox.ir_cron_anchor")
        self.run_cron(1, timedelta(minutes=5), cron)
        ledgers = sorted(path for path in self.files if "/ledger_" in path)
        self.assertEqual(len(ledgers), 2)
        line = later.seal_id.sequence
        self.assertTrue(ledgers[1].endswith(f"{line:08}-{line:08}.jsonl"))

    def test_a_closing_that_was_copied_already_is_no_conflict(self):
        _document, closing = self.closed()
        files = self.files
        anchor = self.server["progbox.dropbox.anchor"].search(
            [("closing_id", "=", closing.id)]
        )
        anchor._job_write({"state": "pending"})
        self.run_cron(1, timedelta(hours=1), anchor._job_leader())
        self.assertEqual((anchor.state, self.files), ("done", files), anchor.error)

    def test_the_copy_alone_is_proven(self):
        self.closed()
        status, text = self.checked(self.downloaded())
        self.assertEqual(status, 0, text)
        self.assertIn("1 of 1 sealed documents are here, intact.", text)

    def test_a_copy_that_was_touched_is_not(self):
        document, _closing = self.closed()
        folder = self.downloaded()
        for path in folder.rglob("*.pdf"):
            path.write_bytes(b"forged")
        status, text = self.checked(folder)
        self.assertEqual(status, 1)
        self.assertIn(f"WRONG: {document.number}", text)
        [ledger] = (folder / "Ledger").glob("ledger_*")
        ledger.write_text(ledger.read_text().replace("FAC/2026", "FAC/2027"))
        self.assertIn("was changed", self.checked(folder)[1])
        ledger.write_text(ledger.read_text().split("\n", 1)[1])
        self.assertIn("line 1 is missing", self.checked(folder)[1])

    # ------------------------------------------------------------------
    # Who
    # ------------------------------------------------------------------

    def test_only_an_archive_manager_of_the_company_fetches(self):
        document = self.copied()
        restore = self.restore()
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.user_of("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        portal = self.user_of("outsider", "base.group_portal")
        public = self.env.ref("base.public_user")
        for user in (self.plain, self.billing, stranger, portal, public):
            with self.subTest(user=user.id):
                for record, name in (
                    (document, "action_fetch_from_dropbox"),
                    (self.account, "action_restore"),
                    (restore, "action_stop"),
                    (restore, "action_retry"),
                ):
                    with self.assertRaises(AccessError):
                        getattr(record.with_user(user), name)()
                with self.assertRaises(AccessError):
                    restore.with_user(user).read(["problems"])
