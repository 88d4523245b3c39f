"""What somebody tries who has few rights and knows the code."""

import shutil

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.progbox_invoice_archive.models import ir_rule

from .common import ProgboxCommon

SECRET = "Disciplinary 2026"


@tagged("post_install", "-at_install")
class TestAttacks(ProgboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hr = cls.user_of("attack_hr", "hr.group_hr_user")
        cls.alice = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Alice Secret", "company_id": cls.company.id})
        )
        cls.contract = cls.dropped(cls.alice, "licenciement.pdf", cls.hr)
        folders = cls.env["progbox.folder"].with_user(cls.hr)
        node = folders.progbox_add_for("hr.employee", cls.alice.id, SECRET)
        cls.secret = folders.sudo().browse(node["id"])
        cls.attacker = cls.salesman
        cls.mine = cls.order_of(cls.client, user_id=cls.attacker.id)
        cls.document = cls.dropped(cls.mine, "mine.pdf", cls.attacker)

    def uploads(self, **context):
        uploads = self.env["progbox.upload"].with_user(self.attacker)
        return uploads.with_context(**context)

    def announced(self, uploads=None, **values):
        file = {"name": "a.pdf", "size": 3, **values}
        uploads = uploads if uploads is not None else self.uploads()
        [answer] = uploads.begin("sale.order", self.mine.id, [file])
        return answer

    def test_debug_mode_names_nothing_that_is_refused(self):
        contract = self.env["progbox.document"].sudo().browse(self.contract.id)
        for records in (contract, self.secret, contract.folder_id):
            refused = records.sudo(False).with_user(self.attacker)
            with self.subTest(records=records), self.debug_mode():
                self.assertTrue(refused.env.user.has_group("base.group_no_one"))
                with (
                    self.assertLogs(ir_rule.__name__) as logged,
                    self.assertRaises(AccessError) as caught,
                ):
                    refused.check_access("read")
                self.assertIn(str(records.ids), logged.output[0])
                said = str(caught.exception)
                self.assertNotIn("licenciement", said)
                self.assertNotIn("Alice", said)
                self.assertNotIn(SECRET, said)

    def test_the_context_names_no_file_of_the_server(self):
        store = self.env["ir.attachment"]._progbox_staging_folder()
        store.mkdir(parents=True, exist_ok=True)
        victim = store / "victim"
        victim.write_bytes(b"abc")
        self.addCleanup(victim.unlink, missing_ok=True)
        for name, part in enumerate((str(victim), "../victim")):
            with self.subTest(part=part):
                uploads = self.uploads(default_part=part)
                answer = self.announced(uploads, name=f"{name}.pdf")
                self.assertEqual(answer["offset"], 0)
                upload = self.env["progbox.upload"].sudo().browse(answer["id"])
                self.assertRegex(upload.part, "^[0-9a-f]{32}$")
                upload._job_write({"part": part})
                with self.assertRaises(ValueError):
                    upload._path()
        self.assertEqual(victim.read_bytes(), b"abc")

    def test_the_context_makes_no_other_document_of_a_file(self):
        documents = self.env["progbox.document"].with_user(self.attacker)
        lie = {"default_number": "INV/1", "default_trashed_on": "2020-01-01 00:00:00"}
        staged = self.env["ir.attachment"]._progbox_stage([b"%PDF-1.4 lie"])
        document, _again = documents.with_context(**lie)._progbox_drop(
            self.mine.with_user(self.attacker), staged, {"name": "lie.pdf"}
        )
        self.assertFalse(document.sudo().number)
        self.assertFalse(document.sudo().trashed_on)

    def test_the_context_makes_no_folder_of_another_record(self):
        folders = self.env["progbox.folder"].with_user(self.attacker)
        own = self.document.folder_id
        lie = {"default_res_model": "hr.employee", "default_res_id": self.alice.id}
        node = folders.with_context(**lie).browse(own.id).progbox_add("x")
        self.assertEqual(node["name"], "x")
        self.assertFalse(self.env["progbox.folder"].sudo().browse(node["id"]).res_id)

    def test_an_upload_names_no_folder_and_no_document_of_others(self):
        for values in (
            {"folderId": self.secret.id},
            {"replaces": self.contract.id},
            {"folderId": self.secret.id, "replaces": self.document.id, "path": "x/y"},
        ):
            with self.subTest(values=values):
                answer = self.announced(**values)
                for text in (SECRET, "licenciement", "Alice"):
                    self.assertNotIn(text, str(answer.get("error")))
                if "id" in answer:
                    upload = self.uploads().browse(answer["id"])
                    for name in ("folder_id", "replaces_id", "document_id"):
                        with self.assertRaises(AccessError):
                            upload.read([name])

    def test_no_folder_is_made_in_that_of_another_record(self):
        inside = self.env["progbox.folder"].sudo()
        inside = inside.search_count([("parent_id", "child_of", self.secret.id)])
        answer = self.announced(
            folderId=self.secret.id, replaces=self.document.id, path="Hacked/x"
        )
        if "id" in answer:
            upload = self.env["progbox.upload"].sudo().browse(answer["id"])
            path = upload._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"%PD")
            self.uploads().browse(upload.id).finish()
        after = self.env["progbox.folder"].sudo()
        after = after.search_count([("parent_id", "child_of", self.secret.id)])
        self.assertEqual(after, inside)

    def test_moving_to_a_folder_of_others_does_not_name_it(self):
        document = self.document.with_user(self.attacker)
        with self.assertRaises(UserError) as refused:
            document.progbox_move("sale.order", self.mine.id, self.secret.id)
        self.assertNotIn(SECRET, str(refused.exception))

    def test_the_customer_sees_no_document_of_the_own_order(self):
        customer = new_test_user(
            self.env, "attack_portal", "base.group_portal", name="Portal Customer"
        )
        order = self.order_of(customer.partner_id)
        order.message_subscribe(customer.partner_id.ids)
        self.dropped(order, "margin.pdf", self.env.user)
        order.message_post(
            body="internal", attachments=[("internal.txt", b"for us alone")]
        )
        order = order.with_user(customer)
        order.check_access("read")
        for call in (
            order.progbox_tab,
            order.progbox_attachments,
            lambda: order.progbox_tab_page("own"),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(order.progbox_tab_count()["count"], 0)

    def test_the_history_tells_no_name_that_its_reader_may_not_know(self):
        self.document.with_user(self.attacker).progbox_rename("other")
        events = self.env["progbox.document.event"].with_user(self.attacker)
        found = events.search([("document_id", "=", self.document.id)])
        self.assertTrue(found.mapped("text"))
        with self.assertRaises(AccessError):
            found.read(["detail"])

    def test_the_chatter_of_an_employee_names_no_file(self):
        events = self.env["progbox.document.event"].sudo()
        events.search([("document_id", "=", self.contract.id)])._tell_record()
        bodies = "".join(str(m.body) for m in self.alice.sudo().message_ids)
        self.assertNotIn("licenciement", bodies)

    def test_who_has_left_human_resources_gets_no_file_back(self):
        self.contract.with_user(self.hr).progbox_trash()
        self.hr.sudo().group_ids = [Command.set(self.env.ref("base.group_user").ids)]
        self.alice.sudo().unlink()
        self.assertFalse(
            self.env["progbox.document"]
            .with_user(self.hr)
            .search([("id", "=", self.contract.id)])
        )

    def test_a_name_opens_no_file_to_the_employee(self):
        contract = self.env["progbox.document.type"]._of_codes("employment_contract")
        contract.sudo().employee_may_read = True
        contract.sudo().words = "contrat de travail"
        dropped = self.dropped(self.alice, "contrat de travail projet.pdf", self.hr)
        self.assertEqual(dropped.type_id.code, "other")

    @classmethod
    def tearDownClass(cls):
        parts = cls.env["progbox.upload"]._parts_folder()
        super().tearDownClass()
        shutil.rmtree(parts, ignore_errors=True)
