import os
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import progbox_upload
from ..tools import upload_parts
from .upload_common import BYTES, SIZE, UploadCommon


@tagged("post_install", "-at_install")
class TestUpload(UploadCommon):
    """What becomes of a file that has arrived, or has not."""

    def document(self, answer):
        return self.server["progbox.document"].browse(answer["documentId"])

    def lose_rights(self):
        self.order.user_id = self.colleague

    # ------------------------------------------------------------------
    # Beginning
    # ------------------------------------------------------------------

    def test_each_file_that_cannot_be_taken_says_why(self):
        for file, words in (
            ({"size": 0}, "is empty"),
            ({"size": 2**31}, "2,048 MB"),
            ({"name": " "}, "without a name"),
            ({"name": "setup.EXE", "size": 2**30}, "is a program"),
            ({"folderId": 2**30}, "is gone"),
            ({"typeId": 2**30}, "is gone"),
            ({"replaces": 2**30}, "is gone"),
        ):
            with self.subTest(file=file):
                answer = self.begin(**file)
                self.assertEqual(list(answer), ["error"])
                self.assertIn(words, answer["error"])
        self.assertFalse(self.uploads().search([]))

    def test_the_largest_file_is_taken(self):
        self.assertIn("url", self.begin(size=2**31 - 1))

    def test_a_full_disk_is_said_before_the_first_byte(self):
        usage = progbox_upload.shutil.disk_usage("/")._replace(free=10)
        with patch.object(progbox_upload.shutil, "disk_usage", return_value=usage):
            self.assertIn("disk", self.begin(size=11)["error"])
            self.assertIn("url", self.begin(size=10))

    def test_one_refused_file_does_not_stop_the_others(self):
        files = [{"name": "a.pdf", "size": 0}, {"name": "b.pdf", "size": 1}]
        answers = self.uploads().begin(*self.place, files)
        self.assertEqual(
            [list(a) for a in answers], [["error"], ["id", "url", "offset"]]
        )

    @property
    def place(self):
        return "sale.order", self.order.id

    def test_who_may_not_write_the_record_begins_nothing(self):
        for user in (self.colleague, self.plain):
            with self.subTest(user=user.login):
                self.assertEqual(list(self.begin(user=user)), ["error"])
        self.assertFalse(self.server["progbox.upload"].search([]))

    def test_only_records_with_documents_take_files(self):
        for record in (self.salesman, self.order.browse(2**30)):
            with self.subTest(record=record):
                self.assertEqual(list(self.begin(record=record)), ["error"])
        [answer] = self.uploads().begin("no.model", 1, [{"name": "a", "size": 1}])
        self.assertEqual(list(answer), ["error"])

    def test_a_name_cannot_leave_its_folder(self):
        upload = self.begun(name="../../etc\\passwd.txt").sudo()
        self.assertEqual(upload.name, "passwd.txt")
        self.assertEqual(upload._path().parent, upload._parts_folder())

    def test_the_same_file_goes_on_where_it_was(self):
        upload = self.begun(modified=5)
        path = upload.sudo()._path()
        path.write_bytes(BYTES[:10])
        again = self.begin(modified=5)
        self.assertEqual((again["id"], again["offset"]), (upload.id, 10))
        for other in (
            {"modified": 6},
            {"modified": 5, "size": 11},
            {"modified": 5, "name": "other.pdf"},
            {"modified": 5, "path": "a"},
            {"modified": 5, "path": "b"},
        ):
            with self.subTest(other=other):
                answer = self.begin(**other)
                self.assertNotEqual(answer["id"], upload.id)
                self.assertEqual(answer["offset"], 0)
        self.order.user_id = self.colleague
        self.assertNotEqual(
            self.begin(modified=5, user=self.colleague)["id"], upload.id
        )

    def test_the_list_of_unfinished_uploads_is_ones_own(self):
        upload = self.begun(modified=7)
        upload.sudo()._path().write_bytes(BYTES[:100])
        self.arrived(name="done.pdf").finish()
        [row] = self.uploads().unfinished(*self.place)
        self.assertEqual(
            row,
            {
                "id": upload.id,
                "name": "devis.pdf",
                "size": len(BYTES),
                "offset": 100,
                "modified": 7,
                "error": False,
            },
        )
        self.assertEqual(self.uploads(self.colleague).unfinished(*self.place), [])
        self.assertEqual(self.uploads().unfinished("sale.order", self.order.id + 1), [])

    # ------------------------------------------------------------------
    # Finishing
    # ------------------------------------------------------------------

    def test_finishing_twice_makes_one_document(self):
        upload = self.arrived()
        first = upload.finish()
        self.assertEqual((first["state"], first["error"]), ("done", False))
        self.assertEqual(self.content(self.document(first)), BYTES)
        self.assertEqual(self.document(first).create_uid, self.salesman)
        upload.sudo()._path().unlink()
        self.assertEqual(upload.finish(), first)

    def test_a_repeated_transaction_finds_its_file_again(self):
        """Odoo does a request anew that has met another transaction."""
        upload = self.arrived()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.assertEqual(upload.finish()["state"], "done")
            raise ZeroDivisionError
        upload.invalidate_recordset()
        answer = upload.finish()
        self.assertEqual(answer["state"], "done")
        self.assertEqual(self.content(self.document(answer)), BYTES)

    def test_what_has_arrived_goes_only_when_it_is_filed_for_good(self):
        upload = self.arrived()
        upload.finish()
        self.assertTrue(upload.sudo()._path().exists())
        self.env.cr.postcommit.run()
        self.assertFalse(upload.sudo()._path().exists())
        attachment = upload.sudo().document_id._content_attachment()
        self.assertEqual(b"".join(attachment._progbox_blocks()), BYTES)

    def test_an_incomplete_file_is_not_filed(self):
        upload = self.arrived()
        upload.sudo()._path().write_bytes(BYTES[:-1])
        answer = upload.finish()
        self.assertEqual((answer["state"], answer["documentId"]), ("failed", False))
        self.assertIn(str(len(BYTES) - 1), answer["error"])
        self.assertEqual(upload.sudo().state, "receiving")

    def test_rights_are_asked_again_at_the_end(self):
        upload = self.arrived()
        self.lose_rights()
        answer = upload.finish()
        self.assertEqual((answer["state"], answer["documentId"]), ("failed", False))
        self.assertTrue(answer["error"])
        self.assertTrue(upload.sudo()._path().exists())
        # They may come back.
        self.order.user_id = self.salesman
        self.assertEqual(upload.finish()["state"], "done")

    def test_a_record_that_is_gone_is_said(self):
        upload = self.arrived()
        self.order.unlink()
        answer = upload.finish()
        self.assertEqual(answer["state"], "failed")
        self.assertIn("is gone", answer["error"])

    def test_who_has_left_files_nothing(self):
        upload = self.arrived().sudo()
        self.salesman.active = False
        upload._queue()
        self.run_job(upload)
        self.assertEqual(upload.state, "failed")
        self.assertIn("no account", upload.error)

    def test_nobody_finishes_or_cancels_the_upload_of_another(self):
        upload = self.arrived()
        admin = self.user_of("upload_boss", "base.group_system")
        for user in (self.colleague, self.plain, admin):
            with self.subTest(user=user.login):
                theirs = self.uploads(user).browse(upload.id)
                with self.assertRaises(UserError):
                    theirs.finish()
                theirs.cancel()
                self.assertFalse(self.uploads(user).search([]))
                with self.assertRaises(AccessError):
                    theirs.read(["name"])
        self.assertEqual(upload.sudo().state, "receiving")

    def test_nobody_writes_the_row_by_rpc(self):
        upload = self.begun()
        for attempt in (
            lambda: upload.write({"res_id": 1}),
            lambda: upload.unlink(),
            lambda: upload.create({"name": "a", "size": 1}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_a_full_disk_at_the_end_loses_nothing(self):
        upload = self.arrived()
        full = OSError(28, os.strerror(28))
        with patch.object(upload_parts.KeptFile, "move_to", side_effect=full):
            answer = upload.finish()
        self.assertEqual(answer["state"], "failed")
        self.assertIn("Make room", answer["error"])
        self.assertEqual(upload.finish()["state"], "done")

    def test_cancelling_removes_what_has_arrived(self):
        upload = self.arrived()
        path = upload.sudo()._path()
        upload.cancel()
        self.env.cr.postcommit.run()
        self.assertFalse(upload.sudo().exists())
        self.assertFalse(path.exists())

    # ------------------------------------------------------------------
    # Folders
    # ------------------------------------------------------------------

    def folder_of(self, **more):
        """Return the folder that a file has been filed into, and its ancestors."""
        answer = self.arrived(**more).finish()
        self.assertEqual(answer["state"], "done", answer["error"])
        folder = self.document(answer).folder_id
        return folder, folder.browse(map(int, folder._ancestor_ids()))

    def test_a_dropped_folder_keeps_its_shape(self):
        folder, [own, plans, year] = self.folder_of(path="Plans/2026")
        self.assertEqual((own.res_model, own.res_id), self.place)
        self.assertEqual((plans.name, year.name, folder), ("Plans", "2026", year))
        content = BYTES[:-1]
        again, _path = self.folder_of(content=content, name="b.pdf", path="Plans/2026/")
        self.assertEqual(again, folder)
        other, _path = self.folder_of(
            content=BYTES[:-2], name="c.pdf", path="../2027", folderId=plans.id
        )
        self.assertEqual((other.name, other.parent_id), ("2027", plans))

    def test_no_folder_is_made_at_a_place_of_another_record(self):
        other = self.order.copy({"user_id": self.colleague.id})
        theirs = self.server["progbox.folder"]._progbox_of_record(other)
        answer = self.begin(path="Mine", folderId=theirs.id)
        self.assertTrue(answer["error"])
        # Nor if the folder is given to somebody else meanwhile.
        upload = self.arrived(path="Mine")
        upload.sudo()._job_write({"folder_id": theirs.id})
        self.assertEqual(upload.finish()["state"], "failed")
        self.assertFalse(theirs.child_ids)

    def begin_in(self, folder, file):
        return self.uploads().begin(False, False, [{**file, "folderId": folder.id}])

    def test_a_general_folder_takes_files_of_those_it_is_open_to(self):
        group = self.env.ref("sales_team.group_sale_manager")
        folders = self.server["progbox.folder"]
        values = {"general": True, "company_id": self.company.id}
        opened = folders.create({"name": "Insurance", **values})
        closed = folders.create(
            {"name": "Bank", "group_ids": [Command.set(group.ids)], **values}
        )
        file = {"name": "a.txt", "size": SIZE}
        [refused] = self.uploads().begin(
            False, False, [{**file, "folderId": closed.id}]
        )
        self.assertEqual(list(refused), ["error"])
        [begun] = self.begin_in(opened, file)
        # A reloaded page says what has begun, where the folder is chosen again.
        [row] = self.uploads().unfinished(False, False, opened.id)
        self.assertEqual(row["id"], begun["id"])
        self.assertEqual(self.uploads().unfinished(False, False, closed.id), [])
        upload = self.uploads().browse(begun["id"])
        upload.sudo()._path().write_bytes(BYTES)
        answer = upload.finish()
        self.assertEqual(answer["state"], "done", answer["error"])
        self.assertEqual(self.document(answer).folder_id, opened)
        [nowhere] = self.uploads().begin(False, False, [file])
        self.assertEqual(list(nowhere), ["error"])

    # ------------------------------------------------------------------
    # In the background
    # ------------------------------------------------------------------

    def test_a_large_file_is_checked_in_the_background(self):
        with self.filed_by_a_job():
            upload = self.arrived()
            self.assertEqual(upload.finish()["state"], "checking")
            self.assertEqual(upload.finish()["state"], "checking")
            self.run_job(upload)
            answer = upload.finish()
        self.assertEqual(answer["state"], "done")
        self.assertEqual(self.content(self.document(answer)), BYTES)
        self.assertEqual(self.document(answer).create_uid, self.salesman)

    def test_files_wait_for_deleted_crons(self):
        for kind in ("upload", "document.reading"):
            self.server[f"progbox.{kind}"]._job_crons().unlink()
        with self.filed_by_a_job():
            upload = self.arrived(content=b"%PDF-1.4", name="Scan.pdf")
            self.assertEqual(upload.finish()["state"], "checking")
            self.run_job(upload)
        document = self.document(upload.finish())
        readings = self.server["progbox.document.reading"]
        reading = readings.search([("document_id", "=", document.id)])
        self.assertEqual(reading.state, "pending")

    def test_rights_are_asked_in_the_background_too(self):
        with self.filed_by_a_job():
            upload = self.arrived()
            upload.finish()
            self.lose_rights()
            self.run_job(upload)
        job = upload.sudo()
        self.assertEqual((job.state, job.document_id.id), ("failed", False))
        self.assertTrue(job._path().exists())

    def test_the_server_files_what_a_browser_has_left_behind(self):
        complete = self.arrived().sudo()
        recent = self.arrived(name="recent.pdf").sudo()
        half = self.begun(name="half.pdf").sudo()
        half._path().write_bytes(BYTES[:10])
        for upload in (complete, half):
            self.age(upload, minutes=6)
        self.server["progbox.upload"]._look_after()
        self.assertEqual(
            [u.state for u in (complete, recent, half)],
            ["pending", "receiving", "receiving"],
        )
        self.run_job(complete)
        self.assertEqual(complete.state, "done")

    def age(self, upload, minutes):
        """Let all that has happened to an upload have happened earlier."""
        self.env.flush_all()
        path = upload._path()
        if path.exists():
            then = path.stat().st_mtime - minutes * 60
            os.utime(path, (then, then))
        self.env.cr.execute(
            "UPDATE progbox_upload SET write_date = write_date - %s * interval '1min'"
            " WHERE id = %s",
            [minutes, upload.id],
        )
        upload.invalidate_recordset()

    def test_what_nobody_goes_on_with_is_removed_after_a_day(self):
        left = self.begun(name="left.pdf").sudo()
        left._path().write_bytes(BYTES[:10])
        slow = self.begun(name="slow.pdf").sudo()
        young = self.begun(name="young.pdf").sudo()
        young._path().write_bytes(BYTES[:10])
        done = self.arrived(name="done.pdf")
        done.finish()
        self.env.cr.postcommit.run()
        done = done.sudo()
        for upload in (left, slow, done):
            self.age(upload, 24 * 60 + 1)
        # Bytes have come in a moment ago, which the row knows nothing of.
        slow._path().write_bytes(BYTES[:10])
        stranger = left._path().with_name("0123")
        stranger.write_bytes(b"")
        os.utime(stranger, (0, 0))
        paths = [upload._path() for upload in (left, slow, young)]
        self.server["progbox.upload"]._look_after()
        self.env.cr.postcommit.run()
        self.assertEqual((left + slow + young + done).exists(), slow + young)
        self.assertEqual([path.exists() for path in paths], [False, True, True])
        self.assertFalse(stranger.exists())

    def test_an_other_company_of_the_uploader_is_no_obstacle(self):
        company = self.server["res.company"].create({"name": "Elsewhere"})
        self.salesman.company_ids = [Command.link(company.id)]
        order = self.server["sale.order"].create(
            {
                "partner_id": self.client.id,
                "company_id": company.id,
                "user_id": self.salesman.id,
            }
        )
        uploads = self.uploads().with_context(allowed_company_ids=company.ids)
        [answer] = uploads.begin(
            "sale.order", order.id, [{"name": "a.txt", "size": len(BYTES)}]
        )
        upload = uploads.browse(answer["id"])
        upload.sudo()._path().write_bytes(BYTES)
        with self.filed_by_a_job():
            upload.finish()
            self.run_job(upload)
        self.assertEqual(upload.sudo().state, "done")


@tagged("post_install", "-at_install")
class TestUploadStorage(UploadCommon):
    def test_files_in_the_database_survive_a_repeated_transaction(self):
        self.server["ir.config_parameter"].set_param("ir_attachment.location", "db")
        upload = self.arrived()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            upload.finish()
            raise ZeroDivisionError
        upload.invalidate_recordset()
        answer = upload.finish()
        self.assertEqual(answer["state"], "done")
        document = self.server["progbox.document"].browse(answer["documentId"])
        self.assertEqual(self.content(document), BYTES)
