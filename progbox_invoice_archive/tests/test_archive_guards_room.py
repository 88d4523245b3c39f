from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..tools.staging import read_blocks
from .common import PDF
from .guards_common import FORGED64, GuardsCommon


@tagged("post_install", "-at_install")
class TestGuardsLeaveRoom(GuardsCommon):
    """What Odoo does every day goes on, beside an archive that stays as it is."""

    def test_two_contacts_are_merged(self):
        move = self.posted()
        document = self.archived_for(move)
        other = self.client.copy({"name": "Maçonnerie Lefèvre SARL"})
        before = self.evidence()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.client | other).ids, other, extra_checks=False)
        self.assertFalse(self.client.exists())
        self.assertEqual(move.partner_id, other)
        self.assertEqual(document.res_id, move.id)
        self.assertEqual(self.evidence(), before)

    def test_the_files_move_to_the_database_and_back(self):
        attachments = self.server["ir.attachment"]
        parameters = self.env["ir.config_parameter"].sudo()
        ours = self.attachment
        xml = self.archived_xml()
        for location, in_database in (("db", True), ("file", False)):
            parameters.set_param("ir_attachment.location", location)
            (ours | xml | self.stranger)._migrate()
            attachments.flush_model()
            attachments.invalidate_model()
            for attachment in (ours, xml, self.stranger):
                self.assertEqual(not attachment.store_fname, in_database)
            self.assertEqual(self.content(self.document), PDF)
            self.assertEqual(xml.mimetype, "application/xml")

    def archived_xml(self):
        document = self.server["progbox.document"]._deposit(
            {
                "name": "factur-x.xml",
                "folder_id": self.folder.id,
                "company_id": self.company.id,
                "type_id": self.document.type_id.id,
                "mimetype": "application/xml",
            },
            self.server["ir.attachment"]._progbox_stage([b"<?xml version='1.0'?><a/>"]),
        )
        return document._content_attachment()

    def test_a_lost_file_stops_the_move_and_is_not_emptied(self):
        path = self.server["ir.attachment"]._full_path(self.attachment.store_fname)
        self.patch(
            self.registry["ir.attachment"], "_file_read", lambda *args, **kwargs: b""
        )
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", "db")
        self.attachment.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "neither changed nor moved"):
            self.attachment._migrate()
        self.assertEqual(b"".join(read_blocks(path)), PDF)

    def test_the_same_bytes_change_nothing(self):
        before = self.evidence()
        self.attachment.write({"raw": PDF, "name": self.attachment.name})
        after = self.evidence()
        for rows in (before[0][3], after[0][3]):
            for row in rows:
                del row["write_date"], row["write_uid"]
        self.assertEqual(after, before)

    def test_the_user_who_archived_is_deleted(self):
        user = new_test_user(
            self.env,
            "guards_leaver",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        seal = self.server["progbox.seal"].with_user(user).sudo()
        line = seal._append(self.company, "closing", {"record": 1})
        self.assertEqual(line.create_uid, user)
        before = line.read(["payload", "hash"])
        user.unlink()
        self.assertFalse(user.exists())
        self.assertEqual(line.read(["payload", "hash"]), before)

    def test_a_journal_is_deleted(self):
        journal = self.env["account.journal"].create(
            {"name": "Spare", "type": "sale", "code": "GSPR"}
        )
        journal.unlink()
        self.assertFalse(journal.exists())

    def test_the_assets_are_made_anew(self):
        self.server["ir.attachment"].regenerate_assets_bundles()

    def test_an_upgrade_fills_a_new_column(self):
        """As a module does that adds a stored field to documents."""
        self.run_deferred_triggers()
        self.env.cr.execute("ALTER TABLE progbox_document ADD COLUMN x_new integer")
        self.env.cr.execute("UPDATE progbox_document SET x_new = id")
        self.env.cr.execute("ALTER TABLE progbox_seal ADD COLUMN x_new integer")
        self.env.cr.execute("UPDATE progbox_seal SET x_new = id")

    def test_documents_outside_of_the_archive_are_free(self):
        document = self.server["progbox.document"].create(
            {
                "name": "plan.pdf",
                "folder_id": self.elsewhere.id,
                "company_id": self.company.id,
                "type_id": self.document.type_id.id,
                "content": FORGED64,
            }
        )
        document.write({"name": "plan-2.pdf", "content": FORGED64})
        self.elsewhere.name = "Somewhere"
        self.env.flush_all()
        attachment = document._content_attachment()
        document.unlink()
        self.assertFalse(attachment.exists())
