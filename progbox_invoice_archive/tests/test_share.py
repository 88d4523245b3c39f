from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..controllers.share_overview import years_of
from ..exceptions import NotShared
from ..models.share_parts import part_of
from ..tools.sentinels import SERVER
from .share_common import ShareCommon


@tagged("post_install", "-at_install")
class TestShare(ShareCommon):
    """A share opens its folder, for its time, and nothing else."""

    def test_a_share_opens_its_folder_and_what_is_under_it(self):
        for folder, expected in (
            (self.month, self.november),
            (self.year, self.november | self.october),
            (self.root, self.november | self.october),
        ):
            with self.subTest(folder=folder.display_name):
                share = self.share_with(folder, self.anna)
                self.assertEqual(share._documents(), expected)

    def test_what_comes_later_is_shared_or_not(self):
        living = self.share_with(self.month, self.anna)
        frozen = self.share_with(self.month, self.anna, include_future=False)
        later = self.archived_without_render("INV/12", "2026-11-20")
        self.assertIn(later, living._documents())
        self.assertEqual(frozen._documents(), self.november)

    def test_what_is_moved_in_later_is_not_what_was_there(self):
        there = self.plain_document("there.pdf")
        folder = there.folder_id
        moved = self.plain_document("moved.pdf")
        moved.folder_id = self.plain_folder("Elsewhere")
        self.plain_document("newest.pdf").unlink()
        frozen = self.share_with(folder, self.anna, include_future=False)
        living = self.share_with(folder, self.anna)
        moved.folder_id = folder
        self.assertEqual(living._documents(), there | moved)
        self.assertEqual(frozen._documents(), there)
        self.assertEqual(years_of(frozen)[0].count, 1)
        there.folder_id = self.plain_folder("Elsewhere too")
        self.assertFalse(frozen._documents())

    def test_a_share_ends_by_the_clock_alone(self):
        share, token = self.link(
            self.month, expires_on=fields.Datetime.now() + timedelta(days=7)
        )
        domain = share._documents_domain()
        self.assertEqual(self.shares()._open_link(token), share)
        self.by_the_clock(share)
        with self.assertRaises(NotShared) as caught:
            self.shares()._open_link(token)
        self.assertEqual(caught.exception.reason, "expired")
        self.assertFalse(self.server["progbox.document"].search(domain))
        self.assertFalse(self.shares().search([("state", "=", "active")]))

    def test_a_revoked_share_is_closed_and_kept(self):
        share = self.share_with(self.month, self.anna)
        domain = share._documents_domain()
        share.with_user(self.manager).action_revoke()
        self.assertEqual(share.state, "revoked")
        self.assertEqual(share.revoked_by_id, self.manager)
        self.assertFalse(self.server["progbox.document"].search(domain))
        with self.assertRaises(NotShared):
            self.shares().with_user(self.anna)._open_own(share.id)
        self.assertEqual(
            self.lines(share, "share").mapped("note"),
            ["Shared with Anna", "Revoked: Anna"],
        )
        first = share.revoked_on
        share.with_user(self.manager).action_revoke()
        self.assertEqual(share.revoked_on, first)

    def test_the_token_is_kept_as_a_hash_only(self):
        share, token = self.link(self.month)
        secret = token.split("-", 1)[1]
        self.assertGreaterEqual(len(secret), 43)
        self.env.flush_all()
        self.env.cr.execute("SELECT progbox_share::text FROM progbox_share")
        self.assertNotIn(secret, str(self.env.cr.fetchall()))
        for user in (self.manager, self.env.ref("base.user_admin")):
            mine = share.with_user(user).with_context(
                allowed_company_ids=self.company.ids
            )
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                mine.sudo(False).read(["token_hash"])

    def test_no_other_token_opens_a_share(self):
        share, token = self.link(self.month)
        _other, other_token = self.link(self.year)
        swapped = f"{share.id}-{other_token.split('-', 1)[1]}"
        for wrong in (
            swapped, token[:-1], token + "a", token.upper(), "", "-", "0-",
            f"{share.id}", f"{share.id}-", f"{share.id}-" + "a" * 43,
            share.token_hash, f"-{token}",
        ):  # fmt: skip
            with self.subTest(token=wrong), self.assertRaises(NotShared):
                self.shares()._open_link(wrong)

    def test_a_contacts_share_has_no_token(self):
        share = self.share_with(self.month, self.anna)
        self.assertFalse(share.token_hash)
        for secret in ("", "False", "None", "a" * 43):
            with self.assertRaises(NotShared):
                self.shares()._open_link(f"{share.id}-{secret}")

    def test_a_share_is_never_edited_copied_or_deleted(self):
        share = self.share_with(self.month, self.anna)
        forged = {"progbox_server": True}
        for attempt in (
            lambda s: s.write({"expires_on": False}),
            lambda s: s.write({"revoked_on": False}),
            lambda s: s.with_context(**forged).write({"revoked_on": False}),
            lambda s: s.with_context(progbox_server=SERVER).write({"folder_id": 1}),
            lambda s: s.unlink(),
            lambda s: s.copy(),
            lambda s: s.create({"kind": "link", "company_id": self.company.id}),
            lambda s: s.with_context(**forged).create({"kind": "link"}),
        ):
            for env in (self.server, self.env(user=self.manager)):
                with self.subTest(attempt=attempt), self.assertRaises(UserError):
                    attempt(share.with_env(env))

    def test_only_archive_managers_share_and_revoke(self):
        share = self.share_with(self.month, self.anna)
        values = {"kind": "link", "lang": "en_US", "include_future": True}
        for user in (self.billing, self.plain, self.anna):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    share.with_user(user).action_revoke()
                with self.assertRaises(AccessError):
                    share.with_user(user)._share(self.month.with_user(user), values)
                with self.assertRaises(AccessError):
                    share.with_user(user).read(["folder_name"])

    def test_whoever_may_read_a_folder_reads_all_of_it(self):
        self.env.invalidate_all()
        [values] = self.month.with_user(self.billing).sudo(False).read()
        self.assertEqual(values["name"], self.month.name)

    def test_managers_do_not_see_shares_of_other_companies(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        manager = self.env.ref("base.user_admin")
        share, _token = (
            self.env["progbox.share"]
            .with_user(manager)
            .with_context(allowed_company_ids=other.ids)
            .sudo()
            ._share(theirs.folder_id, {"kind": "link", "lang": "en_US"})
        )
        mine = share.with_env(self.shares().env)
        self.assertFalse(mine.search([("id", "=", share.id)]))
        with self.assertRaises(AccessError):
            mine.action_revoke()
        with self.assertRaises(AccessError):
            mine._share(theirs.folder_id.with_user(self.manager), {"kind": "link"})

    def test_a_contact_opens_his_own_shares_only(self):
        share = self.share_with(self.month, self.anna)
        theirs = self.share_with(self.year, self.boris)
        link, _token = self.link(self.root)
        shares = self.env["progbox.share"].with_user(self.anna)
        self.assertEqual(shares._open_own(share.id), share)
        self.assertEqual(shares._own(), share)
        for wrong in (theirs.id, link.id, 0, share.id + 1000):
            with self.subTest(share=wrong), self.assertRaises(NotShared):
                shares._open_own(wrong)

    def test_a_company_that_is_archived_shares_nothing(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        self.manager.company_ids += other
        share = self.share_with(theirs.folder_id, self.anna)
        self.assertEqual(share.state, "active")
        self.env.cr.execute(
            "UPDATE res_company SET active = FALSE WHERE id = %s", [other.id]
        )
        with self.assertRaises(NotShared):
            share.with_user(self.anna)._open_own(share.id)

    def test_deleting_a_folder_revokes_its_shares(self):
        folder = self.plain_folder("Passing")
        share = self.share_with(folder, self.anna)
        folder.unlink()
        self.env.invalidate_all()
        self.assertEqual((share.state, share.folder_name), ("revoked", "Passing"))
        self.assertTrue(share.revoked_on)
        self.assertFalse(share._documents())

    def test_the_name_that_is_kept_is_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        backups = self.server["progbox.folder"].create(
            {
                "name": "Invoice backups",
                "company_id": self.company.id,
                "res_model": "progbox.compilation",
            }
        )
        share = self.share_with(backups, self.anna)
        self.assertEqual(self.manager.lang, "en_US")
        self.assertEqual(share.folder_name, "Justificatifs de facturation")

    def test_the_folder_of_a_month_has_a_name_for_outsiders(self):
        names = [
            folder._recipient_name() for folder in (self.month, self.year, self.root)
        ]
        self.assertEqual(names, ["November 2026", "2026", "All archived documents"])

    def test_nobody_passes_on_what_they_may_not_read(self):
        folder = self.plain_document("plan.pdf").folder_id
        share = self.share_with(folder, self.anna)
        self.assertEqual(share._documents().mapped("name"), ["plan.pdf"])
        # An add-on keeps something else in the same folder, by a rule of its own.
        self.server["progbox.document"].create(
            {
                "name": "contract.pdf",
                "folder_id": self.server["progbox.folder"]
                .create(
                    {
                        "name": "Contracts",
                        "parent_id": folder.id,
                        "company_id": self.company.id,
                    }
                )
                .id,
                "company_id": self.company.id,
                "type_id": self.env.ref(
                    "progbox_invoice_archive.document_type_other"
                ).id,
            }
        )
        self.assertEqual(share._documents().mapped("name"), ["plan.pdf"])
        self.assertEqual(share._document_count(), 1)
        manager = share.sudo().create_uid
        manager.group_ids = self.env.ref("base.group_user")
        self.assertFalse(share._documents(), "by whom has lost the right")

    def test_years_count_each_invoice_once(self):
        self.archived_without_render("INV/11B", "2026-11-03")
        share = self.share_with(self.root, self.anna)
        [year] = years_of(share)
        self.assertEqual((year.number, year.count, year.new), (2026, 3, 3))
        self.assertEqual(
            [(m.key, m.name, m.count) for m in year.months],
            [("2026-11", "November 2026", 2), ("2026-10", "October 2026", 1)],
        )
        self.assertIn("480.00", year.months[0].total)
        self.assertIn("720.00", year.total)

    def test_what_was_taken_along_is_not_new(self):
        share = self.share_with(self.root, self.anna)
        self.assertEqual(share._new_count(), 2)
        share._deliver(part_of(share, "2026-10")[0])
        self.assertEqual(share._new_count(), 1)
        self.assertEqual(share._documents(part_of(share, "new")[0]), self.november)
        self.assertEqual(share._documents(part_of(share, "again")[0]), self.october)
        share._deliver(part_of(share, "all")[0])
        self.assertEqual(share._new_count(), 0)
        later = self.archived_without_render("INV/12", "2026-11-20")
        self.assertEqual(share._documents(part_of(share, "new")[0]), later)
        other = self.share_with(self.root, self.boris)
        self.assertEqual(other._new_count(), 3)

    def test_unknown_parts_are_refused(self):
        share = self.share_with(self.root, self.anna)
        for part in ("2026-13", "26", "..", "0000", "all'", "2026-1-1", "nul\0"):
            with self.subTest(part=part), self.assertRaises(NotShared):
                part_of(share, part)
