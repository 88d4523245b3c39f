import os
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..controllers import upload as controller
from .upload_common import BYTES, UploadCommon

HALF = len(BYTES) // 2


@tagged("post_install", "-at_install")
class TestUploadHttp(UploadCommon, HttpCase):
    """Each answer of the address that bytes are sent to."""

    def setUp(self):
        super().setUp()
        self.authenticate("upload_salesman", "upload_salesman")

    def ask(self, upload, method, data=None, without=(), **headers):
        """Send a request as the browser does, but for some of its headers."""
        sent = {"Tus-Resumable": "1.0.0"}
        if method == "PATCH":
            sent["Content-Type"] = "application/offset+octet-stream"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        for name in without:
            del sent[name]
        path = f"/progbox/upload/{upload.id}"
        return self.url_open(
            path, data, headers=sent, method=method, allow_redirects=False
        )

    def patch(self, upload, data, offset=0, **more):
        return self.ask(upload, "PATCH", data, Upload_Offset=str(offset), **more)

    def offset(self, upload):
        answer = self.ask(upload, "HEAD")
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Upload-Length"], str(upload.sudo().size))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        return int(answer.headers["Upload-Offset"])

    def assert_refused(self, answer, status, upload, bytes_there=0):
        self.assertEqual(answer.status_code, status)
        self.assertIn("text/plain", answer.headers["Content-Type"])
        path = upload.sudo()._path()
        there = path.stat().st_size if path.exists() else 0
        self.assertEqual(there, bytes_there)

    # ------------------------------------------------------------------
    # What works
    # ------------------------------------------------------------------

    def test_a_file_sent_in_two_pieces_becomes_a_document(self):
        upload = self.begun()
        self.assertEqual(self.offset(upload), 0)
        first = self.patch(upload, BYTES[:HALF])
        self.assertEqual((first.status_code, first.content), (204, b""))
        self.assertEqual(first.headers["Upload-Offset"], str(HALF))
        self.assertEqual(first.headers["Tus-Resumable"], "1.0.0")
        self.assertEqual(self.offset(upload), HALF)
        self.assertEqual(self.patch(upload, BYTES[HALF:], HALF).status_code, 204)
        answer = upload.finish()
        self.assertEqual(answer["state"], "done")
        document = self.server["progbox.document"].browse(answer["documentId"])
        self.assertEqual(self.content(document), BYTES)
        self.assertEqual((document.res_model, document.res_id), self.place)
        self.assertEqual(self.offset(upload), len(BYTES))

    @property
    def place(self):
        return "sale.order", self.order.id

    def test_the_stream_of_a_request_is_read_piece_by_piece(self):
        """What `raw_stream` reaches into is private to Odoo."""
        upload, sizes = self.begun(size=len(BYTES)), []
        stream_of = controller.raw_stream

        class Watched:
            def __init__(self):
                self.stream = stream_of()

            # pylint: disable-next=method-required-super
            def read(self, size):
                block = self.stream.read(size)
                sizes.append(len(block))
                return block

        with patch.object(controller, "raw_stream", Watched):
            self.assertEqual(self.patch(upload, BYTES).status_code, 204)
        self.assertEqual(sum(sizes), len(BYTES))
        self.assertLessEqual(max(sizes), 1 << 16)

    def test_options_says_what_the_server_speaks(self):
        answer = self.ask(self.begun(), "OPTIONS", without=["Tus-Resumable"])
        self.assertEqual(answer.status_code, 204)
        self.assertEqual(answer.headers["Tus-Version"], "1.0.0")
        self.assertEqual(answer.headers["Tus-Max-Size"], "2147483647")
        self.assertEqual(answer.headers["Tus-Extension"], "termination")

    def test_delete_forgets_the_upload(self):
        upload = self.begun()
        self.assertEqual(self.ask(upload, "DELETE").status_code, 204)
        self.assertFalse(upload.sudo().exists())
        self.assertEqual(self.ask(upload, "HEAD").status_code, 404)

    def test_a_chunk_may_be_larger_than_other_requests(self):
        self.server["ir.config_parameter"].set_param("web.max_file_upload_size", "1000")
        upload = self.begun()
        self.assertEqual(self.patch(upload, BYTES).status_code, 204)

    def test_nothing_is_written_to_the_database_while_bytes_come_in(self):
        upload = self.begun()
        self.env.flush_all()
        row = "SELECT xmin, ctid FROM progbox_upload WHERE id = %s"
        self.env.cr.execute(row, [upload.id])
        before = self.env.cr.fetchall()
        self.assertEqual(self.patch(upload, BYTES).status_code, 204)
        self.env.flush_all()
        self.env.cr.execute(row, [upload.id])
        self.assertEqual(self.env.cr.fetchall(), before)

    # ------------------------------------------------------------------
    # What is refused
    # ------------------------------------------------------------------

    def test_every_method_asks_for_the_header_that_no_form_can_send(self):
        upload = self.begun()
        for method in ("HEAD", "PATCH", "DELETE"):
            with self.subTest(method=method):
                answer = self.ask(upload, method, without=["Tus-Resumable"])
                self.assert_refused(answer, 412, upload)
                answer = self.ask(upload, method, Tus_Resumable="0.2.2")
                self.assert_refused(answer, 412, upload)
        self.assertTrue(upload.sudo().exists())

    def test_a_form_is_no_piece_of_a_file(self):
        upload = self.begun()
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data", ""):
            with self.subTest(kind=kind):
                answer = self.patch(upload, b"a=b", Content_Type=kind)
                self.assert_refused(answer, 415, upload)

    def test_bytes_that_do_not_continue_what_is_there_are_refused(self):
        upload = self.begun()
        self.patch(upload, BYTES[:10])
        for offset in (0, 9, 11):
            with self.subTest(offset=offset):
                answer = self.patch(upload, BYTES[:10], offset)
                self.assert_refused(answer, 409, upload, 10)

    def test_an_offset_is_a_number(self):
        upload = self.begun()
        for offset in ("", "-1", "1.5", "ten", "²"):
            with self.subTest(offset=offset):
                answer = self.patch(upload, b"a", offset.encode())
                self.assert_refused(answer, 400, upload)

    def test_more_than_was_announced_is_not_taken(self):
        upload = self.begun()
        answer = self.patch(upload, BYTES + b"more")
        self.assert_refused(answer, 413, upload)
        # Without a length, too.
        answer = self.patch(upload, iter([BYTES, b"more"]))
        self.assertEqual(self.offset(upload), len(BYTES))

    def test_two_requests_do_not_write_one_file_at_once(self):
        upload = self.begun()
        self.patch(upload, BYTES[:10])
        with upload.sudo()._path().open("ab") as held:
            controller.receive.__globals__["fcntl"].flock(held, 2)
            self.assert_refused(self.patch(upload, b"x", 10), 423, upload, 10)
            self.assertEqual(self.ask(upload, "HEAD").status_code, 423)
        self.assertEqual(self.offset(upload), 10)

    def test_a_full_disk_says_so_and_keeps_what_was_acknowledged(self):
        upload = self.begun()
        self.patch(upload, BYTES[:10])
        full = OSError(28, os.strerror(28))
        parts = "odoo.addons.progbox.tools.upload_parts._append"
        with patch(parts, side_effect=full):
            answer = self.patch(upload, b"x", 10)
        self.assert_refused(answer, 507, upload, 10)
        self.assertIn("disk", answer.text)

    def test_after_the_end_nothing_is_added(self):
        upload = self.begun()
        self.patch(upload, BYTES)
        upload.finish()
        self.assertEqual(self.patch(upload, b"more").status_code, 409)
        self.assertEqual(self.offset(upload), len(BYTES))

    # ------------------------------------------------------------------
    # Who may
    # ------------------------------------------------------------------

    def assert_unreachable(self, upload, status):
        for method in ("HEAD", "PATCH", "DELETE"):
            with self.subTest(method=method):
                answer = self.ask(upload, method, b"x" if method == "PATCH" else None)
                self.assert_refused(answer, status, upload)
        self.assertTrue(upload.sudo().exists())

    def test_an_expired_session_is_told_so_in_words(self):
        upload = self.begun()
        self.logout()
        self.assert_unreachable(upload, 401)

    def test_nobody_reaches_the_upload_of_another(self):
        upload = self.begun()
        self.user_of("upload_admin", "base.group_system,sales_team.group_sale_manager")
        for login in ("upload_colleague", "upload_admin"):
            with self.subTest(login=login):
                self.authenticate(login, login)
                self.assert_unreachable(upload, 404)

    def test_a_portal_user_reaches_none(self):
        self.user_of("upload_portal", "base.group_portal")
        upload = self.begun()
        upload.sudo().env.cr.execute(
            "UPDATE progbox_upload SET create_uid ="
            " (SELECT id FROM res_users WHERE login = 'upload_portal') WHERE id = %s",
            [upload.id],
        )
        upload.invalidate_recordset()
        self.authenticate("upload_portal", "upload_portal")
        self.assert_unreachable(upload, 404)

    def test_an_unknown_upload_looks_like_one_of_another(self):
        known = self.begun()
        unknown = known.browse(known.id + 1000000)
        self.assertEqual(self.ask(unknown, "HEAD").status_code, 404)
