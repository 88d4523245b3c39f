from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .dropbox_common import DropboxCommon


@tagged("-at_install", "post_install")
class TestVersions(DropboxCommon, HttpCase):
    """What Dropbox keeps of a copy: looked at, downloaded, restored there."""

    def setUp(self):
        super().setUp()
        self.document_ = self.document()
        self.run_cron()
        self.place = self.copy_of(self.document_).copied_path
        self.person_writes(self.place)

    def versions(self, user=None):
        user = user or self.manager
        action = self.document_.with_user(user).action_dropbox_versions()
        return self.env[action["res_model"]].with_user(user).browse(action["res_id"])

    def fetched(self, version, login=None):
        self.authenticate(login, login)
        return self.url_open(f"/progbox/dropbox/version/{version.id}")

    def test_the_versions_are_listed(self):
        versions = self.versions()
        self.assertTrue(versions.is_changed)
        self.assertEqual(
            [(v.is_current, v.is_archived, v.size) for v in versions.version_ids],
            [(True, False, 6), (False, True, len(self.content(self.document_)))],
        )

    def test_a_version_is_restored_there_and_nowhere_else(self):
        content = self.content(self.document_)
        versions = self.versions()
        versions.version_ids[1].action_restore()
        self.assertEqual(self.store.find(self.place).blob.read_bytes(), content)
        self.assertFalse(versions.is_changed)
        self.assertEqual(len(versions.version_ids), 3)
        versions.version_ids[1].action_restore()
        self.assertEqual(self.store.find(self.place).blob.read_bytes(), b"forged")
        self.assertEqual(self.content(self.document_), content)

    def test_a_version_is_downloaded_through_odoo(self):
        versions = self.versions()
        answer = self.fetched(versions.version_ids[0], "manager")
        self.assertEqual(answer.content, b"forged")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        answer = self.fetched(versions.version_ids[1], "manager")
        self.assertEqual(answer.content, self.content(self.document_))

    def test_a_revision_of_another_file_is_refused(self):
        other = self.document("FAC/2026/00002")
        self.run_cron()
        versions = self.versions()
        versions.version_ids[0].rev = self.copy_of(other).rev
        with self.assertRaisesRegex(UserError, "any more"):
            versions.version_ids[0].action_restore()
        self.assertNotEqual(
            self.fetched(versions.version_ids[0], "manager").status_code, 200
        )

    def test_nobody_else_sees_or_gets_a_version(self):
        versions = self.versions()
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.user_of("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        colleague = self.user_of("colleague", "account.group_account_manager")
        portal = self.user_of("outsider", "base.group_portal")
        for user in (self.plain, self.billing, stranger, portal):
            with self.subTest(user=user.id), self.assertRaises(AccessError):
                self.versions(user)
        for user in (self.plain, self.billing, stranger, colleague, portal):
            with self.subTest(user=user.id):
                with self.assertRaises(AccessError):
                    versions.version_ids[1].with_user(user).action_restore()
                with self.assertRaises(AccessError):
                    versions.version_ids.with_user(user).read(["rev"])
                answer = self.fetched(versions.version_ids[0], user.login)
                self.assertIn(answer.status_code, (303, 403, 404))
                self.assertNotIn(b"forged", answer.content)
        answer = self.fetched(versions.version_ids[0])
        self.assertNotIn(b"forged", answer.content)
