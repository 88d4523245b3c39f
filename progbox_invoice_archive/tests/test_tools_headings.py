import io

import pikepdf

from odoo.tests import BaseCase

from ..tools.report import headings, page_html

TOP = 842 - 20 * 72 / 25.4  # where the text of a page begins, under 20 mm


class TestToolsHeadings(BaseCase):
    """Which pages a table goes on to, by the links that mark it."""

    def height(self, *pages):
        """The height to repeat of a PDF with these marks: (name, top edge) by page."""
        with pikepdf.new() as pdf:
            for marks in pages:
                page = pdf.add_blank_page(page_size=(595, 842))
                notes = [self.mark(pdf, *mark) for mark in marks]
                page.obj.Annots = pikepdf.Array(notes)
            output = io.BytesIO()
            pdf.save(output)
        points = headings.height(output.getvalue(), 20) * 72 / 25.4
        return round(points)

    def mark(self, pdf, name, top):
        uri = pikepdf.String(headings.ADDRESS + name)
        return pdf.make_indirect(
            pikepdf.Dictionary(
                Subtype=pikepdf.Name.Link,
                Rect=[9, top - 1, 10, top],
                A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI=uri),
            )
        )

    def test_a_table_that_goes_on(self):
        first = [("0/top", 500), ("0/bottom", 480)]
        self.assertEqual(self.height(first, [], [("0/end", TOP - 20)]), 21)

    def test_a_table_that_ends_on_its_page(self):
        first = [("0/top", 500), ("0/bottom", 480), ("0/end", 90)]
        self.assertEqual(self.height(first, []), 0)

    def test_a_table_that_ends_with_its_page(self):
        first = [("0/top", 500), ("0/bottom", 480)]
        self.assertEqual(self.height(first, [("0/end", TOP - 1)]), 0)
        self.assertEqual(self.height(first, [], [("0/end", TOP - 1)]), 21)

    def test_headings_that_are_torn_apart(self):
        torn = [("0/top", 90)], [("0/bottom", TOP - 10)], [("0/end", 300)]
        self.assertEqual(self.height(*torn), 0)

    def test_the_highest_of_several_tables(self):
        first = [("0/top", 500), ("0/bottom", 480)]
        second = [("0/end", 400), ("1/top", 390), ("1/bottom", 360)]
        self.assertEqual(self.height(first, second, [("1/end", 300)]), 31)

    def test_only_tables_with_headings_and_rows_are_marked(self):
        for table in (
            "<table><tbody><tr><td>1</td></tr></tbody></table>",
            "<table><thead><tr><th>1</th></tr></thead></table>",
        ):
            html = f"<html><head></head><body>{table}</body></html>"
            self.assertIsNone(headings.marked(html))

    def test_a_marked_table_keeps_what_is_around_it(self):
        marked = headings.marked(
            "<html><head></head><body>a<table><thead><tr><th colspan='2'>é</th>"
            "<th>1</th></tr></thead><tbody><tr><td><table><thead><tr><th>2</th></tr>"
            "</thead><tbody><tr><td>3</td></tr></tbody></table></td></tr></tbody>"
            "</table>b</body></html>"
        )
        root = page_html.parse(marked)
        self.assertEqual(root.find("body").text_content(), "aé123b")
        names = [
            link.get("href").removeprefix(headings.ADDRESS) for link in root.iter("a")
        ]
        self.assertEqual(names, ["0/top", "0/bottom", "0/end"])
        spans = [cell.get("colspan") for cell in root.iter("td") if cell.get("colspan")]
        self.assertEqual(spans, ["3", "3"])
