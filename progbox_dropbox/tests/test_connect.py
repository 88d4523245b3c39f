import re
import time
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit

from dropbox.oauth import OAuth2FlowNoRedirectResult
from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.http import Request
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import file_open

from ..models.dropbox_connection import SCOPES, Connection
from ..models.dropbox_sharing import SHARING_SCOPES
from ..models.progbox_dropbox_account import CALLBACK
from .dropbox_common import DropboxCommon

SECRETS = ("access_token", "refresh_token", "app_secret", "token_expires")


class ConnectCommon(DropboxCommon):
    def setUp(self):
        super().setUp()
        self.account._forget_tokens()
        self.account.account_ref = False
        self.dropbox.tokens.clear()
        self.dropbox.app.redirects = [self.account._redirect_address()]


@tagged("post_install", "-at_install")
class TestConnect(ConnectCommon, HttpCase):
    """An administrator connects Dropbox, in a browser."""

    def setUp(self):
        super().setUp()
        self.admin.password = "administrator"
        self.authenticate("administrator", "administrator")

    def start(self):
        """Press the button: where it sends the browser."""
        response = self.url_open(
            f"/progbox/dropbox/connect/{self.account.id}", allow_redirects=False
        )
        self.assertEqual(response.status_code, 303)
        return response.headers["Location"]

    def back(self, address):
        """Come back from Dropbox."""
        parts = urlsplit(address)
        response = self.url_open(f"{parts.path}?{parts.query}", allow_redirects=False)
        self.env.invalidate_all()
        return response

    def assert_refused(self, response, words):
        self.assertEqual(response.status_code, 400)
        self.assertIn("Dropbox is not connected", response.text)
        self.assertIn(words, response.text)
        self.assertEqual(self.account.state, "disconnected")
        self.assertFalse(self.account.refresh_token)

    def test_connected(self):
        address = self.start()
        query = dict(parse_qsl(urlsplit(address).query))
        self.assertEqual(urlsplit(address).hostname, "www.dropbox.com")
        self.assertEqual(query["token_access_type"], "offline")
        self.assertEqual(query["code_challenge_method"], "S256")
        self.assertEqual(query["scope"].split(), [*SCOPES, *SHARING_SCOPES])
        response = self.back(self.dropbox.authorize(address))
        self.assertEqual(response.status_code, 303)
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.email, "bureau@example.com")
        self.assertTrue(self.account.refresh_token)
        self.assertIn("GB", self.account.space)

    def test_the_person_refuses(self):
        back = self.dropbox.authorize(self.start(), allow=False)
        self.assert_refused(self.back(back), "You have not given access")

    def test_the_state_of_another_session(self):
        back = self.dropbox.authorize(self.start())
        self.authenticate("administrator", "administrator")
        self.assert_refused(self.back(back), "does not belong to your session")

    def test_the_state_of_another_user(self):
        back = self.dropbox.authorize(self.start())
        second = self.user_of("second", "base.group_system")
        second.password = "second"
        self.authenticate("second", "second")
        self.assert_refused(self.back(back), "not one of yours")

    def test_a_forged_state_and_none(self):
        query = dict(parse_qsl(urlsplit(self.dropbox.authorize(self.start())).query))
        for state in ("", "x", "x|y", f"{query['state']}x", "|AAAA"):
            answer = self.back(f"{CALLBACK}?{urlencode({**query, 'state': state})}")
            self.assert_refused(answer, "not one of yours")

    def test_a_state_that_is_too_old(self):
        back = self.dropbox.authorize(self.start())
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            self.assert_refused(self.back(back), "too old")

    def test_a_code_works_once(self):
        back = self.dropbox.authorize(self.start())
        self.dropbox.codes.clear()
        self.assert_refused(self.back(back), "expired or was used before")

    def test_a_wrong_secret(self):
        self.account.app_secret = "wrong"
        back = self.dropbox.authorize(self.start())
        self.assert_refused(self.back(back), "app secret")

    def test_permissions_that_are_missing(self):
        self.dropbox.app.scopes = {"account_info.read"}
        back = self.dropbox.authorize(self.start().replace("scope=", "nothing="))
        self.assert_refused(self.back(back), "files.content.write")

    def test_a_closed_account(self):
        self.dropbox.faults.add("users/get_current_account", "401_suspended")
        back = self.dropbox.authorize(self.start())
        self.assert_refused(self.back(back), "suspended")

    def test_dropbox_out_of_order(self):
        for kind in ("500_html", "drop_before", "429_json", "200_not_json"):
            self.dropbox.faults.add("oauth2/token", kind)
            response = self.back(self.dropbox.authorize(self.start()))
            self.assertEqual(response.status_code, 400, kind)
            self.assertEqual(self.account.state, "disconnected")

    def test_the_same_account_goes_on_and_another_is_asked_about(self):
        document = self.document()
        self.back(self.dropbox.authorize(self.start()))
        self.account.action_sync()
        self.account._queue_page()
        self.run_cron()
        self.account.with_user(self.admin).action_disconnect()
        self.assertFalse(self.dropbox.tokens)
        other = self.dropbox.add_account("Another", "other@example.com")
        response = self.back(self.dropbox.authorize(self.start(), account=other))
        self.assert_refused(response, "other@example.com")
        self.assertFalse(self.dropbox.tokens)
        response = self.back(self.dropbox.authorize(self.start()))
        self.assertEqual(response.status_code, 303)
        self.assert_copied(document)
        # The one that is connected stays until somebody has decided.
        response = self.back(self.dropbox.authorize(self.start(), account=other))
        self.assertIn("Begin Anew", response.text)
        self.assertEqual(self.account.email, self.dropbox.account.email)
        self.assertEqual(self.account.state, "connected")
        response = self.begin_anew(response.text)
        self.back(self.dropbox.authorize(response.headers["Location"], account=other))
        self.assertEqual(self.account.email, "other@example.com")
        self.assertFalse(self.copy_of(document))
        # What is in the other one stays there.
        self.assertEqual(len(self.files), 1)

    def begin_anew(self, page):
        """Press the button of the page that asks about another account."""
        address = re.search(r'action="(/progbox/dropbox/another/\d+)"', page)[1]
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        response = self.url_open(
            address, data={"csrf_token": token}, allow_redirects=False
        )
        self.env.invalidate_all()
        return response

    def test_who_begins_anew_and_refuses_loses_nothing(self):
        document = self.document()
        self.back(self.dropbox.authorize(self.start()))
        self.account.action_sync()
        self.account._queue_page()
        self.run_cron()
        other = self.dropbox.add_account("Another", "other@example.com")
        page = self.back(self.dropbox.authorize(self.start(), account=other)).text
        address = self.begin_anew(page).headers["Location"]
        # Only after the page of Dropbox is anything forgotten.
        response = self.back(self.dropbox.authorize(address, allow=False))
        self.assertIn("Nothing has changed", response.text)
        self.assertEqual(self.account.state, "connected")
        self.assertTrue(self.dropbox.tokens)
        self.assert_copied(document)
        # Whoever chooses the same Dropbox there has nothing to send again.
        address = self.begin_anew(page).headers["Location"]
        self.back(self.dropbox.authorize(address))
        self.assertEqual(self.account.state, "connected")
        self.assert_copied(document)

    def test_another_transaction_does_not_cost_the_code(self):
        with (
            patch.object(time, "sleep"),
            patch.object(
                Connection, "note_account", side_effect=[ConcurrencyError(""), None]
            ),
        ):
            self.back(self.dropbox.authorize(self.start()))
        self.assertEqual(self.account.state, "connected")

    def test_nobody_else_begins_anew(self):
        self.back(self.dropbox.authorize(self.start()))
        for user in (self.manager, self.billing, self.plain):
            user.password = user.login
            self.authenticate(user.login, user.login)
            response = self.url_open(
                f"/progbox/dropbox/another/{self.account.id}",
                data={"csrf_token": Request.csrf_token(self)},
            )
            self.assertIn(response.status_code, (403, 404))
        self.env.invalidate_all()
        self.assertEqual(self.account.state, "connected")

    def test_others_may_not_connect(self):
        for user in (self.manager, self.billing, self.plain):
            user.password = user.login
            self.authenticate(user.login, user.login)
            response = self.url_open(f"/progbox/dropbox/connect/{self.account.id}")
            self.assertIn(response.status_code, (403, 404))
        self.authenticate(None, None)
        response = self.url_open(f"/progbox/dropbox/connect/{self.account.id}")
        self.assertIn("/web/login", response.url)

    def test_an_administrator_of_another_company_may_not(self):
        other = self.server["res.company"].create({"name": "Another"})
        self.admin.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        response = self.url_open(f"/progbox/dropbox/connect/{self.account.id}")
        self.assertEqual(response.status_code, 403)
        for name in ("action_test", "action_disconnect", "action_forget"):
            with self.assertRaises(AccessError):
                getattr(self.account.with_user(self.admin), name)()


