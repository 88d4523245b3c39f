import io
from unittest.mock import patch

from PIL import Image

from odoo.tests import Form, tagged

from ..models.compilation_signed import is_the_invoice
from .compilation_common import CompilationCommon, encrypted, mail, pdf_of, signed

WIZARDS = "odoo.addons.progbox_invoice_archive.wizards"


@tagged("post_install", "-at_install")
class TestCompilationWizardTotals(CompilationCommon):
    """What the wizard says will go in is what goes in."""

    def opened(self, moves):
        action = moves.with_user(self.manager).action_progbox_compile()
        wizards = self.env[action["res_model"]].with_user(self.manager)
        return wizards.browse(action["res_id"])

    def totals(self, wizard):
        return wizard.total_text.rpartition(" · ")[0]

    def assertTrueTotals(self, wizard, expected):
        """Compare what the wizard says with what the backup has."""
        self.assertEqual(self.totals(wizard), expected)
        wizard.write({"with_cover": False, "with_numbers": False})
        job = self.run_job(self.compilations.browse(wizard.action_compile()["res_id"]))
        self.assertEqual(job.state, "done", job.error_detail)
        inside = job.file_ids.filtered(lambda line: line.state == "in")
        invoices = len(set(inside.mapped("sequence")))
        self.assertEqual(
            f"Invoices: {invoices} · Files: {len(inside)} · "
            f"Pages: {sum(inside.mapped('pages'))}",
            expected,
        )

    def test_detached_pdfs_are_not_counted_while_they_are_switched_off(self):
        move = self.invoice("FIRST")
        name = "INV (detached by Mitchell Admin on 11/02/2026).pdf"
        self.attach(move, name, pdf_of("OLD"))
        wizard = self.opened(move)
        self.assertEqual(wizard.detached_text, "1")
        self.assertEqual(wizard.line_ids.file_count, 1)
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 1 · Pages: 1")
        wizard = self.opened(move)
        wizard.with_detached = True
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 2 · Pages: 2")

    def test_the_lines_follow_the_boxes_and_the_ticks(self):
        move = self.invoice("FIRST")
        self.attach(move, "plan.pdf", pdf_of("PLAN 1", "PLAN 2"))
        wizard = self.opened(move)
        with Form(wizard) as form:
            form.with_attachments = False
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.file_count, line.pages), (1, 1))
            form.with_attachments = True
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.file_count, line.pages), (2, 3))
            with form.file_ids.edit(1) as file:
                file.include = False
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.file_count, line.pages), (1, 1))
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 1 · Pages: 1")

    def test_a_signed_copy_is_counted_in_place_of_its_invoice(self):
        move = self.posted()
        self.deposit(move, pdf_of(move.name))
        self.attach(move, "signed.pdf", signed(pdf_of(f"{move.name} SIGNED", "2")))
        wizard = self.opened(move)
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 1 · Pages: 2")
        self.attach(move, "terms.pdf", signed(pdf_of("TERMS")))
        wizard = self.opened(move)
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 2 · Pages: 3")

    def test_comparing_a_signed_file_ends_when_the_time_is_up(self):
        move = self.invoice("FIRST")
        self.attach(move, "signed.pdf", signed(pdf_of("SIGNED")))

        def late(*arguments):
            return is_the_invoice(*arguments[:-1], lambda: True)

        with patch(f"{WIZARDS}.progbox_compile_wizard_file.is_the_invoice", late):
            wizard = self.opened(move)
        self.assertEqual(
            self.totals(wizard), "Invoices: 1 · Files: 2 · Pages: at least 1"
        )

    def test_refused_files_and_twins_are_not_counted(self):
        move, content = self.invoice("FIRST"), pdf_of("TWICE")
        self.attach(move, "locked.pdf", encrypted(pdf_of("SECRET"), "pass"))
        for name in ("a.pdf", "b.pdf"):
            self.attach(move, name, content)
        wizard = self.opened(move)
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 2 · Pages: 2")

    def test_papers_inside_of_others_are_counted_once(self):
        plan, terms = pdf_of("PLAN 1", "PLAN 2"), pdf_of("TERMS")
        move = self.invoice("FIRST")
        self.attach(move, "mail.eml", mail(("plan.pdf", plan), ("terms.pdf", terms)))
        self.attach(move, "plan.pdf", plan)
        self.attach(move, "again.eml", mail(("plan.pdf", plan), ("x.pdf", pdf_of("X"))))
        wizard = self.opened(move)
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 3 · Pages: 5")

    def test_an_invoice_that_odoo_makes_hides_no_pages(self):
        moves = self.invoice("FIRST") | self.posted()
        wizard = self.opened(moves)
        self.assertEqual(
            self.totals(wizard), "Invoices: 2 · Files: 2 · Pages: at least 1"
        )
        self.assertIn("at least", wizard.total_text.rpartition(" · ")[2])
        rendered = wizard.line_ids.filtered(lambda line: not line.pages)
        rendered.include = False
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 1 · Pages: 1")

    def test_counting_pages_ends_when_the_time_is_up(self):
        moves = self.invoice("FIRST") | self.invoice("SECOND")
        with patch(f"{WIZARDS}.progbox_compile_wizard.PAGES_SECONDS", -1):
            wizard = self.opened(moves)
        # "At least 0 pages" would say nothing.
        self.assertEqual(self.totals(wizard), "Invoices: 2 · Files: 2")

    def test_many_invoices_are_counted_as_few_are(self):
        """Above the list's limit SQL counts, below it the files that are shown."""
        first, second, archived = self.invoice("FIRST"), self.posted(), self.posted()
        self.deposit(archived, pdf_of(archived.name))
        self.deposit_einvoice(archived)
        buffer = io.BytesIO()
        Image.new("RGB", (60, 40), "red").save(buffer, "PNG")
        self.attach(first, "photo.png", buffer.getvalue())
        self.attach(first, "sheet.xlsx", b"PK a sheet")
        self.attach(first, "plan.pdf", pdf_of("PLAN"))
        name = "INV (detached by Mitchell Admin on 11/02/2026).pdf"
        self.attach(second, name, pdf_of("OLD"))
        self.attach(second, "e-mail.pdf", pdf_of("IN A MESSAGE"))
        moves = first | second | archived | self.bill("BILL")
        few = self.opened(moves)
        with patch(f"{WIZARDS}.progbox_compile_wizard.LISTED", 1):
            many = self.opened(moves)
        self.assertEqual((few.is_listed, many.is_listed), (True, False))

        def words(wizard):
            words = wizard.total_text.split(" · ")
            return [word for word in words if not word.startswith("Pages")]

        self.assertEqual(words(few)[:2], ["Invoices: 4", "Files: 8"])
        for box in ("detached", "images", "einvoices", "attachments"):
            self.assertEqual(words(many), words(few), f"before {box} is clicked")
            for wizard in (few, many):
                wizard[f"with_{box}"] = not wizard[f"with_{box}"]
        self.assertEqual(words(many), words(few))
        self.assertEqual(words(few)[:2], ["Invoices: 4", "Files: 4"])

    def test_files_of_many_invoices_are_counted_by_what_they_are(self):
        first, second = self.invoice("FIRST"), self.posted()
        buffer = io.BytesIO()
        Image.new("RGB", (60, 40), "red").save(buffer, "PNG")
        self.attach(first, "photo.png", buffer.getvalue())
        self.attach(first, "sheet.xlsx", b"PK a sheet")
        name = "INV (detached by Mitchell Admin on 11/02/2026).pdf"
        self.attach(second, name, pdf_of("OLD"))
        self.deposit_einvoice(first)
        with patch(f"{WIZARDS}.progbox_compile_wizard.LISTED", 1):
            wizard = self.opened(first | second | self.bill("BILL"))
        self.assertEqual(
            (wizard.einvoices_text, wizard.images_text, wizard.detached_text),
            ("1", "1", "1"),
        )
        self.assertIn("Invoices: 3 · Files: 5 · at least ", wizard.total_text)
        wizard.with_einvoices = wizard.with_images = False
        self.assertIn("Invoices: 3 · Files: 3 · at least ", wizard.total_text)

    def test_older_pdfs_are_counted_as_the_backup_takes_them(self):
        move = self.invoice("FIRST")
        name = "INV (detached by Mitchell Admin on 11/02/2026).pdf"
        self.attach(move, name, pdf_of("OLD"))
        for with_attachments, files in ((True, 2), (False, 1)):
            with self.subTest(with_attachments=with_attachments):
                wizard = self.opened(move)
                wizard.with_detached = True
                wizard.with_attachments = with_attachments
                total = f"Invoices: 1 · Files: {files} · Pages: {files}"
                self.assertTrueTotals(wizard, total)

    def test_signed_copies_of_many_invoices_are_not_counted_beside_them(self):
        moves = self.invoice("FIRST") | self.invoice("SECOND")
        signed_copy = self.env.ref("progbox_invoice_archive.document_type_signed_copy")
        self.deposit(
            moves[0], pdf_of("SIGNED"), name="signed.pdf", type_id=signed_copy.id
        )
        with patch(f"{WIZARDS}.progbox_compile_wizard.LISTED", 1):
            wizard = self.opened(moves)
        self.assertEqual(wizard.einvoices_text, "none")
        self.assertEqual(self.totals(wizard), "Invoices: 2 · Files: 2")
        job = self.run_job(self.compilations.browse(wizard.action_compile()["res_id"]))
        inside = job.file_ids.filtered(lambda line: line.state == "in")
        self.assertEqual(len(inside), 2)

    def test_lines_without_a_period_may_be_unticked(self):
        self.company.progbox_period_mode = "manual"
        moves = self.invoice("FIRST") | self.invoice("OLD", date="2024-02-03")
        self.env["progbox.billing.period"]._ensure(
            self.company, [moves[0].invoice_date], by_hand=True
        )
        wizard = self.opened(moves)
        self.assertEqual(wizard.missing_days, "02/03/2024")
        with Form(wizard) as form:
            for place, line in enumerate(wizard.line_ids):
                if line.move_id == moves[1]:
                    with form.line_ids.edit(place) as edited:
                        edited.include = False
            self.assertFalse(form.missing_days)
        self.assertTrueTotals(wizard, "Invoices: 1 · Files: 1 · Pages: 1")

    def test_the_order_shown_is_that_of_the_backup(self):
        names = ("Client 10", "Client 9", "Éloi", "Zoé")
        moves = self.env["account.move"]
        for number, name in enumerate(names):
            partner = self.env["res.partner"].create({"name": name})
            for day in (f"2026-11-{20 - number}", f"2026-11-0{number + 1}"):
                moves |= self.invoice(name, day, partner_id=partner.id)
        for sort_by in ("contract", "date", "partner"):
            with self.subTest(sort_by=sort_by):
                wizard = self.opened(moves)
                with Form(wizard) as form:
                    form.sort_by = sort_by
                shown = wizard.line_ids.sorted("sequence").move_id
                job = self.compilations.browse(wizard.action_compile()["res_id"])
                self.assertEqual(job.sort_by, sort_by)
                job = job._as_requester()
                units, _gone = job.env["progbox.compilation.units"]._units(job)
                self.assertEqual([unit.res_id for unit in units], shown.ids)

    def test_all_documents_that_match_are_compiled(self):
        moves = self.invoice("FIRST") | self.invoice("SECOND")
        documents = self.documents(moves[0]) | self.documents(moves[1])
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 1)
        some = (
            documents[0]
            .with_user(self.manager)
            .with_context(active_domain=[("id", "in", documents.ids)])
        )
        action = some.action_compile()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.move_ids, moves)
