from odoo.tests import new_test_user, tagged

from .common import PDF, ArchiveCommon

FORGED = PDF + b"% to pay: 1.00\n%%EOF\n"


@tagged("post_install", "-at_install")
class TestSecurityHistory(ArchiveCommon):
    """A customer does not choose what is archived as the company's invoice."""

    def setUp(self):
        super().setUp()
        self.customer = new_test_user(self.env, "customer", "base.group_portal")
        self.move = self.posted(date="2024-05-02")
        self.forget(self.move)
        self.move._progbox_enqueue("history")
        # Posted long ago; a test has one time for all.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET create_date = '2024-05-02' WHERE id = %s",
            [self.move.id],
        )
        self.move.invalidate_recordset(["create_date"])
        self.name = self.move.name.replace("/", "_") + ".pdf"

    def assert_rebuilt(self):
        self.run_jobs(self.move)
        document = self.documents(self.move)
        self.assertEqual(document.origin, "rebuilt")
        self.assertNotEqual(self.content(document), FORGED)

    def test_a_file_from_the_portal_is_not_what_was_emailed(self):
        self.move.with_user(self.customer).sudo().message_post(
            body="My invoice",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[(self.name, FORGED)],
        )
        self.assertTrue(self.move.message_main_attachment_id)
        self.assert_rebuilt()

    def test_an_answer_by_email_is_not_the_import(self):
        self.move.message_post(
            body="Paid, see here",
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=self.customer.partner_id.id,
            attachments=[("transfer.pdf", FORGED)],
        )
        self.assertTrue(self.move.message_main_attachment_id)
        self.assert_rebuilt()

    def test_what_the_company_sent_is_taken_although_the_customer_answered(self):
        for user, content in ((self.env.user, PDF), (self.customer, FORGED)):
            self.move.with_user(user).sudo().message_post(
                body="Invoice",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                attachments=[(self.name, content)],
            )
        self.run_jobs(self.move)
        document = self.documents(self.move)
        self.assertEqual(document.origin, "emailed")
        self.assertEqual(self.content(document), PDF)