@tagged("post_install", "-at_install")
class TestTokens(DropboxCommon):
    """Tokens are the server's alone, and are refreshed once."""

    def test_nobody_reads_them(self):
        for user in (self.admin, self.manager, self.billing, self.plain):
            for name in SECRETS:
                with self.assertRaises(AccessError):
                    self.account.with_user(user).read([name])
                with self.assertRaises(AccessError):
                    self.account.with_user(user).search([(name, "!=", False)])
        readable = self.account.with_user(self.admin).read()[0]
        self.assertFalse(set(SECRETS) & set(readable))

    def test_others_change_nothing(self):
        for user in (self.manager, self.billing, self.plain):
            account = self.account.with_user(user)
            for name in ("action_connect", "action_test", "action_disconnect"):
                with self.assertRaises(AccessError):
                    getattr(account, name)()
        for user in (self.admin, self.manager):
            with self.assertRaises(AccessError):
                self.account.with_user(user).write({"state": "connected"})
        self.assertEqual(self.account.state, "connected")

    def test_a_token_that_is_about_to_end_is_refreshed_and_kept(self):
        before = self.account.access_token
        self.account.token_expires = fields.Datetime.now() + timedelta(minutes=6)
        with self.enter_registry_test_mode():
            self.account._client().check_user()
            self.env.invalidate_all()
            self.account._client().check_user()
        self.env.invalidate_all()
        self.assertNotEqual(self.account.access_token, before)
        self.assertEqual(self.dropbox.by_route["oauth2/token"], 1)

    def test_who_waited_for_the_refresh_takes_what_it_got(self):
        self.account.token_expires = fields.Datetime.now()
        access, _refresh = self.dropbox.grant()
        good = fields.Datetime.now() + timedelta(hours=4)
        refresh = Connection._refresh

        def raced(connection, cr):
            # Another worker has the lock, refreshes, and lets go of it.
            cr.execute(
                "UPDATE progbox_dropbox_account SET access_token = %s,"
                " token_expires = %s WHERE id = %s",
                [access, good, connection.account.id],
            )
            return refresh(connection, cr)

        with (
            patch.object(Connection, "_refresh", raced),
            self.enter_registry_test_mode(),
        ):
            client = self.account._client()
        self.assertEqual(client._oauth2_access_token, access)
        self.assertNotIn("oauth2/token", self.dropbox.by_route)

    def test_neutralizing_wipes_them(self):
        path = "progbox_dropbox/data/neutralize.sql"
        with file_open(path) as file:
            self.env.flush_all()
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        for name in SECRETS:
            self.assertFalse(self.account[name], name)
        self.assertEqual(self.account.state, "disconnected")

    def test_a_copy_connects_when_the_original_was_disconnected_there(self):
        params = self.server["ir.config_parameter"]
        self.account.database_uuid = params.get_param("database.uuid")
        params.set_param("database.uuid", "that of the copy")
        with self.assertRaises(UserError):
            self.account._client()
        self.account.with_user(self.admin).action_disconnect()
        # The original keeps its tokens.
        self.assertTrue(self.dropbox.tokens)
        access, refresh = self.dropbox.grant()
        granted = OAuth2FlowNoRedirectResult(
            access, "id", "1", refresh, 14400, " ".join(SCOPES)
        )
        self.assertIsNone(Connection(self.account).connect(granted))
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.database_uuid, "that of the copy")

    def test_a_copy_is_not_connected(self):
        params = self.server["ir.config_parameter"]
        params.set_param("database.is_neutralized", "True")
        with self.assertRaises(UserError):
            self.account.with_user(self.admin).action_test()


