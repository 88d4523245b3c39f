import threading
from contextlib import contextmanager

import psycopg2.errors

from odoo import SUPERUSER_ID, api
from odoo.service.model import retrying
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tests.common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestFoldersOfRecords(ArchiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folders = cls.env["progbox.folder"]

    def folder_of(self, record):
        return self.folders.sudo()._progbox_of_record(record)

    def test_a_record_has_one_folder(self):
        folder = self.folder_of(self.client)
        self.assertEqual(
            (folder.res_model, folder.res_id), ("res.partner", self.client.id)
        )
        self.assertFalse(folder.locked)
        self.assertEqual(folder.parent_path, f"{folder.id}/")
        self.assertEqual(self.folder_of(self.client), folder)

    def test_its_title_is_the_one_of_the_record(self):
        folder = self.folder_of(self.client)
        self.assertFalse(folder.name)
        self.assertEqual(folder._path(), ["Clients", "Maçonnerie Lefèvre"])
        self.assertEqual(folder.display_name, "Clients / Maçonnerie Lefèvre")
        self.client.name = "Lefèvre et fils"
        folder.invalidate_recordset()
        self.assertEqual(folder.display_name, "Clients / Lefèvre et fils")

    def test_two_clients_of_one_name_have_two_folders(self):
        one, other = self.env["res.partner"].create([{"name": "Dupont"}] * 2)
        self.assertNotEqual(self.folder_of(one), self.folder_of(other))
        self.assertEqual(
            self.folder_of(one).display_name, self.folder_of(other).display_name
        )

    def test_a_folder_has_the_company_of_its_record(self):
        move = self.draft()
        self.assertEqual(self.folder_of(move).company_id, self.company)
        self.client.company_id = False
        self.assertFalse(self.folder_of(self.client).company_id)

    def test_a_folder_outlives_its_record(self):
        partner = self.env["res.partner"].create({"name": "Dupont"})
        folder = self.folder_of(partner)
        partner.unlink()
        folder.invalidate_recordset()
        self.assertIn("Deleted record", folder.display_name)

    def test_a_folder_of_no_record_needs_a_name(self):
        with self.assertRaises(psycopg2.errors.CheckViolation):
            self.folders.sudo().create({"company_id": self.company.id})
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestFirstDocuments(ArchiveCommon):
    """Two people drop the first document at once, each in a transaction of his own."""

    @contextmanager
    def person(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def folder_of(self, env):
        partner = env.ref("base.partner_root")
        return env["progbox.folder"]._progbox_of_record(partner).id

    def forget(self):
        with self.person() as env:
            env.cr.execute(
                SQL(
                    "DELETE FROM progbox_folder"
                    " WHERE res_model = 'res.partner' AND res_id = %s",
                    env.ref("base.partner_root").id,
                )
            )

    def test_two_at_once_have_one_folder(self):
        self.addCleanup(self.forget)
        found, attempts = [], []
        with self.person() as first, self.person() as second:

            def drop():
                attempts.append(True)
                second.invalidate_all()
                found.append(self.folder_of(second))

            # Both have looked at the database before any of them writes.
            second.cr.execute("SELECT count(*) FROM progbox_folder")
            folder = self.folder_of(first)
            other = threading.Thread(target=retrying, args=(drop, second))
            other.start()
            other.join(1)
            self.assertTrue(other.is_alive(), "the second waits for the first")
            first.cr.commit()
            other.join(30)
        self.assertEqual(found, [folder])
        self.assertEqual(len(attempts), 2)
