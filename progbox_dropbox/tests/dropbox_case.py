from datetime import datetime, timedelta

import dropbox
from dropbox import exceptions

from odoo.tests import BaseCase

from .dropbox_server import DropboxServer


class DropboxCase(BaseCase):
    """Has a Dropbox of its own: what is meant for the real one arrives there.

    Odoo's tests send nothing to the network; this is the door that they leave open.
    """

    @classmethod
    def setUpClass(cls):
        cls.dropbox = DropboxServer().start()
        cls.addClassCleanup(cls.dropbox.stop)
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.dropbox.reset()

    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        cls.dropbox.redirect(r, kw)
        return super()._request_handler(s, r, **kw)

    @property
    def files(self):
        """{path: content hash} of what is in the account."""
        return self.dropbox.account.store.files()

    def fault(self, route, kind, **how):
        return self.dropbox.faults.add(f"files/{route}", kind, **how)


class ClientCase(DropboxCase):
    """Asks the local Dropbox through the official client, without Odoo."""

    def setUp(self):
        super().setUp()
        self.client = self.connected()

    def connected(self, **options):
        access, refresh = self.dropbox.grant(**options)
        return dropbox.Dropbox(
            access,
            oauth2_refresh_token=refresh,
            app_key="app-key",
            app_secret="app-secret",
            oauth2_access_token_expiration=datetime.utcnow() + timedelta(hours=4),
            max_retries_on_rate_limit=0,
            max_retries_on_error=0,
        )

    def put(self, path, content=b"hello", **options):
        return self.client.files_upload(content, path, **options)

    def refused(self, function, *arguments, **options):
        """Return the tags of the error that a call ends with."""
        with self.assertRaises(exceptions.ApiError) as caught:
            function(*arguments, **options)
        return str(caught.exception.error)
