from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models import progbox_access_log
from .common import ArchiveCommon


class AccessLogCommon(ArchiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.archived_without_render()
        cls.url = f"/web/content/progbox.document/{cls.document.id}/content"
        cls.log = cls.server["progbox.access.log"]

    @classmethod
    def filed(cls):
        """Return a posted invoice with an archived document, without a render."""
        move = cls.posted()
        cls.archived_for(move)
        cls.jobs_of(move)._job_finish("done")
        return move

    def lines(self, *kinds, document=None):
        """Return the lines about a document but those of its deposit."""
        self.env.invalidate_all()
        return self.log.search(
            [
                ("document_ref", "=", (document or self.document).id),
                ("kind", "in", kinds) if kinds else ("kind", "not in", ["deposit"]),
            ],
            order="id",
        )


@tagged("post_install", "-at_install")
class TestAccessLog(AccessLogCommon):
    """The log is written by the server, and by nobody else."""

    def test_a_deposit_is_written_down(self):
        line = self.lines("deposit")
        self.assertEqual(len(line), 1)
        self.assertEqual(line.document_name, "INV/1")
        self.assertEqual(line.folder_name, ".factures / 2026 / 11")
        self.assertEqual(line.company_id, self.company)
        self.assertEqual(line.user_ref, self.server.uid)

    def test_a_deposit_costs_one_statement(self):
        with self.assertQueryCount(1):
            self.log._log("deposit", documents=self.document)

    def test_a_line_keeps_the_name_of_a_user_who_is_gone(self):
        user = new_test_user(
            self.env, "gone", "account.group_account_invoice", name="Paul Gone"
        )
        self.log.with_user(user)._log("view", documents=self.document)
        number = user.id
        user.unlink()
        line = self.lines("view")
        self.assertEqual(
            (line.user_ref, line.user_name, line.user_login),
            (number, "Paul Gone", "gone"),
        )

    def test_nobody_changes_the_log(self):
        manager = new_test_user(
            self.env, "log_manager", "account.group_account_manager,base.group_system"
        )
        line = self.lines("deposit")
        for user in (self.server.user, manager, self.billing, self.plain):
            log = line.with_user(user)
            for attempt in (
                lambda log=log: log.write({"user_name": "Nobody"}),
                lambda log=log: log.sudo().write({"user_name": "Nobody"}),
                lambda log=log: log.unlink(),
                lambda log=log: log.sudo().unlink(),
                lambda log=log: log.create({"kind": "view"}),
                lambda log=log: log.sudo().create({"kind": "view"}),
                lambda log=log: log.sudo().copy(),
                lambda log=log: log.sudo().with_context(progbox_server=True).unlink(),
            ):
                with self.subTest(user=user.login), self.assertRaises(UserError):
                    attempt()
        self.assertTrue(line.exists())

    def test_readers_see_the_lines_of_their_companies(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        log = self.log.with_user(self.billing)
        self.assertIn(self.lines("deposit"), log.search([]))
        self.assertNotIn(self.lines("deposit", document=theirs), log.search([]))
        for user in (self.plain, self.env.ref("base.public_user")):
            with self.subTest(user=user.id), self.assertRaises(AccessError):
                self.log.with_user(user).search([])

    def test_a_document_shows_its_lines_and_the_exports_of_its_folders(self):
        other = self.archived_without_render("INV/2", "2026-12-01")
        self.log._log("export", folder=self.document.folder_id.parent_id)
        self.log._log("export", folder=other.folder_id)
        action = self.document.with_user(self.billing).action_access_log()
        lines = self.log.search(action["domain"], order="id")
        self.assertEqual(lines.mapped("kind"), ["deposit", "export"])
        self.assertEqual(lines[1].folder_name, ".factures / 2026")

    def test_a_folder_shows_what_happened_in_it(self):
        other = self.archived_without_render("INV/2", "2026-12-01")
        year = self.document.folder_id.parent_id.with_user(self.billing)
        lines = self.log.search(year.action_access_log()["domain"])
        self.assertEqual(
            set(lines.mapped("document_ref")), {self.document.id, other.id}
        )
        month = other.folder_id.with_user(self.billing)
        lines = self.log.search(month.action_access_log()["domain"])
        self.assertEqual(lines.mapped("document_ref"), other.ids)

    def test_a_line_about_a_company_needs_no_document(self):
        self.log._log("verification", company=self.company, note="intact")
        line = self.log.search([], limit=1)
        self.assertEqual((line.company_id, line.note), (self.company, "intact"))

    def test_old_lines_go_after_the_retention_of_their_company(self):
        other = self.setup_other_company()["company"]
        theirs = self.archived_without_render("THEIRS/1", company=other)
        self.company.progbox_log_retention_days = 100
        now = fields.Datetime.now()
        for days, kind in ((101, "view"), (99, "download")):
            with freeze_time(now - timedelta(days=days)):
                self.log._log(kind, documents=self.document | theirs)
        self.log._gc_access_log()
        self.assertEqual(self.lines().mapped("kind"), ["download"])
        self.assertTrue(self.lines("deposit"))
        self.assertTrue(self.lines("view", document=theirs))

    def test_a_purge_has_a_limit(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=2000)):
            for _number in range(3):
                self.log._log("view", documents=self.document)
        with patch.object(progbox_access_log, "PURGE_LIMIT", 2):
            self.assertEqual(self.log._gc_access_log(), (2, True))
            self.assertEqual(len(self.lines("view")), 1)
            self.assertEqual(self.log._gc_access_log(), (1, False))

    def test_the_database_refuses_too(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=89)):
            self.log._log("view", documents=self.document)
        self.env.flush_all()
        line = f"WHERE document_ref = {self.document.id}"
        purging = "SELECT set_config('progbox.purge', 'on', true)"
        for setting, attack in (
            ("", f"DELETE FROM progbox_access_log {line}"),
            (purging, f"DELETE FROM progbox_access_log {line}"),
            (purging, f"UPDATE progbox_access_log SET user_name = 'Nobody' {line}"),
            (purging, f"UPDATE progbox_access_log SET accessed_on = now() {line}"),
            (purging, "TRUNCATE progbox_access_log"),
        ):
            with (
                self.subTest(setting=setting, attack=attack),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(setting or "SELECT")
                self.env.cr.execute(attack)  # pylint: disable=sql-injection
        self.assertEqual(len(self.lines("view")), 1)

    def test_an_old_line_goes_by_a_purge_alone(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=2000)):
            self.log._log("view", documents=self.document)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("DELETE FROM progbox_access_log WHERE kind = 'view'")
        self.log._gc_access_log()
        self.assertFalse(self.lines("view"))
        # The purge is over, and its permission with it.
        self.env.cr.execute("SELECT current_setting('progbox.purge')")
        self.assertEqual(self.env.cr.fetchone(), ("off",))

    def test_readers_see_who_and_not_from_where(self):
        self.log._log("view", documents=self.document)
        line = self.lines("view")
        reader = line.with_user(self.billing)
        self.assertTrue(reader.user_name)
        for name in ("user_login", "address"):
            with self.subTest(name), self.assertRaises(AccessError):
                reader.read([name])
            with self.subTest(name), self.assertRaises(AccessError):
                reader.search([(name, "=like", "1%")])
            with self.subTest(name), self.assertRaises(AccessError):
                reader.formatted_read_group([], [name])
        self.assertNotIn("address", reader.fields_get())
        manager = new_test_user(
            self.env,
            "log_manager",
            "progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
        )
        self.assertEqual(line.with_user(manager).user_login, line.user_login)
        for user, count in ((self.billing, 0), (manager, 1)):
            view = self.log.with_user(user).get_view(view_type="list")
            self.assertEqual(view["arch"].count('name="address"'), count)

    def test_the_retention_cannot_be_made_so_short_that_it_wipes_the_log(self):
        for days in (0, -1, 89):
            with (
                self.subTest(days=days),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.company.progbox_log_retention_days = days
                self.company.flush_recordset()


@tagged("post_install", "-at_install")
class TestAccessLogOfInvoices(AccessLogCommon):
    """An invoice that is printed or sent takes its document out of the archive."""

    def downloads(self, moves):
        return self.log.search(
            [
                ("document_ref", "in", [self.documents(move).id for move in moves]),
                ("kind", "=", "download"),
            ]
        )

    def test_printing_is_written_down_once_for_each_document(self):
        moves = self.filed() | self.filed()
        report = self.env["ir.actions.report"].with_user(self.billing)
        report._render_qweb_pdf_prepare_streams(
            "account.account_invoices", {}, moves.ids
        )
        lines = self.downloads(moves)
        self.assertEqual(len(lines), 2)
        self.assertEqual(len(set(lines.mapped("document_ref"))), 2)
        self.assertEqual(lines.mapped("user_login"), ["billing"] * 2)
        self.assertEqual(set(lines.mapped("note")), {"Printed"})

    def test_sending_is_written_down_and_archiving_is_not(self):
        self.client.email = "lefevre@example.com"
        move = self.archived()
        self.assertFalse(self.downloads(move))
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(self.billing)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"sending_methods": ["email"]})
        )
        wizard.with_context(force_report_rendering=True).action_send_and_print()
        line = self.downloads(move)
        self.assertEqual(
            (line.user_login, line.note), ("billing", "Handed over to be sent")
        )

    def test_a_verification_that_fails_is_written_down(self):
        run = self.server["progbox.verification"]._start_here(
            self.company, {"door": "command"}
        )
        with mute_logger(
            "odoo.addons.progbox_invoice_archive.models.progbox_job_mixin"
        ):
            run._job_fail(ValueError("broken"), give_up=True)
        line = self.log.search([("kind", "=", "verification")], limit=1)
        self.assertEqual(line.company_id, self.company)
        self.assertIn("could not run", line.note)
