from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestArchiveSettings(ArchiveCommon):
    def settings(self):
        return self.env["res.config.settings"].create({})

    def test_the_folder_has_another_name_where_the_company_wants_it(self):
        self.company.progbox_archive_folder = "Factures émises"
        document = self.archived_without_render()
        self.assertEqual(document.folder_id.display_name, "Factures émises / 2026 / 11")

    def test_the_folder_keeps_its_name_from_the_first_document_on(self):
        self.assertFalse(self.company.progbox_archive_frozen)
        self.archived_without_render()
        self.company.invalidate_recordset()
        self.assertTrue(self.company.progbox_archive_frozen)
        with self.assertRaisesRegex(ValidationError, "keeps its name"):
            self.company.progbox_archive_folder = "elsewhere"
        self.company.progbox_archive_folder = ".factures"

    def test_names_that_no_folder_can_have_are_refused(self):
        for name in ("a/b", "..", "a:b", "CON", "trailing.", "  ", "a\tb", "."):
            with self.subTest(name=name), self.assertRaises(ValidationError):
                self.company.progbox_archive_folder = name

    def test_the_counts_add_up(self):
        self.archived()
        self.posted()
        failing = self.posted()
        self.jobs_of(failing)._job_fail(ValueError("broken"), give_up=True)
        forgotten = self.posted()
        self.forget(forgotten)
        self.posted("in_invoice")
        self.draft()
        settings = self.settings()
        self.assertEqual(settings.progbox_total_count, 4)
        self.assertEqual(settings.progbox_archived_count, 1)
        self.assertEqual(settings.progbox_queued_count, 1)
        self.assertEqual(settings.progbox_fix_count, 1)
        self.assertEqual(settings.progbox_missing_count, 1)
        self.assertIn(failing.name, settings.progbox_last_errors)

    def test_the_number_of_workers_is_set(self):
        settings = self.settings()
        self.assertEqual(settings.progbox_workers, 1)
        settings.progbox_workers = 2
        settings.execute()
        self.assertEqual(self.settings().progbox_workers, 2)
        self.assertEqual(len(self.jobs._job_crons().filtered("active")), 2)

    def test_less_than_one_worker_is_one(self):
        self.jobs._job_set_workers(0)
        self.assertEqual(self.settings().progbox_workers, 1)

    def test_the_renderer_shows_what_it_is(self):
        settings = self.settings()
        self.assertEqual(settings.progbox_renderer_state, "ok")
        self.assertTrue(settings.progbox_renderer)
        self.assertTrue(settings.progbox_renderer_message)

    def test_the_filter_on_invoices_finds_what_the_field_shows(self):
        archived = self.archived()
        queued = self.posted()
        draft = self.draft()
        bill = self.posted("in_invoice")
        moves = archived | queued | draft | bill
        for state in ("archived", "progress", "waiting", "fix", "missing", False):
            found = moves.search(
                [("id", "in", moves.ids), ("progbox_archive_state", "=", state)]
            )
            self.assertEqual(
                found, moves.filtered(lambda m, s=state: m.progbox_archive_state == s)
            )
        not_archived = moves.search(
            [("id", "in", moves.ids), ("progbox_archive_state", "!=", "archived")]
        )
        self.assertEqual(not_archived, moves - archived)

    def test_the_chosen_manager_is_warned_and_nobody_without_the_right(self):
        manager = self.company._progbox_archive_manager()
        self.assertTrue(
            manager.has_group("progbox_invoice_archive.group_archive_manager")
        )
        self.company.progbox_archive_user_id = self.billing
        self.assertEqual(self.company._progbox_archive_manager(), manager)
        self.billing.group_ids |= self.env.ref("account.group_account_manager")
        self.assertEqual(self.company._progbox_archive_manager(), self.billing)

    def test_an_archived_company_keeps_its_manager(self):
        manager = new_test_user(
            self.env,
            "toiture",
            "progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
        )
        other = self.env["res.company"].create({"name": "Toiture Nord"})
        manager.company_ids |= other
        other.active = False
        self.env.invalidate_all()
        other.progbox_archive_user_id = manager
        self.assertEqual(other._progbox_archive_manager(), manager)
        self.server["mail.activity"]._progbox_report_failing(other)
        alert = self.server["mail.activity"].search(
            [("progbox_company_id", "=", other.id)]
        )
        self.assertEqual(alert.user_id, manager)
        self.assertIn("Toiture Nord", alert.summary)

    def test_a_folder_of_somebody_else_is_not_taken_for_the_archive(self):
        folder = self.server["progbox.folder"].create(
            {"name": ".factures", "company_id": self.company.id}
        )
        with self.assertRaisesRegex(UserError, "not the archive's. Rename it"):
            self.archived_without_render()
        folder.name = "mine"
        self.assertTrue(self.archived_without_render().locked)

    def test_the_start_of_the_archive_is_never_put_off(self):
        self.company.progbox_archive_started = "2020-01-01"
        for value in ("2021-01-01", False):
            with (
                self.subTest(value),
                self.assertRaisesRegex(ValidationError, "not put off"),
            ):
                self.company.sudo().write({"progbox_archive_started": value})
        with self.assertRaisesRegex(ValidationError, "not put off"):
            self.env["res.company"].create(
                {"name": "Late", "progbox_archive_started": "2999-01-01"}
            )
        self.company.progbox_archive_started = "2019-01-01"