@tagged("post_install", "-at_install")
class TestSettings(ConnectCommon):
    """The block in the settings."""

    def settings(self, user=None):
        settings = self.env["res.config.settings"].with_user(user or self.admin)
        return Form(settings.with_company(self.company))

    def test_the_app_is_set_up_and_the_secret_never_shown(self):
        self.account.unlink()
        form = self.settings()
        self.assertEqual(form.dropbox_base_folder, "ProGBox")
        self.assertTrue(form.dropbox_redirect_address.endswith(CALLBACK))
        form.dropbox_app_key = "key"
        form.dropbox_app_secret = " secret "
        form.dropbox_base_folder = "gsmOS Backup"
        settings = form.save()
        settings.execute()
        account = self.server["progbox.dropbox.account"]._of_company(self.company)
        self.assertEqual((account.app_key, account.app_secret), ("key", "secret"))
        self.assertEqual(account.base_folder, "gsmOS Backup")
        self.assertFalse(settings.dropbox_app_secret)
        form = self.settings()
        self.assertFalse(form.dropbox_app_secret)
        self.assertTrue(form.dropbox_has_secret)
        self.assertEqual(form.dropbox_app_key, "key")
        # Saving something else leaves it alone.
        form.save().execute()
        self.assertEqual(account.app_secret, "secret")

    def test_saving_other_settings_makes_no_account(self):
        self.account.unlink()
        self.settings().save().execute()
        accounts = self.server["progbox.dropbox.account"]
        self.assertFalse(accounts._of_company(self.company))

    def test_the_button_saves_and_opens_dropbox(self):
        form = self.settings()
        form.dropbox_base_folder = "Facturi SPV"
        action = form.save().action_dropbox_connect()
        self.assertEqual(action["url"], f"/progbox/dropbox/connect/{self.account.id}")
        self.assertEqual(self.account.base_folder, "Facturi SPV")

    def test_without_an_app_there_is_nothing_to_connect(self):
        self.account.unlink()
        with self.assertRaises(UserError):
            self.settings().save().action_dropbox_connect()

    def test_a_folder_that_dropbox_does_not_take(self):
        form = self.settings()
        form.dropbox_base_folder = "a//thumbs.db"
        with self.assertRaises(UserError) as caught:
            form.save().execute()
        self.assertIn("a/_thumbs.db", str(caught.exception))

    def test_another_app_has_other_tokens(self):
        account = self.account
        account.write({"state": "connected", "refresh_token": "old"})
        form = self.settings()
        form.dropbox_app_key = "another"
        form.save().execute()
        self.assertEqual(account.state, "disconnected")
        self.assertFalse(account.refresh_token)
