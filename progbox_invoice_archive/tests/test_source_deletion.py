import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.mail_activity import LEDGER
from ..tools.sentinels import SERVER
from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestSourceDeletion(ArchiveCommon):
    """Odoo decides whether an invoice is deleted, and the ledger says that it was."""

    def deletions(self):
        return self.server["progbox.source.deletion"].search([], order="id")

    def ledger(self):
        return self.server["progbox.seal"].search(
            [("company_id", "=", self.company.id)], order="sequence"
        )

    def test_a_draft_invoice_that_was_archived_is_deleted(self):
        move = self.posted()
        number, move_id = move.name, move.id
        document = self.archived_for(move)
        move.button_draft()
        move.with_user(self.billing).unlink()
        self.assertFalse(move.exists())
        self.assertEqual(document.number, number)
        deletion = self.deletions()
        self.assertEqual(deletion.state, "pending")
        deletion._job_process()
        self.assertEqual(deletion.state, "done")
        line = self.ledger()[-1:]
        self.assertEqual(line.kind, "source_deleted")
        payload = json.loads(line.payload)
        self.assertEqual(payload["record"], move_id)
        self.assertEqual(payload["model"], "account.move")
        self.assertEqual(payload["number"], number)
        self.assertEqual(payload["documents"], document.ids)
        self.assertEqual(payload["deleted_by"], self.billing.name)
        self.assertTrue(payload["deleted_on"].endswith("Z"))

    def test_deleting_an_invoice_takes_no_lock_of_the_ledger(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        # The deposit above holds it already: look at what the deletion adds.
        self.patch(
            self.registry["progbox.seal"],
            "_lock",
            lambda seals: self.fail("the ledger is locked in the user's transaction"),
        )
        move.unlink()

    def test_deleting_what_was_never_archived_leaves_no_line(self):
        self.draft().unlink()
        self.assertFalse(self.deletions())

    def test_nobody_forges_or_hides_a_deletion(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.unlink()
        deletion = self.deletions()
        values = {
            "company_id": self.company.id,
            "res_model": "account.move",
            "res_id": 1,
            "document_ids": [],
            "deleted_by": "Nobody",
            "deleted_on": "2026-01-01",
        }
        for attempt in (
            lambda: deletion.create(values),
            lambda: deletion.with_context(progbox_server=True).create(values),
            lambda: deletion.write({"deleted_by": "Nobody"}),
            lambda: deletion.with_context(module_uninstall=True).unlink(),
            lambda: deletion.copy(),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_the_server_itself_only_moves_a_note_on(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.unlink()
        deletion = self.deletions()
        deletion._job_write({"state": "waiting", "error": "Later."})
        self.assertEqual(deletion.state, "waiting")
        for attempt in (
            lambda: deletion._job_write({"deleted_by": "Nobody"}),
            lambda: deletion.with_context(progbox_server=SERVER).unlink(),
        ):
            with self.assertRaisesRegex(UserError, "server alone notes"):
                attempt()
        self.assertEqual(deletion.deleted_by, self.env.user.name)

    def test_without_its_cron_a_note_waits(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        self.env.ref("progbox_invoice_archive.ir_cron_source_deletion").unlink()
        move.unlink()
        deletion = self.deletions()
        self.assertEqual(deletion.state, "pending")
        deletion._job_process()
        self.assertEqual(deletion.state, "done")

    def test_without_the_type_of_the_warning_a_note_is_given_up_all_the_same(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        self.env.ref(LEDGER).unlink()
        move.unlink()
        deletion = self.deletions()
        with mute_logger("odoo.addons.progbox_invoice_archive"):
            deletion._job_fail(ZeroDivisionError(), give_up=True)
        self.assertEqual(deletion.state, "failed")
        self.server["mail.activity"]._progbox_clear_ledger(self.company)

    def test_a_manager_sees_and_retries_what_is_not_in_the_ledger(self):
        move = self.posted()
        document = self.archived_for(move)
        move.button_draft()
        move.unlink()
        deletion = self.deletions()
        deletion._job_write({"state": "failed", "error": "The disk is full."})
        with self.assertRaises(AccessError):
            deletion.with_user(self.billing).action_retry()
        manager = new_test_user(
            self.env,
            "deletions",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        deletion.with_user(manager).action_retry()
        self.assertEqual(deletion.state, "pending")
        action = deletion.with_user(manager).action_open_documents()
        self.assertEqual(action["res_id"], document.id)
        menus = self.env["ir.ui.menu"]
        menu = self.env.ref("progbox_invoice_archive.progbox_source_deletion_menu")
        self.assertIn(menu.id, menus.with_user(manager)._visible_menu_ids())
        self.assertNotIn(menu.id, menus.with_user(self.billing)._visible_menu_ids())

    def test_a_deletion_that_is_given_up_warns_the_manager(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.unlink()
        deletion = self.deletions()
        alert = self.server["mail.activity"]
        with mute_logger("odoo.addons.progbox_invoice_archive"):
            deletion._job_fail(ZeroDivisionError())
            self.assertFalse(alert._progbox_open_alerts(self.company, LEDGER))
            deletion._job_fail(ZeroDivisionError(), give_up=True)
        told = alert._progbox_open_alerts(self.company, LEDGER)
        self.assertEqual(told.user_id, self.company._progbox_archive_manager())
        alert._progbox_clear_ledger(self.company)
        self.assertTrue(told.exists(), "it is not in the ledger yet")
        deletion.action_retry()
        deletion._job_process()
        alert._progbox_clear_ledger(self.company)
        self.assertFalse(told.exists())

    def test_managers_of_other_companies_see_none_of_it(self):
        move = self.posted()
        self.archived_for(move)
        move.button_draft()
        move.unlink()
        other = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        seen = self.env["progbox.source.deletion"].with_user(stranger).search([])
        self.assertFalse(seen & self.deletions())
