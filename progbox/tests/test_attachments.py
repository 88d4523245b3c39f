from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import PNG, FilesCommon


@tagged("post_install", "-at_install")
class TestAttachments(FilesCommon, HttpCase):
    """Files of a record's messages, and documents that go into its messages."""

    def attached(self, record, name="scan.pdf", content=PDF, user=None):
        """Post a message with a file, as a person does, and return the file."""
        record = record.with_user(user or self.seller)
        message = record.message_post(body="Here", attachments=[(name, content)])
        return message.attachment_ids

    def rows(self, record, user=None):
        return record.with_user(user or self.seller).progbox_attachments()

    def bytes_of(self, document):
        return b"".join(document.sudo()._content_attachment()._progbox_blocks())

    # ------------------------------------------------------------------
    # Listed
    # ------------------------------------------------------------------

    def test_what_is_attached_is_listed(self):
        attachment = self.attached(self.order)
        [row] = self.rows(self.order)
        self.assertEqual(row["id"], attachment.id)
        self.assertEqual(
            (row["name"], row["mimetype"]), ("scan.pdf", "application/pdf")
        )
        self.assertEqual((row["size"], row["kept"]), (len(PDF), False))
        self.assertEqual(row["createdBy"], self.seller.name)

    def test_a_picture_that_an_invoice_has_lost_is_listed(self):
        bill = self.draft("in_invoice")
        picture = self.attached(bill, "cheque.png", PNG, self.billing)
        # As Odoo does with what comes by e-mail.
        picture.sudo().write({"res_model": False, "res_id": 0})
        [row] = self.rows(bill, self.billing)
        self.assertEqual(row["id"], picture.id)
        self.assertTrue(bill.with_user(self.billing).progbox_tab()["attachments"])

    def test_files_of_fields_and_links_are_not(self):
        values = {"name": "a", "res_model": "sale.order", "res_id": self.order.id}
        self.server["ir.attachment"].create(
            [
                {**values, "res_field": "signature", "raw": PNG},
                {**values, "type": "url", "url": "https://example.com"},
            ]
        )
        self.assertEqual(self.rows(self.order), [])

    def test_who_may_not_read_the_record_sees_none(self):
        attachment = self.attached(self.order)
        for user in (self.other_seller, self.plain):
            order = self.order.with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    order.progbox_attachments()
                with self.assertRaises(AccessError):
                    order.progbox_keep_attachment(attachment.id)

    # ------------------------------------------------------------------
    # Kept
    # ------------------------------------------------------------------

    def test_one_click_keeps_it_without_copying_bytes(self):
        attachment = self.attached(self.order)
        file = attachment.sudo()._progbox_path().stat().st_ino
        order = self.order.with_user(self.seller)
        answer = order.progbox_keep_attachment(attachment.id)
        self.assertEqual(attachment.sudo()._progbox_path().stat().st_ino, file)
        document = self.server["progbox.document"].browse(answer["documentId"])
        self.assertEqual(self.bytes_of(document), PDF)
        self.assertEqual((document.res_model, document.res_id), self.place(self.order))
        content = document._content_attachment()
        self.assertEqual(content.store_fname, attachment.sudo().store_fname)
        [row] = self.rows(self.order)
        self.assertTrue(row["kept"])
        again = order.progbox_keep_attachment(attachment.id)
        self.assertEqual(again["documentId"], document.id)
        self.assertTrue(again["alreadyThere"])
        self.env.cr.postcommit.run()
        self.assertEqual(self.bytes_of(document), PDF)
        self.assertEqual(attachment.sudo().raw, PDF)

    def test_one_that_its_reader_could_not_open_is_kept(self):
        bill = self.draft("in_invoice")
        picture = self.attached(bill, "cheque.png", PNG, self.env.user)
        picture.sudo().write({"res_model": False, "res_id": 0})
        answer = bill.with_user(self.billing).progbox_keep_attachment(picture.id)
        document = self.server["progbox.document"].browse(answer["documentId"])
        self.assertEqual(self.bytes_of(document), picture.sudo().raw)

    def test_only_what_is_attached_to_the_record_is_kept(self):
        other = self.order_of(self.seller)
        secret = self.attached(self.order_of(self.other_seller), user=self.other_seller)
        own = self.attached(self.order)
        for attachment in (own, secret):
            with self.subTest(attachment=attachment), self.assertRaises(UserError):
                other.with_user(self.seller).progbox_keep_attachment(attachment.id)

    def test_files_in_the_database_are_kept_too(self):
        self.server["ir.config_parameter"].set_param("ir_attachment.location", "db")
        attachment = self.attached(self.order)
        answer = self.order.with_user(self.seller).progbox_keep_attachment(
            attachment.id
        )
        document = self.server["progbox.document"].browse(answer["documentId"])
        self.assertEqual(self.bytes_of(document), PDF)

    # ------------------------------------------------------------------
    # Opened
    # ------------------------------------------------------------------

    def test_it_is_opened_by_whoever_may_read_the_record(self):
        bill = self.draft("in_invoice")
        picture = self.attached(bill, "cheque.png", PNG, self.env.user)
        picture.sudo().write({"res_model": False, "res_id": 0})
        raw = picture.sudo().raw
        [row] = self.rows(bill, self.billing)
        self.authenticate("billing", "billing")
        answer = self.url_open(row["url"])
        self.assertEqual((answer.status_code, answer.content), (200, raw))
        self.assertEqual(answer.headers["Content-Type"], "image/png")
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        answer = self.url_open(row["url"] + "?download=1")
        self.assertIn("attachment", answer.headers["Content-Disposition"])

    def test_it_is_opened_by_nobody_else(self):
        attachment = self.attached(self.order)
        [row] = self.rows(self.order)
        theirs = f"/progbox/attachment/sale.order/{self.order_of(self.seller).id}"
        other = f"/progbox/attachment/res.users/{self.seller.id}/{attachment.id}"
        self.authenticate("seller", "seller")
        for url in (f"{theirs}/{attachment.id}", other):
            self.assertEqual(self.url_open(url).status_code, 404)
        for login in ("other", "plain"):
            with self.subTest(login=login):
                self.authenticate(login, login)
                self.assertEqual(self.url_open(row["url"]).status_code, 404)

    # ------------------------------------------------------------------
    # Attached to an e-mail
    # ------------------------------------------------------------------

    def composer(self, user=None):
        return (
            self.env["mail.compose.message"]
            .with_user(user or self.seller)
            .create(
                {
                    "model": "sale.order",
                    "res_ids": self.order.ids,
                    "composition_mode": "comment",
                    "subject": "Your quotation",
                    "body": "Please see",
                    "partner_ids": self.client.ids,
                }
            )
        )

    def offered(self, wizard):
        """Return what the field of a wizard offers."""
        documents = wizard.env["progbox.document"]
        return documents.search([("tab_of", "=", wizard.progbox_tab_of)])

    def test_each_document_of_the_tab_is_offered(self):
        """However many there are: own ones, and of relatives."""
        keeper = self.user_of("keeper", "base.group_user,base.group_partner_manager")
        expected = self.env["progbox.document"]
        for record, user, count in (
            (self.order, self.seller, 51),
            (self.client, keeper, 21),
        ):
            for number in range(count):
                content = PDF + str(number).encode()
                expected += self.drop(record, content=content, user=user)
        first = expected[:1]
        newest = self.drop(self.order, content=PDF + b"new", replaces=first.id)
        self.drop(self.order_of(self.other_seller), user=self.other_seller)
        offered = self.offered(self.composer())
        self.assertEqual(set(offered.ids), set((expected - first + newest).ids))

    def test_what_a_tab_shows_is_found_by_those_who_may_open_it(self):
        self.drop(self.order)
        for user in (self.other_seller, self.plain):
            documents = self.env["progbox.document"].with_user(user)
            place = f"sale.order,{self.order.id}"
            self.assertFalse(documents.search([("tab_of", "=", place)]))
        for place in (
            "res.users,1",
            "sale.order,0",
            "sale.order,",
            "sale.order",
            False,
        ):
            self.assertFalse(documents.search([("tab_of", "=", place)]))

    def test_one_tab_is_searched_at_a_time(self):
        places = [f"sale.order,{self.order.id}", f"res.partner,{self.client.id}"]
        documents = self.env["progbox.document"].with_user(self.seller)
        with self.assertRaises(NotImplementedError):
            documents.search([("tab_of", "in", places)])

    def test_a_quotation_is_sent_with_a_document(self):
        document = self.drop(self.order)
        composer = self.composer()
        self.assertEqual(self.offered(composer), document)
        composer.progbox_document_ids = document
        _mails, message = composer._action_send_mail()
        attachment = message.sudo().attachment_ids
        self.assertEqual((attachment.name, attachment.raw), ("plan.pdf", PDF))
        content = document.sudo()._content_attachment()
        self.assertNotEqual(attachment, content)
        self.assertEqual(attachment.store_fname, content.store_fname)
        self.assertEqual(
            (attachment.res_model, attachment.res_id), self.place(self.order)
        )

    def test_no_document_is_sent_that_its_sender_may_not_read(self):
        theirs = self.drop(self.order_of(self.other_seller), user=self.other_seller)
        composer = self.composer()
        composer.sudo().progbox_document_ids = theirs
        with self.assertRaises(AccessError):
            composer._action_send_mail()

    def test_an_invoice_is_sent_with_a_document(self):
        invoice = self.posted()
        self.client.email = "client@example.com"
        document = self.drop(invoice, user=self.billing)
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(self.billing)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"move_id": invoice.id, "sending_methods": ["email"]})
        )
        self.assertIn(document, self.offered(wizard))
        wizard.progbox_document_ids = document
        wizard.action_send_and_print()
        message = invoice.message_ids.filtered("attachment_ids")[:1]
        self.assertIn("plan.pdf", message.sudo().attachment_ids.mapped("name"))

    def test_what_is_sent_to_many_or_of_another_kind_offers_nothing(self):
        self.drop(self.order)
        composer = self.composer()
        composer.composition_mode = "mass_mail"
        self.assertFalse(composer.progbox_tab_of)
        composer = self.composer()
        composer.write({"model": "res.users", "res_ids": self.seller.ids})
        self.assertFalse(composer.progbox_tab_of)

    def test_a_tab_without_documents_offers_nothing(self):
        self.assertFalse(self.composer().progbox_tab_of)
