from odoo.exceptions import AccessError

from ..models.dropbox_sharing import SHARING_SCOPES
from .dropbox_common import DropboxCommon


class TestAttacks(DropboxCommon):
    """People with few rights, at doors that others have built for more."""

    def setUp(self):
        super().setUp()
        self.account.scopes = " ".join(SHARING_SCOPES)
        self.paper = self.document()
        self.run_cron()
        self.copy = self.copy_of(self.paper)

    def stranger(self):
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.user_of("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        return stranger

    def without_company(self):
        """Make a document that belongs to all companies, in this one's Dropbox."""
        folder = self.server["progbox.folder"].create(
            {"name": "For all", "company_id": False}
        )
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET folder_id = %s, company_id = NULL,"
                " seal_id = NULL WHERE id = %s",
                [folder.id, self.paper.id],
            )
        self.env.invalidate_all()
        readers = self.env.ref("progbox_invoice_archive.group_archive_reader")
        for model in ("progbox.folder", "progbox.document"):
            self.server["ir.rule"].create(
                {
                    "name": "a right of another add-on",
                    "model_id": self.env["ir.model"]._get_id(model),
                    "groups": [(4, readers.id)],
                    "domain_force": "[('company_id', '=', False)]",
                }
            )
        return folder

    def test_another_companys_dropbox_is_not_shared(self):
        folder = self.without_company().with_user(self.stranger())
        self.assertTrue(folder.has_access("read"))
        with self.assertRaises(AccessError):
            folder.action_share_in_dropbox()
        self.assertFalse(self.dropbox.account.shares)

    def test_another_companys_versions_are_not_seen(self):
        self.without_company()
        paper = self.paper.with_user(self.stranger())
        self.assertTrue(paper.has_access("read"))
        with self.assertRaises(AccessError):
            paper.action_dropbox_versions()

    def test_no_path_of_a_document_that_one_may_not_read(self):
        copies = self.transfers.with_user(self.manager)
        mine = [("id", "=", self.copy.id)]
        self.assertEqual(copies.search(mine), self.copy)
        secret = self.server["progbox.folder"].create(
            {"name": "Contracts", "company_id": self.company.id}
        )
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET folder_id = %s WHERE id = %s",
                [secret.id, self.paper.id],
            )
        self.env.invalidate_all()
        self.assertFalse(copies.search(mine))
        with self.assertRaises(AccessError):
            self.copy.with_user(self.manager).read(["copied_path"])

    def test_a_context_chooses_no_types(self):
        rules = self.server["progbox.dropbox.rule"]
        rules.search([("account_id", "=", self.account.id)]).unlink()
        account = self.account.with_user(self.manager)
        account.with_context(default_copied=True).action_open_rules()
        self.assertTrue(rules.search([("account_id", "=", self.account.id)]))
        self.assertFalse(self.account.type_ids)

    def test_versions_that_are_taken_are_in_the_log(self):
        action = self.paper.with_user(self.manager).action_dropbox_versions()
        versions = self.env[action["res_model"]].with_user(self.manager)
        version = versions.browse(action["res_id"]).version_ids[0]
        _name, _size, blocks = version._blocks()
        self.assertTrue(b"".join(blocks))
        log = self.server["progbox.access.log"]
        line = log.search([("document_ref", "=", self.paper.id)], limit=1)
        self.assertEqual((line.kind, line.user_name), ("download", self.manager.name))
