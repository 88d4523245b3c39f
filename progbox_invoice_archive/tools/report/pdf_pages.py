"""Small work on finished pages. Needs pikepdf."""

import io

import pikepdf

POINTS_PER_MM = 72 / 25.4


def count(content):
    """How many pages a PDF has that is given as bytes."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return len(pdf.pages)


def join(contents):
    """One PDF of several, all given as bytes."""
    with pikepdf.new() as joined:
        for content in contents:
            with pikepdf.open(io.BytesIO(content)) as pdf:
                joined.pages.extend(pdf.pages)
        return to_bytes(joined)


def finish(content, lift, stamps_for):
    """Lift the first page into its top margin and stamp all pages of a long document.

    :param content: the PDF, as bytes
    :param lift: millimetres by which all that is on the first page moves up
    :param stamps_for: called with the number of pages and their height in mm if there
        are several; gives a PDF of as many pages to lay over them, as bytes; or None
    """
    with pikepdf.open(io.BytesIO(content)) as pdf:
        _lift(pdf.pages[0], lift * POINTS_PER_MM)
        if stamps_for and len(pdf.pages) > 1:
            stamps = stamps_for(len(pdf.pages), _height(pdf.pages[0]))
            with pikepdf.open(io.BytesIO(stamps)) as stamped:
                for page, stamp in zip(pdf.pages, stamped.pages, strict=True):
                    page.add_overlay(stamp, pikepdf.Rectangle(page.mediabox))
                return to_bytes(pdf)
        return to_bytes(pdf)


def _lift(page, points):
    # what is shown moves down over the drawing: so do its links, as they stay there
    left, bottom, right, top = (float(edge) for edge in page.mediabox)
    page.mediabox = [left, bottom - points, right, top - points]


def _height(page):
    return float(page.mediabox[3] - page.mediabox[1]) / POINTS_PER_MM


def to_bytes(pdf):
    """An open PDF as bytes."""
    output = io.BytesIO()
    pdf.save(output)
    return output.getvalue()
