"""The way to Dropbox's page of consent, and back."""

import json
from functools import partial

import requests
from dropbox import oauth

from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, request, route
from odoo.service.model import retrying
from odoo.tools.misc import hash_sign, verify_hash_signed

from ..models.dropbox_connection import SCOPES, AnotherAccount, Connection
from ..models.dropbox_sharing import SHARING_SCOPES
from ..models.dropbox_texts import text_of
from ..models.progbox_dropbox_account import CALLBACK
from ..tools.verdicts import HANDLED, classify

SIGNED_FOR = "progbox_dropbox.connect"
KEPT = "progbox_dropbox_connect"
HOURS = 1


class DropboxConnect(Controller):
    """OAuth's code flow, with offline access and PKCE, by the SDK.

    The state that Dropbox sends back is bound to the browser's session by the SDK's own
    token, and to the user and the company by our signature.
    """

    @route("/progbox/dropbox/connect/<int:account_id>", type="http", auth="user")
    def connect(self, account_id):
        return self._to_dropbox(self._account(account_id))

    @route(
        "/progbox/dropbox/another/<int:account_id>",
        type="http",
        auth="user",
        methods=["POST"],
    )
    def another(self, account_id):
        """Begin anew: once another Dropbox is allowed, that of before is forgotten."""
        return self._to_dropbox(self._account(account_id), anew=True)

    @route(CALLBACK, type="http", auth="user")
    def callback(self, **query):
        values = {}
        try:
            values["problem"] = self._finish(query)
        except AccessError:
            raise
        except AnotherAccount as error:
            values = {"problem": str(error), "another": self._asked(query)[0]}
        except UserError as error:
            values["problem"] = str(error)
        if values["problem"]:
            return request.render("progbox_dropbox.connect_problem", values, status=400)
        return request.redirect("/odoo/dropbox-settings")

    def _to_dropbox(self, account, anew=False):
        """Send the browser to Dropbox's page of consent."""
        kept = {}
        flow = self._flow(account, kept)
        state = {"account": account.id, "user": request.env.uid, "anew": anew}
        signed = hash_sign(
            request.env(su=True), SIGNED_FOR, state, expiration_hours=HOURS
        )
        url = flow.start(signed)
        request.session[KEPT] = {**kept, "verifier": flow.code_verifier}
        return request.redirect(url, local=False)

    def _finish(self, query):
        """Take over the connection.

        :return: a text that says why there is none, None if there is
        """
        kept = request.session.pop(KEPT, None) or {}
        account, anew = self._asked(query)
        if not account:
            return request.env._(
                "This link is not one of yours, or it is too old. Press “Connect "
                "Dropbox” again."
            )
        flow = self._flow(account, kept)
        flow.code_verifier = kept.get("verifier")
        try:
            result = flow.finish(query)
        except oauth.NotApprovedException:
            return request.env._("You have not given access. Nothing has changed.")
        except (oauth.BadStateException, oauth.CsrfException):
            return request.env._(
                "This answer of Dropbox does not belong to your session. Press "
                "“Connect Dropbox” again, in this browser."
            )
        except (oauth.BadRequestException, oauth.ProviderException) as error:
            return request.env._(
                "Dropbox has not answered as expected: %(error)s", error=error
            )
        except requests.HTTPError as error:
            return self._exchange_problem(error)
        except HANDLED as error:
            return text_of(request.env, classify(error))
        try:
            # Its code works once: who meets another transaction cannot come back.
            return retrying(
                partial(Connection(account).connect, result, anew), request.env
            )
        except HANDLED as error:
            return text_of(request.env, classify(error))

    def _exchange_problem(self, error):
        try:
            answer = error.response.json()
            reason = answer.get("error")
        except (json.JSONDecodeError, AttributeError):
            reason = None
        if reason == "invalid_client":
            return request.env._(
                "Dropbox does not know this app key with this app secret. Copy both "
                "again from Dropbox's App Console."
            )
        if reason == "invalid_grant":
            return request.env._(
                "The code of Dropbox has expired or was used before. Press “Connect "
                "Dropbox” again."
            )
        return request.env._(
            "Dropbox has not answered as expected: %(error)s", error=error
        )

    def _verified(self, signed):
        try:
            return verify_hash_signed(request.env(su=True), SIGNED_FOR, signed)
        except (ValueError, UnicodeError):
            return None

    def _asked(self, query):
        """Return the account that this user has asked to connect, None if none.

        :return: tuple of the account, and whether to begin anew with it
        """
        _csrf, _bar, signed = (query.get("state") or "").partition("|")
        state = self._verified(signed)
        if not state or state["user"] != request.env.uid:
            return None, False
        return self._account(state["account"]), state.get("anew")

    def _account(self, account_id):
        accounts = request.env["progbox.dropbox.account"]
        account = accounts.browse(account_id).sudo().exists()
        if not account:
            raise request.not_found()
        account.with_env(request.env)._check_administrator()
        return account.with_context(lang=request.env.lang)

    def _scopes(self, account):
        """Return what is asked for: with an App folder, nothing can be shared."""
        return [*SCOPES, *(() if account.app_folder else SHARING_SCOPES)]

    def _flow(self, account, kept):
        return oauth.DropboxOAuth2Flow(
            account.app_key,
            account._redirect_address(),
            kept,
            "csrf",
            consumer_secret=account.app_secret or None,
            token_access_type="offline",
            scope=self._scopes(account),
            use_pkce=True,
        )
