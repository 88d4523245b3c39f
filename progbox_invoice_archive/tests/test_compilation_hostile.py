import tempfile
from pathlib import Path

from odoo.tests import tagged

from ..models.compilation_texts import REASONS, note_text, reason_texts
from ..tools.pdf import REFUSALS
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .compilation_common import CompilationCommon, pdf_of, signed

BARE = {"with_cover": False, "with_numbers": False}


@tagged("post_install", "-at_install")
class TestCompilationHostile(CompilationCommon):
    """Whatever strangers put into a PDF, there is a backup, and it does no harm."""

    def made(self, make, *args, **options):
        """Return the bytes of a file of pdf_collection or pdf_hostile."""
        with tempfile.TemporaryDirectory() as folder:
            return make(Path(folder) / "file.pdf", *args, **options).read_bytes()

    def compiled_with(self, name, content):
        """Return the backup of an invoice with one attachment."""
        self.move = self.invoice("INVOICE")
        self.attach(self.move, name, content)
        return self.compiled(self.move, **BARE)

    def test_names_that_no_database_takes_do_not_stop_the_backup(self):
        files = {b"a\0b.xml": b"<a/>", b"\xef\xbb\xbf\xffa.exe": b"MZ"}
        job = self.compiled_with("plan.pdf", self.made(collection.containing, files))
        [name] = self.reader(job).attachments
        self.assertTrue(name.endswith("a b.xml"), name)
        [(name, code)] = self.left_out(job)
        self.assertEqual((name.endswith("a.exe"), code), (True, "active"))

    def test_names_in_a_portfolio_do_not_stop_it_either(self):
        files = {b"a\0b.pdf": pdf_of("MEMBER"), b"c\0d.txt": b"text"}
        job = self.compiled_with("all.pdf", self.made(collection.portfolio, files))
        self.assertEqual(self.texts(self.reader(job))[:2], ["INVOICE", "MEMBER"])
        self.assertEqual(self.left_out(job), {("c d.txt", "not_a_pdf")})

    def test_nor_does_what_a_form_says(self):
        form = self.made(collection.form, "\0Żółć 50% \U0001e900")
        job = self.compiled_with("form.pdf", form)
        [line] = job.file_ids.filtered(lambda line: line.name == "form.pdf")
        self.assertEqual((line.state, line.is_told), ("in", True))
        self.assertIn("client: Żółć 50% \U0001e900.", line.note)

    def test_a_program_inside_of_a_pdf_is_left_out_with_a_reason(self):
        files = {"notes.txt": b"notes", "evil.exe": b"MZ"}
        job = self.compiled_with("plan.pdf", self.made(collection.containing, files))
        self.assertEqual(self.left_out(job), {("evil.exe", "active")})
        [name] = self.reader(job).attachments
        self.assertTrue(name.endswith("notes.txt"), name)

    def test_a_signed_file_of_a_portfolio_is_attached_as_it_is(self):
        original = signed(pdf_of("SIGNED"))
        files = {"contract.pdf": original, "plan.pdf": pdf_of("PLAN")}
        job = self.compiled_with("all.pdf", self.made(collection.portfolio, files))
        reader = self.reader(job)
        self.assertEqual(self.texts(reader)[:3], ["INVOICE", "SIGNED", "PLAN"])
        [(name, [content])] = reader.attachments.items()
        self.assertTrue(name.endswith("contract.pdf"), name)
        self.assertEqual(content, original)

    def test_a_signed_original_with_scripts_is_attached_and_says_so(self):
        original = signed(self.made(hostile.scripted, "SIGNED"))
        job = self.compiled_with("signed.pdf", original)
        reader = self.reader(job)
        [(_name, [content])] = reader.attachments.items()
        self.assertEqual(content, original)
        [specification] = reader.root_object["/AF"]
        self.assertIn("scripts", specification.get_object()["/Desc"])

    def test_every_refusal_has_its_words(self):
        self.assertFalse(REFUSALS.keys() - REASONS.keys())
        for code in REFUSALS:
            sentence, advice = reason_texts(self.env, code)
            self.assertTrue(sentence.endswith("."), code)
            self.assertTrue(advice.endswith("."), code)

    def test_lost_pages_are_told_with_their_numbers(self):
        text, is_told = note_text(self.env, ["repaired", "pages_lost/6/30"])
        self.assertIn("could be read: 6 of 30.", text)
        self.assertNotIn("what could be read is in", text)
        self.assertTrue(is_told)
