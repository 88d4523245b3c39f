"""Who gets what: the whole table, asked of the real server.

Every address of the add-on is asked for things of folder A by each kind of person, as
long as A is shared and when that is over, and by who has folder B.
"""

from odoo.tests import tagged

from .leaks_common import EVERYBODY, LeaksCommon

# Each address, and who gets something of folder A there.
ROUTES = {
    "/my/archive": {"portal A"},
    "/my/archive/<int:share_id>": {"portal A"},
    # Leads elsewhere.
    "/my/archive/<int:share_id>/activate": set(),
    "/my/archive/<int:share_id>/month/<string:month>": {"portal A"},
    "/my/archive/<int:share_id>/month/<string:month>/page/<int:page>": {"portal A"},
    "/my/archive/<int:share_id>/search": {"portal A"},
    "/my/archive/<int:share_id>/search/page/<int:page>": {"portal A"},
    "/my/archive/<int:share_id>/document/<int:document_id>": {"portal A"},
    "/my/archive/<int:share_id>/file/<int:document_id>": {"portal A"},
    "/my/archive/<int:share_id>/zip/<string:part>": {"portal A"},
    "/my/archive/<int:share_id>/opened": set(),
    "/my/archive/<int:share_id>/prepared/<int:export_id>": {"portal A"},
    "/my/archive/<int:share_id>/prepared/<int:export_id>/file": {"portal A"},
    "/my/archive/<int:share_id>/<path:rest>": set(),
    # For whoever has opened the link in the same session, and nobody has yet.
    "/archive/of/<int:link_id>": set(),
    "/archive/of/<int:link_id>/month/<string:month>": set(),
    "/archive/of/<int:link_id>/month/<string:month>/page/<int:page>": set(),
    "/archive/of/<int:link_id>/search": set(),
    "/archive/of/<int:link_id>/search/page/<int:page>": set(),
    "/archive/of/<int:link_id>/document/<int:document_id>": set(),
    "/archive/of/<int:link_id>/file/<int:document_id>": set(),
    "/archive/of/<int:link_id>/zip/<string:part>": set(),
    "/archive/of/<int:link_id>/opened": set(),
    "/archive/of/<int:link_id>/prepared/<int:export_id>": set(),
    "/archive/of/<int:link_id>/prepared/<int:export_id>/file": set(),
    "/archive/of/<int:link_id>/<path:rest>": set(),
    "/archive/<string:token>": EVERYBODY,
    "/archive/<string:token>/month/<string:month>": EVERYBODY,
    "/archive/<string:token>/month/<string:month>/page/<int:page>": EVERYBODY,
    "/archive/<string:token>/search": EVERYBODY,
    "/archive/<string:token>/search/page/<int:page>": EVERYBODY,
    "/archive/<string:token>/document/<int:document_id>": EVERYBODY,
    "/archive/<string:token>/file/<int:document_id>": EVERYBODY,
    "/archive/<string:token>/zip/<string:part>": EVERYBODY,
    "/archive/<string:token>/opened": set(),
    "/archive/<string:token>/prepared/<int:export_id>": EVERYBODY,
    "/archive/<string:token>/prepared/<int:export_id>/file": EVERYBODY,
    "/archive/<string:token>/<path:rest>": set(),
    "/progbox/zip/folder/<int:folder_id>": {"accountant"},
    "/progbox/zip/<int:ticket_id>": {"accountant"},
    "/progbox/export/<int:export_id>": {"accountant"},
    "/progbox/document/<int:document_id>/first_page": {"accountant"},
    # Odoo's own, by way of the archive.
    '/account/download_invoice_documents/<models("account.move"):invoices>'
    "/<string:filetype>": {"accountant"},
    '/account/download_move_attachments/<models("account.move"):moves>': {"accountant"},
}
# What a zip can be asked for: the new documents last, they are new only once.
PARTS = ("2026-11", "2026", "all", "again", "taken@", "new")
ADDRESSES = {
    route.replace("<string:part>", part): people
    for route, people in ROUTES.items()
    for part in PARTS
}
# Addresses of Odoo, and who gets a file of folder A there.
DOORS = {
    "/web/content/progbox.document/{document}/content": {"accountant"},
    "/web/content/{attachment}": {"accountant"},
    "/web/content/{attachment}?access_token={token}": set(),
    "/web/image/progbox.document/{document}/content": {"accountant"},
    "/web/image/{attachment}": {"accountant"},
    "/web/content/progbox.share/{share}/token_hash": set(),
    "/web/content/progbox.export/{export}/content": set(),
}


