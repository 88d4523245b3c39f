"""Who gets what by RPC: portal users have no rights on any model of the archive."""

from odoo.tests import tagged

from .leaks_common import PEOPLE, LeaksCommon

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


@tagged("post_install", "-at_install")
class TestLeaksRpc(LeaksCommon):
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
