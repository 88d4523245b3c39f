from datetime import date

from odoo.exceptions import UserError

from ..tools.ledger.verify import Finding
from .guards_common import FORGED, FORGED64, GuardsCommon


class GuardsDoors(GuardsCommon):
    """Every door of the archive, and what comes in by it."""

    EVIDENCE = (
        *GuardsCommon.EVIDENCE,
        "SELECT * FROM progbox_closing ORDER BY id",
        "SELECT * FROM progbox_access_log ORDER BY id",
        "SELECT * FROM progbox_source_deletion ORDER BY id",
        "SELECT * FROM progbox_verification ORDER BY id",
        "SELECT * FROM progbox_verification_finding ORDER BY id",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.type = cls.env["progbox.document.type"].create(
            {"name": "Other", "code": "guards_other"}
        )
        cls.set_up_witnesses()

    @classmethod
    def set_up_witnesses(cls):
        """Make what else testifies: a closing, a deletion, a run with a finding."""
        server = cls.server
        cls.closing = server["progbox.closing"]._close(cls.company, date(2026, 11, 1))
        cls.log_line = server["progbox.access.log"].search(
            [("document_ref", "=", cls.document.id)], limit=1
        )
        server["progbox.source.deletion"]._note_deletions(
            [
                {
                    "company_id": cls.company.id,
                    "res_model": "account.move",
                    "res_id": 1,
                    "document_ids": cls.document.ids,
                }
            ]
        )
        cls.deletion = server["progbox.source.deletion"].search(
            [("company_id", "=", cls.company.id)]
        )
        cls.run_ = server["progbox.verification"]._start_here(
            cls.company, {"door": "command"}
        )
        cls.run_._add_findings([Finding("file_missing", 1, {"name": "INV_1.pdf"})])
        cls.finding = cls.run_.finding_ids

    def doors(self, env):
        """Yield (name, attack) for everything a person or a module may try."""
        document = self.document.with_env(env)
        yield from self.doors_of_documents(env, document)
        yield from self.doors_of_folders(env, self.folder.with_env(env))
        yield from self.doors_of_attachments(env, self.attachment.with_env(env))
        yield from self.doors_of_the_ledger(env, self.seal.with_env(env))
        yield from self.doors_of_witnesses(env)

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
            "document.load of a new one",
            lambda: self.load_new(
                documents,
                {
                    "name": "forged.pdf",
                    "folder_id/.id": self.folder.id,
                    "company_id/.id": self.company.id,
                    "type_id/.id": self.type.id,
                },
            ),
        )
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
            "folder.load of a new one",
            lambda: self.load_new(folders, {"name": "12", "parent_id/.id": folder.id}),
        )
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
        yield (
            "attachment.load of a new one",
            lambda: self.load_new(attachments, {"name": "forged.pdf", **served}),
        )
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
        yield (
            "seal.load of a new one",
            lambda: self.load_new(
                seal,
                {
                    "company_id/.id": self.company.id,
                    "sequence": 9,
                    "kind": "deposit",
                    "payload": "{}",
                    "hash": "forged",
                    "sealed_on": "2026-01-01 00:00:00",
                },
            ),
        )

    def doors_of_witnesses(self, env):
        for record, values in (
            (self.closing, {"document_count": 5}),
            (self.log_line, {"user_name": "Nobody"}),
            (self.deletion, {"deleted_by": "Nobody"}),
        ):
            record = record.with_env(env)
            yield from self.doors_of_a_row(record, values)
            yield from self.doors_of_the_table(record)
            yield f"{record._name}.copy", record.copy
        run, finding = self.run_.with_env(env), self.finding.with_env(env)
        yield from self.doors_of_a_row(run, {"last_hash": "forged"})
        if not env.su:
            # The server makes them without ceremony: they are no evidence.
            yield from self.doors_of_the_table(run)
            yield from self.doors_of_a_row(finding, {"number": "INV/9"})
            yield from self.doors_of_the_table(finding)

    def doors_of_a_row(self, record, values):
        name, [(field, value)] = record._name, values.items()
        yield f"{name}.write", lambda: record.write(values)
        yield f"{name}.load", lambda: self.load(record, field, value)

    def doors_of_the_table(self, record):
        name, company = record._name, self.company.id
        yield f"{name}.unlink", record.unlink
        yield f"{name}.create", lambda: record.create({"company_id": company})
        yield (
            f"{name}.load of a new one",
            lambda: self.load_new(record, {"company_id/.id": company}),
        )

    def load_new(self, model, values):
        """Import a record that is not there yet."""
        row = [str(value) for value in values.values()]
        result = model.browse().load(list(values), [row])
        if not result["ids"]:
            raise UserError(result["messages"][0]["message"])

    def load(self, record, field, value):
        """Import over an existing record, as the import screen does."""
        result = record.browse().load([".id", field], [[str(record.id), value]])
        if not result["ids"]:
            raise UserError(result["messages"][0]["message"])
