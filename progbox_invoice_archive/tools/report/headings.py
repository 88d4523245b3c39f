"""The headings of a long table's columns, on each page that the table goes on to.

Without patched Qt they stand on the first page only. Where a table begins and ends is
asked of the renderer itself: it writes the place of every link into the PDF. So marks
in the page are links; they are read and then removed. What is repeated is drawn by the
renderer, too, with all rows there and unseen: so the columns are as wide as below.
"""

import io
from collections import defaultdict

import lxml.html
import pikepdf

from . import page_html
from .pdf_pages import POINTS_PER_MM, to_bytes

ADDRESS = "http://progbox.invalid/headings/"
TABLES = "//table[not(ancestor::table)][thead/tr][tbody/tr]"
BARE = "padding:0 !important;border:0 !important;line-height:0 !important;"
MARK = '<a href="{}" style="display:inline-block;width:1px;height:1px"></a>'
ALONE = "progbox-headings"
ONLY_HEADINGS = (
    "* {visibility: hidden !important}"
    f" .{ALONE}, .{ALONE} * {{visibility: visible !important}}"
)
TOLERANCE = 3  # points: a mark that is so near to the top is the first on its page


def marked(html):
    """A page with marks at the headings and ends of its tables; None without any."""
    root = page_html.parse(html)
    tables = root.xpath(TABLES)
    for number, table in enumerate(tables):
        heads = table.findall("thead")
        _add_row(heads[0], 0, f"{number}/top")
        _add_row(heads[-1], len(heads[-1]), f"{number}/bottom")
        for head in heads:
            head.set("class", f"{head.get('class', '')} {ALONE}")
        end = lxml.html.fragment_fromstring(f"<div>{_mark(f'{number}/end')}</div>")
        end.set("style", BARE)
        end.tail, table.tail = table.tail, None
        table.addnext(end)
    return page_html.to_text(root) if tables else None


def alone(html):
    """The same marked page, with nothing to be seen but the headings."""
    root = page_html.parse(html)
    root.find("head").append(page_html.style(ONLY_HEADINGS))
    return page_html.to_text(root)


def height(content, margin):
    """How high, in mm, the headings are that must be repeated; 0 when none must.

    :param content: of a marked page, as bytes
    :param margin: millimetres that are free at the top of each page
    """
    with pikepdf.open(io.BytesIO(content)) as pdf:
        repeated = _repeated(pdf, margin)
        heights = [top - bottom for _number, top, bottom, _pages in repeated]
        return max(heights, default=0) / POINTS_PER_MM


def repeat(content, only_headings, margin):
    """The PDF with its headings above what follows of the tables, without marks.

    :param content: of a marked page, as bytes
    :param only_headings: of the same page :func:`alone`
    :param margin: millimetres that are free at the top of each page
    """
    with (
        pikepdf.open(io.BytesIO(content)) as pdf,
        pikepdf.open(io.BytesIO(only_headings)) as drawn,
    ):
        repeated = list(_repeated(pdf, margin))
        _remove_marks(pdf)
        for number, top, bottom, pages in repeated:
            heading = pdf.copy_foreign(drawn.pages[number].as_form_xobject())
            left, _bottom, right, sheet_top = map(float, drawn.pages[number].mediabox)
            heading.BBox = [left, bottom, right, top]
            foot = sheet_top - margin * POINTS_PER_MM
            place = pikepdf.Rectangle(left, foot, right, foot + top - bottom)
            for page in pages:
                pdf.pages[page].add_overlay(heading, place)
        return to_bytes(pdf)


def _add_row(head, index, name):
    columns = max(
        sum(int(cell.get("colspan") or 1) for cell in row) for row in head.iter("tr")
    )
    row = lxml.html.fragment_fromstring(
        f'<table><tr><td colspan="{columns}">{_mark(name)}</td></tr></table>'
    ).find(".//tr")
    row.find("td").set("style", BARE)
    head.insert(index, row)


def _mark(name):
    return MARK.format(ADDRESS + name)


def _repeated(pdf, margin):
    """Each heading that must be repeated: its page, top and bottom, and the pages."""
    tables = defaultdict(dict)
    for number, page in enumerate(pdf.pages):
        for address, rectangle in _marks(page):
            table, place = address.removeprefix(ADDRESS).split("/")
            tables[table][place] = number, rectangle
    for places in tables.values():
        if places.keys() != {"top", "bottom", "end"}:
            continue
        (first, top), (same, bottom) = places["top"], places["bottom"]
        last, end = places["end"]
        content_top = float(pdf.pages[last].mediabox[3]) - margin * POINTS_PER_MM
        if end[3] > content_top - TOLERANCE:
            last -= 1  # all of it was on the pages before
        if first == same and last > first:
            yield first, top[3], bottom[1], range(first + 1, last + 1)


def _marks(page):
    for note in page.get("/Annots", []):
        address = str(note.get("/A", {}).get("/URI", ""))
        if address.startswith(ADDRESS):
            yield address, [float(edge) for edge in note.Rect]


def _remove_marks(pdf):
    for page in pdf.pages:
        kept = [
            note
            for note in page.get("/Annots", [])
            if not str(note.get("/A", {}).get("/URI", "")).startswith(ADDRESS)
        ]
        if "/Annots" in page:
            page.Annots = pikepdf.Array(kept)
