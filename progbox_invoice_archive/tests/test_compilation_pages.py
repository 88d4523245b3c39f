import contextlib
import string
import subprocess
from bisect import bisect_right
from unittest.mock import patch

from lxml import etree

from odoo.tests import tagged

from ..models.compilation_pages import COVER, LEFT_OUT, NOTES, OwnPages
from ..tools.pdf import PartRefused, assemble
from .compilation_common import CompilationCommon, pdf_of

MODELS = "odoo.addons.progbox_invoice_archive.models"
PAGES = f"{MODELS}.compilation_pages"
ASSEMBLE = f"{MODELS}.compilation_assembly.assemble"


@tagged("post_install", "-at_install")
class TestCompilationPages(CompilationCommon):
    """The pages of our own are made once, in pieces between which a run may end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moves = cls.env["account.move"]
        for number in range(4):
            cls.moves |= cls.invoice(f"INVOICE {number}")
        cls.attach(cls.moves[0], "sheet.xlsx", b"PK a sheet")

    @contextlib.contextmanager
    def renders(self):
        """Count what is rendered."""
        real, made = OwnPages._own_pdf, []

        def counted(pages, report, data):
            made.append(report)
            return real(pages, report, data)

        with (
            patch.object(OwnPages, "_own_pdf", counted),
            patch(f"{PAGES}.LINES_PER_RENDER", 2),
        ):
            yield made

    def test_who_comes_back_does_not_make_them_again(self):
        with self.renders() as made:
            self.compiled(self.moves, with_numbers=False)
        whole = len(made)
        self.assertGreaterEqual(whole, 4)
        with self.renders() as made:
            job = self.request(self.moves, None, {"with_numbers": False})
            job = self.server["progbox.compilation"].browse(job.id)
            job._job_begin_attempt()
            # Each piece ends with a yield at which the run may end.
            for number in range(1, whole + 1):
                with contextlib.closing(job._job_steps()) as steps:
                    for progress in steps:
                        job._job_write(progress or {})
                        if len(made) == number:
                            self.assertIsNotNone(progress)
                            break
            job._job_process()
        self.assertEqual(job.state, "done", job.error_detail)
        self.assertEqual(len(made), whole)
        texts = self.texts(self.reader(job))
        for number, move in enumerate(self.moves):
            self.assertIn(move.name, texts[number // 2])

    def test_the_rest_is_used_again_when_a_file_goes_bad_late(self):
        self.attach(self.moves[3], "plan.pdf", pdf_of("PLAN"))
        calls = []

        def moody(parts, *args, **kwargs):
            calls.append(parts)
            if len(calls) == 1:
                index = [part.title for part in parts].index("plan.pdf")
                raise PartRefused(index, "damaged", "late")
            return assemble(parts, *args, **kwargs)

        with self.renders() as made, patch(ASSEMBLE, moody):
            job = self.compiled(self.moves, with_numbers=False)
        first, second = ({p.path for p in parts if not p.numbered} for parts in calls)
        self.assertTrue(first & second, "the list of the first two invoices")
        self.assertGreaterEqual(len(made), len(first | second))
        self.assertIn(("plan.pdf", "damaged"), self.left_out(job))

    def columns(self, report, rows, titles, **said):
        """Return what stands in each column of a table of ours, without its spaces.

        :param list titles: how those of the columns begin
        """
        data = {"rows": rows, "total": 1, "is_first": True, "is_last": True, **said}
        job = self.server["progbox.compilation"].browse(self.request(self.moves).id)
        pdf = OwnPages(job)._own_pdf(report, data)
        command = ["pdftotext", "-bbox", "-", "-"]
        found = subprocess.run(command, input=pdf, capture_output=True, check=True)
        lefts, texts = [], [""] * len(titles)
        for page in etree.HTML(found.stdout).iter("page"):
            words = sorted(
                (
                    *(float(word.get(edge)) for edge in ("ymin", "xmin", "xmax")),
                    word.text,
                )
                for word in page.iter("word")
            )
            for _top, left, right, text in words:
                self.assertGreater(left, 0, text)
                self.assertLess(right, float(page.get("width")), text)
            lefts = lefts or [
                [left for _top, left, _right, text in words if text == title][-1]
                for title in titles
            ]
            for _top, left, _right, text in words:
                texts[max(bisect_right(lefts, left + 1) - 1, 0)] += text
        return texts

    def test_names_without_a_place_to_break(self):
        letters = string.ascii_lowercase * 10
        names = [letters[:78], letters[:255]]
        told = {"reason": "REASON that it has", "advice": "ADVICE of some words"}
        rows = [
            {"file": f"F{name}.pdf", "number": f"I{name}", **told} for name in names
        ]
        cover = [
            {
                "number": f"I{name}",
                "partner": f"P{name}",
                "contract": f"C{name}",
                "date": False,
                "amount": "",
                **dict.fromkeys(("files", "pages", "first"), 1),
            }
            for name in names
        ]
        tables = (
            (LEFT_OUT, rows, {"Invoice": "number", "File": "file", "Reason": "reason"}),
            (NOTES, rows, {"Invoice": "number", "File": "file", "Note": "reason"}),
            (
                COVER,
                cover,
                {
                    "Invoice": "number",
                    "Client": "partner",
                    "Date": "date",
                    "Contract": "contract",
                    "Amount": "amount",
                },
            ),
        )
        for report, cells, titles in tables:
            if report == LEFT_OUT:
                titles["How"] = "advice"
            said = {"total_text": "2 invoices", "amounts_text": ""}
            columns = self.columns(report, cells, list(titles), **said)
            for key, column in zip(titles.values(), columns, strict=True):
                for row in cells:
                    with self.subTest(report=report, key=key):
                        self.assertIn((row[key] or "").replace(" ", ""), column)
