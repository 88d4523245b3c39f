"""Who gets what by RPC: portal users have no rights on any model of the archive."""

from odoo import Command, fields
from odoo.tests import tagged

from ..tools.sentinels import SERVER
from .leaks_common import PEOPLE, LeaksCommon

# Models, and who may read something of theirs by RPC; nobody writes.
MODELS = {
    "progbox.share": set(),
    "progbox.share.delivery": set(),
    "progbox.share.choice": set(),
    "progbox.folder": {"accountant"},
    "progbox.document": {"accountant"},
    "progbox.export": {"accountant"},
    "progbox.access.log": {"accountant"},
    "progbox.zip.ticket": {"accountant"},
    "progbox.seal": {"accountant"},
    "progbox.closing": {"accountant"},
    "progbox.source.deletion": {"accountant"},
    "ir.attachment": {"accountant"},
}
DAY, MOMENT = "2026-11-05", "2026-11-05 12:00:00"


@tagged("post_install", "-at_install")
class TestLeaksRpc(LeaksCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain_file = cls.plain_document("plain.pdf")
        cls.share_with(cls.month, cls.anna, include_future=False)
        cls.server["progbox.closing"]._close(cls.company, fields.Date.to_date(DAY))
        cls.server["progbox.source.deletion"]._note_deletions([cls.deletion()])

    @classmethod
    def deletion(cls):
        return {
            "company_id": cls.company.id,
            "res_model": "account.move",
            "res_id": 1,
            "document_ids": cls.secret.ids,
        }

    def things(self, model):
        """Return things of a model that have to do with folder A."""
        if model == "ir.attachment":
            return self.secret._content_attachment()
        things = {
            thing._name: thing
            for thing in (
                self.share_a, self.month, self.secret, self.export, self.ticket,
            )
        }  # fmt: skip
        if model in things:
            return things[model].with_env(self.server)
        domain = {
            "progbox.share.delivery": [("share_id", "=", self.share_a.id)],
            "progbox.share.choice": [("document_ref", "=", self.secret.id)],
            "progbox.access.log": [("document_ref", "=", self.secret.id)],
            "progbox.seal": [("document_id", "=", self.secret.id)],
        }.get(model, [("company_id", "=", self.company.id)])
        return self.server[model].search(domain)

    def values(self, model):
        """Return values that a new record of a model could have."""
        company = {"company_id": self.company.id}
        companies = {
            "company_ids": [Command.set(self.company.ids)],
            "domain": [("id", "=", self.secret.id)],
        }
        mine = {"share_id": self.share_b.id, "document_ref": self.secret.id}
        last = self.server["progbox.seal"].search(
            [("company_id", "=", self.company.id)], order="sequence desc", limit=1
        )
        return {
            "progbox.share": {
                **company,
                "kind": "link",
                "folder_id": self.month.id,
                "folder_name": "11",
                "lang": "en_US",
                "include_future": True,
            },
            "progbox.share.delivery": {**mine, "taken_on": MOMENT},
            "progbox.share.choice": mine,
            "progbox.folder": {**company, "name": "New"},
            "progbox.document": {
                **company,
                "name": "new.pdf",
                "folder_id": self.plain_file.folder_id.id,
                "type_id": self.plain_file.type_id.id,
            },
            "progbox.export": {
                **companies, "name": "New", "kind": "zip", "target": "zip",
            },
            "progbox.access.log": {**company, "kind": "view", "accessed_on": MOMENT},
            "progbox.zip.ticket": {**companies, "name": "New"},
            "progbox.seal": {
                **company,
                "sequence": last.sequence + 1,
                "kind": "closing",
                "payload": "{}",
                "previous_hash": last.hash,
                "hash": "$1$",
                "sealed_on": MOMENT,
            },
            "progbox.closing": {
                **company,
                "month": "2026-10-01",
                "number": 9,
                "seal_id": last.id,
                "closed_on": MOMENT,
            },
            "progbox.source.deletion": {
                **self.deletion(), "deleted_by": "X", "deleted_on": MOMENT,
            },
            "ir.attachment": {
                "name": "new.pdf",
                "res_model": "progbox.document",
                "res_id": self.plain_file.id,
                "type": "binary",
                "mimetype": "application/pdf",
            },
        }[model]  # fmt: skip

    def test_nobody_reads_more_by_rpc_than_he_may(self):
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            for model, readers in MODELS.items():
                theirs = self.things(model)
                inside = [("id", "in", theirs.ids)]
                calls = {
                    "search_count": [inside],
                    "search": [inside],
                    "search_read": [inside, ["id"]],
                    "read": [theirs.ids, ["display_name"]],
                    "read_group": [inside, ["id"], ["id"]],
                }
                if model == "progbox.zip.ticket":
                    del calls["read_group"]
                self.assertTrue(theirs, model)
                for method, args in calls.items():
                    with self.subTest(person=person, model=model, method=method):
                        self.assertEqual(
                            bool(self.call(model, method, *args)), person in readers
                        )

    def test_the_values_of_these_tests_make_a_record(self):
        """Else what is refused could be the values."""
        # Of a line of the ledger the database itself would not take them.
        for model in MODELS.keys() - {"progbox.seal"}:
            records = self.server[model].with_context(progbox_server=SERVER)
            with self.subTest(model=model), self.env.cr.savepoint():
                self.assertTrue(records.create(self.values(model)))
                self.env.flush_all()

    def test_nobody_writes_by_rpc(self):
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            for model in MODELS:
                theirs = self.things(model)
                count = theirs.search_count([])
                values = self.values(model)
                for method, args in (
                    ("create", [values]),
                    ("write", [theirs.ids, values]),
                    ("write", [theirs.ids, {}]),
                    ("copy", [theirs.ids]),
                    ("unlink", [theirs.ids]),
                ):
                    with self.subTest(person=person, model=model, method=method):
                        self.assertIsNone(self.call(model, method, *args))
                        self.assertTrue(theirs.exists())
                self.assertEqual(theirs.search_count([]), count, (person, model))
            for method in ("action_revoke", "_revoke", "_open_link", "_share"):
                with self.subTest(person=person, method=method):
                    self.call("progbox.share", method, self.share_a.ids)
                    self.assertFalse(self.share_a.revoked_on)

    def test_nobody_calls_what_the_browser_of_others_calls(self):
        deletions = self.things("progbox.source.deletion").ids
        calls = (
            ("progbox.zip", "start", [[], self.month.id]),
            ("progbox.zip", "start", [[("id", "=", self.secret.id)]]),
            ("progbox.export", "action_download", [self.export.ids]),
            ("progbox.source.deletion", "action_open_documents", [deletions]),
        )
        inner = (
            ("progbox.zip", "_zip_package", [self.company.ids, []]),
            ("progbox.zip", "_queue_zip", [self.company.ids, [], "x"]),
            ("progbox.zip.ticket", "_issue", [self.company.ids, [], "x"]),
            ("progbox.export", "_fetch", [self.export.ids]),
            ("progbox.package", "_package", [self.company.ids, []]),
            ("progbox.share", "_documents", [self.share_a.ids]),
            ("progbox.document", "_content_attachment", [self.secret.ids]),
        )
        for person, login in PEOPLE.items():
            self.authenticate(login, login)
            for model, method, args in (*calls, *inner):
                is_open = person == "accountant" and not method.startswith("_")
                with self.subTest(person=person, model=model, method=method):
                    self.assertEqual(bool(self.call(model, method, *args)), is_open)
            with self.subTest(person=person):
                page = self.call("progbox.folder", "tree_page", self.year.id)
                folders = page and [folder["id"] for folder in page["folders"]]
                self.assertEqual(
                    self.month.id in (folders or []), person == "accountant"
                )

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
