import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.models import guards_lines

from ..models import dropbox_rebuild, dropbox_rebuild_source
from ..models.dropbox_fetch import is_whole
from ..models.dropbox_rebuild import rebuild
from ..models.dropbox_rebuild_place import RebuildPlace
from .dropbox_common import DropboxCommon

MONTH = fields.Date.to_date("2026-11-01")
# Of the invoices of a server that has burnt down: no record here has such a number.
RECORD = 800_000
KEPT = {
    "progbox_seal": "company_id, sequence, kind, document_id, payload, previous_hash,"
    " hash, sealed_on",
    "progbox_document": "id, company_id, name, number, partner_name, document_date,"
    " amount_total, currency_name, res_model, res_id, version, series, origin,"
    " coalesce(before_answer, false), made_with, said, mimetype, sha256, size",
    "progbox_closing": "company_id, month, number, document_count, totals,"
    " new_document_count, last_sequence, last_hash, closed_on, closed_by",
    "progbox_source_deletion": "res_model, res_id, number, document_ids, deleted_by,"
    " deleted_on",
}
LOST = (
    "DELETE FROM progbox_dropbox_transfer WHERE company_id = %(company)s",
    "DELETE FROM progbox_dropbox_anchor WHERE company_id = %(company)s",
    "DELETE FROM progbox_closing WHERE company_id = %(company)s",
    "DELETE FROM progbox_source_deletion WHERE company_id = %(company)s",
    "DELETE FROM ir_attachment WHERE res_model = 'progbox.document' AND res_id IN"
    " (SELECT id FROM progbox_document WHERE company_id = %(company)s)",
    "UPDATE progbox_document SET seal_id = NULL WHERE company_id = %(company)s",
    "DELETE FROM progbox_seal WHERE company_id = %(company)s",
    "DELETE FROM progbox_document WHERE company_id = %(company)s",
    "DELETE FROM progbox_folder WHERE company_id = %(company)s",
)


