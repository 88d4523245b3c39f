"""Page numbers at the bottom of finished pages."""

import pikepdf
from pikepdf import Dictionary, Name

FONT_SIZE = 8  # points; more on very large pages
LARGE_PAGE = 1200
MARGIN = 18
DIGIT_WIDTH, NARROW_WIDTH = 0.556, 0.278  # of Helvetica
NARROW = " /.,'|il"
FONT_NAME = Name("/ProgboxNumber")


class Numbers:
    """Stamps the pages of one source PDF.

    :param pattern: such as "{page} / {pages}"
    :param pages: of the whole result
    """

    def __init__(self, pdf, pattern, pages):
        self._pdf = pdf
        self._pattern = pattern
        self._pages = pages
        self._font = pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type1,
                BaseFont=Name.Helvetica,
                Encoding=Name.WinAnsiEncoding,
            )
        )

    def stamp(self, page, number):
        words = self._pattern.format(page=number, pages=self._pages)
        page.add_resource(self._font, Name.Font, FONT_NAME, replace_existing=True)
        page.contents_add(b"q\n", prepend=True)
        page.contents_add(b"\nQ\n" + drawing(words, *_geometry(page)))


def _geometry(page):
    box = [float(edge) for edge in page.cropbox]
    box = [*map(min, box[:2], box[2:]), *map(max, box[:2], box[2:])]
    unit = float(page.obj.get("/UserUnit", 1)) or 1
    return box, int(page.obj.get("/Rotate", 0)) % 360, unit


def drawing(words, box, rotation, unit=1):
    """The content that writes words at the bottom of a page, in the middle.

    :param box: left, bottom, right, top of what is shown, before it is turned
    :param rotation: clockwise, in degrees
    :param unit: size of a unit in points
    """
    left, bottom, right, top = box
    size = FONT_SIZE / unit * max(1, min(right - left, top - bottom) / LARGE_PAGE)
    margin = MARGIN * size / FONT_SIZE
    middle, height = (left + right) / 2, (bottom + top) / 2
    matrix = {
        90: (0, 1, -1, 0, right - margin, height),
        180: (-1, 0, 0, -1, middle, top - margin),
        270: (0, -1, 1, 0, left + margin, height),
    }.get(rotation, (1, 0, 0, 1, middle, bottom + margin))
    shown = pikepdf.String(words.encode("cp1252", "replace")).unparse()
    return b"q %s cm BT %s %.2f Tf %.2f 0 Td 0 g %s Tj ET Q\n" % (
        b" ".join(b"%.2f" % number for number in matrix),
        FONT_NAME.unparse(),
        size,
        -_width(words) * size / 2,
        shown,
    )


def _width(words):
    return sum(NARROW_WIDTH if sign in NARROW else DIGIT_WIDTH for sign in words)
