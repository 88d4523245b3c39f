from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.progbox_invoice_archive.tests.compilation_common import (
    CompilationCommon,
)
from odoo.addons.progbox_invoice_archive.tests.pdf_collection import pdf_of

from .common import ProgboxCommon


@tagged("post_install", "-at_install")
class TestProjectBackups(CompilationCommon, ProgboxCommon):
    """Backups of the invoices of projects, with what was dropped on them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As few rights as a backup of projects needs.
        cls.manager.group_ids = [
            Command.link(cls.env.ref("project.group_project_user").id)
        ]
        cls.town_hall = cls.project("Mairie")
        cls.school = cls.project("École")
        cls.sold = cls.of_project("SOLD", cls.town_hall)
        cls.bought = cls.bill("BOUGHT")
        cls.bought.invoice_line_ids.analytic_distribution = cls.share_of(cls.town_hall)
        cls.bought.action_post()
        cls.of_school = cls.of_project("SCHOOL", cls.school)
        cls.unrelated = cls.invoice("UNRELATED")
        cls.cheque = cls.dropped(cls.sold, "cheque.pdf", content=pdf_of("CHEQUE"))

    @classmethod
    def project(cls, name):
        plan = cls.env.ref("analytic.analytic_plan_projects")
        account = cls.env["account.analytic.account"].create(
            {"name": name, "plan_id": plan.id, "company_id": cls.company.id}
        )
        return cls.env["project.project"].create(
            {
                "name": name,
                "account_id": account.id,
                "company_id": cls.company.id,
                "privacy_visibility": "employees",
            }
        )

    @classmethod
    def share_of(cls, *projects):
        return {str(project.account_id.id): 50 for project in projects}

    @classmethod
    def of_project(cls, text, *projects, date="2026-11-02"):
        move = cls.draft(date=date)
        move.invoice_line_ids.analytic_distribution = cls.share_of(*projects)
        move.action_post()
        cls.deposit(move, pdf_of(text))
        return move

    def wizard(self, projects):
        action = projects.with_user(self.manager).action_progbox_compile()
        wizards = self.env[action["res_model"]].with_user(self.manager)
        return wizards.browse(action["res_id"])

    def finished(self, wizard):
        job = self.run_job(self.compilations.browse(wizard.action_compile()["res_id"]))
        self.assertEqual(job.state, "done", job.error_detail)
        return job

    def lines(self, job):
        return {line.name: line for line in job.file_ids}

    def test_all_invoices_and_bills_of_a_project(self):
        wizard = self.wizard(self.town_hall)
        self.assertEqual(wizard.move_ids, self.sold | self.bought)
        self.assertEqual(wizard.split_by, "none")
        job = self.finished(wizard)
        self.assertEqual(job.name, "Invoices and bills of Mairie")
        self.assertEqual(job.project_ids, self.town_hall)
        text = "\n".join(self.texts(self.reader(job)))
        self.assertIn("SOLD", text)
        self.assertIn("BOUGHT", text)
        # Its name says whose it is; what was dropped was not asked for.
        self.assertIn("Mairie", job.result_ids.name)
        self.assertNotIn("CHEQUE", text)

    def test_one_file_per_project(self):
        both = self.of_project("BOTH", self.town_hall, self.school)
        wizard = self.wizard(self.town_hall | self.school)
        self.assertEqual(wizard.split_by, "project")
        job = self.finished(wizard)
        names = set(job.result_ids.mapped("number"))
        self.assertEqual(names, {"Mairie", "École", "École, Mairie"})
        ours = job.file_ids.filtered(lambda line: line.res_id == both.id)
        self.assertEqual(set(ours.mapped("group_name")), {"École, Mairie"})

    def test_one_file_per_project_of_any_invoices(self):
        moves = self.sold | self.of_school | self.unrelated
        job = self.compiled(moves, split_by="project")
        names = set(job.result_ids.mapped("number"))
        self.assertEqual(names, {"Mairie", "École", "No project"})

    def test_names_of_projects_that_one_may_not_read_stay_away(self):
        self.school.privacy_visibility = "followers"
        with self.assertRaises(AccessError):
            self.wizard(self.school)
        job = self.compiled(self.sold | self.of_school, split_by="project")
        names = set(job.result_ids.mapped("number"))
        self.assertEqual(names, {"Mairie", "No project"})

    def test_only_invoices_that_one_may_read(self):
        self.env["ir.rule"].sudo().create(
            {
                "name": "No bills",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "domain_force": [("move_type", "=", "out_invoice")],
            }
        )
        self.assertEqual(self.wizard(self.town_hall).move_ids, self.sold)
        with self.assertRaisesRegex(UserError, "no invoice"):
            self.wizard(self.project("Empty"))

    def test_a_project_user_alone_compiles_nothing(self):
        plain = self.user_of("plain_project", "project.group_project_user")
        with self.assertRaises(AccessError):
            self.town_hall.with_user(plain).action_progbox_compile()

    def test_documents_go_in_when_they_are_asked_for(self):
        self.dropped(self.sold, "notes.txt", content=b"no pages")
        wizard = self.wizard(self.town_hall)
        self.assertEqual(wizard.documents_text, "1")
        with Form(wizard) as form:
            before = form.total_text
            form.with_documents = True
            self.assertNotEqual(form.total_text, before)
            self.assertIn("Files: 3", form.total_text)
        job = self.finished(wizard)
        lines = self.lines(job)
        self.assertEqual(lines["cheque.pdf"].kind, "document")
        self.assertEqual(lines["cheque.pdf"].state, "in")
        self.assertEqual(lines["notes.txt"].code, "not_a_pdf")
        self.assertIn("CHEQUE", "\n".join(self.texts(self.reader(job))))

    def test_documents_are_those_of_the_moment_it_is_made(self):
        job = self.request(self.sold, choices={"with_documents": True})
        self.dropped(self.sold, "late.pdf", content=pdf_of("LATE"))
        older = self.dropped(self.sold, "letter.pdf", content=pdf_of("OLDER"))
        self.dropped(
            self.sold, "letter.pdf", content=pdf_of("NEWER"), replaces=older.id
        )
        self.cheque.with_user(self.env.user).progbox_trash()
        text = "\n".join(self.texts(self.reader(self.run_job(job))))
        self.assertIn("LATE", text)
        self.assertIn("NEWER", text)
        self.assertNotIn("OLDER", text)
        self.assertNotIn("CHEQUE", text)

    def test_no_document_without_the_right_to_read_it(self):
        job = self.request(self.sold, choices={"with_documents": True})
        self.env["ir.rule"].sudo().create(
            {
                "name": "No cheques",
                "model_id": self.env["ir.model"]._get_id("progbox.document"),
                "domain_force": [("name", "!=", "cheque.pdf")],
            }
        )
        self.assertNotIn("cheque.pdf", self.lines(self.run_job(job)))

    def test_again_it_is_the_same_projects(self):
        job = self.finished(self.wizard(self.town_hall))
        action = job.with_user(self.manager).action_compile_again()
        again = self.compilations.browse(action["res_id"])
        self.assertEqual(again.sudo().project_ids, self.town_hall)
        self.assertEqual(again.name, job.name)

    def test_a_project_has_periods_of_its_own(self):
        periods = self.env["progbox.billing.period"].with_user(self.manager)
        values = {"company_id": self.company.id, "date_from": "2026-11-01"}
        ours = periods.create(
            {**values, "date_to": "2026-11-15", "project_id": self.town_hall.id}
        )
        self.of_project("LATER", self.town_hall, date="2026-11-20")
        self.assertEqual(ours.scope_key, -self.town_hall.id)
        self.assertTrue(ours.display_name.startswith("Mairie, "))
        self.assertEqual((ours.invoice_count, ours.bill_count), (1, 1))
        self.assertEqual(
            self.env["account.move"].search(ours.action_open_bills()["domain"]),
            self.bought,
        )
        # The company's periods stay as they are, with the same invoices.
        self.assertNotEqual(self.sold.progbox_period_id, ours)
        self.assertEqual(
            self.sold.progbox_period_id,
            periods._of_day(self.company, self.sold.invoice_date),
        )
        action = ours.action_compile_invoices()
        job = self.run_job(self.compilations.browse(action["res_id"]))
        self.assertEqual(job.move_ids, self.sold)
        self.assertEqual(job.project_ids, self.town_hall)
        self.assertIn("Mairie", job.name)

    def test_periods_of_a_project_are_read_by_who_reads_it(self):
        period = self.env["progbox.billing.period"].create(
            {
                "company_id": self.company.id,
                "date_from": "2026-11-01",
                "date_to": "2026-11-30",
                "project_id": self.school.id,
            }
        )
        self.assertTrue(period.with_user(self.manager).has_access("read"))
        self.assertIn(period, period.with_user(self.manager).search([]))
        self.school.privacy_visibility = "followers"
        self.assertFalse(period.with_user(self.manager).has_access("read"))
        self.assertNotIn(period, period.with_user(self.manager).search([]))
