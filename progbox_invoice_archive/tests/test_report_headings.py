from unittest.mock import patch

from odoo.tests import tagged

from ..models import ir_actions_report
from ..tools.report import headings
from .report_common import LAYOUTS, ReportCase, pages_of, poppler, words_of

COLUMNS = ("Description", "Quantity", "Amount")


@tagged("post_install", "-at_install")
class TestReportHeadings(ReportCase):
    """The headings of the columns stand on each page that has lines of the table."""

    def long(self, count=75):
        return self.invoice([f"Étanchéité {number}" for number in range(count)])

    def heading_of(self, text):
        """The lines of a page that name the columns."""
        lines = text.splitlines()
        # some layouts write them in capitals
        return [n for n in lines if all(c.lower() in n.lower() for c in COLUMNS)]

    def test_every_layout_repeats_them(self):
        move = self.long()
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self.use_layout(layout)
                pdf = self.render(move)
                pages = pages_of(pdf)
                self.assertGreaterEqual(len(pages), 3)
                for text in pages:
                    wanted = 1 if "Étanchéité" in text else 0
                    self.assertEqual(len(self.heading_of(text)), wanted, text)
                self.assertNotIn("progbox.invalid", poppler("pdfinfo -url FILE", pdf))

    def test_they_stand_over_their_columns(self):
        pdf = self.render(self.long())
        first = self.edges(pdf, 1)
        self.assertEqual(len(first), len(COLUMNS))
        self.assertEqual(self.edges(pdf, 2), first)

    def edges(self, pdf, page):
        return {
            word: (round(left), round(right))
            for left, right, word in words_of(pdf, page)
            if word in COLUMNS
        }

    def test_they_cover_no_line(self):
        pdf = self.render(self.long())
        for page in (2, 3):
            heading, first_line = (
                min(top for top, word in self.tops(pdf, page) if word == wanted)
                for wanted in ("Description", "Étanchéité")
            )
            self.assertLess(heading + 8, first_line)
            self.assertGreater(heading, 20)

    def tops(self, pdf, page):
        text = poppler(f"pdftotext -bbox -f {page} -l {page} FILE -", pdf)
        for line in text.splitlines():
            if "<word" in line:
                top = float(line.split('yMin="')[1].split('"')[0])
                yield top, line.split(">")[1].split("<")[0]

    def test_headings_of_many_lines_get_their_room(self):
        with patch.object(ir_actions_report, "HEADING_ROOM", 2):
            pdf = self.render(self.long())
        heading = min(t for t, word in self.tops(pdf, 2) if word == "Description")
        self.assertGreater(heading, 20)
        self.assertEqual(len(self.heading_of(pages_of(pdf)[1])), 1)

    def test_an_invoice_of_one_page_is_rendered_once(self):
        with self.calls_to_renderer() as calls:
            pdf = self.render(self.long(3))
        self.assertEqual(len(calls), 1)
        self.assertNotIn(headings.ADDRESS, calls[0][1])
        self.assertEqual(len(self.heading_of(pages_of(pdf)[0])), 1)

    def test_a_table_that_ends_with_its_page_is_not_continued(self):
        """The page of the totals alone has no headings, whatever the count of lines."""
        for count in (25, 26, 27):
            with self.subTest(count=count):
                for text in pages_of(self.render(self.long(count))):
                    wanted = 1 if "Étanchéité" in text else 0
                    self.assertEqual(len(self.heading_of(text)), wanted, text)

    def test_from_right_to_left(self):
        self.customer.lang = "ar_001"
        move = self.long()
        pages = pages_of(self.render(move))
        (first,) = self.heading_of(pages[0])
        self.assertGreater(first.index("Description"), first.index("Amount"))
        self.assertEqual(self.heading_of(pages[1])[0].split(), first.split())
