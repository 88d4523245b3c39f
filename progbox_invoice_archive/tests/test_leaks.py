"""Who gets what: the whole table, asked of the real server.

Two folders, A and B. Every address of the add-on is asked for things of folder A by
each kind of person; then by those who have folder B, have had A, or had it till now.
"""

from odoo import Command
from odoo.tests import new_test_user, tagged

from .test_portal_archive import PortalCommon

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
# Each address, and who gets something of folder A there.
ROUTES = {
    "/my/archive": {"portal A"},
    "/my/archive/<int:share_id>": {"portal A"},
    "/my/archive/<int:share_id>/month/<string:month>": {"portal A"},
    "/my/archive/<int:share_id>/search": {"portal A"},
    "/my/archive/<int:share_id>/document/<int:document_id>": {"portal A"},
    "/my/archive/<int:share_id>/file/<int:document_id>": {"portal A"},
    "/my/archive/<int:share_id>/zip/<string:part>": {"portal A"},
    "/my/archive/<int:share_id>/prepared/<int:export_id>": {"portal A"},
    "/my/archive/<int:share_id>/prepared/<int:export_id>/file": {"portal A"},
    "/archive/<string:token>": EVERYBODY,
    "/archive/<string:token>/month/<string:month>": EVERYBODY,
    "/archive/<string:token>/search": EVERYBODY,
    "/archive/<string:token>/document/<int:document_id>": EVERYBODY,
    "/archive/<string:token>/file/<int:document_id>": EVERYBODY,
    "/archive/<string:token>/zip/<string:part>": EVERYBODY,
    "/archive/<string:token>/prepared/<int:export_id>": EVERYBODY,
    "/archive/<string:token>/prepared/<int:export_id>/file": EVERYBODY,
    "/progbox/zip/folder/<int:folder_id>": {"accountant"},
    "/progbox/zip/<int:ticket_id>": {"accountant"},
    "/progbox/export/<int:export_id>": {"accountant"},
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
# Models, and who may read something of theirs by RPC; nobody writes.
MODELS = {
    "progbox.share": set(),
    "progbox.share.delivery": set(),
    "progbox.folder": {"accountant"},
    "progbox.document": {"accountant"},
    "progbox.export": {"accountant"},
    "progbox.access.log": {"accountant"},
    "progbox.zip.ticket": {"accountant"},
}
# What nobody may see who has no right to folder A: names, bytes, what pages say.
SECRETS = (b"SECRET", b"%PDF", b"November 2026")


@tagged("post_install", "-at_install")
class TestLeaks(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.setup_other_company()["company"]
        new_test_user(
            cls.env,
            "elsewhere",
            "account.group_account_invoice",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        cls.secret = cls.archived_without_render("SECRET/1", "2026-11-05")
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
            self.mine._request(self.company, domain, "SECRET zip", self.month)
        )
        self.prepared = {
            share: self.built(share._request_zip("all", f"SECRET {share.id}"))
            for share in (self.share_a, self.link_a)
        }

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------

    def routes(self):
        """Return every address that the add-on adds, as the server has them.

        The portal's own are in our class too: we add a number to its home page.
        """
        return {
            rule.rule
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if rule.endpoint.original_endpoint.__module__.startswith(
                "odoo.addons.progbox_invoice_archive"
            )
        }

    def fill(self, route, share=None, token=None, **things):
        """Return an address, with what is asked for filled in."""
        share = share or self.share_a
        through = self.link_a if "<string:token>" in route else share
        export = self.prepared.get(through, self.prepared[self.share_a])
        if "/progbox/" in route:
            export = self.export
        values = {
            "<int:share_id>": share.id,
            "<string:token>": token or self.token_a,
            "<string:month>": "2026-11",
            "<int:document_id>": self.secret.id,
            "<string:part>": "2026-11",
            "<int:export_id>": things.get("export", export).id,
            "<int:folder_id>": self.month.id,
            "<int:ticket_id>": self.ticket.id,
        }
        for name, value in values.items():
            route = route.replace(name, str(value))
        return route

    def assertGets(self, url, person=None):
        response = self.get(url)
        self.assertEqual(response.status_code, 200, (person, url))
        self.assertTrue(
            any(secret in response.content for secret in SECRETS), (person, url)
        )

    def assertGetsNothing(self, url, person=None):
        response = self.get(url)
        self.assertIn(
            response.status_code, (200, 303, 400, 403, 404, 410, 422), (person, url)
        )
        for secret in SECRETS:
            self.assertNotIn(secret, response.content, (person, url))
        if response.status_code == 303:
            self.assertRegex(response.headers["Location"], "/web/login|/archive/[^/]+$")

    def ask(self, table, address):
        """Ask for every address of a table as everybody in turn."""
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            for route, allowed in table.items():
                with self.subTest(person=person, route=route):
                    check = (
                        self.assertGets if person in allowed else self.assertGetsNothing
                    )
                    check(address(route), person)

    # ------------------------------------------------------------------
    # The tables
    # ------------------------------------------------------------------

    def test_no_address_is_without_an_expectation(self):
        self.assertEqual(self.routes(), set(ROUTES))

    def test_every_address_as_everybody(self):
        self.ask(ROUTES, self.fill)

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
        for route in ROUTES:
            for export in (*self.prepared.values(), self.export):
                url = self.fill(route, self.share_b, self.token_b, export=export)
                with self.subTest(route=route, export=export.name):
                    self.assertGetsNothing(url)
        self.assertEqual(
            self.get(f"/archive/{self.token_b}/search?search=SECRET").status_code, 200
        )
        for path in (f"/archive/{self.token_b}", f"/my/archive/{self.share_b.id}"):
            self.assertIn(b"October 2026", self.get(path).content)

    def closed(self):
        self.authenticate("anna@example.com", "anna@example.com")
        for route in ROUTES:
            with self.subTest(route=route):
                self.assertGetsNothing(self.fill(route))

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
        ):
            for root in (f"/my/archive/{self.share_b.id}", f"/archive/{self.token_b}"):
                with self.subTest(query=query, root=root):
                    self.assertGetsNothing(f"{root}?{query}")

    # ------------------------------------------------------------------
    # RPC
    # ------------------------------------------------------------------

    def call(self, model, method, *args, **kwargs):
        """Return what a client gets by RPC, or None when it is refused."""
        self.env.flush_all()
        answer = self.url_open(
            "/web/dataset/call_kw",
            json={
                "params": {
                    "model": model, "method": method, "args": args, "kwargs": kwargs,
                }
            },
        ).json()  # fmt: skip
        self.env.invalidate_all()
        return answer.get("result")

    def test_nobody_reads_more_by_rpc_than_he_may(self):
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            for model, readers in MODELS.items():
                theirs = self.things(model)
                inside = [("id", "in", theirs.ids)]
                with self.subTest(person=person, model=model):
                    self.assertTrue(theirs)
                    may = person in readers
                    self.assertEqual(
                        bool(self.call(model, "search_count", inside)), may
                    )
                    self.assertEqual(bool(self.call(model, "search", inside)), may)
                    self.assertEqual(
                        bool(self.call(model, "search_read", inside, ["id"])), may
                    )
                    self.assertEqual(
                        bool(self.call(model, "read", theirs.ids, ["display_name"])),
                        may,
                    )
                    self.assertEqual(
                        bool(
                            self.call(model, "read_group", inside, ["id"], ["id"])
                            if model != "progbox.zip.ticket"
                            else may
                        ),
                        may,
                    )

    def test_nobody_writes_by_rpc(self):
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            for model in MODELS:
                theirs = self.things(model)
                for method, args in (
                    ("create", [{}]),
                    ("write", [theirs.ids, {"display_name": "x"}]),
                    ("write", [theirs.ids, {}]),
                    ("copy", [theirs.ids]),
                    ("unlink", [theirs.ids]),
                ):
                    with self.subTest(person=person, model=model, method=method):
                        self.assertIsNone(self.call(model, method, *args))
                        self.assertTrue(theirs.exists())
            for method in ("action_revoke", "_revoke", "_open_link", "_share"):
                with self.subTest(person=person, method=method):
                    self.call("progbox.share", method, self.share_a.ids)
                    self.assertFalse(self.share_a.revoked_on)

    def things(self, model):
        """Return things of a model that have to do with folder A."""
        if model == "progbox.share.delivery":
            return self.server[model].search([("share_id", "=", self.share_a.id)])
        if model == "progbox.access.log":
            return self.log.search([("document_ref", "=", self.secret.id)])
        things = (self.share_a, self.month, self.secret, self.export, self.ticket)
        return {thing._name: thing for thing in things}[model].with_env(self.server)

    def test_nobody_deletes_a_file_through_the_chatter(self):
        attachment = self.secret._content_attachment()
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            with self.subTest(person=person):
                self.env.flush_all()
                self.url_open(
                    "/mail/attachment/delete",
                    json={"params": {"attachment_id": attachment.id}},
                )
                self.env.invalidate_all()
                self.assertTrue(attachment.exists())
