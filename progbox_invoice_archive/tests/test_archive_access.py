from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import PDF, ArchiveCommon

# And what of them is the archive's: other add-ons may open documents of their own,
# and the names of all types.
READ_MODELS = {
    "progbox.document": [("folder_id.locked", "=", True)],
    "progbox.folder": [("locked", "=", True)],
    "progbox.archive.job": [],
    "progbox.seal": [],
}


@tagged("post_install", "-at_install")
class TestArchiveAccess(ArchiveCommon):
    """Who may look, and that nobody may touch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.archived_without_render()
        cls.folder = cls.document.folder_id
        cls.root = cls.folder.parent_id.parent_id
        cls.manager = new_test_user(
            cls.env,
            "archive_manager",
            groups="account.group_account_manager",
            company_id=cls.company.id,
        )
        cls.portal = new_test_user(
            cls.env, "archive_portal", groups="base.group_portal"
        )
        cls.roles = {
            "superuser": cls.server.user,
            "manager": cls.manager,
            "billing": cls.billing,
            "plain": cls.plain,
            "portal": cls.portal,
        }

    def test_billing_reads_the_archive(self):
        document = self.document.with_user(self.billing)
        self.assertEqual(document.read(["number"])[0]["number"], "INV/1")
        self.assertIn(document, document.search([]))

    def test_the_auditor_with_readonly_rights_reads_the_archive(self):
        auditor = new_test_user(
            self.env, "auditor", groups="account.group_account_readonly"
        )
        auditor.company_ids = self.company
        auditor.company_id = self.company
        self.assertTrue(self.document.with_user(auditor).has_access("read"))

    def test_people_without_billing_rights_see_nothing(self):
        for user in (self.plain, self.portal, self.env.ref("base.public_user")):
            for model, domain in READ_MODELS.items():
                with self.subTest(user=user.id, model=model):
                    if domain:
                        self.assertTrue(self.server[model].search(domain, limit=1))
                    try:
                        found = self.env[model].with_user(user).search(domain)
                    except AccessError:
                        continue
                    self.assertFalse(found)

    def test_the_archive_of_another_company_is_closed(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        billing = theirs.with_user(self.billing)
        self.assertNotIn(theirs, billing.search([]))
        with self.assertRaises(AccessError):
            billing.read(["number"])
        with self.assertRaises(AccessError):
            theirs.folder_id.with_user(self.billing).read(["name"])
        with self.assertRaises(AccessError):
            theirs._content_attachment().with_user(self.billing).read(["raw"])

    def test_nobody_creates_in_the_archive(self):
        values = {
            "name": "forged.pdf",
            "folder_id": self.folder.id,
            "company_id": self.company.id,
            "type_id": self.document.type_id.id,
            "content": "Zm9yZ2Vk",
        }
        for role, user in self.roles.items():
            with self.subTest(role=role), self.assertRaises(UserError):
                self.env["progbox.document"].with_user(user).create(values)
            with self.subTest(role=role), self.assertRaises(UserError):
                self.env["progbox.folder"].with_user(user).create(
                    {"name": "mine", "parent_id": self.folder.id}
                )

    def test_nobody_changes_the_archive(self):
        other = self.server["progbox.folder"].create(
            {"name": "Elsewhere", "company_id": self.company.id}
        )
        changes = (
            (self.document, {"name": "renamed.pdf"}),
            (self.document, {"content": "Zm9yZ2Vk"}),
            (self.document, {"folder_id": other.id}),
            (self.document, {"number": "INV/2"}),
            (self.folder, {"name": "12"}),
            (self.folder, {"parent_id": other.id}),
            (self.root, {"locked": False}),
            (other, {"parent_id": self.root.id}),
        )
        for role, user in self.roles.items():
            for record, values in changes:
                with (
                    self.subTest(role=role, record=record, values=values),
                    self.assertRaises(UserError),
                ):
                    record.with_user(user).write(values)
        self.assertEqual(self.content(self.document), PDF)

    def test_nobody_deletes_from_the_archive(self):
        for role, user in self.roles.items():
            for record in (self.document, self.folder, self.root):
                with (
                    self.subTest(role=role, record=record),
                    self.assertRaises(UserError),
                ):
                    record.with_user(user).unlink()

    def test_a_document_is_not_copied(self):
        with self.assertRaises(UserError):
            self.document.sudo().copy()

    def test_a_client_cannot_forge_the_key_of_the_archiver(self):
        for forged in (True, 1, "ARCHIVER", {"a": 1}):
            document = self.document.sudo().with_context(progbox_server=forged)
            with (
                self.subTest(forged=forged),
                self.assertRaisesRegex(UserError, "neither changed nor moved"),
            ):
                document.name = "forged.pdf"

    def test_jobs_are_changed_by_the_engine_alone(self):
        job = self.jobs_of(self.posted())
        for role, user in self.roles.items():
            with self.subTest(role=role), self.assertRaises(AccessError):
                job.with_user(user).write({"state": "done"})
        with self.assertRaises(AccessError):
            job.sudo().with_context(progbox_job_engine=True).write({"state": "done"})

    def test_only_the_manager_retries(self):
        job = self.jobs_of(self.posted())
        job._job_fail(UserError("broken"), give_up=True)
        with self.assertRaises(AccessError):
            job.with_user(self.billing).action_retry()
        with self.assertRaises(AccessError):
            job.with_user(self.plain).action_retry()
        self.assertEqual(job.state, "failed")
        job.with_user(self.manager).action_retry()
        self.assertEqual(job.state, "pending")

    def test_the_state_of_an_invoice_is_no_way_around_the_rights(self):
        move = self.posted()
        with self.assertRaises(AccessError):
            move.with_user(self.plain).read(["progbox_archive_state"])
        with self.assertRaises(AccessError):
            move.with_user(self.plain).action_progbox_open_archive()
