"""Nobody reads by a right of the archive what does not lie in the archive."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged

from .leaks_common import LeaksCommon

# Login of each role, and its group; the public has no login.
ROLES = {
    "outside_reader": "progbox_invoice_archive.group_archive_reader",
    "outside_billing": "account.group_account_invoice",
    "outside_accountant": "account.group_account_user",
    "outside_auditor": "account.group_account_readonly",
    "outside_manager": "progbox_invoice_archive.group_archive_manager",
    "outside_administrator": "account.group_account_manager",
    "outside_plain": "base.group_user",
}
MANAGERS = ("outside_manager", "outside_administrator")
READERS = tuple(role for role in ROLES if role != "outside_plain")
CONTRACT = b"%PDF-1.4\n% SECRET contract of employment\n%%EOF\n"


@tagged("post_install", "-at_install")
class TestRightsOutsideArchive(LeaksCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            login: new_test_user(
                cls.env,
                login,
                groups=f"{group},base.group_allow_export",
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for login, group in ROLES.items()
        }
        # As another add-on keeps documents: in a folder of its own, on a record or
        # not, and even in the folder of the invoice backups.
        cls.above = cls.folder_of("SECRET staff")
        cls.folder = cls.folder_of("SECRET contracts", parent_id=cls.above.id)
        cls.backups = cls.folder_of("Invoice backups", res_model="progbox.compilation")
        # Everybody reads the record itself.
        cls.country = cls.client.country_id
        cls.outside = (
            cls.contract(cls.folder, res_model="res.country", res_id=cls.country.id)
            | cls.contract(cls.folder, name="SECRET-alone.pdf")
            | cls.contract(cls.backups, name="SECRET-in-backups.pdf")
        )
        cls.files = cls.server["ir.attachment"].union(
            *(document._content_attachment() for document in cls.outside)
        )

    @classmethod
    def folder_of(cls, name, **values):
        return cls.server["progbox.folder"].create(
            {"name": name, "company_id": cls.company.id, **values}
        )

    @classmethod
    def contract(cls, folder, name="SECRET-contract.pdf", **values):
        return cls.server["progbox.document"]._create_with_file(
            {
                "name": name,
                "folder_id": folder.id,
                "company_id": cls.company.id,
                "type_id": cls.env.ref(
                    "progbox_invoice_archive.document_type_other"
                ).id,
                "mimetype": "application/pdf",
                "number": "SECRET/9",
                "amount_total": 9,
                "currency_name": cls.company.currency_id.name,
                **values,
            },
            cls.server["ir.attachment"]._progbox_stage([CONTRACT]),
        )

    def everybody(self):
        """Yield every role with its user."""
        people = {
            **self.people,
            "anna": self.anna,
            "boris": self.boris,
            # A reader of the archive of another company.
            "elsewhere": self.elsewhere,
            "public": self.env.ref("base.public_user"),
        }
        for role, user in people.items():
            # Nobody reads what somebody else has put into the cache.
            self.env.flush_all()
            self.env.invalidate_all()
            yield role, user

    def logins(self):
        """Return how everybody logs in, the public not at all."""
        portal = ("anna@example.com", "boris@example.com")
        return (*self.people, *portal, "elsewhere", None)

    def found(self, records):
        """Return those of these records that their user finds."""
        try:
            return records.search(Domain("id", "in", records.ids))
        except AccessError:
            return records.browse()

    # ------------------------------------------------------------------
    # The ORM
    # ------------------------------------------------------------------

    def test_nobody_finds_or_reads_the_documents(self):
        inside = Domain("id", "in", self.outside.ids)
        for role, user in self.everybody():
            with self.subTest(role=role):
                documents = self.outside.with_user(user)
                self.assertFalse(self.found(documents))
                for document in documents:
                    self.assertFalse(document.has_access("read"))
                    with self.assertRaises(AccessError):
                        document.read(["number"])
                    with self.assertRaises(AccessError):
                        document.mapped("content")
                    for method in ("action_send", "action_download", "file_problem"):
                        with self.assertRaises(AccessError):
                            getattr(document, method)()
                    refusal = AccessError if role in READERS else UserError
                    with self.assertRaises(refusal):
                        document.export_data(["number"])
                if role in READERS:
                    self.assertFalse(documents.search_count(inside))
                    self.assertEqual(
                        documents._read_group(inside, [], ["size:sum"]), [(False,)]
                    )
                    self.assertEqual(documents.amount_totals([list(inside)]), [""])
                    self.assertNotIn("SECRET/9", str(documents.name_search("SECRET")))
                    self.assertTrue(documents.search([]), "The archive itself is open.")

    def test_nobody_sees_the_folders(self):
        folders = self.above | self.folder
        for role, user in self.everybody():
            with self.subTest(role=role):
                theirs = folders.with_user(user)
                self.assertFalse(self.found(theirs))
                for folder in theirs:
                    with self.assertRaises(AccessError):
                        folder.read(["name"])
                    for method in ("action_compile", "tree_page"):
                        with self.assertRaises(UserError):
                            getattr(folder, method)(
                                *([folder.id] if method == "tree_page" else [])
                            )
                if role in READERS:
                    tree = theirs.tree_start(self.folder.id, folders.ids)
                    self.assertNotIn("SECRET", str(tree))
                    self.assertNotIn(self.folder.id, tree["open"])
                    self.assertFalse(theirs.tree_search("SECRET")["folders"])
                    self.assertNotIn("SECRET", theirs.browse().whom_to_ask())

    def test_the_folder_of_backups_is_for_managers_and_hides_the_rest(self):
        below = self.folder_of("SECRET below", parent_id=self.backups.id)
        self.contract(below)
        for role, user in self.everybody():
            with self.subTest(role=role):
                folder = self.backups.with_user(user)
                self.assertEqual(bool(self.found(folder)), role in MANAGERS)
                if role in MANAGERS:
                    self.assertEqual(folder.document_count, 0)
                    [shown] = [
                        values
                        for values in folder.tree_page(False)["folders"]
                        if values["id"] == folder.id
                    ]
                    self.assertEqual(shown["count"], 0)
                    self.assertFalse(shown["hasChildren"])
                    self.assertFalse(folder.tree_page(folder.id)["folders"])

    def test_nobody_reads_the_files(self):
        for role, user in self.everybody():
            with self.subTest(role=role):
                self.assertFalse(self.found(self.files.with_user(user)))
                for attachment in self.files.with_user(user):
                    with self.assertRaises(AccessError):
                        attachment.read(["raw"])

    def test_nobody_touches_them(self):
        values = {
            "name": "mine.pdf",
            "folder_id": self.folder.id,
            "company_id": self.company.id,
            "type_id": self.outside[0].type_id.id,
        }
        for role, user in self.everybody():
            with self.subTest(role=role):
                for document in self.outside.with_user(user):
                    for refused in (
                        lambda document=document: document.write({"number": "X"}),
                        lambda document=document: document.unlink(),
                        lambda document=document: document.create(values),
                        lambda document=document: document.copy(),
                        lambda document=document: document.action_open_record(),
                    ):
                        with self.assertRaises(UserError):
                            refused()
                for attachment in self.files.with_user(user):
                    with self.assertRaises(UserError):
                        attachment.write({"raw": b"mine"})
                    with self.assertRaises(UserError):
                        attachment.unlink()
        self.assertTrue(self.outside.exists())

    # ------------------------------------------------------------------
    # Zip, share, compile, export, log
    # ------------------------------------------------------------------

    def test_no_zip_holds_them(self):
        inside = [("id", "in", self.outside.ids)]
        for role, user in self.everybody():
            with self.subTest(role=role):
                zips = self.env["progbox.zip"].with_user(user)
                with self.assertRaises(UserError):
                    zips.start(inside)
                with self.assertRaises(UserError):
                    zips.start([], self.folder.id)
                if role in READERS:
                    export = self.built(zips._queue_zip(self.company, inside, "Mine"))
                    self.assertFalse(export.document_count)

    def test_nobody_shares_them(self):
        for role, user in self.everybody():
            with self.subTest(role=role):
                for folder in (self.above, self.folder):
                    with self.assertRaises(AccessError):
                        self.env["progbox.share"].with_user(user)._share(
                            folder.with_user(user),
                            {"kind": "link", "lang": "en_US", "include_future": True},
                        )
        for share in (self.share_a, self.link_a):
            self.assertFalse(share._documents() & self.outside)

    def test_nobody_compiles_them(self):
        for role, user in self.everybody():
            with self.subTest(role=role):
                with self.assertRaises(UserError):
                    self.outside.with_user(user).action_compile()
                if role in MANAGERS:
                    # However a client fills in the wizard.
                    with self.assertRaises(UserError):
                        wizard = (
                            self.env["progbox.compile.wizard"]
                            .with_user(user)
                            .create(
                                {
                                    "company_id": self.company.id,
                                    "document_ids": self.outside.ids,
                                }
                            )
                        )
                        wizard.invalidate_recordset()
                        self.assertFalse(wizard.document_ids)
                        wizard.action_compile()

    def test_no_export_holds_them(self):
        exports = self.env["progbox.export"]
        for role, user in self.everybody():
            with self.subTest(role=role):
                with self.assertRaises(UserError):
                    exports.with_user(user)._request_export(
                        self.folder.with_user(user), "zip"
                    )
                if role in MANAGERS:
                    wizard = (
                        self.env["progbox.export.wizard"]
                        .with_user(user)
                        .create({"scope": "all"})
                    )
                    everything = self.server["progbox.document"].search_count(
                        [
                            ("company_id", "=", self.company.id),
                            ("folder_id.locked", "=", True),
                        ]
                    )
                    self.assertEqual(wizard.document_count, everything)

    def test_the_log_does_not_name_them(self):
        log = self.server["progbox.access.log"]
        self.assertFalse(log.search([("document_ref", "in", self.outside.ids)]))
        for role, user in self.everybody():
            if role in READERS:
                with self.subTest(role=role):
                    action = (self.above | self.folder).with_user(user)
                    domain = action.action_access_log()["domain"]
                    self.assertFalse(log.with_user(user).search(domain))

    def test_the_log_of_what_is_done_with_them_is_closed_too(self):
        log = self.server["progbox.access.log"]
        log._log("view", documents=self.outside)
        log._log("refused", folder=self.folder)
        log._log("view", documents=self.secret)
        log._log("compilation", folder=self.backups)
        outside = log.search(
            [("document_ref", "in", self.outside.ids)], order="document_ref"
        ) | log.search([("folder_ref", "=", self.folder.id)])
        backup = log.search(
            [("folder_ref", "=", self.backups.id), ("kind", "=", "compilation")]
        )
        archive = log.search([("document_ref", "=", self.secret.id)])
        for role, user in self.everybody():
            with self.subTest(role=role):
                allowed = log.browse()
                if role in READERS:
                    allowed |= archive
                if role in MANAGERS:
                    # What is put into the folder of the backups belongs to it.
                    allowed |= backup | outside.filtered(
                        lambda line: line.document_ref == self.outside[2].id
                    )
                lines = (outside | backup | archive).with_user(user)
                self.assertEqual(self.found(lines), allowed)

    # ------------------------------------------------------------------
    # The real server
    # ------------------------------------------------------------------

    def test_no_address_serves_them(self):
        document, attachment = self.outside[0], self.files[0]
        addresses = (
            f"/web/content/progbox.document/{document.id}/content",
            f"/web/content/progbox.document/{self.outside[2].id}/content",
            f"/web/content/{attachment.id}",
            f"/web/content/{attachment.id}?access_token={self.token_a}",
            f"/web/image/progbox.document/{document.id}/content",
            f"/web/image/{attachment.id}",
            f"/progbox/zip/folder/{self.folder.id}",
            f"/my/archive/{self.share_a.id}/document/{document.id}",
            f"/my/archive/{self.share_a.id}/file/{document.id}",
            f"/archive/{self.token_a}/document/{document.id}",
            f"/archive/{self.token_a}/file/{document.id}",
        )
        for login in self.logins():
            self.authenticate(login, login)
            for address in addresses:
                with self.subTest(login=login, address=address):
                    self.assertGetsNothing(address, login)

    def test_no_page_and_no_zip_of_others_has_them(self):
        """What a share or a zip is of is there: they are not."""
        inside = [("id", "in", self.outside.ids)]
        came = f"{self.outside[0].create_date:%Y-%m}"
        roots = (f"/my/archive/{self.share_b.id}", f"/archive/{self.token_b}")
        asked = ("search?search=contract", f"month/{came}", f"zip/{came}", "zip/all")
        pages = [f"{root}/{page}" for root in roots for page in asked]
        for login in self.logins():
            self.authenticate(login, login)
            # Their own, where they may ask for one.
            owner = self.people[login] if login in READERS else self.billing
            mine = self.env["progbox.zip"].with_user(owner)
            tickets = mine.env["progbox.zip.ticket"]
            ticket = tickets._issue(self.company, inside, "Mine")
            export = self.built(mine._queue_zip(self.company, inside, "Mine"))
            zips = (f"/progbox/zip/{ticket.id}", f"/progbox/export/{export.id}")
            for address in (*pages, *zips):
                with self.subTest(login=login, address=address):
                    self.assertNotIn(b"SECRET", self.get(address).content)

    def test_no_remote_call_reaches_them(self):
        document, attachment = self.outside[0], self.files[0]
        inside = [("id", "in", self.outside.ids)]
        calls = (
            ("progbox.document", "search_read", [inside, ["number"]]),
            ("progbox.document", "read", [document.ids, ["number"]]),
            ("progbox.document", "web_read", [document.ids, {"number": {}}]),
            ("progbox.document", "write", [document.ids, {"number": "X"}]),
            ("progbox.document", "unlink", [document.ids]),
            ("progbox.document", "copy", [document.ids]),
            ("progbox.document", "action_compile", [document.ids]),
            ("progbox.document", "action_send", [document.ids]),
            ("progbox.document", "action_download", [document.ids]),
            ("progbox.document", "file_problem", [document.ids]),
            ("progbox.document", "_create_with_file", [{}, None]),
            ("progbox.document", "_content_attachment", [document.ids]),
            ("progbox.folder", "search_read", [[("id", "=", self.folder.id)]]),
            ("progbox.folder", "read", [self.folder.ids, ["name"]]),
            ("progbox.folder", "tree_page", [self.folder.id]),
            ("progbox.folder", "write", [self.folder.ids, {"name": "X"}]),
            ("progbox.folder", "unlink", [self.folder.ids]),
            ("progbox.zip", "start", [inside]),
            ("progbox.zip", "start", [[], self.folder.id]),
            ("ir.attachment", "search_read", [[("id", "=", attachment.id)]]),
            ("ir.attachment", "read", [attachment.ids, ["raw"]]),
            ("ir.attachment", "unlink", [attachment.ids]),
        )
        for login in self.logins():
            self.authenticate(login, login)
            for model, method, args in calls:
                with self.subTest(login=login, model=model, method=method):
                    self.assertFalse(self.call(model, method, *args))
            self.url_open(
                "/mail/attachment/delete",
                json={"params": {"attachment_id": attachment.id}},
            )
            self.env.invalidate_all()
            self.assertTrue(attachment.exists())

    # ------------------------------------------------------------------
    # Beside another add-on
    # ------------------------------------------------------------------

    def test_another_add_on_opens_its_own_beside_ours(self):
        """Its group reads what it keeps, alone or with the archive's rights."""
        staff = self.env["res.groups"].create(
            {
                "name": "Staff files",
                "implied_ids": [Command.link(self.env.ref("base.group_user").id)],
            }
        )
        for model, domain in (
            ("progbox.folder", [("id", "child_of", self.above.id)]),
            ("progbox.document", [("folder_id", "child_of", self.above.id)]),
        ):
            model_id = self.env["ir.model"]._get_id(model)
            self.env["ir.model.access"].create(
                {
                    "name": model,
                    "model_id": model_id,
                    "group_id": staff.id,
                    "perm_read": True,
                }
            )
            self.env["ir.rule"].create(
                {
                    "name": model,
                    "model_id": model_id,
                    "groups": [Command.link(staff.id)],
                    "domain_force": str(domain),
                }
            )
        theirs = self.outside[:2]
        for role in ("outside_plain", "outside_billing"):
            user = self.people[role]
            user.group_ids += staff
            with self.subTest(role=role):
                documents = self.outside.with_user(user)
                self.assertEqual(self.found(documents), theirs)
                self.assertEqual(theirs.with_user(user)[0].content[:5], b"JVBER")
                self.assertTrue(self.files[0].with_user(user).has_access("read"))
                self.assertTrue(self.folder.with_user(user).has_access("read"))
                self.assertEqual(
                    self.secret.with_user(user).has_access("read"),
                    role == "outside_billing",
                )
        self.assertFalse(
            self.outside.with_user(self.people["outside_manager"])._filtered_access(
                "read"
            )
        )

    def test_a_right_without_a_rule_opens_nothing(self):
        """Another add-on forgets its rule: Odoo alone would show it everything."""
        for model in ("progbox.folder", "progbox.document"):
            self.env["ir.model.access"].create(
                {
                    "name": model,
                    "model_id": self.env["ir.model"]._get_id(model),
                    "group_id": self.env.ref("base.group_user").id,
                    "perm_read": True,
                }
            )
        plain = self.people["outside_plain"]
        for records in (self.outside, self.secret, self.folder, self.secret.folder_id):
            self.assertTrue(records.with_user(plain).browse().has_access("read"))
            self.assertFalse(self.found(records.with_user(plain)))
        self.assertTrue(
            self.found(self.secret.with_user(self.people["outside_reader"]))
        )
