import doctest
import os
import re
from datetime import datetime, timezone
from unittest.mock import patch

from pikepdf import Array, Dictionary, Name, String

from ..tools.pdf import (
    Attached,
    CompileError,
    Part,
    check,
)
from ..tools.pdf.child import attachments, outline, words
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .pdf_common import (
    PdfCase,
    poppler_image,
    poppler_texts,
    pypdf_texts,
    qpdf_check,
)


class TestPdfAssembly(PdfCase):
    """All pages of all parts are there, in order, and lead to one another."""

    def test_the_examples_of_the_docstrings(self):
        for module in (attachments, outline, words):
            self.assertEqual(doctest.testmod(module).failed, 0)

    def test_two_readers_see_every_page_in_order(self):
        paths = [
            self.plain(number, *(f"{number}-{page}" for page in range(number)))
            for number in range(1, 80)
        ]
        parts = [self.part(path) for path in paths[::13]] + [
            Part(path, number) for number, path in enumerate(paths, 1)
        ]
        assembled = self.assemble(parts)
        wanted = [
            f"{part.pages}-{page}" for part in parts for page in range(part.pages)
        ]
        self.assertEqual(poppler_texts(self.target), wanted)
        self.assertEqual(pypdf_texts(self.target), wanted)
        self.assertEqual(assembled, (len(wanted), self.target.stat().st_size))
        code, said = qpdf_check(self.target)
        self.assertEqual(code, 0, said)
        self.assertFalse(list(self.work.iterdir()), "temporary files stay")

    def test_bookmarks_lead_to_their_pages(self):
        one, two = self.plain("one", "a", "b"), self.plain("two", "c")
        self.assemble(
            [
                Part(two, 1),
                Part(one, 2, "Invoice", ("Lefèvre", "INV/1")),
                Part(two, 1, "Plan", ("Lefèvre", "INV/1")),
                Part(one, 2, "", ("Lefèvre", "INV/2")),
                Part(two, 1, "Left out"),
            ]
        )
        reader = self.reader()
        pages = [page.indirect_reference.idnum for page in reader.pages]

        def tree(entries):
            for entry in entries:
                if isinstance(entry, list):
                    yield list(tree(entry))
                else:
                    yield entry.title, pages.index(entry.raw_get("/Page").idnum)

        self.assertEqual(
            list(tree(reader.outline)),
            [
                ("Lefèvre", 1),
                [("INV/1", 1), [("Invoice", 1), ("Plan", 3)], ("INV/2", 4)],
                ("Left out", 6),
            ],
        )

    def test_title_author_and_dates(self):
        created = datetime(2026, 11, 21, 8, 30, tzinfo=timezone.utc)
        metadata = {"author": "ProGBox & Cie", "subject": "Été", "created": created}
        self.assemble(
            [self.part(self.plain("one", "a"))],
            title="Décompte <1>",
            metadata=metadata | {"language": "fr-FR", "keywords": ""},
        )
        reader = self.reader()
        self.assertEqual(reader.metadata.title, "Décompte <1>")
        self.assertEqual(reader.metadata.author, "ProGBox & Cie")
        self.assertEqual(reader.metadata.subject, "Été")
        self.assertEqual(reader.metadata.creation_date, created)
        self.assertEqual(reader.xmp_metadata.dc_title, {"x-default": "Décompte <1>"})
        self.assertEqual(reader.root_object["/Lang"], "fr-FR")

    def test_embedded_originals_are_there_byte_for_byte(self):
        signed = collection.signed(self.folder / "signed.pdf", "signed")
        xml = self.folder / "xml"
        xml.write_bytes(collection.XML * 100_000)
        self.assemble(
            [self.part(signed)],
            attached=[
                Attached(signed, "Été.pdf", "Signed original", "application/pdf"),
                Attached(xml, "factur-x.xml"),
                Attached(signed, "Été.pdf"),
            ],
        )
        self.assertEqual(
            dict(self.reader().attachments.items()),
            {
                "Été.pdf": [signed.read_bytes()],
                "Été (2).pdf": [signed.read_bytes()],
                "factur-x.xml": [xml.read_bytes()],
            },
        )

    def test_an_embedded_signature_is_still_valid(self):
        signed = collection.signed(self.folder / "signed.pdf", "signed")
        self.assemble([self.part(signed)], attached=[Attached(signed, "signed.pdf")])
        [content] = self.reader().attachments["signed.pdf"]
        copy = self.folder / "copy.pdf"
        copy.write_bytes(content)
        said = os.popen(f"pdfsig -nocert {copy}").read()
        self.assertIn("Signature is Valid", said)
        self.assertIn("Total document signed", said)

    def test_nothing_acts_by_itself(self):
        path = hostile.scripted(self.folder / "evil.pdf", "Invoice")
        texts = self.compile(path, self.plain("one", "a"))
        self.assertEqual(texts, ["Invoice", "a"])
        content = self.target.read_bytes()
        for trace in (b"evil", b"JavaScript", b"Launch", b"SubmitForm", b"/AA"):
            self.assertNotIn(trace, content)
        page = self.reader().pages[0]
        actions = [note.get_object().get("/A") for note in page["/Annots"]]
        addresses = [action["/URI"] for action in actions if action]
        self.assertEqual(addresses, ["https://x.test", "https://example.com/"])

    def test_scripts_do_not_survive_in_a_part_that_nobody_inspected(self):
        path = hostile.scripted(self.folder / "evil.pdf", "Invoice")
        self.assemble([Part(path, 1)])
        for trace in (b"progbox-evil", b"JavaScript", b"Launch"):
            self.assertNotIn(trace, self.target.read_bytes())

    def test_scripts_of_a_field_without_a_form_do_not_survive(self):
        path = self.plain("one", "a")
        with collection.changed(path, "a") as pdf:
            script = Dictionary(S=Name.JavaScript, JS=String("evil"))
            field = pdf.make_indirect(Dictionary(FT=Name.Tx, AA=Dictionary(K=script)))
            widget = Dictionary(
                Subtype=Name.Widget, Rect=[0, 0, 9, 9], Parent=field, AA={"/E": script}
            )
            pdf.pages[0].Annots = Array([pdf.make_indirect(widget)])
        self.assertReady(path, 1, ["scripts"])
        self.compile(path)
        self.assertNotIn(b"evil", self.target.read_bytes())

    def test_every_good_file_looks_as_before(self):
        paths = [
            collection.encrypted(self.folder / "a.pdf", "encrypted"),
            collection.linked(self.folder / "b.pdf", "linked"),
            collection.factur_x(self.folder / "c.pdf", "e-invoice"),
            hostile.broken_xref(self.folder / "d.pdf", "repaired"),
            self.plain("e", "huge", size=(1440, 1440)),
        ]
        self.compile(*paths)
        for page, path in enumerate(paths, 1):
            before, after = poppler_image(path), poppler_image(self.target, page)
            self.assertEqual(before.tobytes(), after.tobytes(), path)

    def test_page_numbers_stand_upright_at_the_bottom_of_every_page(self):
        path = self.plain("one", *"abcd")
        with collection.changed(path, *"abcd") as pdf:
            for page, turn in zip(pdf.pages, (0, 90, 180, 270), strict=True):
                page.obj.Rotate = turn
                page.obj.CropBox = [50, 60, 500, 700]
        cover = Part(self.plain("cover", "Cover"), 1, numbered=False)
        self.assemble([cover, self.part(path)], numbers="{page} / {pages}")
        texts = poppler_texts(self.target)
        self.assertEqual(texts[0], "Cover")
        for number in range(2, 6):
            self.assertIn(f"{number}/5", texts[number - 1].replace(" ", ""))
            image = poppler_image(self.target, number).convert("L")
            width, height = image.size
            foot = image.crop((width // 3, height - 26, 2 * width // 3, height - 14))
            self.assertLess(foot.getextrema()[0], 128, f"page {number} has no number")

    def test_ten_thousand_pages(self):
        path = self.plain("many", *map(str, range(2500)))
        part = self.part(path)
        assembled = self.assemble([part._replace(title=str(n)) for n in range(4)])
        self.assertEqual(assembled.pages, 10_000)
        self.assertEqual(len(self.reader().pages), 10_000)

    def test_shared_and_odd_pages(self):
        path = hostile.raw(
            self.folder / "odd.pdf",
            {
                1: b"<< /Type /Catalog /Pages 2 0 R >>",
                2: b"<< /Type /Pages /Count 3 /Kids [3 0 R 3 0 R 4 0 R]"
                b" /MediaBox [0 0 300 200] /Rotate 9 0 R >>",
                3: b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Missing 99 0 R"
                b" /Resources << /Font << /F 6 0 R >> >> >>",
                4: b"<< /Type /Page /Parent 2 0 R /MediaBox null"
                b" /Annots [<< /Subtype /Link /Dest [7 0 R /Fit] /F 10 0 R >>] >>",
                5: b"<< /Length 8 0 R >>\nstream\n"
                b"BT /F 12 Tf 20 90 Td (5 0 R \\(6 0 R\\)) Tj ET\nendstream",
                6: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
                7: b"<< /Type /Page /Parent 2 0 R /Secret (orphan) >>",
                8: b"42",
                9: b"90",
                10: b"null",
            },
        )
        before = poppler_texts(path)
        self.assertEqual(before[0], "5 0 R (6 0 R)")
        self.assertEqual(self.compile(path, path), before * 2)
        self.assertNotIn(b"orphan", self.target.read_bytes())
        self.assertEqual(self.reader().pages[0].rotation, 90)
        self.assertEqual(qpdf_check(self.target)[0], 0)

    def test_the_result_names_no_file_of_the_machine(self):
        self.compile(self.plain("one", "a"))
        self.assertNotIn(str(self.folder).encode(), self.target.read_bytes())


class TestPdfCheck(PdfCase):
    """Nobody gets a result that two readers have not read."""

    def setUp(self):
        super().setUp()
        paths = [
            collection.plain(self.folder / f"{name}.pdf", name, name) for name in "abc"
        ]
        self.compile(*paths)

    def assertFaulty(self, pages=6):
        with self.assertRaises(CompileError) as caught:
            check(self.target, pages)
        self.assertEqual(caught.exception.code, "check_failed")
        return caught.exception.detail

    def test_a_good_result_passes(self):
        check(self.target, 6)

    def test_pages_are_counted(self):
        self.assertIn("6 pages, not 7", self.assertFaulty(7))
        self.assertIn("6 pages, not 5", self.assertFaulty(5))

    def test_a_result_without_its_end_is_refused(self):
        content = self.target.read_bytes()
        self.target.write_bytes(content[:-200])
        self.assertFaulty()

    def test_a_lost_object_is_noticed(self):
        content = self.target.read_bytes()
        for match in re.finditer(rb"\d+ 0 obj", content):
            spoiled = content[: match.start()] + b"spoiled" + content[match.end() :]
            self.target.write_bytes(spoiled)
            self.assertFaulty()

    def test_without_poppler_there_is_pypdf(self):
        with patch.dict(os.environ, PATH=""):
            check(self.target, 6)
            self.assertIn("pages, not 7", self.assertFaulty(7))
