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
