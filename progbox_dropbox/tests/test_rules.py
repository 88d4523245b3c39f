from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .dropbox_common import LOGGER, DropboxCommon

MOVE = "files/move_batch_v2"
LATER = timedelta(minutes=1)


@tagged("post_install", "-at_install")
class TestRules(DropboxCommon):
    """What is copied, and where to, as an administrator says."""

    def setUp(self):
        super().setUp()
        self.account.action_open_rules()
        self.types = self.server["progbox.document.type"]

    def rule(self, code="customer_invoice", user=None):
        rule = self.account.rule_ids.filtered(lambda rule: rule.type_id.code == code)
        return rule.with_user(user or self.admin)

    def plan(self, content=b"plan", name="plan.pdf", **values):
        """Return a new document beside the archive."""
        company = values.setdefault("company_id", self.company.id)
        plans = {"name": "Plans", "company_id": company}
        folders = self.server["progbox.folder"]
        folder = folders.search([(key, "=", plans[key]) for key in plans])
        folder = folder or folders.create(plans)
        return self.server["progbox.document"]._create_with_file(
            {
                "name": name,
                "folder_id": folder.id,
                "type_id": self.types._of_codes("plan").id,
                **values,
            },
            self.server["ir.attachment"]._progbox_stage([content]),
        )

    # ------------------------------------------------------------------
    # Templates
    # ------------------------------------------------------------------

    def test_each_type_has_a_rule_in_the_companys_language(self):
        self.assertEqual(self.account.rule_ids.type_id, self.types.search([]))
        rule = self.rule()
        self.assertEqual(rule.folder_template, "Factures/{yyyy}/{mm}")
        self.assertEqual(rule.name_template, "Facture_{number}.pdf")
        # A second look makes nothing anew.
        rule.name_template = "F_{number}"
        self.account.action_open_rules()
        self.assertEqual(self.rule().name_template, "F_{number}")

    def test_a_rule_is_found_by_its_folder_without_regard_to_accents(self):
        rule = self.rule()
        rule.folder_template = "Été/{yyyy}"
        found = self.account.rule_ids.search([("words", "ilike", "ete")])
        self.assertIn(rule, found)
        self.assertLess(found, self.account.rule_ids)

    def test_the_template_says_where_new_documents_go(self):
        self.rule().write(
            {"folder_template": "{client}/{yyyy}", "name_template": "{number}.pdf"}
        )
        document = self.document("FAC/1")
        self.run_cron()
        self.assert_copied(document)
        self.assertEqual(
            list(self.files), ["/ProGBox/Maçonnerie Lefèvre/2026/FAC_1.pdf"]
        )

    def test_what_a_document_has_not_makes_no_folder(self):
        self.rule().folder_template = "{project}/{yyyy}"
        self.document("FAC/1")
        self.run_cron()
        self.assertEqual(list(self.files), ["/ProGBox/2026/Facture_FAC_1.pdf"])

    def test_a_document_lies_in_the_folder_of_its_project(self):
        if "project.task" not in self.env:
            self.skipTest("without projects")
        self.account.type_ids = self.types._of_codes("plan")
        self.rule("plan").folder_template = "{project}/Plans"
        project = self.server["project.project"].create({"name": "Villa"})
        task = self.server["project.task"].create(
            {"name": "Roof", "project_id": project.id}
        )
        for record in (project, task):
            self.plan(
                record._name.encode(),
                f"{record._name}.pdf",
                res_model=record._name,
                res_id=record.id,
            )
        self.run_cron()
        self.assertEqual(
            sorted(self.files),
            [
                f"/ProGBox/Villa/Plans/project.{name}.pdf"
                for name in ("project", "task")
            ],
        )

    def test_the_preview_is_that_of_a_real_document_and_live(self):
        self.document("FAC/2026/7")
        manager = self.user_of(
            "boss", "base.group_system,progbox_invoice_archive.group_archive_manager"
        )
        with Form(self.rule(user=manager)) as form:
            self.assertEqual(form.preview, self.path("FAC/2026/7"))
            form.folder_template = "Ventes"
            self.assertEqual(form.preview, "/ProGBox/Ventes/Facture_FAC_2026_7.pdf")
            form.name_template = "{nummer}"
            self.assertIn("{nummer} is no placeholder", form.preview)
            form.name_template = "{number}"

    def test_the_preview_of_a_type_without_documents_is_an_example(self):
        preview = self.rule("repair_report").preview
        self.assertRegex(preview, r"^/ProGBox/Service/Réparations/\d{4}/\d\d/.+\.pdf$")

    def test_wrong_templates_are_refused_and_say_why(self):
        for values, words in (
            ({"folder_template": "{year}"}, "{year} is no placeholder"),
            ({"folder_template": "{yyyy"}, "{ is no placeholder"),
            ({"name_template": "a/{number}"}, "a file name has no"),
            ({"name_template": " "}, "fill in a file name"),
        ):
            with self.subTest(**values), self.assertRaises(ValidationError) as caught:
                self.rule().write(values)
            self.assertIn(words, str(caught.exception))

    def test_only_administrators_change_them(self):
        rule = self.rule(user=self.manager)
        self.assertTrue(rule.preview)
        for user in (self.manager, self.billing):
            with self.assertRaises(AccessError):
                self.rule(user=user).write({"folder_template": "elsewhere"})
            with self.assertRaises(AccessError):
                self.rule(user=user).action_move()
        other = self.server["res.company"].create({"name": "Another"})
        stranger = self.user_of("stranger", "base.group_system")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            self.rule(user=stranger).write({"folder_template": "elsewhere"})

    # ------------------------------------------------------------------
    # What
    # ------------------------------------------------------------------

    def test_a_type_is_chosen_on_its_rule(self):
        self.assertFalse(self.copy_of(self.plan()))
        self.rule("plan").copied = True
        self.assertEqual(self.account.type_ids.code, "plan")
        self.assertTrue(self.copy_of(self.plan()))
        self.rule("plan").copied = False
        self.assertFalse(self.copy_of(self.plan()))

    def test_a_document_whose_type_is_set_later_goes_by_itself(self):
        self.account.type_ids = self.types._of_codes("plan")
        document = self.plan(type_id=self.types._of_codes("employment_contract").id)
        self.assertFalse(self.copy_of(document))
        document.type_id = self.types._of_codes("plan")
        self.run_cron()
        self.assert_copied(document)

    def test_what_is_no_longer_chosen_does_not_leave_the_server(self):
        plan, contract = (
            self.types._of_codes("plan"),
            self.types._of_codes("employment_contract"),
        )
        self.account.type_ids = plan
        sent, retyped = self.plan(b"sent", "sent.pdf"), self.plan(b"retyped")
        retyped.type_id = contract
        self.run_cron()
        self.assert_copied(sent)
        self.assertEqual(self.copy_of(retyped).state, "cancelled")
        self.assertIn("its type is not chosen", self.copy_of(retyped).error)
        self.assertEqual(self.account.missing_count, 0)
        # To a type that is: it goes after all, to that one's folder.
        self.account.type_ids = plan | self.types._of_codes("repair_report")
        retyped.type_id = self.types._of_codes("repair_report")
        self.run_cron(later=LATER)
        self.assert_copied(sent | retyped)
        self.assertIn("/Service/", self.copy_of(retyped).path)

    def test_a_type_is_not_chosen_any_more(self):
        self.rule("plan").copied = True
        document = self.plan()
        self.rule("plan").copied = False
        self.account.type_ids = self.types._of_codes("employment_contract")
        self.run_cron()
        self.assertFalse(self.files)
        self.rule("plan").copied = True
        self.assertEqual(self.account.missing_count, 1)
        self.account._queue_page()
        self.run_cron(later=LATER)
        self.assert_copied(document)

    def test_documents_without_a_company_go_where_an_administrator_says(self):
        self.account.type_ids = self.types._of_codes("plan")
        self.assertFalse(self.copy_of(self.plan(company_id=False)))
        self.account.without_company = True
        old, new = self.plan(b"1", company_id=False), self.plan(b"2", company_id=False)
        self.assertEqual(self.copy_of(new).account_id, self.account)
        self.assertTrue(self.copy_of(old))

    def test_a_document_that_gets_another_company_has_two_copies(self):
        self.account.type_ids = self.types._of_codes("plan")
        self.account.without_company = True
        document = self.plan(company_id=False)
        self.run_cron()
        mine = self.copy_of(document)
        other = self.server["res.company"].create({"name": "Another"})
        theirs = self.dropbox.add_account("Another", "other@example.com")
        self.connected(other, theirs).type_ids = self.account.type_ids
        document.company_id = other
        self.assertEqual(document.dropbox_state, "waiting")
        self.assertEqual(document._dropbox_copy(), mine)
        self.run_cron(later=LATER)
        self.env.invalidate_all()
        self.assertEqual(document.dropbox_state, "copied")
        self.assertEqual(document._dropbox_copy().company_id, other)

    # ------------------------------------------------------------------
    # Moves
    # ------------------------------------------------------------------

    def moved_template(self):
        documents = self.several(3)
        self.run_cron()
        self.rule().folder_template = "Ventes/{yyyy}"
        return documents

    def test_copies_are_moved_without_being_sent_again(self):
        documents = self.moved_template()
        rule = self.rule()
        self.assertTrue(rule.moves_offered)
        self.assertEqual(self.account.offers_count, 1)
        before = {d: self.copy_of(d).file_ref for d in documents}
        rule.action_move()
        self.assertFalse(rule.moves_offered)
        self.dropbox.log.clear()
        self.run_cron(later=LATER)
        self.assert_copied(documents)
        self.assertEqual([route for route, _ in self.dropbox.log], [MOVE])
        for document in documents:
            copy = self.copy_of(document)
            self.assertTrue(copy.copied_path.startswith("/ProGBox/Ventes/2026/"))
            self.assertEqual(copy.copied_path, copy.path)
            self.assertEqual(copy.file_ref, before[document])
            self.assertFalse(copy.from_key)

    def test_copies_are_left_where_they_are(self):
        documents = self.moved_template()
        self.rule().action_leave()
        self.assertFalse(self.rule().moves_offered)
        new = self.document("FAC/new")
        self.run_cron(later=LATER)
        self.assert_copied(documents | new)
        self.assertTrue(self.copy_of(new).path.startswith("/ProGBox/Ventes/2026/"))
        self.assertIn("/Factures/", self.copy_of(documents[0]).path)

    def test_a_move_that_dropbox_takes_its_time_for(self):
        documents = self.moved_template()
        self.rule().action_move()
        self.fault("move_batch_v2", "async")
        self.run_cron(later=LATER)
        self.assert_copied(documents)
        self.assertIn("/Ventes/", self.copy_of(documents[0]).copied_path)

    def test_a_move_whose_answer_was_lost(self):
        documents = self.moved_template()
        self.rule().action_move()
        self.fault("move_batch_v2", "drop_after")
        self.run_cron(3, later=LATER)
        self.assert_copied(documents)
        self.assertIn("/Ventes/", self.copy_of(documents[0]).copied_path)

    def test_what_somebody_has_deleted_is_sent_again(self):
        documents = self.moved_template()
        self.dropbox.account.store.delete(self.copy_of(documents[0]).copied_path)
        self.rule().action_move()
        self.run_cron(3, later=LATER)
        self.assert_copied(documents)

    def test_nobody_takes_a_path_before_it_is_left(self):
        first = self.moved_template()[0]
        self.rule().action_move()
        self.assertFalse(self.copy_of(first).path)
        self.rule().folder_template = "Factures/{yyyy}/{mm}"
        # Another document of the same number wants the path of the first.
        other = self.document(first.number, b"another")
        self.run_cron(later=LATER)
        self.assertIn("/Factures/", self.copy_of(first).path)
        self.assertTrue(self.copy_of(other).path.endswith(" (2).pdf"))

    def test_a_new_base_folder_offers_the_moves(self):
        documents = self.several(2)
        self.run_cron()
        self.account.with_user(self.admin)._write_settings(
            {"base_folder": "Sauvegarde"}
        )
        self.assertTrue(self.rule().moves_offered)
        self.rule().action_move()
        self.run_cron(later=LATER)
        self.assert_copied(documents)
        self.assertTrue(all(path.startswith("/Sauvegarde/") for path in self.files))

    def test_a_move_that_is_refused_is_listed(self):
        documents = self.moved_template()
        self.rule().action_move()
        self.fault("move_batch_v2", "disallowed_name", name="00001.pdf")
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron(later=LATER)
        states = [self.copy_of(document).state for document in documents]
        self.assertEqual(states, ["done", "failed", "done"])

    # ------------------------------------------------------------------
    # Deleted documents
    # ------------------------------------------------------------------

    def test_the_copy_of_a_deleted_document_goes_when_that_is_set(self):
        self.account.type_ids = self.types._of_codes("plan")
        kept, gone = self.plan(b"kept"), self.plan(b"gone", "other.pdf")
        self.run_cron()
        self.assertEqual(len(self.files), 2)
        kept.unlink()
        self.account.on_delete = "delete"
        transfer = self.copy_of(gone)
        gone.unlink()
        self.run_cron(later=LATER)
        self.assertEqual(len(self.files), 1)
        self.assertEqual(transfer.state, "cancelled")
        self.assertFalse(transfer.path_key)

    def test_what_a_person_has_changed_there_is_not_deleted(self):
        self.account.type_ids = self.types._of_codes("plan")
        self.account.on_delete = "delete"
        document = self.plan()
        self.run_cron()
        transfer = self.copy_of(document)
        self.dropbox.account.store.find(transfer.copied_path).rev = "5f0000fff"
        document.unlink()
        with self.assertLogs(LOGGER, "WARNING"):
            self.run_cron(later=LATER)
        self.assertEqual(len(self.files), 1)
        self.assertEqual(transfer.state, "failed")
