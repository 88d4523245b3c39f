from odoo import fields
from odoo.exceptions import AccessError, UserError

from ..models.dropbox_sharing import SHARING_SCOPES
from .dropbox_common import DropboxCommon

GUEST = "claire@example.com"


class TestSharing(DropboxCommon):
    """People are invited to look at a folder of Dropbox, from inside Odoo."""

    def setUp(self):
        super().setUp()
        self.account.scopes = " ".join(SHARING_SCOPES)
        self.documents = self.several(2)
        self.folder = self.documents.folder_id
        self.run_cron()

    def wizard(self, user=None):
        folder = self.folder.with_user(user or self.manager)
        action = folder.action_share_in_dropbox()
        return (
            self.env[action["res_model"]]
            .with_user(user or self.manager)
            .browse(action["res_id"])
        )

    def invited(self, email=GUEST, **values):
        wizard = self.wizard()
        wizard.write({"email": email, **values})
        wizard.action_invite()
        return wizard

    def access(self, wizard):
        return [(m.email, m.access, m.is_pending) for m in wizard.member_ids]

    @property
    def shares(self):
        return self.dropbox.account.shares

    def test_it_begins_with_where_the_copies_are(self):
        wizard = self.wizard()
        self.assertEqual(wizard.place_id.path, "/ProGBox/Factures/2026/11")
        self.assertEqual(wizard.document_count, 2)
        self.assertFalse(wizard.member_ids)
        self.assertFalse(self.shares)
        self.assertFalse(wizard.other_text)

    def test_somebody_is_invited_to_look(self):
        wizard = self.invited(message="Bonjour")
        [share] = self.shares
        self.assertEqual(share.invited, {GUEST: "viewer"})
        owner = (self.dropbox.account.email, "owner", False)
        self.assertEqual(self.access(wizard), [owner, (GUEST, "viewer", True)])
        self.assertFalse(wizard.email)
        log = self.server["progbox.access.log"].search([], order="id desc", limit=1)
        self.assertEqual(log.kind, "share")
        self.assertIn(GUEST, log.note)

    def test_a_second_person_joins_the_same_share(self):
        self.invited()
        self.invited("paul@example.com")
        [share] = self.shares
        self.assertEqual(len(share.invited), 2)

    def test_no_link_is_made(self):
        self.invited()
        self.assertFalse([route for route in self.dropbox.by_route if "link" in route])

    def test_access_is_taken_away(self):
        wizard = self.invited()
        member = wizard.member_ids.filtered(lambda m: m.email == GUEST)
        member.action_revoke()
        self.assertFalse(self.shares[0].invited)
        self.assertEqual(len(wizard.member_ids), 1)
        self.assertFalse(wizard.member_ids.can_revoke)

    def test_sharing_that_takes_its_time(self):
        self.dropbox.faults.add("sharing/share_folder", "async")
        self.invited()
        self.assertEqual(len(self.shares), 1)

    def put_away(self, document, folder):
        """Put a document into another folder, its copy stays where it is."""
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET folder_id = %s WHERE id = %s",
                [folder.id, document.id],
            )
        self.env.invalidate_all()

    def test_what_else_the_folder_holds_is_said(self):
        other = self.server["progbox.folder"]._archive_folder(
            self.company, fields.Date.to_date("2020-01-01")
        )
        self.put_away(self.documents[0], other)
        self.assertIn("1", self.wizard().other_text)

    def test_what_one_may_not_read_is_not_shared_along(self):
        secret = self.server["progbox.folder"].create(
            {"name": "Contracts", "company_id": self.company.id}
        )
        self.put_away(self.documents[0], secret)
        with self.assertRaisesRegex(AccessError, "you may not read"):
            self.wizard()
        self.assertFalse(self.shares)

    def test_the_base_folder_is_not_shared(self):
        loose = self.copy_of(self.documents[0])
        loose._job_write({"copied_path": "/ProGBox/loose.pdf"})
        wizard = self.wizard()
        self.assertEqual(wizard.place_ids.mapped("path"), ["/ProGBox/Factures/2026/11"])
        place = self.env["progbox.dropbox.share.place"].with_user(self.manager)
        wizard.place_id = place.create({"wizard_id": wizard.id, "path": "/ProGBox"})
        wizard.email = GUEST
        with self.assertRaisesRegex(AccessError, "everything that is copied"):
            wizard.action_invite()
        self.assertFalse(self.shares)

    def test_an_invitation_stands_when_dropbox_is_silent_afterwards(self):
        wizard = self.wizard()
        wizard.email = GUEST
        silent = self.dropbox.faults.add("sharing/list_folder_members", "503_empty")
        wizard.action_invite()
        self.assertEqual(silent.hit, 1)
        self.assertEqual(self.shares[0].invited, {GUEST: "viewer"})
        log = self.server["progbox.access.log"].search([], order="id desc", limit=1)
        self.assertIn(GUEST, log.note)

    def test_refusals_are_said(self):
        for kind, words in {
            "insufficient_plan": "paid plan",
            "rate_limit": "tomorrow",
            "cant_share_outside_team": "team",
        }.items():
            self.dropbox.faults.add("sharing/add_folder_member", kind)
            with self.assertRaisesRegex(UserError, words):
                self.invited()
        with self.assertRaisesRegex(UserError, "e-mail address"):
            self.invited("nobody")

    def test_a_missing_permission_is_said_before_anything_is_asked(self):
        self.dropbox.by_route.clear()
        self.account.scopes = "files.content.write"
        with self.assertRaisesRegex(UserError, "sharing.read, sharing.write"):
            self.wizard()
        self.account.write({"scopes": " ".join(SHARING_SCOPES), "app_folder": "Odoo"})
        with self.assertRaisesRegex(UserError, "App folder"):
            self.wizard()
        self.assertFalse(self.dropbox.by_route)

    def test_a_folder_without_copies(self):
        empty = self.server["progbox.folder"]._archive_folder(
            self.company, fields.Date.to_date("2020-01-01")
        )
        with self.assertRaisesRegex(UserError, "is in Dropbox yet"):
            empty.with_user(self.manager).action_share_in_dropbox()

    def test_the_folder_is_opened_in_the_companys_own_dropbox(self):
        action = self.folder.with_user(self.billing).action_view_in_dropbox()
        self.assertEqual(
            action["url"], "https://www.dropbox.com/home/ProGBox/Factures/2026/11"
        )

    def test_a_folder_says_how_its_copies_are(self):
        waiting, failed = self.document("FAC/3"), self.document("FAC/4")
        self.copy_of(failed)._job_write({"state": "failed", "error": "No."})
        root = self.folder.parent_id.parent_id.with_user(self.manager)
        for folder in (self.folder.with_user(self.manager), root):
            self.assertEqual(folder.dropbox_text, "Copied: 2 · Waiting: 1 · Failed: 1")
        action = root.action_dropbox_copies()
        copies = self.transfers.with_user(self.manager).search(action["domain"])
        self.assertEqual(copies.document_id, self.documents | waiting | failed)
        # Who may not read the documents does not learn how many there are.
        hidden = self.folder.with_user(self.plain)
        self.assertEqual(hidden.sudo(False)._dropbox_states(), [])

    # ------------------------------------------------------------------
    # Who
    # ------------------------------------------------------------------

    def test_nobody_else_shares_or_sees_who_has_access(self):
        wizard = self.invited()
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.user_of("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        colleague = self.user_of("colleague", "account.group_account_manager")
        portal = self.user_of("outsider", "base.group_portal")
        public = self.env.ref("base.public_user")
        for user in (self.plain, self.billing, stranger, portal, public):
            with self.subTest(user=user.id), self.assertRaises(AccessError):
                self.folder.with_user(user).action_share_in_dropbox()
        for user in (self.plain, self.billing, stranger, colleague, portal, public):
            with self.subTest(user=user.id):
                with self.assertRaises(AccessError):
                    wizard.with_user(user).action_invite()
                with self.assertRaises(AccessError):
                    wizard.member_ids[-1:].with_user(user).action_revoke()
                with self.assertRaises(AccessError):
                    wizard.member_ids.with_user(user).read(["email"])
        self.assertEqual(self.shares[0].invited, {GUEST: "viewer"})

    def test_no_other_folder_is_shared_by_rpc(self):
        wizard = self.wizard()
        for path in ("/", "/Private", "/ProGBox"):
            place = self.env["progbox.dropbox.share.place"].with_user(self.manager)
            wizard.place_id = place.create({"wizard_id": wizard.id, "path": path})
            wizard.email = GUEST
            with self.assertRaisesRegex(UserError, "holds no copy"):
                wizard.action_invite()
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.user_of("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        wizards = self.env["progbox.dropbox.share.wizard"].with_user(stranger)
        forged = wizards.create({"folder_id": self.folder.id, "email": GUEST})
        forged.place_id = (
            self.env["progbox.dropbox.share.place"]
            .with_user(stranger)
            .create({"wizard_id": forged.id, "path": "/ProGBox/Factures/2026/11"})
        )
        with self.assertRaises(AccessError):
            forged.action_invite()
        self.assertFalse(self.shares)