@tagged("-at_install", "post_install")
class TestRebuild(DropboxCommon):
    """An archive of which nothing is left but what lies in Dropbox."""

    def setUp(self):
        super().setUp()
        for number in (1, 2, 3):
            self.invoice(number)
        self.note_deletion(3)
        self.closing = self.server["progbox.closing"]._close(self.company, MONTH)
        # And something of the days since.
        self.invoice(4, kind="einvoice_sent", mimetype="application/xml", size=5)
        self.run_cron()
        self.server["progbox.dropbox.anchor"]._queue_account(self.account)
        self.run_anchors()

    def invoice(self, number, **values):
        kinds = self.server["progbox.document.type"].search([]).mapped("code")
        kind = values.pop("kind", "customer_invoice")
        return self.document(
            f"FAC/2026/{number:05}",
            res_model="account.move",
            res_id=RECORD + number,
            currency_name="EUR",
            amount_total=100.5 * number,
            made_with={"renderer": "test 1.0", "format": False},
            said={"text": f"digest {number}"},
            kind=kind if kind in kinds else kinds[0],
            **{name: v for name, v in values.items() if name != "size"},
        )

    def note_deletion(self, number):
        documents = self.server["progbox.document"].search(
            [("res_id", "=", RECORD + number)]
        )
        deletions = self.server["progbox.source.deletion"]
        deletions._note_deletions(
            [
                {
                    "company_id": self.company.id,
                    "res_model": "account.move",
                    "res_id": RECORD + number,
                    "number": documents[0].number,
                    "document_ids": documents.ids,
                }
            ]
        )
        note = deletions.search([("res_id", "=", RECORD + number)])
        note._job_execute(None)
        note._job_finish("done")

    def run_anchors(self):
        self.run_cron(1, timedelta(), self.env.ref("progbox_dropbox.ir_cron_anchor"))

    def rows(self):
        """Return all that must be there again, as PostgreSQL has it."""
        self.env.flush_all()
        found = {}
        for table, columns in KEPT.items():
            order = "id" if table == "progbox_document" else "1, 2, 3"
            self.env.cr.execute(  # pylint: disable=sql-injection
                f"SELECT {columns} FROM {table} WHERE company_id = %s ORDER BY {order}",
                [self.company.id],
            )
            found[table] = self.env.cr.fetchall()
        return found

    def lose_everything(self):
        """Leave of the server what a new one has: nothing of the archive."""
        self.env.flush_all()
        paths = [
            document._content_attachment()._progbox_path()
            for document in self.all_documents()
        ]
        guarded = [*KEPT, "ir_attachment", "progbox_folder"]
        with self.lifted(*guarded):
            for query in LOST:
                # pylint: disable-next=sql-injection
                self.env.cr.execute(query, {"company": self.company.id})
        for path in paths:
            path.unlink(missing_ok=True)
        self.env.invalidate_all()

    def rebuilt(self, **options):
        work = rebuild(self.account, self.company.id, **options)
        self.env.flush_all()
        self.env.invalidate_all()
        return work

    def all_documents(self):
        return self.server["progbox.document"].search(
            [("company_id", "=", self.company.id)]
        )

    def verified(self, **values):
        runs = self.server["progbox.verification"]
        run = runs._start_here(self.company, {"door": "command", **values})
        run._job_process()
        self.assertEqual(run.state, "done", run.error)
        return run

    def found(self, run):
        """Return what a verification found, without what other tests leave behind."""
        return [(f.kind, f.sequence, f.what) for f in run.finding_ids]

    # ------------------------------------------------------------------
    # All of it
    # ------------------------------------------------------------------

    def test_everything_is_there_again_and_verified_intact(self):
        before, files = self.rows(), self.files
        anchor = self.closing.seal_id._anchor_text()
        self.lose_everything()
        self.assertFalse(any(self.rows().values()))
        self.dropbox.by_route.clear()
        work = self.rebuilt()
        self.assertFalse(work.problems)
        after = self.rows()
        for table in ("progbox_document", "progbox_closing"):
            self.assertEqual(after[table], before[table], table)
        # One line more: that the invoices are not here.
        lines = after["progbox_seal"]
        self.assertEqual(lines[:-1], before["progbox_seal"])
        trace = json.loads(lines[-1][4])
        self.assertEqual((trace["kind"], trace["record"]), ("source_deleted", 0))
        self.assertEqual(len(after["progbox_source_deletion"]), 2)
        # The certificates of before still hold.
        runs = self.server["progbox.verification"]
        anchors = [list(runs._parse_anchor(anchor))]
        run = self.verified(anchors=anchors)
        self.assertEqual(run.result, "intact", self.found(run))
        documents = self.all_documents()
        self.assertTrue(all(documents.mapped("locked")))
        self.assertEqual(len(list(filter(is_whole, documents))), 4)
        for document in documents:
            self.assertEqual(document.create_date, document.seal_id.sealed_on)
        # What was closed is not closed once more, and no invoice counts as deleted.
        closings = self.server["progbox.closing"]
        self.assertEqual(closings._open_months(self.company, MONTH), [])
        values = closings._month_values(self.company, MONTH, 0)
        self.assertEqual(values["totals"], {"EUR": "703.5"})
        # The copies are known, and nothing is sent again.
        self.assertEqual(set(documents.mapped("dropbox_state")), {"copied"})
        self.run_cron()
        anchors = self.server["progbox.dropbox.anchor"]
        anchors._send_all_again(self.account)
        self.run_anchors()
        sent = anchors.search([("account_id", "=", self.account.id)])
        self.assertEqual(set(sent.mapped("state")), {"done"}, sent.mapped("error"))
        # Nothing that is final has changed.
        final = {name: files[name] for name in files if "/documents_" not in name}
        self.assertLessEqual(final.items(), self.files.items())
        self.assertNotIn("files/upload_session/finish_batch_v2", self.dropbox.by_route)
        # No new record gets the number of one that is gone.
        self.assertGreater(self.draft().id, RECORD + 4)
        new = self.document("FAC/2027/00001")
        self.assertGreater(new.id, max(documents.ids))
        self.assertEqual(new.folder_id, documents[0].folder_id)

    def test_a_base_folder_that_was_changed_between_two_closings(self):
        self.account.with_user(self.admin)._write_settings({"base_folder": "Other"})
        # The copies of before have stayed where they were.
        self.invoice(5)
        self.server["progbox.closing"]._close(self.company, MONTH)
        self.run_cron()
        self.run_anchors()
        before = self.rows()
        self.lose_everything()
        self.assertFalse(self.rebuilt().problems)
        for table in ("progbox_document", "progbox_closing"):
            self.assertEqual(self.rows()[table], before[table], table)
        self.assertTrue(all(map(is_whole, self.all_documents())))
        # What lies elsewhere may be somebody's own: it is not taken for the copy.
        copied = self.transfers.search(
            [("account_id", "=", self.account.id), ("copied_path", "!=", False)]
        )
        self.assertEqual(copied.document_id.number, "FAC/2026/00005")

    def test_what_the_ledger_says_of_its_guards_is_there_again(self):
        guards_lines.note_lifted(self.server, self.company, ["a guard (missing)"])
        guards_lines.note_restored(self.server, self.company)
        self.server["progbox.dropbox.anchor"]._queue_account(self.account)
        self.run_anchors()
        before = self.rows()["progbox_seal"]
        lifted = guards_lines.lifted(self.server, self.company)
        self.lose_everything()
        self.rebuilt()
        kinds = [row[2] for row in self.rows()["progbox_seal"]]
        self.assertEqual(kinds[: len(before)], [row[2] for row in before])
        self.assertIn("guards_restored", kinds)
        self.assertEqual(guards_lines.lifted(self.server, self.company), lifted)

    def test_it_goes_on_where_it_was(self):
        before = self.rows()
        self.lose_everything()

        class Killed(Exception):
            pass

        def die(work):
            if work.position:
                raise Killed

        self.patch(dropbox_rebuild, "CHUNK", 2)
        # Not assertRaises(), which would take back what was written.
        with suppress(Killed):
            rebuild(self.account, self.company.id, tell=die)
            self.fail("not killed")
        self.assertEqual(len(self.rows()["progbox_seal"]), 2)
        self.assertEqual(self.rebuilt().place.there, 2)
        self.assertEqual(self.rows()["progbox_document"], before["progbox_document"])
        run = self.verified()
        self.assertEqual(run.result, "intact", self.found(run))
        # Once more: there is nothing to do.
        lines = self.rows()["progbox_seal"]
        self.rebuilt()
        self.assertEqual(self.rows()["progbox_seal"], lines)

    # ------------------------------------------------------------------
    # What people and Dropbox have done
    # ------------------------------------------------------------------

    def path_of(self, number):
        [path] = [p for p in self.files if f"{number:05}." in p and "ledger" not in p]
        return path

    def test_one_file_that_is_not_given_is_named_and_stops_nothing(self):
        client = self.account._client()
        client.files_move_v2(self.path_of(1), "/ProGBox/Somewhere/else.bin")
        client.files_delete_v2(self.path_of(2))
        refused = self.store.find(self.path_of(3)).id
        self.fault("download", "restricted_content", name=refused, times=9)
        contents = {d.number: self.content(d) for d in self.all_documents()}
        self.lose_everything()
        problems = self.rebuilt().problems
        self.assertEqual(len(problems), 2)
        self.assertIn("FAC/2026/00002: no file in Dropbox", problems[0])
        self.assertIn("FAC/2026/00003: Dropbox does not give", problems[1])
        moved = self.transfers.search([("copied_path", "=like", "%else.bin")])
        self.assertEqual(moved.document_id.number, "FAC/2026/00001")
        self.assertEqual(
            [kind for kind, *_rest in self.found(self.verified())],
            ["file_missing", "file_missing"],
        )
        # Somebody finds them: they have their places.
        for document in self.all_documents():
            place = document._content_attachment()._progbox_path()
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(contents[document.number])
        self.assertEqual(self.verified().result, "intact")

    def test_the_copy_does_not_choose_a_place_of_something_else(self):
        for number in (1, 2):
            self.account._client().files_delete_v2(self.path_of(number))
        self.lose_everything()
        other = self.env["ir.attachment"].create({"name": "other", "raw": b"other"})
        [path] = [p for p in self.files if f"/documents_{self.company.id}_0" in p]
        blob = self.store.find(path).blob
        rows = list(map(json.loads, blob.read_text().splitlines()))
        rows[0]["sha1"] = "../../somewhere"
        rows[1]["sha1"] = other.checksum
        blob.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        problems = self.rebuilt().problems
        self.assertEqual(sum("not its own" in text for text in problems), 2)
        documents = self.all_documents().sorted("id")
        self.assertFalse(documents[0]._content_attachment())
        self.assertFalse(documents[1]._content_attachment())
        self.assertEqual(other.raw, b"other")

    def test_what_is_put_off_is_asked_for_again(self):
        self.lose_everything()
        waits = []
        self.patch(dropbox_rebuild_source, "pause", waits.append)
        self.fault("download", "503_empty", skip=3)
        self.assertFalse(self.rebuilt().problems)
        self.assertEqual(len(waits), 1)

    def test_an_account_that_is_cut_off_makes_no_document_without_its_file(self):
        self.lose_everything()
        self.patch(dropbox_rebuild_source, "pause", lambda _seconds: None)
        folder = self.server["ir.attachment"]._progbox_staging_folder()
        before = set(folder.iterdir())
        # The four files of the ledger, and one document.
        self.fault("download", "401_revoked", skip=5, times=99)
        with self.assertRaises(UserError):
            self.rebuilt()
        self.assertFalse(self.rows()["progbox_document"])
        self.assertEqual(set(folder.iterdir()), before)

    # ------------------------------------------------------------------
    # What is refused
    # ------------------------------------------------------------------

    def ledger_file(self, part):
        [path] = [p for p in self.files if f"/ledger_{self.company.id}_{part}" in p]
        return self.store.find(path).blob

    def test_another_place_and_another_ledger_are_refused(self):
        self.lose_everything()
        with self.assertRaisesRegex(UserError, f"companies: {self.company.id}"):
            rebuild(self.account, self.company.id + 999)
        blob = self.ledger_file("0")
        text = blob.read_text()
        for touched in (
            text.replace("FAC/2026/00002", "FAC/2026/00009"),
            text.split("\n", 1)[1],
        ):
            blob.write_text(touched)
            with self.assertRaisesRegex(UserError, "was changed"):
                self.rebuilt()
        blob.write_text(text)
        with self.assertRaisesRegex(UserError, "in a new database"):
            self.env.cr.execute(
                "SELECT setval('account_move_id_seq', %s, false)", [RECORD + 2]
            )
            self.draft()
            self.rebuilt()
        self.assertFalse(any(self.rows().values()))
        self.document("OTHER/1")
        lines = self.rows()
        with self.assertRaisesRegex(UserError, "a ledger of its own"):
            self.rebuilt()
        self.assertEqual(self.rows(), lines)

    def test_the_ledger_of_somebody_else_is_refused_before_anything_is_written(self):
        seals = self.server["progbox.seal"].search(
            [("company_id", "=", self.company.id)], order="sequence"
        )
        line = seals[1]
        others = [(line.sequence, seals[0].hash), (len(seals) + 1, seals[-1].hash)]
        own = (line.sequence, line.hash)
        self.lose_everything()
        companies = self.env["res.company"].search_count([])
        for anchor in others:
            with self.assertRaisesRegex(UserError, "nothing was written"):
                self.rebuilt(anchor=anchor)
        self.assertFalse(any(self.rows().values()))
        self.assertEqual(self.env["res.company"].search_count([]), companies)
        self.patch(dropbox_rebuild_source, "HIGHEST", RECORD + 2)
        with self.assertRaisesRegex(UserError, "names a number that no record has"):
            self.rebuilt(anchor=own)
        self.patch(dropbox_rebuild_source, "HIGHEST", 1 << 30)
        self.assertFalse(self.rebuilt(anchor=own).problems)

    def test_only_models_with_a_chatter_keep_their_numbers_apart(self):
        place = RebuildPlace(self.server, source=None)
        models = ("account.move", "res.users", "ir.attachment", "no.model", "base")
        taken = [place._is_taken_in(model) for model in models]
        self.assertEqual(taken, [True, False, False, False, False])

    def test_what_came_since_the_last_closing_is_beside_it(self):
        anchors = self.server["progbox.dropbox.anchor"]
        [end] = anchors.search(
            [("account_id", "=", self.account.id), ("closing_id", "=", False)]
        )
        self.assertEqual((end.state, end.last_line - end.first_line), ("done", 0))
        anchors._queue_account(self.account)
        self.assertEqual(end.state, "done")
        # For a moment, the next closing has them, too.
        lines = self.ledger_file("open").read_bytes()
        self.server["progbox.closing"]._close(self.company, MONTH)
        self.run_anchors()
        self.assertEqual(self.ledger_file("open").read_bytes(), b"")
        self.ledger_file("open").write_bytes(lines)
        with tempfile.TemporaryDirectory() as folder:
            for path in self.files:
                target = Path(folder) / path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.store.find(path).blob.read_bytes())
            checker = Path(folder) / "ProGBox/Ledger/check_copy.py"
            command = [sys.executable, str(checker)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
