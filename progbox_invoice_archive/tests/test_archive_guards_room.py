import json
from xmlrpc.client import Fault

from odoo import Command, http
from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from ..tools.staging import read_blocks
from .common import PDF
from .test_archive_guards import FORGED64, GuardsCommon


@tagged("post_install", "-at_install")
class TestGuardsLeaveRoom(GuardsCommon):
    """What Odoo does every day goes on, beside an archive that stays as it is."""

    def deletions(self):
        return self.server["progbox.source.deletion"].search([], order="id")

    def ledger(self):
        return self.server["progbox.seal"].search(
            [("company_id", "=", self.company.id)], order="sequence"
        )

    def archived_for(self, move):
        """Archive a document for an invoice, without the renderer."""
        folder = self.server["progbox.folder"]._archive_folder(
            self.company, move.invoice_date
        )
        return self.server["progbox.document"]._deposit(
            {
                "name": "INV.pdf",
                "folder_id": folder.id,
                "company_id": self.company.id,
                "type_id": self.document.type_id.id,
                "mimetype": "application/pdf",
                "number": move.name,
                "res_model": move._name,
                "res_id": move.id,
            },
            self.server["ir.attachment"]._progbox_stage([PDF]),
        )

    def test_a_draft_invoice_that_was_archived_is_deleted(self):
        move = self.posted()
        number, move_id = move.name, move.id
        document = self.archived_for(move)
        move.button_draft()
        move.with_user(self.billing).unlink()
        self.assertFalse(move.exists())
        self.assertEqual(document.number, number)
        deletion = self.deletions()
        self.assertEqual(deletion.state, "pending")
        deletion._job_process()
        self.assertEqual(deletion.state, "done")
        line = self.ledger()[-1:]
        self.assertEqual(line.kind, "source_deleted")
        payload = json.loads(line.payload)
        self.assertEqual(payload["record"], move_id)
        self.assertEqual(payload["model"], "account.move")
        self.assertEqual(payload["number"], number)
        self.assertEqual(payload["documents"], document.ids)
        self.assertEqual(payload["deleted_by"], self.billing.name)
        self.assertTrue(payload["deleted_on"].endswith("Z"))

    def test_deleting_an_invoice_takes_no_lock_of_the_ledger(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        # The deposit above holds it already: look at what the deletion adds.
        self.patch(
            self.registry["progbox.seal"],
            "_lock",
            lambda seals: self.fail("the ledger is locked in the user's transaction"),
        )
        move.unlink()

    def test_deleting_what_was_never_archived_leaves_no_line(self):
        self.draft().unlink()
        self.assertFalse(self.deletions())

    def test_nobody_forges_or_hides_a_deletion(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.unlink()
        deletion = self.deletions()
        values = {
            "company_id": self.company.id,
            "res_model": "account.move",
            "res_id": 1,
            "document_ids": [],
            "deleted_by": "Nobody",
            "deleted_on": "2026-01-01",
        }
        for attempt in (
            lambda: deletion.create(values),
            lambda: deletion.with_context(progbox_archiver=True).create(values),
            lambda: deletion.write({"deleted_by": "Nobody"}),
            lambda: deletion.with_context(module_uninstall=True).unlink(),
            lambda: deletion.copy(),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_two_contacts_are_merged(self):
        move = self.posted()
        document = self.archived_for(move)
        other = self.client.copy({"name": "Maçonnerie Lefèvre SARL"})
        before = self.evidence()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.client | other).ids, other, extra_checks=False)
        self.assertFalse(self.client.exists())
        self.assertEqual(move.partner_id, other)
        self.assertEqual(document.res_id, move.id)
        self.assertEqual(self.evidence(), before)

    def test_the_files_move_to_the_database_and_back(self):
        attachments = self.server["ir.attachment"]
        parameters = self.env["ir.config_parameter"].sudo()
        ours = self.attachment
        xml = self.archived_xml()
        for location, in_database in (("db", True), ("file", False)):
            parameters.set_param("ir_attachment.location", location)
            (ours | xml | self.stranger)._migrate()
            attachments.flush_model()
            attachments.invalidate_model()
            for attachment in (ours, xml, self.stranger):
                self.assertEqual(not attachment.store_fname, in_database)
            self.assertEqual(self.content(self.document), PDF)
            self.assertEqual(xml.mimetype, "application/xml")

    def archived_xml(self):
        document = self.server["progbox.document"]._deposit(
            {
                "name": "factur-x.xml",
                "folder_id": self.folder.id,
                "company_id": self.company.id,
                "type_id": self.document.type_id.id,
                "mimetype": "application/xml",
            },
            self.server["ir.attachment"]._progbox_stage([b"<?xml version='1.0'?><a/>"]),
        )
        return document._content_attachment()

    def test_a_lost_file_stops_the_move_and_is_not_emptied(self):
        path = self.server["ir.attachment"]._full_path(self.attachment.store_fname)
        self.patch(
            self.registry["ir.attachment"], "_file_read", lambda *args, **kwargs: b""
        )
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", "db")
        self.attachment.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "neither changed nor moved"):
            self.attachment._migrate()
        self.assertEqual(b"".join(read_blocks(path)), PDF)

    def test_the_same_bytes_change_nothing(self):
        before = self.evidence()
        self.attachment.write({"raw": PDF, "name": self.attachment.name})
        after = self.evidence()
        for rows in (before[0][3], after[0][3]):
            for row in rows:
                del row["write_date"], row["write_uid"]
        self.assertEqual(after, before)

    def test_the_user_who_archived_is_deleted(self):
        user = new_test_user(
            self.env,
            "guards_leaver",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        seal = self.server["progbox.seal"].with_user(user).sudo()
        line = seal._append(self.company, "source_deleted", {"record": 1})
        self.assertEqual(line.create_uid, user)
        before = line.read(["payload", "hash"])
        user.unlink()
        self.assertFalse(user.exists())
        self.assertEqual(line.read(["payload", "hash"]), before)

    def test_a_journal_is_deleted(self):
        journal = self.env["account.journal"].create(
            {"name": "Spare", "type": "sale", "code": "GSPR"}
        )
        journal.unlink()
        self.assertFalse(journal.exists())

    def test_the_assets_are_made_anew(self):
        self.server["ir.attachment"].regenerate_assets_bundles()

    def test_an_upgrade_fills_a_new_column(self):
        """As a module does that adds a stored field to documents."""
        self.run_deferred_triggers()
        self.env.cr.execute("ALTER TABLE progbox_document ADD COLUMN x_new integer")
        self.env.cr.execute("UPDATE progbox_document SET x_new = id")
        self.env.cr.execute("ALTER TABLE progbox_seal ADD COLUMN x_new integer")
        self.env.cr.execute("UPDATE progbox_seal SET x_new = id")

    def test_documents_outside_of_the_archive_are_free(self):
        document = self.server["progbox.document"].create(
            {
                "name": "plan.pdf",
                "folder_id": self.elsewhere.id,
                "company_id": self.company.id,
                "type_id": self.document.type_id.id,
                "content": FORGED64,
            }
        )
        document.write({"name": "plan-2.pdf", "content": FORGED64})
        self.elsewhere.name = "Somewhere"
        self.env.flush_all()
        attachment = document._content_attachment()
        document.unlink()
        self.assertFalse(attachment.exists())


@tagged("post_install", "-at_install")
class TestGuardsHttp(GuardsCommon, HttpCase):
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
        context = {"progbox_archiver": True, "progbox_sealer": {}}
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
                    {"context": {"progbox_archiver": forged}},
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
