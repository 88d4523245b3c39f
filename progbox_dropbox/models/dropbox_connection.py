"""The connection of an account to its Dropbox: what was granted, and its tokens."""

from datetime import timedelta

import psycopg2.errors

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.client import Client, refreshed, space_of

# What copying, checking and restoring need; sharing asks for more.
SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.content.write",
    "files.content.read",
)
# A call begins with a token that is good for longer than the SDK's own margin.
TOKEN_MARGIN = timedelta(minutes=10)


class Connection:
    """Clients for one account, with tokens that are kept in its row.

    :param account: progbox.dropbox.account, with the server's rights
    """

    def __init__(self, account):
        self.account = account
        self.env = account.env

    def client(self):
        """Return a client of the SDK that may call.

        :raise UserError: in a copy of the database that was connected
        :raise: one of HANDLED, when the token cannot be refreshed
        """
        self._check_original()
        access, expires = self._fresh_token()
        return Client(
            access,
            oauth2_refresh_token=self.account.refresh_token,
            oauth2_access_token_expiration=expires,
            app_key=self.account.app_key,
            app_secret=self.account.app_secret or None,
        )

    def connect(self, result, anew=False):
        """Take over what Dropbox has granted.

        :param result: OAuth2FlowResult of the SDK
        :param bool anew: whether a person has decided to begin anew with another one
        :return: None, or a text that says why it cannot be used
        :raise AnotherAccount: when a person has to decide
        :raise: one of HANDLED
        """
        self._check_original()
        if missing := set(SCOPES) - set((result.scope or "").split()):
            return self.env._(
                "The app lacks permissions: %(missing)s. Tick them under Permissions "
                "in Dropbox's App Console, submit, then connect again.",
                missing=", ".join(sorted(missing)),
            )
        # Asks for the secret, which the exchange of the code did not need.
        access, expires = refreshed(
            result.refresh_token, self.account.app_key, self.account.app_secret
        )
        client = Client(access)
        who = client.users_get_current_account()
        if self.account.account_ref not in (False, who.account_id):
            if not anew:
                client.auth_token_revoke()
                raise AnotherAccount(self._question(who))
            self.account.action_disconnect()
            self.account.action_forget()
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        self.account.write(
            {
                "access_token": access,
                "refresh_token": result.refresh_token,
                "token_expires": expires,
                "scopes": result.scope,
                "account_ref": who.account_id,
                "database_uuid": uuid,
            }
        )
        self.note_account(client)
        self.account._resume()
        return None

    def _question(self, who):
        return self.env._(
            "This is the Dropbox of %(other)s. What was copied so far is in that of "
            "%(email)s. Connect that one again, or begin anew with another: everything "
            "is copied there then, and what is in the Dropbox of %(email)s stays where "
            "it is.",
            other=who.email,
            email=self.account.email,
        )

    def note_account(self, client=None):
        """Note who the account is of, and how much room there is.

        :raise: one of HANDLED
        """
        client = client or self.client()
        who = client.users_get_current_account()
        used, allocated = space_of(client)
        self.account.write(
            {
                "name": who.name.display_name,
                "email": who.email,
                "used": used,
                "allocated": allocated,
            }
        )

    def _check_original(self):
        """Check that this database is the one that was connected, and no copy of it.

        :raise UserError:
        """
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if get_param("database.is_neutralized"):
            raise UserError(
                self.env._("This database is a copy: it never writes to Dropbox.")
            )
        connected = self.account.database_uuid
        if connected and connected != get_param("database.uuid"):
            raise UserError(
                self.env._(
                    "This database is a copy of the one that was connected: it does "
                    "not write to its Dropbox. Disconnect, then connect another one."
                )
            )

    def _fresh_token(self):
        """Return the access token and its end, refreshed when it is about to end.

        The refresh has a transaction of its own, with the row locked: of several
        workers one refreshes, and the others wait for what it gets.
        """
        if self._lasts(self.account.access_token, self.account.token_expires):
            return self.account.access_token, self.account.token_expires
        while True:
            with self.env.registry.cursor() as cr:
                try:
                    return self._refresh(cr)
                except psycopg2.errors.SerializationFailure:
                    # Another worker has just refreshed it.
                    cr.rollback()

    def _refresh(self, cr):
        cr.execute(
            SQL(
                "SELECT access_token, token_expires, refresh_token, app_key, app_secret"
                " FROM %s WHERE id = %s FOR NO KEY UPDATE",
                SQL.identifier(self.account._table),
                self.account.id,
            ),
            log_exceptions=False,
        )
        [access, expires, refresh, key, secret] = cr.fetchone()
        if self._lasts(access, expires):
            return access, expires
        if not refresh:
            raise UserError(self.env._("Connect Dropbox first, in Settings > Dropbox."))
        access, expires = refreshed(refresh, key, secret)
        cr.execute(
            SQL(
                "UPDATE %s SET access_token = %s, token_expires = %s WHERE id = %s",
                SQL.identifier(self.account._table),
                access,
                expires,
                self.account.id,
            )
        )
        return access, expires

    def _lasts(self, access, expires):
        return bool(
            access and expires and expires > fields.Datetime.now() + TOKEN_MARGIN
        )


class AnotherAccount(UserError):
    """This is another Dropbox than the one that has the copies so far."""
