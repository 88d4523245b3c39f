from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..models import progbox_document
from .test_access_log import AccessLogCommon


@tagged("post_install", "-at_install")
class TestDocumentMail(AccessLogCommon):
    """Documents of the archive that are sent by e-mail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.posted()
        cls.other, cls.document = cls.document, cls.archived_for(cls.move)

    def composed(self, documents):
        action = documents.with_user(self.billing).action_send()
        composer = self.env[action["res_model"]].with_user(self.billing)
        return Form(composer.with_context(**action["context"]))

    def test_one_goes_with_its_invoice_to_its_client(self):
        form = self.composed(self.document)
        self.assertEqual(form.partner_ids[:], self.move.partner_id)
        self.assertIn(self.document.number, form.subject)
        before = self.move.message_ids
        form.save()._action_send_mail()
        message = self.move.message_ids - before
        self.assertEqual(message.attachment_ids.raw, self.content_of(self.document))
        self.assertEqual(message.attachment_ids.res_id, self.move.id)
        # Another row than the evidence, and the same bytes on disk.
        content = self.document.sudo()._content_attachment()
        self.assertNotEqual(message.attachment_ids, content)
        self.assertEqual(message.attachment_ids.store_fname, content.store_fname)
        self.assertEqual(self.lines("download").note, "Sent by e-mail")

    def content_of(self, document):
        return document.sudo()._content_attachment().raw

    def test_several_are_about_no_record(self):
        documents = self.document | self.other
        form = self.composed(documents)
        self.assertFalse(form.model)
        self.assertEqual(len(form.attachment_ids[:]), 2)

    def test_what_is_not_sent_is_nobodys(self):
        form = self.composed(self.document)
        attachment = form.attachment_ids[:]
        self.assertEqual(attachment.sudo().res_model, "mail.compose.message")
        self.assertFalse(attachment.sudo().res_id)

    def test_too_much_for_an_email(self):
        documents = (self.document | self.other).with_user(self.billing)
        for name, limit in (
            ("MOST_OF_AN_EMAIL", 1),
            ("LARGEST_EMAIL", self.document.size),
        ):
            with (
                self.subTest(limit=name),
                patch.object(progbox_document, name, limit),
                self.assertRaisesRegex(UserError, "Share their folder"),
            ):
                documents.action_send()
        self.assertFalse(self.lines("download"))

    def test_a_digest_that_is_not_its_own_replaces_no_file(self):
        kept = self.other.sudo()._content_attachment()
        path, content = kept._progbox_path(), kept.raw
        mine = self.env["ir.attachment"].create({"name": "a.pdf", "raw": b"mine"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET checksum = %s, res_model = %s,"
            " res_field = 'content' WHERE id = %s",
            [path.name, "progbox.document", mine.id],
        )
        mine.invalidate_recordset()
        copy = mine._progbox_given_to(self.env["mail.compose.message"])
        self.assertEqual(copy.sudo().raw, b"mine")
        self.assertEqual(path.read_bytes(), content)

    def test_a_file_that_is_gone_is_named(self):
        content = self.document.sudo()._content_attachment()
        path = content._progbox_path()
        aside = path.rename(path.with_suffix(".aside"))
        self.addCleanup(aside.rename, path)
        with self.assertRaisesRegex(UserError, self.document.name):
            self.document.with_user(self.billing).action_send()
        self.assertFalse(self.lines("download"))

    def test_who_may_not_read_it_sends_nothing(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.document.with_user(stranger).action_send()
