import base64
from contextlib import suppress

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from .common import PDF, ArchiveCommon

FORGED = b"%PDF-1.4\n% not what was archived\n%%EOF\n"
FORGED64 = base64.b64encode(FORGED).decode()
# What a client can put where the server has its sentinel objects.
FORGERIES = (
    {},
    {"progbox_archiver": True, "progbox_sealer": True},
    {"progbox_archiver": "ARCHIVER", "progbox_sealer": {"a": 1}},
    {MODULE_UNINSTALL_FLAG: True},
)


class GuardsCommon(ArchiveCommon):
    """A sealed document, everybody who could attack it, and what must not change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.archived_without_render()
        cls.document.flush_recordset()
        cls.attachment = cls.document._content_attachment()
        cls.folder = cls.document.folder_id
        cls.seal = cls.document.seal_id
        cls.elsewhere = cls.server["progbox.folder"].create(
            {"name": "Elsewhere", "company_id": cls.company.id}
        )
        cls.stranger = cls.server["ir.attachment"].create(
            {"name": "forged.pdf", "raw": FORGED, "mimetype": "application/pdf"}
        )
        cls.other_company = cls.setup_other_company()["company"]
        cls.env.flush_all()

    @classmethod
    def evidence(cls):
        """Return the rows of the archive, as PostgreSQL has them, and its bytes."""
        cls.env.flush_all()
        cls.env.invalidate_all()
        rows = []
        for query in (
            "SELECT * FROM progbox_seal ORDER BY id",
            "SELECT * FROM progbox_document ORDER BY id",
            "SELECT * FROM progbox_folder WHERE locked ORDER BY id",
            "SELECT * FROM ir_attachment WHERE res_model = 'progbox.document'"
            " ORDER BY id",
        ):
            cls.env.cr.execute(query)
            rows.append(cls.env.cr.dictfetchall())
        return rows, cls.content(cls.document)


@tagged("post_install", "-at_install")
class TestGuardsOrm(GuardsCommon):
    """Every role at every door: refused with a sentence, and nothing has changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = {
            "public": cls.env.ref("base.public_user"),
            "portal": new_test_user(cls.env, "g_portal", groups="base.group_portal"),
            "plain": cls.plain,
            "billing": cls.billing,
            "manager": new_test_user(
                cls.env,
                "g_manager",
                groups="account.group_account_manager,base.group_system",
                company_id=cls.company.id,
            ),
            "superuser": cls.server.user,
        }
        cls.type = cls.env["progbox.document.type"].create(
            {"name": "Other", "code": "guards_other"}
        )

    def doors(self, env):
        """Yield (name, attack) for everything a person or a module may try."""
        document = self.document.with_env(env)
        yield from self.doors_of_documents(env, document)
        yield from self.doors_of_folders(env, self.folder.with_env(env))
        yield from self.doors_of_attachments(env, self.attachment.with_env(env))
        yield from self.doors_of_the_ledger(env, self.seal.with_env(env))

    def doors_of_documents(self, env, document):
        for values in (
            {"name": "renamed.pdf"},
            {"content": FORGED64},
            {"content": False},
            {"folder_id": self.elsewhere.id},
            {"company_id": self.other_company.id},
            {"type_id": self.type.id},
            {"number": "INV/2"},
            {"partner_name": "Somebody"},
            {"amount_total": 1},
            {"currency_name": "USD"},
            {"document_date": "2020-01-01"},
            {"version": 2},
            {"sha256": "0" * 64},
            {"size": 1},
            {"origin": "imported"},
            {"made_with": {"renderer": "none"}},
            {"res_model": "res.partner", "res_id": 1},
            {"seal_id": False},
        ):
            yield f"document.write({values})", lambda v=values: document.write(v)
        new = {
            "name": "forged.pdf",
            "folder_id": self.folder.id,
            "company_id": self.company.id,
            "type_id": self.type.id,
            "content": FORGED64,
        }
        by_default = {f"default_{name}": value for name, value in new.items()}
        documents = env["progbox.document"]
        yield "type.code", lambda: document.type_id.write({"code": "forged"})
        yield "type.unlink", lambda: document.type_id.unlink()
        yield "document.unlink", document.unlink
        yield "document.copy", document.copy
        yield "document.create", lambda: documents.create(new)
        yield (
            "document.create by default",
            lambda: documents.with_context(**by_default).create({"name": "forged"}),
        )
        yield (
            "document.name_create",
            lambda: documents.with_context(**by_default).name_create("forged.pdf"),
        )
        yield (
            "document.create with a seal",
            lambda: documents.create(
                {**new, "folder_id": self.elsewhere.id, "seal_id": self.seal.id}
            ),
        )
        yield "document.load", lambda: self.load(document, "name", "renamed.pdf")
        yield (
            "folder.document_ids",
            lambda: self.elsewhere.with_env(env).write(
                {"document_ids": [(4, document.id)]}
            ),
        )

    def doors_of_folders(self, env, folder):
        for values in (
            {"name": "12"},
            {"parent_id": self.elsewhere.id},
            {"parent_id": False},
            {"locked": False},
            {"company_id": self.other_company.id},
            {"document_ids": [(5, 0, 0)]},
            {"child_ids": [(0, 0, {"name": "mine"})]},
            {"res_model": "res.partner", "res_id": 1},
        ):
            yield f"folder.write({values})", lambda v=values: folder.write(v)
        folders = env["progbox.folder"]
        inside = {"name": "mine", "parent_id": folder.id}
        yield "folder.unlink", folder.unlink
        yield "folder.copy", folder.copy
        yield "folder.create", lambda: folders.create(inside)
        yield (
            "folder.create by default",
            lambda: folders.with_context(default_parent_id=folder.id).create(
                {"name": "mine"}
            ),
        )
        yield (
            "folder.create locked",
            lambda: folders.with_context(default_locked=True).create({"name": "mine"}),
        )
        yield "folder.load", lambda: self.load(folder, "name", "12")
        yield (
            "folder moved into it",
            lambda: self.elsewhere.with_env(env).write({"parent_id": folder.id}),
        )

    def doors_of_attachments(self, env, attachment):
        for values in (
            {"raw": FORGED},
            {"raw": False},
            {"datas": FORGED64},
            {"db_datas": FORGED},
            {"store_fname": self.stranger.store_fname},
            {"checksum": "0" * 40},
            {"file_size": 1},
            {"name": "renamed.pdf"},
            {"mimetype": "text/html"},
            {"type": "url", "url": "https://example.com"},
            {"public": True},
            {"company_id": self.other_company.id},
            {"res_id": self.document.id + 1},
            {"res_model": "res.partner"},
            {"res_field": False},
        ):
            yield f"attachment.write({values})", lambda v=values: attachment.write(v)
        attachments = env["ir.attachment"]
        ours = {"res_model": "progbox.document", "res_id": self.document.id}
        served = {**ours, "res_field": "content"}
        by_default = {f"default_{name}": value for name, value in served.items()}
        new = {"name": "forged.pdf", "raw": FORGED}
        yield "attachment.unlink", attachment.unlink
        yield "attachment.copy", attachment.copy
        yield "second attachment", lambda: attachments.create({**new, **served})
        yield "chatter attachment", lambda: attachments.create({**new, **ours})
        yield (
            "second attachment by default",
            lambda: attachments.with_context(**by_default).create(new),
        )
        stranger = self.stranger.with_env(env)
        yield "stranger moved onto it", lambda: stranger.write(served)
        yield "stranger moved beside it", lambda: stranger.write(ours)
        yield "attachment.load", lambda: self.load(attachment, "name", "renamed.pdf")
        yield "delete_and_notify", lambda: attachment._delete_and_notify()

    def doors_of_the_ledger(self, env, seal):
        yield "seal.write", lambda: seal.write({"payload": "{}"})
        yield "seal.unlink", seal.unlink
        yield "seal.copy", seal.copy
        yield (
            "seal.create",
            lambda: seal.create(
                {"company_id": self.company.id, "sequence": 9, "kind": "deposit"}
            ),
        )
        yield "seal.load", lambda: self.load(seal, "hash", "forged")

    def load(self, record, field, value):
        """Import over an existing record, as the import screen does."""
        result = record.browse().load([".id", field], [[str(record.id), value]])
        if not result["ids"]:
            raise UserError(result["messages"][0]["message"])

    @mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_model")
    def attack(self, role, forged):
        user = self.roles[role]
        env = self.env(user=user.id, context=forged, su=user == self.server.user)
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
                self.assertRegex(str(refusal.exception), "(archive|exists once|server)")
        return count

    def test_every_role_is_refused_at_every_door(self):
        before = self.evidence()
        for role in self.roles:
            self.assertGreater(self.attack(role, {}), 50)
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