@tagged("post_install", "-at_install")
class TestLeaks(LeaksCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.archived(name="SECRET/2026/0002")

    def fill(self, route, share=None, token=None, **things):
        """Return an address, with what is asked for filled in."""
        share = share or self.share_a
        through = self.share_a
        if "<string:token>" in route or "<int:link_id>" in route:
            through = self.link_a
        export = self.prepared[through]
        if "/progbox/" in route:
            export = self.export
        if route.endswith(("taken@", "again")):
            through._deliver([])
        if route.endswith("taken@"):
            route += str(through._last_delivery()[0])
        if route.endswith("/new"):
            self.forget_deliveries(through)
        values = {
            "<int:share_id>": share.id,
            "<int:link_id>": self.link_a.id,
            "<string:token>": token or self.token_a,
            "<string:month>": "2026-11",
            "<int:page>": 1,
            "<int:document_id>": self.secret.id,
            "<string:part>": "2026-11",
            "<int:export_id>": things.get("export", export).id,
            "<int:folder_id>": self.month.id,
            "<int:ticket_id>": self.ticket.id,
            "<path:rest>": "document",
            '<models("account.move"):invoices>': self.invoice.id,
            '<models("account.move"):moves>': self.invoice.id,
            "<string:filetype>": "pdf",
        }
        for name, value in values.items():
            route = route.replace(name, str(value))
        return route

    def forget_deliveries(self, share):
        self.env.cr.execute(
            "DELETE FROM progbox_share_delivery WHERE share_id = %s", [share.id]
        )

    def test_no_address_is_without_an_expectation(self):
        self.assertEqual(self.routes(), set(ROUTES))

    def test_every_address_as_everybody(self):
        self.ask(ADDRESSES, self.fill)

    def test_every_door_of_odoo_as_everybody(self):
        values = {
            "document": self.secret.id,
            "attachment": self.secret._content_attachment().id,
            "token": self.token_a,
            "share": self.share_a.id,
            "export": self.export.id,
        }
        self.ask(DOORS, lambda door: door.format(**values))

    def test_who_has_another_folder_gets_nothing_of_this_one(self):
        """A valid token of folder B, on every address with an id of folder A."""
        self.authenticate("boris@example.com", "boris@example.com")
        for route in ADDRESSES:
            for export in (*self.prepared.values(), self.export):
                url = self.fill(route, self.share_b, self.token_b, export=export)
                with self.subTest(route=route, export=export.name):
                    if route.endswith(("/2026", "/all", "/again", "/new")):
                        self.assertNotIn(b"SECRET", self.get(url).content)
                    else:
                        self.assertGetsNothing(url)
        self.assertEqual(
            self.get(f"/archive/{self.token_b}/search?search=SECRET").status_code, 200
        )
        for path in (f"/archive/{self.token_b}", f"/my/archive/{self.share_b.id}"):
            self.assertIn(b"October 2026", self.get(path).content)

    def closed(self):
        """Nobody gets anything through a share; who has rights has them without."""
        self.ask(
            {
                route: set() if "/archive" in route else people
                for route, people in ROUTES.items()
            },
            self.fill,
        )

    def test_what_has_expired_by_the_clock_alone_is_closed(self):
        self.authenticate("anna@example.com", "anna@example.com")
        for route in ("/my/archive/<int:share_id>", "/archive/<string:token>"):
            self.assertGets(self.fill(route))
        for share in (self.share_a, self.link_a):
            self.by_the_clock(share)
        self.closed()

    def test_what_was_revoked_is_closed(self):
        for share in (self.share_a, self.link_a):
            share._revoke()
        self.closed()

    def test_nonsense_is_refused_without_an_error(self):
        self.authenticate("anna@example.com", "anna@example.com")
        mine = f"/my/archive/{self.share_a.id}"
        huge = 10**25
        for path in (
            f"/my/archive/{huge}",
            f"/archive/9999999999-{'a' * 43}",
            f"{mine}/document/{huge}",
            f"{mine}/file/{huge}",
            f"{mine}/prepared/{huge}",
            f"{mine}/month/9999-12",
            f"{mine}/zip/taken@%00",
            f"{mine}/zip/..%2f..",
        ):
            with self.subTest(path=path):
                self.assertGetsNothing(path)
        search = self.get(f"{mine}/search?search=%00none&page=-3&date_to=9999-99-99")
        self.assertEqual(search.status_code, 200)

    def test_what_is_in_the_query_is_not_believed(self):
        self.authenticate("boris@example.com", "boris@example.com")
        for query in (
            f"share_id={self.share_a.id}",
            f"share={self.share_a.id}",
            f"token={self.token_a}x",
            f"document_id={self.secret.id}",
            "month=2026-11",
            "controller=x",
        ):
            for root in (f"/my/archive/{self.share_b.id}", f"/archive/{self.token_b}"):
                with self.subTest(query=query, root=root):
                    self.assertGetsNothing(f"{root}?{query}")
