from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import FilesCommon


@tagged("post_install", "-at_install")
class TestHistory(FilesCommon):
    """What happened to a document, by whom, and one line of the chatter."""

    def texts(self, document, user=None):
        history = document.with_user(user or self.seller).progbox_history()
        return [line["text"] for line in history]

    def tell(self):
        self.server["progbox.document.event"]._tell()

    def chatter(self, record):
        return [
            str(message.body)
            for message in record.sudo().message_ids
            if "ProGBox" in str(message.body)
        ]

    def test_it_has_a_sentence_for_each_event(self):
        document = self.drop(self.order)
        document.progbox_rename("Plan B")
        plan = self.env["progbox.document.type"]._of_codes("written_specification")
        document.progbox_set_type(plan.id)
        new = self.drop(self.order, "c.pdf", PDF + b"2", replaces=document.id)
        document.progbox_restore_version()
        new.progbox_trash()
        new.progbox_restore()
        self.assertEqual(
            self.texts(document),
            [
                "c.pdf was restored from the trash.",
                "c.pdf was moved to the trash.",
                "Version 1 was restored as version 3.",
                "c.pdf was added as version 2.",
                "The type was changed from Plan to Written Specification.",
                "plan.pdf was renamed to Plan B.pdf.",
                "plan.pdf was added.",
            ],
        )
        [*_others, first] = document.progbox_history()
        self.assertEqual(first["who"], self.seller.name)
        self.assertTrue(first["date"])

    def test_moving_names_both_records_to_who_may_read_them(self):
        target = self.order_of(self.seller)
        document = self.drop(self.order)
        document.progbox_move(target._name, target.id)
        self.assertEqual(
            self.texts(document)[0],
            f"plan.pdf was moved from {self.order.name} to {target.name}.",
        )
        target.user_id = self.other_seller
        self.env.flush_all()
        self.assertEqual(
            self.texts(document, self.other_seller)[0],
            f"plan.pdf was moved from another record to {target.name}.",
        )

    def test_whoever_may_not_read_the_document_learns_nothing(self):
        document = self.drop(self.order)
        for user in (self.other_seller, self.plain):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    document.with_user(user).progbox_history()
                events = self.env["progbox.document.event"].with_user(user)
                self.assertFalse(events.search([("document_id", "=", document.id)]))
        events = self.env["progbox.document.event"].with_user(self.seller)
        self.assertTrue(events.search([("document_id", "=", document.id)]))

    def test_nobody_changes_it(self):
        event = self.drop(self.order).sudo().event_ids
        self.assertEqual(len(event), 1)
        for change in (
            lambda: event.write({"kind": "deleted"}),
            event.unlink,
            event.copy,
            lambda: event.create(
                {"document_id": event.document_id.id, "kind": "added"}
            ),
        ):
            with self.assertRaises(UserError):
                change()

    def test_files_that_arrive_together_are_one_line_of_the_chatter(self):
        self.drop(self.order, "a.pdf")
        self.drop(self.order, "b.pdf", PDF + b"2")
        gone = self.drop(self.order, "c.pdf", PDF + b"3")
        gone.progbox_trash()
        self.tell()
        self.assertEqual(
            self.chatter(self.order),
            [
                "<span>ProGBox: added a.pdf, b.pdf, c.pdf<br>"
                "ProGBox: moved to the trash c.pdf</span>"
            ],
        )
        [message] = self.order.message_ids.filtered(lambda m: "ProGBox" in m.body)
        self.assertEqual(message.author_id, self.seller.partner_id)
        self.tell()
        self.assertEqual(len(self.chatter(self.order)), 1)

    def test_the_line_waits_for_more_files(self):
        cron = self.env.ref("progbox.ir_cron_chatter")
        triggers = self.server["ir.cron.trigger"].search([])
        self.drop(self.order)
        now = fields.Datetime.now()
        triggers = triggers.search([("id", "not in", triggers.ids)])
        [trigger] = triggers.filtered(lambda trigger: trigger.cron_id == cron)
        self.assertGreater(trigger.call_at, now + timedelta(seconds=30))
        self.assertLess(trigger.call_at, now + timedelta(seconds=90))

    def test_many_files_are_counted(self):
        for number in range(12):
            self.drop(self.order, f"{number}.pdf", PDF + bytes([number]))
        self.tell()
        [line] = self.chatter(self.order)
        self.assertIn("8.pdf, 9.pdf… (12 in all)", line)

    def test_a_file_name_is_no_markup(self):
        self.drop(self.order, "<b>x.pdf")
        self.tell()
        [line] = self.chatter(self.order)
        self.assertNotIn("<b>", line)

    def test_a_record_that_is_gone_is_told_nothing(self):
        order = self.order_of(self.seller)
        self.drop(order)
        order.unlink()
        self.tell()
        events = self.server["progbox.document.event"]
        self.assertFalse(events.search([("told", "!=", True)]))
