from datetime import timedelta
from smtplib import SMTPServerDisconnected
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.addons.mail.tests.common import MailCase

from .share_common import ShareCommon


@tagged("post_install", "-at_install")
class TestShareWizard(ShareCommon, MailCase):
    """Who gets a share, and what he is written."""

    def share_by(self, **vals):
        """Go through the wizard; return the share and the e-mails it made."""
        with self.mock_mail_gateway(mail_unlink_sent=True):
            self.wizard(**vals).action_share()
        share = self.shares().search([], limit=1)
        return share, {mail["subject"]: mail for mail in self._mails}

    def test_a_contact_is_written_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("progbox_invoice_archive.mail_template_share")
        template.with_context(lang="fr_FR").subject = "Vos documents"
        self.anna.lang = "fr_FR"
        share, mails = self.share_by(
            way="contact", partner_id=self.anna.partner_id.id, message="À bientôt"
        )
        self.assertEqual(
            (share.partner_id, share.lang), (self.anna.partner_id, "fr_FR")
        )
        self.assertFalse(share.expires_on)
        [mail] = mails.values()
        self.assertEqual(mail["subject"], "Vos documents")
        self.assertEqual(mail["email_to"], ['"Anna" <anna@example.com>'])
        self.assertIn("marie@example.com", mail["email_from"])
        self.assertIn(f"/my/archive/{share.id}", mail["body"])
        self.assertIn("À bientôt", mail["body"])

    def test_a_contact_that_the_manager_may_not_see_is_not_told_to_him(self):
        other = self.setup_other_company()["company"]
        hidden = self.env["res.partner"].create(
            {"name": "Hidden", "email": "hidden@example.com", "company_id": other.id}
        )
        self.env.invalidate_all()
        wizard = self.wizard(way="contact", partner_id=hidden.id)
        with self.mock_mail_gateway(), self.assertRaises(AccessError):
            wizard.action_share()
        self.assertFalse(self.shares().search([("partner_id", "=", hidden.id)]))
        self.assertFalse(hidden.user_ids)

    def test_a_stranger_is_invited_to_the_portal(self):
        share, mails = self.share_by(
            way="email", email="Claire@Example.com", recipient_name="Claire"
        )
        user = share.partner_id.sudo().user_ids
        self.assertEqual(user.login, "claire@example.com")
        self.assertTrue(user._is_portal())
        # One e-mail: its button activates the account, and goes on to what is shared.
        [mail] = mails.values()
        self.assertIn(f"/my/archive/{share.id}/activate?token=", mail["body"])
        again, mails = self.share_by(way="email", email="claire@example.com")
        self.assertEqual(again.partner_id, share.partner_id)
        # The first e-mail may be lost, or too old.
        [mail] = mails.values()
        self.assertIn(f"/my/archive/{again.id}/activate?token=", mail["body"])
        user.with_user(user)._update_last_login()
        user.invalidate_recordset()
        again, mails = self.share_by(way="email", email="claire@example.com")
        [mail] = mails.values()
        self.assertNotIn("token=", mail["body"])

    def test_an_invitation_ends_with_the_last_share(self):
        share, _mails = self.share_by(way="email", email="typo@example.com")
        again, _mails = self.share_by(way="email", email="typo@example.com")
        contact = share.partner_id.sudo()
        token = contact._generate_signup_token()
        share.action_revoke()
        self.assertEqual(contact._get_partner_from_token(token), contact)
        again.action_revoke()
        self.assertFalse(contact._get_partner_from_token(token))

    def test_a_forged_context_leaves_nobody_without_odoo_s_invitation(self):
        contact = self.env["res.partner"].create(
            {"name": "Duval", "email": "duval@example.com"}
        )
        wizard = (
            self.env["portal.wizard"]
            .with_context(progbox_share_invitation=True)
            .create({"partner_ids": contact.ids})
        )
        with self.mock_mail_gateway():
            wizard.user_ids.action_grant_access()
        self.assertEqual(len(self._new_mails), 1)

    def test_an_employee_is_never_sent_a_way_to_choose_a_password(self):
        partner = self.manager.partner_id
        _share, mails = self.share_by(way="contact", partner_id=partner.id)
        [mail] = mails.values()
        self.assertNotIn("token=", mail["body"])

    def test_a_known_contact_without_a_login_is_invited(self):
        contact = self.env["res.partner"].create(
            {"name": "Cabinet Duval", "email": "duval@example.com"}
        )
        share, _mails = self.share_by(way="email", email="duval@example.com")
        self.assertEqual(share.partner_id, contact)
        self.assertTrue(contact.user_ids._is_portal())

    def test_nobody_gets_a_share_by_entering_the_accountants_address(self):
        """Users of the portal change their e-mail as they like."""
        self.boris.email = "duval@example.com"
        share, _mails = self.share_by(way="email", email="duval@example.com")
        self.assertNotEqual(share.partner_id, self.boris.partner_id)
        self.assertEqual(share.partner_id.sudo().user_ids.login, "duval@example.com")

    def test_a_link_is_shown_once_and_kept_nowhere(self):
        with self.mock_mail_gateway(mail_unlink_sent=True):
            wizard = self.wizard(way="link", email="duval@example.com")
            action = wizard.action_share()
        share = self.shares().search([], limit=1)
        left = share.expires_on - fields.Datetime.now()
        self.assertAlmostEqual(left / timedelta(days=1), 7, delta=0.1)
        url = action["context"]["progbox_share_link"]
        self.assertEqual(wizard.with_context(**action["context"]).link, url)
        token = url.rsplit("/", 1)[1]
        self.assertEqual(self.shares()._open_link(token), share)
        [mail] = self._mails
        self.assertIn(url, mail["body"])
        self.assertNowhere(token.split("-", 1)[1])

    def test_a_link_is_sent_with_ones_own_mail_program(self):
        wizard = self.wizard(way="link").with_context(
            progbox_share_link="https://example.com/a?b=c&d=ș"
        )
        url = wizard.action_mail_link()["url"]
        self.assertTrue(url.startswith("mailto:?subject=Documents%20for%20you&"), url)
        self.assertTrue(
            url.endswith("&body=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc%26d%3D%C8%99"),
            url,
        )

    def assertNowhere(self, text):
        """Check that nothing in the database holds a text."""
        self.env.flush_all()
        for table in (
            "mail_message", "mail_mail", "progbox_share", "progbox_share_wizard",
            "progbox_access_log", "bus_bus",
        ):  # fmt: skip
            with self.subTest(table=table):
                self.env.cr.execute(
                    f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s",
                    [f"%{text}%"],
                )
                self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_an_e_mail_that_cannot_be_sent_is_told_and_leaves_no_link(self):
        servers = type(self.env["ir.mail_server"])

        def fail(error):
            def failing(*_args, **_options):
                raise error

            return failing

        for method, error in (
            ("_connect__", ConnectionRefusedError("nobody there")),
            ("send_email", MailDeliveryException("mailbox full")),
            ("send_email", SMTPServerDisconnected("gone")),
            ("send_email", AssertionError(servers.NO_VALID_RECIPIENT)),
        ):
            with (
                self.subTest(error=error),
                self.mock_mail_gateway(mail_unlink_sent=True),
                patch.object(servers, method, fail(error)),
                mute_logger("odoo.addons.mail.models.mail_mail"),
                mute_logger("odoo.addons.progbox_invoice_archive"),
            ):
                wizard = self.wizard(way="link", email="duval@example.com")
                context = wizard.action_share()["context"]
                self.assertTrue(context["progbox_share_unsent"])
                secret = context["progbox_share_link"].split("/archive/")[1][-43:]
                self.assertNowhere(secret)
                answer = self.wizard(
                    way="contact", partner_id=self.anna.partner_id.id
                ).action_share()
                self.assertIn("could not be sent", answer["params"]["message"])
                self.assertEqual(answer["params"]["type"], "warning")

    def test_a_link_that_was_sent_needs_no_warning(self):
        for email in ("duval@example.com", False):
            with self.mock_mail_gateway(mail_unlink_sent=True):
                action = self.wizard(way="link", email=email).action_share()
            self.assertFalse(action["context"]["progbox_share_unsent"])

    def test_monthly_e_mails_need_an_address_and_a_future(self):
        for vals, expected in (
            ({"way": "link", "email": "duval@example.com"}, True),
            ({"way": "link"}, False),
            ({"way": "link", "email": "d@example.com", "what": "today"}, False),
            ({"way": "contact", "partner_id": self.anna.partner_id.id}, True),
        ):
            with self.subTest(vals=vals):
                share, _mails = self.share_by(**vals)
                self.assertEqual(share.monthly_notification, expected)

    def test_a_contact_without_an_e_mail_is_said_so(self):
        self.anna.partner_id.email = False
        wizard = self.wizard(way="contact", partner_id=self.anna.partner_id.id)
        with self.assertRaisesRegex(UserError, "Anna has no e-mail address"):
            wizard.action_share()

    def test_defaults_follow_the_way(self):
        wizard = self.wizard(way="email")
        self.assertFalse(wizard.expires_on)
        wizard.way = "link"
        self.assertTrue(wizard.expires_on)

    def test_a_share_that_is_there_already_is_pointed_out(self):
        self.share_by(way="contact", partner_id=self.anna.partner_id.id)
        wizard = self.wizard(way="email", email="anna@example.com")
        self.assertTrue(wizard.existing_share)
        wizard.email = "boris@example.com"
        self.assertFalse(wizard.existing_share)
        wizard.write({"email": "anna@example.com", "folder_id": self.year.id})
        self.assertFalse(wizard.existing_share)

    def test_invoice_backups_are_pointed_out(self):
        """They can hold what their reader may not see elsewhere."""
        document = self.plain_document("backup.pdf")
        wizard = self.wizard(document.folder_id)
        self.assertFalse(wizard.has_backups)
        document.res_model = "progbox.compilation"
        above = document.folder_id
        below = document.folder_id = self.plain_folder("Below", above)
        for folder, expected in ((above, True), (below, True), (self.root, False)):
            with self.subTest(folder=folder.display_name):
                self.assertEqual(self.wizard(folder).has_backups, expected)

    def test_the_contacts_to_choose_from_are_those_of_the_portal(self):
        wizard = self.wizard(way="contact")
        domain = safe_eval(wizard._fields["partner_id"].domain)
        found = wizard.partner_id.search(domain)
        self.assertLessEqual((self.anna | self.boris).partner_id, found)
        internal = self.manager | self.billing | self.env.ref("base.user_admin")
        self.assertFalse(found & internal.partner_id)

    def test_what_cannot_be_shared_is_said_so(self):
        self.boris.active = False
        for vals in (
            {"way": "email", "email": "nonsense"},
            {"way": "link", "email": "nonsense"},
            {"way": "email", "email": "boris@example.com"},
            {"way": "link", "expires_on": fields.Datetime.now() - timedelta(days=1)},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.wizard(**vals).action_share()
        self.assertFalse(self.shares().search([]))

    def test_only_managers_get_the_wizard(self):
        for user in (self.billing, self.plain, self.anna):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.wizard().with_user(user).action_share()

    def test_a_folder_of_another_company_cannot_be_shared(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        with self.assertRaises(AccessError):
            self.wizard(theirs.folder_id, way="link").action_share()
