from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .compilation_common import CompilationCommon, pdf_of

WIZARD = "odoo.addons.progbox_invoice_archive.wizards.progbox_compile_wizard"


@tagged("post_install", "-at_install")
class TestCompilationWizard(CompilationCommon):
    """What goes in is shown before, and the person decides."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second = cls.invoice("FIRST"), cls.invoice("SECOND")
        cls.plan = cls.attach(cls.first, "plan.pdf", pdf_of("PLAN 1", "PLAN 2"))
        cls.attach(cls.first, "sheet.xlsx", b"PK a sheet")
        cls.both = (cls.first | cls.second).with_user(cls.manager)

    def wizard(self, action):
        return (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .browse(action["res_id"])
        )

    def job(self, action):
        return self.compilations.browse(action["res_id"])

    def finished(self, action):
        job = self.run_job(self.job(action))
        self.assertEqual(job.state, "done", job.error_detail)
        return job

    def test_it_shows_what_goes_in_with_pages_and_sizes(self):
        wizard = self.wizard(self.both.action_progbox_compile())
        self.assertEqual(wizard.unit_count, 2)
        self.assertIn("Invoices: 2 · Files: 3 · Pages: 4 · ", wizard.total_text)
        self.assertEqual(wizard.attachments_text, "1")
        self.assertEqual(wizard.images_text, "none")
        first, second = wizard.line_ids.sorted("sequence")
        self.assertEqual((first.file_count, first.pages), (2, 3))
        self.assertEqual((second.file_count, second.pages), (1, 1))
        self.assertGreater(first.size, second.size)
        notes = {file.name: file.note for file in wizard.file_ids}
        self.assertIn("neither a PDF nor a picture", notes["sheet.xlsx"])

    def test_what_is_switched_off_is_not_counted(self):
        wizard = self.wizard(self.both.action_progbox_compile())
        with Form(wizard) as form:
            form.with_attachments = False
            self.assertIn("Invoices: 2 · Files: 2 · Pages: 2", form.total_text)

    def test_what_is_unticked_does_not_go_in(self):
        wizard = self.wizard(self.both.action_progbox_compile())
        wizard.file_ids.filtered(lambda f: f.name == "plan.pdf").include = False
        wizard.line_ids.filtered(lambda x: x.move_id == self.second).include = False
        job = self.finished(wizard.action_compile())
        self.assertEqual(job.unit_count, 1)
        self.assertEqual(
            self.left_out(job), {("plan.pdf", "unasked"), ("sheet.xlsx", "not_a_pdf")}
        )

    def test_dragged_lines_are_compiled_in_their_new_order(self):
        wizard = self.wizard(self.both.action_progbox_compile())
        first, second = wizard.line_ids.sorted("sequence")
        first.sequence, second.sequence = 5, 1
        wizard.write({"with_cover": False, "with_numbers": False})
        job = self.finished(wizard.action_compile())
        self.assertEqual(job.sort_by, "manual")
        self.assertEqual(self.texts(self.reader(job))[:2], ["SECOND", "FIRST"])

    def test_an_order_that_was_chosen_arranges_the_lines(self):
        earlier = self.invoice("EARLIER", date="2026-10-02")
        moves = self.first | earlier.with_user(self.manager)
        wizard = self.wizard(moves.with_user(self.manager).action_progbox_compile())
        with Form(wizard) as form:
            form.sort_by = "date"
        self.assertEqual(
            wizard.line_ids.sorted("sequence").move_id, earlier | self.first
        )
        job = self.job(wizard.action_compile())
        self.assertEqual(job.sort_by, "date")

    def test_many_invoices_are_counted_and_not_listed(self):
        with patch(f"{WIZARD}.LISTED", 1):
            wizard = self.wizard(self.both.action_progbox_compile())
        self.assertFalse(wizard.line_ids)
        self.assertIn("Invoices: 2 · Files: 3", wizard.total_text)
        self.assertEqual(wizard.attachments_text, "1")
        job = self.finished(wizard.action_compile())
        self.assertEqual(job.unit_count, 2)

    def test_the_bill_itself_is_not_counted_among_its_attachments(self):
        bills = (self.bill("ONE") | self.bill("TWO", ref="V-2")).with_user(self.manager)
        with patch(f"{WIZARD}.LISTED", 1):
            wizard = self.wizard(bills.action_progbox_compile())
        self.assertIn("Invoices: 2 · Files: 2", wizard.total_text)

    def test_all_that_match_are_compiled_beyond_what_the_browser_names(self):
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 1)
        domain = [("id", "in", self.both.ids)]
        some = self.both[0].with_context(active_domain=domain)
        self.assertEqual(self.wizard(some.action_progbox_compile()).unit_count, 2)
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 20000)
        self.assertEqual(self.wizard(some.action_progbox_compile()).unit_count, 1)

    def test_dates_without_a_period_are_named_and_offered(self):
        self.company.progbox_period_mode = "manual"
        wizard = self.wizard(self.both.action_progbox_compile())
        self.assertEqual(wizard.missing_days, "11/02/2026")
        with self.assertRaisesRegex(UserError, "11/02/2026"):
            wizard.action_compile()
        wizard.action_create_periods()
        wizard.invalidate_recordset()
        self.assertFalse(wizard.missing_days)
        self.assertEqual(self.first.progbox_period_id.display_name, "November 2026")
        self.finished(wizard.action_compile())

    def test_automatic_periods_are_there_when_they_are_needed(self):
        self.assertFalse(self.first.progbox_period_id)
        self.wizard(self.both.action_progbox_compile()).action_compile()
        self.first.invalidate_recordset()
        self.assertEqual(self.first.progbox_period_id.display_name, "November 2026")

    def test_a_whole_period_is_compiled_with_one_click(self):
        bill = self.bill("BILL")
        self.env["progbox.billing.period"]._ensure(
            self.company, [self.first.invoice_date]
        )
        period = self.first.progbox_period_id.with_user(self.manager)
        job = self.finished(period.action_compile_invoices())
        self.assertEqual(job.move_ids, self.first | self.second)
        self.assertEqual(job.name, "Customer invoices, November 2026")
        self.assertIn("November 2026", job.name)
        job = self.finished(period.action_compile_bills())
        self.assertEqual(job.move_ids, bill)
        wizard = self.wizard(period.action_open_wizard())
        self.assertEqual(wizard.move_ids, self.first | self.second)

    def test_a_folder_of_the_archive_is_compiled(self):
        folder = self.documents(self.first).folder_id.parent_id
        wizard = self.wizard(folder.with_user(self.manager).action_compile())
        self.assertEqual(wizard.move_ids, self.first | self.second)
        documents = self.documents(self.second).with_user(self.manager)
        self.assertEqual(self.wizard(documents.action_compile()).move_ids, self.second)

    def test_a_folder_without_invoices_says_so(self):
        job = self.run_job(self.request(self.first))
        with self.assertRaisesRegex(UserError, "no invoice among"):
            job.result_ids.with_user(self.manager).action_compile()
