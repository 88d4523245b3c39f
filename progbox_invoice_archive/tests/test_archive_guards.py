from contextlib import suppress

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from .common import PDF
from .guards_doors import GuardsDoors

# What a client can put where the server has its sentinel objects.
FORGERIES = (
    {},
    {"progbox_server": True},
    {"progbox_server": "SERVER"},
    {"progbox_server": {"a": 1}},
    {MODULE_UNINSTALL_FLAG: True},
)


@tagged("post_install", "-at_install")
class TestGuardsOrm(GuardsDoors):
    """Every role at every door: refused with a sentence, and nothing has changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = {
            "public": cls.env.ref("base.public_user"),
            "portal": new_test_user(cls.env, "g_portal", groups="base.group_portal"),
            "plain": cls.plain,
            "billing": cls.billing,
            "auditor": cls.person("g_auditor", "account.group_account_readonly"),
            "archivist": cls.person(
                "g_archivist", "progbox_invoice_archive.group_archive_manager"
            ),
            "manager": cls.person(
                "g_manager", "account.group_account_manager,base.group_system"
            ),
            "neighbour": cls.person(
                "g_neighbour", "account.group_account_manager", cls.other_company
            ),
            "superuser": cls.server.user,
        }

    @classmethod
    def person(cls, login, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    @mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_model")
    def attack(self, role, forged, su=False):
        user = self.roles[role]
        su = su or user == self.server.user
        env = self.env(user=user.id, context=forged, su=su)
        count = 0
        for door, attempt in self.doors(env):
            count += 1
            with (
                self.subTest(role=role, door=door, context=forged),
                self.assertRaises(UserError) as refusal,
                self.env.cr.savepoint(),
            ):
                attempt()
                env.flush_all()
            if env.su:
                self.assertRegex(
                    str(refusal.exception), "(archive|exists once|server|for good)"
                )
        return count

    def test_every_role_is_refused_at_every_door(self):
        before = self.evidence()
        for role in self.roles:
            self.assertGreater(self.attack(role, {}), 50)
        self.assertEqual(self.evidence(), before)

    def test_code_that_may_do_everything_is_refused_whoever_it_runs_for(self):
        before = self.evidence()
        for role in self.roles:
            self.assertGreater(self.attack(role, {}, su=True), 50)
        self.assertEqual(self.evidence(), before)

    def test_no_context_of_a_client_opens_a_door(self):
        before = self.evidence()
        for forged in FORGERIES[1:]:
            self.attack("superuser", forged)
        self.assertEqual(self.evidence(), before)

    def test_archiving_and_unarchiving_change_nothing(self):
        before = self.evidence()
        for record in (self.document, self.folder, self.seal):
            for method in ("action_archive", "action_unarchive"):
                with (
                    self.subTest(record=record, method=method),
                    # Refused, or nothing to do without a field "active".
                    suppress(UserError, AssertionError),
                ):
                    getattr(record.sudo(), method)()
        self.assertEqual(self.evidence(), before)

    def test_the_garbage_collection_keeps_the_file(self):
        attachments = self.server["ir.attachment"]
        attachments._mark_for_gc(self.attachment.store_fname)
        attachments._gc_file_store_unsafe()
        self.assertEqual(self.content(self.document), PDF)
