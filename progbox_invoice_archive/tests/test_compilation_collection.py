import io
import re
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from odoo.tests import tagged

from .compilation_collection import KINDS, NOISE, upright
from .compilation_common import CompilationCommon, mail, pdf_of, photo, ubl
from .pdf_common import poppler_texts

DOTS = 36  # for an inch: enough to see what is where
DIFFERENT = 4  # of 255, on average: another picture


def painted(path):
    """The pages as Poppler paints them; none of a file that it cannot open."""
    command = ["pdftoppm", "-gray", "-cropbox", "-r", str(DOTS), path]
    said = subprocess.run(command, capture_output=True).stdout
    pages, stream = [], io.BytesIO(said)
    while stream.tell() < len(said):
        start = stream.tell()
        head = [stream.readline() for _line in range(3)]
        width, height = map(int, head[1].split())
        stream.seek(start + sum(map(len, head)))
        size = (width, height)
        pages.append(Image.frombytes("L", size, stream.read(width * height)))
    return pages


def difference(one, other):
    """How much two pictures differ, from 0 to 255."""
    other = other.resize(one.size)
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def ink(page):
    darkest, lightest = page.getextrema()
    return lightest - darkest


@tagged("post_install", "-at_install")
class TestCompilationCollection(CompilationCommon):
    """Every kind of file through the whole job, beside what a second reader says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        move = cls.invoice("INVOICE")
        for name, kind in KINDS.items():
            kind.make(cls.folder / name)
            cls.attach(move, name, (cls.folder / name).read_bytes())
        cls.bills = cls.received_bills()
        moves = move.union(*(bill for bill, _papers in cls.bills.values()))
        cls.job = cls.compiled(
            moves, with_cover=False, with_numbers=False, sort_by="manual"
        )
        cls.result = cls.folder / "result"
        cls.result.write_bytes(cls.content(cls.job.result_ids))
        lines = cls.job.sudo().file_ids
        cls.lines = {line.name: line for line in lines if line.res_id == move.id}
        texts, pages = poppler_texts(cls.result), painted(cls.result)
        cls.found, cls.found_of_bills, place = {}, {}, 0
        for line in lines.filtered("pages"):
            part = slice(place, place := place + line.pages)
            said = [text.partition(f" {NOISE[:40]}")[0] for text in texts[part]]
            found = list(zip(said, pages[part], strict=True))
            if line.res_id == move.id:
                cls.found[line.name] = found
            else:
                cls.found_of_bills.setdefault(line.res_id, []).extend(found)

    @classmethod
    def received_bills(cls):
        """Return bills as they come, and the papers that stand for them."""
        scan = photo()
        paper, plan = pdf_of("vendor's own"), pdf_of("plan")
        bills = {
            "an e-mail": (cls.received(("m.eml", mail(("b.pdf", paper)))), [paper]),
            "an e-mail of text": (
                cls.received(("m.eml", mail()), ("b.pdf", paper)),
                [paper],
            ),
            "an e-invoice": (cls.received(("b.xml", ubl(("b.pdf", paper)))), [paper]),
            "an XML beside it": (
                cls.received(("b.xml", ubl()), ("b.pdf", paper)),
                [paper],
            ),
            "a message": (cls.received(("b.pdf", paper)), [paper, plan, scan]),
            "a photo": (cls.received(("b.jpg", scan)), [scan]),
            "nothing": (cls.received(main=None), None),
            "half of it": (cls.received(("b.pdf", pdf_of("cut" * 99)[:400])), None),
        }
        bill, _papers = bills["a message"]
        bill.message_post(
            attachments=[
                ("plan.pdf", plan),
                ("delivery note.jpg", scan),
                ("card.vcf", b"BEGIN:VCARD\r\nEND:VCARD"),
                ("smime.p7s", b"0\x82\x01"),
            ],
            message_type="email",
        )
        return bills

    def test_each_bill_shows_the_papers_that_were_received(self):
        for name, (bill, papers) in self.bills.items():
            found = self.found_of_bills[bill.id]
            with self.subTest(name):
                if papers is None:
                    self.assertIn("Made by Odoo", found[0][0])
                    continue
                self.assertEqual(len(found), len(papers))
                for (_text, page), paper in zip(found, papers, strict=True):
                    path = self.folder / "paper"
                    path.write_bytes(paper)
                    if paper.startswith(b"%PDF"):
                        self.assert_like([page], painted(path))
                    else:
                        self.assert_shows([page], [*upright(path)])

    def test_there_are_enough_of_them(self):
        self.assertGreaterEqual(len(KINDS), 60)
        self.assertLessEqual(KINDS.keys(), self.lines.keys())

    def test_what_stays_out_says_why(self):
        wanted = {name: kind.refusal for name, kind in KINDS.items() if kind.refusal}
        lines = {name: self.lines[name] for name in KINDS}
        found = {n: line.code for n, line in lines.items() if line.state != "in"}
        self.assertEqual(found, wanted)

    def test_what_goes_in_says_what_has_changed(self):
        for name, kind in KINDS.items():
            if not kind.refusal:
                codes = self.lines[name].note_codes or []
                # What a form says stands behind the code.
                codes = [re.sub("^unseen/.*", "unseen", code) for code in codes]
                with self.subTest(name):
                    self.assertEqual(sorted(codes), sorted(kind.notes))

    def test_each_page_says_what_it_said(self):
        wanted = {name: [*kind.texts] for name, kind in KINDS.items() if kind.texts}
        found = {name: self.found.get(name, []) for name in wanted}
        found = {name: [text for text, _page in pages] for name, pages in found.items()}
        self.assertEqual(found, wanted)

    def test_each_page_looks_as_a_second_reader_paints_it(self):
        for name, kind in KINDS.items():
            pages = [page for _text, page in self.found.get(name, [])]
            with self.subTest(name):
                for text, page in zip(kind.texts, pages, strict=True):
                    self.assertTrue(ink(page) or not text, "nothing is seen")
                if kind.refusal or not kind.alike:
                    continue
                if "image" in kind.notes:
                    self.assert_shows(pages, [*upright(self.folder / name)])
                else:
                    self.assert_like(pages, painted(self.folder / name))

    def assert_like(self, pages, others):
        for page, other in zip(pages, others, strict=True):
            self.assertEqual(page.size, other.size)
            self.assertLess(difference(page, other), DIFFERENT)

    def assert_shows(self, pages, pictures):
        """The pages show the pictures, between white edges."""
        for page, picture in zip(pages, pictures, strict=True):
            edges = ImageChops.invert(page).getbbox()
            shown = page.crop(edges)
            ratio = (shown.width / shown.height) / (picture.width / picture.height)
            self.assertAlmostEqual(ratio, 1, delta=0.1)
            self.assertLess(difference(shown, picture), 4 * DIFFERENT)
