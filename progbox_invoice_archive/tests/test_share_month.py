from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged
from odoo.tools import html2plaintext

from odoo.addons.mail.tests.common import MailCase

from .share_common import ShareCommon


@tagged("post_install", "-at_install")
class TestShareMonth(ShareCommon, MailCase):
    """The e-mail when a month is closed."""

    def close(self, date):
        with self.mock_mail_gateway():
            self.server["progbox.closing"]._close(
                self.company, fields.Date.to_date(date)
            )
        return self._new_mails

    def test_contacts_who_want_to_know_are_written(self):
        anna = self.share_with(self.root, self.anna, monthly_notification=True)
        self.share_with(self.root, self.boris)
        mails = self.close("2026-11-01")
        self.assertEqual(mails.mapped("state"), ["outgoing"])
        self.assertEqual(mails.recipient_ids, self.anna.partner_id)
        self.assertIn("November 2026", mails.subject)
        self.assertIn(f"/my/archive/{anna.id}/month/2026-11", mails.body_html)

    def test_who_has_nothing_of_the_month_is_left_in_peace(self):
        self.share_with(self.month, self.anna, monthly_notification=True)
        self.assertFalse(self.close("2026-10-01"))

    def close_due(self, today="2026-12-10"):
        self.jobs.search([("company_id", "=", self.company.id)]).unlink()
        with freeze_time(today), self.mock_mail_gateway():
            self.server["progbox.closing"]._close_due(self.company)
        return self._new_mails

    def test_many_months_that_are_closed_at_once_make_one_e_mail(self):
        share = self.share_with(self.root, self.anna, monthly_notification=True)
        mail = self.close_due()
        self.assertEqual(len(mail), 1)
        self.assertIn("October 2026 – November 2026", mail.subject)
        body = " ".join(html2plaintext(mail.body_html).split())
        self.assertIn("October 2026: *1*", body)
        self.assertIn("November 2026: *1*", body)
        self.assertRegex(mail.body_html, rf"/my/archive/{share.id}[^/\d]")
        self.assertFalse(self.close_due("2026-12-11"))

    def test_several_shares_of_a_contact_make_one_e_mail(self):
        self.share_with(self.root, self.anna, monthly_notification=True)
        self.share_with(self.month, self.anna, monthly_notification=True)
        mail = self.close("2026-11-01")
        self.assertEqual(len(mail), 1)
        body = " ".join(html2plaintext(mail.body_html).split())
        self.assertIn("All archived documents: November 2026: *1*", body)
        self.assertEqual(body.count("November 2026: *1*"), 2)
        self.assertRegex(mail.body_html, r"/my/archive[^/]")

    def test_a_contact_is_written_to_the_address_he_has_now(self):
        self.share_with(self.root, self.anna, monthly_notification=True)
        self.anna.email = "anna@new.example"
        self.share_with(self.month, self.anna, monthly_notification=True)
        [mail] = self.close("2026-11-01")
        self.assertEqual(mail.recipient_ids.email, "anna@new.example")
        self.assertFalse(mail.email_to)

    def test_what_comes_late_is_told_apart(self):
        self.share_with(self.month, self.anna, monthly_notification=True)
        self.share_with(self.october.folder_id, self.boris, monthly_notification=True)
        self.assertEqual(len(self.close_due()), 2)
        self.archived_without_render("INV/12", "2026-11-20")
        mail = self.close_due("2026-12-20")
        # Boris has nothing new.
        self.assertEqual(mail.recipient_ids, self.anna.partner_id)
        body = " ".join(html2plaintext(mail.body_html).split())
        self.assertIn("November 2026: *1* new, 2 in all", body)

    def test_the_holder_of_a_link_is_written_without_it(self):
        _share, token = self.link(
            self.root, email="duval@example.com", monthly_notification=True
        )
        mail = self.close("2026-11-01")
        self.assertIn("duval@example.com", mail.email_to)
        self.assertIn("Open the link that you got from Marie Manager", mail.body_html)
        for text in (token, "/archive/"):
            self.assertNotIn(text, mail.body_html)

    def test_a_contact_is_written_in_the_language_he_has_now(self):
        self.share_with(self.root, self.anna, monthly_notification=True)
        self.link(
            self.root, email="duval@example.com", lang="en_US",
            monthly_notification=True,
        )  # fmt: skip
        self.env["res.lang"]._activate_lang("fr_FR")
        self.anna.lang = "fr_FR"
        subjects = self.close("2026-11-01").mapped("subject")
        self.assertEqual(
            sorted("novembre" in subject for subject in subjects), [False, True]
        )

    def test_nobody_hears_of_a_month_through_a_closed_share(self):
        revoked = self.share_with(self.root, self.anna, monthly_notification=True)
        revoked._revoke()
        expired = self.share_with(self.root, self.boris, monthly_notification=True)
        self.by_the_clock(expired)
        self.assertFalse(self.close("2026-11-01"))

    def test_a_broken_template_keeps_no_month_open(self):
        self.share_with(self.root, self.anna, monthly_notification=True)
        template = type(self.env["mail.template"])
        self.patch(template, "send_mail", lambda *_args, **_options: 1 / 0)
        with self.assertLogs("odoo.addons.progbox_invoice_archive", "ERROR"):
            self.close("2026-11-01")
        self.assertTrue(
            self.server["progbox.closing"].search(
                [("company_id", "=", self.company.id)]
            )
        )
