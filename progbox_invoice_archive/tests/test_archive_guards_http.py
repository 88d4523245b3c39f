from xmlrpc.client import Fault

from odoo import http
from odoo.tests import new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from .guards_common import FORGED64, GuardsCommon
from .http_common import PatientCase


@tagged("post_install", "-at_install")
class TestGuardsHttp(GuardsCommon, PatientCase):
    """A client over the network opens no door either, whatever it puts in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(
            cls.env,
            "guards_admin",
            groups="base.group_system,account.group_account_manager",
            company_id=cls.company.id,
        )

    def call(self, route, **params):
        return self.make_jsonrpc_request(route, params)

    @mute_logger("odoo.http", "odoo.sql_db", "odoo.addons.base.models.ir_model")
    def test_json_and_a_forged_context(self):
        self.authenticate("guards_admin", "guards_admin")
        before = self.evidence()
        context = {"progbox_server": True}
        for model, method, args in (
            ("progbox.document", "write", [self.document.ids, {"name": "x"}]),
            ("progbox.document", "unlink", [self.document.ids]),
            ("progbox.document", "web_save", [self.document.ids, {"number": "x"}, {}]),
            ("progbox.folder", "write", [self.folder.ids, {"locked": False}]),
            ("progbox.seal", "unlink", [self.seal.ids]),
            ("ir.attachment", "write", [self.attachment.ids, {"datas": FORGED64}]),
            ("ir.attachment", "unlink", [self.attachment.ids]),
            ("ir.attachment", "copy", [self.attachment.ids]),
            (
                "ir.attachment",
                "create",
                [
                    {
                        "name": "x",
                        "datas": FORGED64,
                        "res_model": "progbox.document",
                        "res_id": self.document.id,
                        "res_field": "content",
                    }
                ],
            ),
        ):
            with self.subTest(model=model, method=method):
                with self.assertRaises(JsonRpcException) as refusal:
                    self.call(
                        "/web/dataset/call_kw",
                        model=model,
                        method=method,
                        args=args,
                        kwargs={"context": context},
                    )
                self.assertRegex(str(refusal.exception), "(UserError|AccessError)")
        self.assertEqual(self.evidence(), before)

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_xmlrpc_and_a_forged_context(self):
        before = self.evidence()
        for forged in (True, {"ARCHIVER": 1}, "object"):
            with self.assertRaises(Fault) as refusal:
                self.xmlrpc_object.execute_kw(
                    self.env.cr.dbname,
                    self.admin.id,
                    "guards_admin",
                    "progbox.document",
                    "write",
                    [self.document.ids, {"name": "x"}],
                    {"context": {"progbox_server": forged}},
                )
            self.assertRegex(str(refusal.exception), "(archive|not allowed)")
        self.assertEqual(self.evidence(), before)

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_the_chatter_does_not_delete_the_file(self):
        before = self.evidence()
        token = self.attachment._get_ownership_token()
        for login in (None, "guards_admin"):
            self.authenticate(login, login)
            for access_token in (None, token):
                with (
                    self.subTest(login=login),
                    self.assertRaises(JsonRpcException) as refusal,
                ):
                    self.call(
                        "/mail/attachment/delete",
                        attachment_id=self.attachment.id,
                        access_token=access_token,
                    )
                self.assertRegex(str(refusal.exception), "(UserError|NotFound)")
        self.assertEqual(self.evidence(), before)

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_the_chatter_does_not_attach_a_file(self):
        self.authenticate("guards_admin", "guards_admin")
        before = self.evidence()
        self.url_open(
            "/mail/attachment/upload",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "thread_id": self.document.id,
                "thread_model": "progbox.document",
            },
            files={"ufile": ("forged.pdf", b"forged", "application/pdf")},
        )
        with self.assertRaises(JsonRpcException):
            self.call(
                "/mail/message/post",
                thread_model="progbox.document",
                thread_id=self.document.id,
                post_data={"body": "x", "attachment_ids": self.stranger.ids},
            )
        self.assertEqual(self.evidence(), before)
