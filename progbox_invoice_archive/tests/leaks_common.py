import tempfile
import threading
from pathlib import Path
from unittest.mock import patch

from odoo import Command
from odoo.tests import new_test_user

from . import pdf_collection
from .http_common import ClientCase
from .share_common import PortalCommon

# Anna has folder A, Boris has folder B, and the token is a link to folder A.
PEOPLE = {
    "public": None,
    "portal A": "anna@example.com",
    "portal B": "boris@example.com",
    "internal": "plain",
    "accountant elsewhere": "elsewhere",
    "accountant": "billing",
}
EVERYBODY = frozenset(PEOPLE)
# What nobody may see who has no right to folder A: names, bytes, pictures, what pages
# say.
SECRETS = (b"SECRET", b"%PDF", b"JFIF", b"November 2026")


class LeaksCommon(PortalCommon, ClientCase):
    """Two folders, A and B, and everybody who may or may not see them.

    Add-ons above ask for things of their own, of their own people as well.
    """

    addon = "progbox_invoice_archive"
    people = PEOPLE

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.setup_other_company()["company"]
        cls.elsewhere = new_test_user(
            cls.env,
            "elsewhere",
            "account.group_account_invoice",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        with tempfile.TemporaryDirectory() as folder:
            page = Path(pdf_collection.plain(Path(folder) / "one.pdf", "one"))
            cls.secret = cls.archived_without_render(
                "SECRET/1", "2026-11-05", content=page.read_bytes()
            )
        cls.folder_b = cls.october.folder_id
        cls.share_a = cls.share_with(cls.month, cls.anna)
        cls.share_b = cls.share_with(cls.folder_b, cls.boris)
        cls.link_a, cls.token_a = cls.link(cls.month)
        cls.link_b, cls.token_b = cls.link(cls.folder_b)

    def setUp(self):
        super().setUp()
        self.mine = self.env["progbox.zip"].with_user(self.billing)
        domain = [("folder_id", "child_of", self.month.id)]
        self.ticket = self.mine.env["progbox.zip.ticket"]._issue(
            self.company, domain, "Mine"
        )
        self.export = self.built(
            self.mine._queue_zip(self.company, domain, "SECRET zip", self.month)
        )
        self.prepared = {
            share: self.built(share._request_zip("all", f"SECRET {share.id}"))
            for share in (self.share_a, self.link_a)
        }
        for share in self.prepared:
            share._deliver([])

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------

    def assertGets(self, url, person=None):
        response = self.get(url)
        self.assertEqual(response.status_code, 200, (person, url))
        self.assertTrue(
            any(secret in response.content for secret in SECRETS), (person, url)
        )

    def assertGetsNothing(self, url, person=None):
        response = self.get(url)
        self.assertIn(
            response.status_code,
            (200, 204, 303, 400, 403, 404, 405, 410, 422),
            (person, url),
        )
        for secret in SECRETS:
            self.assertNotIn(secret, response.content, (person, url))
        if response.status_code == 303:
            self.assertRegex(
                response.headers["Location"], "/web/login|/archive/(of/)?[^/]+$"
            )

    def routes(self):
        """Return every address that the add-on adds, as the server has them.

        The portal's own are in our class too: we add a number to its home page.
        """
        thread = threading.current_thread()
        with patch.object(thread, "dbname", self.env.cr.dbname, create=True):
            routing = self.env["ir.http"].routing_map()
        return {
            rule.rule
            for rule in routing.iter_rules()
            if rule.endpoint.original_endpoint.__module__.startswith(
                f"odoo.addons.{self.addon}."
            )
        }

    def ask(self, table, address):
        """Ask for every address of a table as everybody in turn."""
        for person, login in self.people.items():
            self.authenticate(login, login)
            for route, allowed in table.items():
                with self.subTest(person=person, route=route):
                    check = (
                        self.assertGets if person in allowed else self.assertGetsNothing
                    )
                    check(address(route), person)
