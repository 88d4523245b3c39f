from unittest.mock import patch

import pikepdf

from odoo.tests import tagged

from ..tools.pdf import PartRefused
from .compilation_common import (
    CompilationCommon,
    changed,
    encrypted,
    pdf_of,
    signed,
    with_signature,
    with_xml,
)

ASSEMBLE = "odoo.addons.progbox_invoice_archive.models.compilation_assembly.assemble"
BARE = {"with_cover": False, "with_numbers": False}


def with_script(pdf):
    def script(document):
        document.Root.OpenAction = pikepdf.Dictionary(
            S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")
        )

    return changed(pdf, script)


@tagged("post_install", "-at_install")
class TestCompilationLines(CompilationCommon):
    """Nothing is dropped without a line, and each line is true."""

    @classmethod
    def type_id(cls, code):
        return cls.env.ref(f"progbox_invoice_archive.document_type_{code}").id

    def lines(self, job):
        return {line.name: (line.state, line.code) for line in job.file_ids}

    def hide(self, move):
        """Let the requester lose the right to read an invoice."""
        self.env["ir.rule"].create(
            {
                "name": "hidden",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "domain_force": [("id", "!=", move.id)],
            }
        )

    # ------------------------------------------------------------------
    # Signed copies
    # ------------------------------------------------------------------

    def test_a_filed_signed_copy_replaces_an_invoice_that_is_sealed_itself(self):
        bill = self.bill(None)
        bill.action_post()
        received = self.attach(bill, "sealed.pdf", signed(pdf_of("SEALED")))
        bill.message_main_attachment_id = received
        self.deposit_signed_copy(bill, "SIGNED FOR")
        job = self.compiled(bill, **BARE)
        self.assertEqual(self.texts(self.reader(job))[0], "SIGNED FOR")
        self.assertEqual(self.left_out(job), {("sealed.pdf", "replaced")})

    def deposit_signed_copy(self, move, text):
        return self.deposit(
            move,
            pdf_of(text),
            name="signed.pdf",
            type_id=self.type_id("signed_copy"),
        )

    def test_a_sealed_invoice_is_not_replaced_by_a_signed_attachment(self):
        move = self.posted()
        self.deposit(move, signed(pdf_of("SEALED")))
        self.attach(move, "contract.pdf", signed(pdf_of("CONTRACT")))
        texts = self.texts(self.reader(self.compiled(move, **BARE)))
        self.assertEqual(texts, ["SEALED", "CONTRACT"])

    def test_only_the_invoice_itself_takes_its_place(self):
        move = self.posted(ref="ORDER-7")
        words = f"INVOICE {move.name} FOR A WALL"
        self.deposit(move, pdf_of(words))
        cases = {
            "terms.pdf": "GENERAL TERMS OF SALE",
            "contract.pdf": f"CONTRACT ABOUT THE GARDEN, ORDER-7, SEE {move.name}",
            "other.pdf": f"INVOICE {move.name}1 FOR A WALL",
        }
        for name, text in cases.items():
            self.attach(move, name, signed(pdf_of(text)))
        job = self.compiled(move, **BARE)
        self.assertFalse(job.left_out_ids)
        texts = self.texts(self.reader(job))
        self.assertEqual(texts, [words, *cases.values()])
        back = f"INVOICE {move.name} FOR A WALL AGREED"
        self.attach(move, "back.pdf", signed(pdf_of(back)))
        job = self.compiled(move, **BARE)
        self.assertEqual({line.code for line in job.left_out_ids}, {"replaced"})
        texts = self.texts(self.reader(job))
        self.assertEqual(texts[:-1], [back, *cases.values()])

    def test_without_a_file_of_the_invoice_its_amount_decides(self):
        bill = self.bill(None, ref="V 2026-7")
        bill.action_post()
        amount = f"{bill.amount_total:,.2f}"
        self.attach(bill, "terms.pdf", signed(pdf_of("TERMS FOR V 2026-7")))
        job = self.compiled(bill, **BARE)
        self.assertFalse(job.left_out_ids)
        self.assertEqual(self.lines(job)["terms.pdf"], ("in", False))
        said = f"BILL V 2026-7: {amount} EUR"
        self.attach(bill, "order.pdf", signed(pdf_of(f"ORDER FOR {said}")))
        name = bill.partner_id.name
        self.attach(bill, "back.pdf", signed(pdf_of(f"{name.upper()} {said}")))
        self.attach(bill, "again.pdf", signed(pdf_of(f"SECOND ORDER FOR {said}")))
        job = self.compiled(bill, **BARE)
        signed_copies = job.file_ids.filtered(lambda line: line.kind == "signed")
        self.assertEqual(signed_copies.mapped("name"), ["back.pdf"])

    def test_a_draft_with_a_signed_copy_keeps_its_line(self):
        draft = self.draft()
        self.attach(draft, "signed.pdf", signed(pdf_of("SIGNED")))
        job = self.compiled(draft, **BARE)
        self.assertEqual([line.code for line in job.left_out_ids], ["draft"])
        self.assertEqual(self.texts(self.reader(job))[0], "SIGNED")

    # ------------------------------------------------------------------
    # The archive
    # ------------------------------------------------------------------

    def test_a_second_archived_pdf_goes_in_behind_the_first(self):
        move = self.invoice("FIRST")
        self.deposit(
            move,
            pdf_of("SECOND"),
            name="second.pdf",
            type_id=self.type_id("einvoice_issued"),
        )
        texts = self.texts(self.reader(self.compiled(move, **BARE)))
        self.assertEqual(texts, ["FIRST", "SECOND"])

    def test_the_invoice_is_what_is_sealed_not_what_was_filed_on_it(self):
        move = self.posted()
        folder = self.server["progbox.folder"].create(
            {"name": "Plans", "company_id": self.company.id}
        )
        self.server["progbox.document"].create(
            {
                "name": "plan.pdf",
                "folder_id": folder.id,
                "company_id": self.company.id,
                "type_id": self.type_id("plan"),
                "mimetype": "application/pdf",
                "content": "JVBERi0=",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )
        self.assertFalse(move._progbox_documents())
        self.assertNotEqual(move.progbox_archive_state, "archived")
        self.deposit(move, pdf_of("INVOICE"))
        move.invalidate_recordset()
        self.assertEqual(move.progbox_archive_state, "archived")
        self.assertEqual(
            self.texts(self.reader(self.compiled(move, **BARE))), ["INVOICE"]
        )

    def test_what_was_archived_of_a_draft_or_cancelled_invoice_goes_in(self):
        back, cancelled = self.invoice("BACK"), self.invoice("CANCELLED")
        (back | cancelled).button_draft()
        cancelled.button_cancel()
        job = self.compiled(back | cancelled, **BARE)
        texts = self.texts(self.reader(job))
        self.assertEqual(set(texts[:2]), {"BACK", "CANCELLED"})
        self.assertFalse(job.left_out_ids)
        notes = {line.res_id: line.note for line in job.file_ids}
        self.assertIn("is a draft again", notes[back.id])
        self.assertIn("has been cancelled", notes[cancelled.id])
        self.assertIn("is a draft again", " ".join(texts[2].split()))

    # ------------------------------------------------------------------
    # Every file has its line
    # ------------------------------------------------------------------

    def test_an_invoice_that_is_gone_is_named_on_the_last_page(self):
        move, hidden = self.invoice("FIRST"), self.invoice("HIDDEN")
        for split in ("none", "partner"):
            with self.subTest(split=split):
                request = self.request(move | hidden, None, {**BARE, "split_by": split})
                self.hide(hidden)
                job = self.run_job(request)
                [line] = job.left_out_ids
                self.assertEqual(line.code, "forbidden")
                texts = self.texts(self.reader(job))
                self.assertEqual((job.result_count, len(texts)), (1, 2))
                self.assertIn(line.number, " ".join(texts[1].split()))
                self.env["ir.rule"].search([("name", "=", "hidden")]).unlink()

    def test_a_client_without_any_page_is_told_of_in_the_last_file(self):
        aubin = self.env["res.partner"].create({"name": "Aubin"})
        draft = self.draft(partner=aubin)
        moves = self.invoice("FIRST") | draft
        job = self.compiled(moves, **BARE, split_by="partner")
        texts = self.texts(self.reader(job))
        self.assertEqual((job.result_count, len(texts)), (1, 2))
        self.assertIn("It is a draft.", " ".join(texts[1].split()))

    def test_an_xml_without_any_page_around_it_is_left_out(self):
        move = self.posted()
        self.deposit(
            move,
            b"<Invoice/>",
            name="factur-x.xml",
            mimetype="application/xml",
            type_id=self.type_id("einvoice_issued"),
        )
        move.button_draft()
        job = self.compiled(move, **BARE)
        self.assertFalse(job.result_ids)
        self.assertEqual(self.lines(job)["factur-x.xml"], ("left_out", "alone"))

    def test_what_is_inside_of_a_pdf_has_its_line_when_it_stays_out(self):
        move = self.posted()
        self.deposit(move, with_xml(pdf_of("FACTUR-X")))
        job = self.compiled(move, **BARE, with_einvoices=False)
        self.assertEqual(self.left_out(job), {("factur-x.xml", "unasked")})
        self.assertFalse(job.gap_count)
        job = self.compiled(move, **BARE)
        self.assertFalse(job.left_out_ids)
        [content] = self.reader(job).attachments.values()
        self.assertEqual(content, [b"<Invoice/>"])

    def test_lines_of_inner_files_are_not_written_twice(self):
        move = self.posted()
        self.deposit(move, with_xml(pdf_of("FACTUR-X")))
        job = self.request(move, None, {**BARE, "with_einvoices": False})
        job = self.server["progbox.compilation"].browse(job.id)
        job._job_begin_attempt()
        for progress in job._job_steps():
            job._job_write(progress or {})
            if job.step == "assemble":
                break
        # As on another host.
        job._remove_folder()
        job._job_process()
        self.assertEqual(job.state, "done", job.error_detail)
        self.assertEqual(len(job.left_out_ids), 1)

    def test_what_a_file_has_lost_is_said(self):
        move = self.invoice("FIRST")
        self.attach(move, "scripted.pdf", with_script(pdf_of("SCRIPTED")))
        self.attach(move, "open.pdf", encrypted(pdf_of("OPEN"), ""))
        job = self.compiled(move, **BARE)
        notes = {line.name: line.note for line in job.file_ids if line.note}
        self.assertIn("scripts", notes["scripted.pdf"])
        self.assertIn("encrypted", notes["open.pdf"])
        texts = self.texts(self.reader(job))
        self.assertEqual(len(texts), 4)
        self.assertIn("scripted.pdf", texts[3])
        self.assertNotIn("open.pdf", texts[3])
        self.assertEqual((job.left_out_count, job.gap_count), (0, 0))

    # ------------------------------------------------------------------
    # Duplicates
    # ------------------------------------------------------------------

    def test_the_twin_of_a_file_that_was_unticked_goes_in(self):
        move, content = self.invoice("FIRST"), pdf_of("TWICE")
        first = self.attach(move, "a.pdf", content)
        self.attach(move, "b.pdf", content)
        job = self.run_job(self.request(move, None, BARE, excluded=first.ids))
        self.assertEqual(self.left_out(job), {("a.pdf", "unasked")})
        self.assertEqual(self.lines(job)["b.pdf"], ("in", False))

    def test_twins_that_are_refused_say_both_why(self):
        move, content = self.invoice("FIRST"), encrypted(pdf_of("SECRET"), "pass")
        for name in ("a.pdf", "b.pdf"):
            self.attach(move, name, content)
        job = self.compiled(move, **BARE)
        self.assertEqual(
            self.left_out(job), {("a.pdf", "encrypted"), ("b.pdf", "encrypted")}
        )

    def test_the_twin_of_an_invoice_that_was_replaced_is_replaced_too(self):
        move, content = self.posted(), pdf_of("INVOICE")
        self.deposit(move, content)
        self.attach(move, "again.pdf", content)
        self.attach(move, "signed.pdf", with_signature(content))
        job = self.compiled(move, **BARE)
        self.assertEqual({line.code for line in job.left_out_ids}, {"replaced"})
        [kept] = job.file_ids.filtered(lambda line: line.state == "in")
        self.assertEqual((kept.name, kept.kind), ("signed.pdf", "signed"))
        self.assertFalse(job.gap_count)

    def test_an_invoice_filed_again_as_its_signed_copy_is_in_once(self):
        move, content = self.posted(), pdf_of("INVOICE")
        self.deposit(move, content)
        self.deposit(
            move, content, name="signed.pdf", type_id=self.type_id("signed_copy")
        )
        job = self.compiled(move, **BARE)
        self.assertEqual(self.texts(self.reader(job))[0], "INVOICE")
        self.assertEqual(len(job.left_out_ids), 1)

    def test_a_file_that_goes_bad_late_leaves_no_empty_file(self):
        move = self.invoice("FIRST")

        def moody(*args, **kwargs):
            raise PartRefused(0, "damaged", "late")

        request = self.request(move, None, BARE)
        with patch(ASSEMBLE, moody):
            job = self.run_job(request)
        self.assertEqual(job.state, "done", job.error_detail)
        self.assertFalse(job.result_ids)
        self.assertIn("None of the files", job.summary)
