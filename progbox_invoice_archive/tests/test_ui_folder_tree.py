from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..models import progbox_folder
from .common import ArchiveCommon


@tagged("post_install", "-at_install")
class TestFolderTree(ArchiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, day in (
            ("INV/2025/0001", "2025-12-03"),
            ("INV/2026/0001", "2026-10-05"),
            ("INV/2026/0002", "2026-11-02"),
            ("INV/2026/0003", "2026-11-20"),
        ):
            cls.archived_without_render(number, day)
        cls.folders = cls.env["progbox.folder"].with_user(cls.billing)
        cls.root = cls.folders.search(
            [("company_id", "=", cls.company.id), ("parent_id", "=", False)]
        )

    def names(self, page):
        return [folder["name"] for folder in page["folders"]]

    def test_the_tree_opens_on_the_newest_month(self):
        tree = self.folders.tree_start()
        selected = self.folders.browse(tree["selected"])
        self.assertEqual(selected.display_name, ".factures / 2026 / 11")
        self.assertEqual(
            [self.names(page) for page in tree["pages"]],
            [[".factures"], ["2026", "2025"], ["11", "10"]],
        )

    def test_counts_cover_what_is_underneath(self):
        root = self.folders.tree_page(False)["folders"]
        years = self.folders.tree_page(self.root.id)["folders"]
        self.assertEqual([folder["count"] for folder in root], [4])
        self.assertEqual([folder["count"] for folder in years], [3, 1])
        self.assertTrue(all(folder["hasChildren"] for folder in years))
        month = self.folders.tree_page(years[0]["id"])["folders"][0]
        self.assertEqual((month["count"], month["hasChildren"]), (2, False))

    def test_a_closed_month_is_marked(self):
        self.server["progbox.closing"]._close(self.company, date(2026, 10, 5))
        year = self.folders.search([("name", "=", "2026")])
        months = self.folders.tree_page(year.id)["folders"]
        self.assertEqual(
            [(month["name"], month["closed"]) for month in months],
            [("11", False), ("10", True)],
        )

    def test_a_shared_folder_is_marked(self):
        month = self.folders.search([("name", "=", "11")])
        self.server["progbox.share"]._share(
            month.with_env(self.server), {"kind": "link", "lang": "en_US"}
        )
        months = self.folders.tree_page(month.parent_id.id)["folders"]
        self.assertEqual([folder["shared"] for folder in months], [True, False])

    def test_whoever_may_not_is_told_whom_to_ask(self):
        new_test_user(
            self.env,
            "zoe",
            name="Zoe",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        self.assertIn(f"Ask {self.env.user.name}, Zoe.", self.folders.whom_to_ask())

    def test_nobody_else_learns_the_names_of_managers(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.folders.with_user(stranger).whom_to_ask()

    def test_totals_per_currency(self):
        self.archived_without_render(
            "INV/2026/0004", "2026-11-21", currency_name="USD", amount_total=99.5
        )
        other = self.archived_without_render(
            "INV/2026/0005", "2026-11-22", self.setup_other_company()["company"]
        )
        documents = self.folders.env["progbox.document"]
        november = [("document_date", ">=", "2026-11-01")]
        october = [("number", "=", "INV/2026/0001")]
        self.assertEqual(
            documents.amount_totals(
                [november, october, [("id", "=", other.id)], [("id", "=", 0)]]
            ),
            ["480.00\xa0€ · $\xa099.50", "240.00\xa0€", "", ""],
        )

    def test_everybody_has_a_name_for_the_folder_of_the_backups(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        backups = self.server["progbox.folder"].create(
            {
                "name": "Invoice backups",
                "company_id": self.company.id,
                "res_model": "progbox.compilation",
            }
        )
        french = backups.with_context(lang="fr_FR")
        name = "Justificatifs de facturation"
        self.assertEqual(french.display_name, name)
        self.assertEqual(self.names(french.tree_search("justificatifs")), [name])
        self.assertEqual(backups.display_name, "Invoice backups")
        backups.name = "Old papers"
        self.assertEqual(french.display_name, "Old papers")
        self.assertFalse(self.names(french.tree_search("justificatifs")))

    def test_counting_stops_at_the_limit(self):
        self.patch(progbox_folder, "COUNT_LIMIT", 3)
        [root] = self.folders.tree_page(False)["folders"]
        self.assertEqual((root["count"], root["counted"]), (3, False))

    def test_folders_come_in_pages(self):
        projects = self.server["progbox.folder"].create(
            {"name": "Projects", "company_id": self.company.id}
        )
        projects.create(
            [
                {
                    "name": f"P{number}",
                    "parent_id": projects.id,
                    "company_id": self.company.id,
                }
                for number in range(5)
            ]
        )
        # Readers read what another add-on opens for them.
        self.env["ir.rule"].create(
            {
                "name": "Folders of projects",
                "model_id": self.env["ir.model"]._get_id("progbox.folder"),
                "groups": self.env.ref("progbox_invoice_archive.group_archive_reader"),
                "domain_force": [("id", "child_of", projects.id)],
            }
        )
        self.patch(progbox_folder, "PAGE_SIZE", 2)
        first = self.folders.tree_page(projects.id)
        self.assertEqual((self.names(first), first["more"]), (["P0", "P1"], True))
        last = self.folders.tree_page(projects.id, first["size"] * 2)
        self.assertEqual((self.names(last), last["more"]), (["P4"], False))
        # a folder of a later page that is chosen is shown all the same
        tree = self.folders.tree_start(last["folders"][0]["id"])
        self.assertEqual(self.names(tree["pages"][1]), ["P0", "P1", "P4"])

    def test_opening_a_folder_takes_few_queries(self):
        self.folders.tree_page(self.root.id)
        self.env.invalidate_all()
        with self.assertQueryCount(8):
            self.folders.tree_page(self.root.id)

    def test_a_folder_that_is_gone_gives_way_to_the_newest(self):
        tree = self.folders.tree_start(2**31 - 1, [2**31 - 1])
        self.assertEqual(self.folders.browse(tree["selected"]).name, "11")

    def test_another_company_has_its_own_tree(self):
        other = self.setup_other_company()["company"]
        foreign = self.archived_without_render("INV/9", "2026-12-01", other).folder_id
        tree = self.folders.tree_start(foreign.id, [foreign.parent_id.id])
        self.assertEqual(self.folders.browse(tree["selected"]).name, "11")
        shown = {f["id"] for page in tree["pages"] for f in page["folders"]}
        self.assertFalse(shown & set((foreign | foreign.parent_id).ids))
        with self.assertRaises(AccessError):
            self.folders.tree_page(foreign.parent_id.id)

    def test_who_may_not_read_the_archive_sees_no_tree(self):
        folders = self.env["progbox.folder"].with_user(self.plain)
        # Refused, or a tree without it where another add-on opens folders of its own.
        try:
            tree = folders.tree_start(self.root.id, self.root.ids)
        except AccessError:
            tree = None
        self.assertNotIn(".factures", str(tree))
        with self.assertRaises(AccessError):
            folders.tree_page(self.root.id)
