from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..hooks import uninstall_hook
from ..models.ir_module_module import CONFIRMED
from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestUninstall(ArchiveCommon):
    """What would destroy evidence asks for an export, and then for a name."""

    def setUp(self):
        super().setUp()
        self.document = self.archived_without_render()
        self.modules = self.server["ir.module.module"]
        self.root = self.document.folder_id.parent_id.parent_id
        # The database of the tests may have an archive of its own.
        for company in self.server["progbox.seal"].search([]).company_id - self.company:
            folders = self.server["progbox.folder"]
            self.export(folders._archive_folder(company, None), company)

    def export(self, folder, company=None, later=1):
        """Export a folder as a manager does, some seconds after what is sealed."""
        company = company or self.company
        user = new_test_user(
            self.env,
            f"manager_{folder.id}_{later}",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        export = (
            self.env["progbox.export"].with_user(user)._request_export(folder, "zip")
        )
        job = self.server["progbox.export"].browse(export.id)
        job._job_begin_attempt()
        job._job_process()
        self.assertEqual(job.state, "done", job.error)
        # The transaction of the test began before everything; how long the export
        # took must not matter.
        latest = max(self.server["progbox.seal"].search([]).mapped("sealed_on"))
        self.env.cr.execute(
            "UPDATE progbox_export SET create_date = %s WHERE id = %s",
            [latest + timedelta(seconds=later), job.id],
        )
        job.invalidate_recordset()
        return job

    def confirm(self, name):
        self.env["ir.config_parameter"].sudo().set_param(CONFIRMED, name)

    def assertRefused(self, reason):
        with self.assertRaisesRegex(UserError, reason):
            self.modules._progbox_check_uninstall()

    def test_what_takes_the_archive_along_is_not_uninstalled(self):
        for name in ("progbox_invoice_archive", "account", "mail"):
            module = self.modules.search([("name", "=", name)])
            with (
                self.subTest(module=name),
                self.assertRaisesRegex(UserError, "Export the whole archive first"),
            ):
                module.button_uninstall()
            self.assertEqual(module.state, "installed")

    def test_one_line_is_no_lines(self):
        self.assertRefused("holds [0-9,]+ sealed lines?, which")
        with patch.object(
            type(self.env["progbox.seal"]), "search_count", return_value=1
        ):
            self.assertRefused("holds 1 sealed line, which uninstalling would destroy")

    def test_another_module_is_uninstalled_as_ever(self):
        module = self.modules.create({"name": "guards_probe", "state": "installed"})
        module.button_uninstall()
        self.assertEqual(module.state, "to remove")

    def test_an_export_and_the_name_of_the_database_give_the_archive_up(self):
        self.confirm(self.env.cr.dbname)
        self.assertRefused(self.company.name)
        self.export(self.root)
        self.confirm("another_database")
        self.assertRefused("It has been exported")
        self.confirm(self.env.cr.dbname)
        self.modules._progbox_check_uninstall()

    def test_an_export_of_a_part_is_not_enough(self):
        self.archived_without_render("INV/2", "2026-12-02")
        self.confirm(self.env.cr.dbname)
        self.export(self.document.folder_id)
        self.assertRefused("no export that has everything")

    def test_what_was_archived_later_asks_for_another_export(self):
        self.confirm(self.env.cr.dbname)
        self.export(self.root)
        self.modules._progbox_check_uninstall()
        self.archived_without_render("INV/2")
        self.assertRefused("no export that has everything")
        self.export(self.root, later=3)
        self.modules._progbox_check_uninstall()

    def test_an_export_that_is_older_than_a_closing_is_not_enough(self):
        self.confirm(self.env.cr.dbname)
        self.export(self.root, later=-5)
        self.assertRefused("no export that has everything")

    def test_an_export_that_did_not_end_is_none(self):
        self.confirm(self.env.cr.dbname)
        self.export(self.root)._job_finish("failed")
        self.assertRefused("no export that has everything")

    def test_every_company_is_exported(self):
        other = self.env["res.company"].create({"name": "Toiture Nord"})
        document = self.archived_without_render(company=other)
        self.confirm(self.env.cr.dbname)
        self.export(self.root)
        self.assertRefused("for Toiture Nord there")
        self.export(document.folder_id.parent_id.parent_id, other)
        self.modules._progbox_check_uninstall()

    def test_an_archived_company_has_to_be_unarchived_to_be_exported(self):
        other = self.env["res.company"].create({"name": "Toiture Nord"})
        document = self.archived_without_render(company=other)
        self.confirm(self.env.cr.dbname)
        self.export(self.root)
        other.active = False
        self.assertRefused("Toiture Nord is archived.*unarchive it")
        other.active = True
        self.export(document.folder_id.parent_id.parent_id, other)
        self.modules._progbox_check_uninstall()

    def test_nothing_of_it_stays_behind(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("progbox_invoice_archive.zip_limit", "7")
        parameters.set_param("progbox.invoice.archive.of_somebody_else", "8")
        self.export(self.root)
        self.confirm(self.env.cr.dbname)
        # Odoo commits before it uninstalls.
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        uninstall_hook(self.server)
        keys = parameters.search([("key", "ilike", "archive")]).mapped("key")
        ours = [key for key in keys if key.startswith("progbox_invoice_archive.")]
        self.assertEqual(ours, [])
        self.assertIn("progbox.invoice.archive.of_somebody_else", keys)
        self.env.cr.execute(
            "SELECT count(*) FROM ir_attachment WHERE res_model = 'progbox.document'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
