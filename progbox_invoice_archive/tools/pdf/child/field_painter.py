"""Draws the values of fields that no program has drawn."""

import io
import re
import unicodedata
from bisect import bisect_left

import pikepdf
from pikepdf import Array, Dictionary, FormFieldFlag
from reportlab.pdfgen.canvas import Canvas

from .field_values import box_of, edge_of, number_of, shown_texts
from .fonts import Fonts, standard_font
from .shaping import ShapedRun, direction_of, is_shaped
from .structure import branch

FONT = re.compile(rb"/(\S+)\s+([\d.+-]+)\s+Tf")
COLOUR = re.compile(rb"((?:[\d.+-]+\s+){1,4})(?:g|rg|k)\b")
EDGE = 2.0  # points between the frame of a field and its text
LEADING = 1.15
LARGEST, SMALLEST, STEP = 12.0, 4.0, 0.5  # points of a text that has no size itself
GIANT = 144.0  # points of a text at most, whatever size its form asks for


class FieldPainter:
    """Draws one widget after the other, and hands the drawings over at the end.

    Each is a page of one PDF, so that they have their fonts in common.
    """

    def __init__(self, pdf):
        self._pdf = pdf
        self._fonts = Fonts()
        self._buffer = io.BytesIO()
        self._canvas = Canvas(self._buffer)
        self._widgets = []
        self._pictured = set()

    def add(self, field, widget):
        """Draw the value of a field for one of its widgets."""
        box = box_of(widget)
        if not box:
            return
        # One letter for each accented one, where there is one.
        text = unicodedata.normalize("NFC", "\n".join(shown_texts(field)))
        turn = _turn(widget)
        width, height = box[2] - box[0], box[3] - box[1]
        if turn % 180:
            width, height = height, width
        sheet = self._canvas
        sheet.setPageSize((width, height))
        _draw_frame(sheet, widget, width, height)
        if _Value(self._fonts, sheet, field, text, width, height).draw():
            self._pictured.add(widget.objgen)
        sheet.showPage()
        self._widgets.append((widget, turn))

    def finish(self):
        """Give the widgets their drawings.

        :return: the keys of those whose values pictures show
        """
        if not self._widgets:
            return self._pictured
        self._canvas.save()
        with pikepdf.open(io.BytesIO(self._buffer.getvalue())) as drawn:
            for page, (widget, turn) in zip(drawn.pages, self._widgets, strict=True):
                page.obj.Rotate = -turn % 360
                drawing = self._pdf.copy_foreign(page.as_form_xobject())
                widget.AP = Dictionary(N=drawing)
                if "/AS" in widget:
                    del widget["/AS"]
        return self._pictured


class _Value:
    """One value in its box."""

    def __init__(self, fonts, sheet, field, text, width, height):
        self._fonts, self._sheet, self._field = fonts, sheet, field
        self._width, self._height = width, height
        look = bytes(field.default_appearance)
        font = FONT.search(look)
        self._size = number_of(font[2]) if font else 0
        colour = COLOUR.search(look)
        colour = [*map(number_of, colour[1].split())] if colour else []
        self._colour = colour if len(colour) in (1, 3, 4) else [0]
        self._standard = standard_font(_base_font(field, font))
        flags = field.flags if field.is_text else 0
        if flags & FormFieldFlag.tx_password:
            text = "*" * len(text)
        cells = field.get_inheritable_field_value("/MaxLen")
        is_comb = flags & FormFieldFlag.tx_comb and isinstance(cells, int)
        self._cells = max(cells, len(text)) if is_comb else 0
        self._direction = direction_of(text)
        self._lines = text.split("\n")
        self._wraps = bool(flags & FormFieldFlag.tx_multiline)
        if field.is_text and not self._wraps:
            self._lines = [" ".join(self._lines)]

    def draw(self):
        """Draw it.

        :return: whether all of it is there, and in part as a picture
        """
        if self._cells and any(map(is_shaped, self._lines[0])):
            return False  # such letters are not drawn one by one
        sheet, size = self._sheet, self._size
        if size <= 0:
            size = (
                LARGEST if len(self._lines) > 1 or self._wraps else self._height * 0.7
            )
            size = min(size, LARGEST)
        size = self._fitting(min(size, GIANT))
        lines = self._broken(size)
        _set_colour(sheet, self._colour)
        # One line stands in the middle, several ones begin at the top.
        top = self._height - EDGE / 2
        if len(lines) == 1 and not self._wraps:
            top -= max(0, (self._height - EDGE - size) / 2)
        for number, line in enumerate(lines):
            baseline = top - size * 0.8 - number * size * LEADING
            self._draw_line(line, baseline, size)
        return self._fits(size) and self._is_pictured(lines)

    def _is_pictured(self, lines):
        runs = [run for line in lines for run in self._runs(line)]
        has_pictures = any(isinstance(run, ShapedRun) for run in runs)
        return has_pictures and "".join(run.text for run in runs) == "".join(lines)

    def _draw_line(self, line, baseline, size):
        if self._cells:
            cell = self._width / self._cells
            for number, letter in enumerate(line):
                middle = cell * (number + 0.5)
                self._draw_runs(
                    letter, middle - self._measure(letter, size) / 2, baseline, size
                )
            return
        left, room = EDGE, self._width - 2 * EDGE - self._measure(line, size)
        if room < 0 and any(map(is_shaped, line)):
            return  # half of a picture could say something else
        alignment = self._field.get_inheritable_field_value("/Q")
        if alignment in (1, 2):
            left += max(0, room) * alignment / 2
        self._draw_runs(line, left, baseline, size)

    def _draw_runs(self, text, left, baseline, size):
        colour = _light(self._colour)
        for run in self._runs(text):
            run.draw(self._sheet, left, baseline, size, colour)
            left += run.width(size)

    def _measure(self, text, size):
        return sum(run.width(size) for run in self._runs(text))

    def _runs(self, text):
        return self._fonts.runs(text, self._standard, self._direction)

    def _fitting(self, size):
        """The largest size that fits, down from this one; else the smallest."""
        steps = max(0, int((size - SMALLEST) / STEP))
        # Not one by one: a few questions find it, however long the text is.
        fits = bisect_left(
            range(steps), True, key=lambda step: self._fits(size - step * STEP)
        )
        return size - fits * STEP

    def _fits(self, size):
        lines = self._broken(size)
        height = size + (len(lines) - 1) * size * LEADING
        width = max((self._measure(line, size) for line in lines), default=0)
        return (
            bool(self._cells) or width <= self._width - 2 * EDGE
        ) and height <= self._height

    def _broken(self, size):
        """The lines, broken where they are too long for the box."""
        if not self._wraps:
            return self._lines
        return [piece for line in self._lines for piece in self._wrapped(line, size)]

    def _wrapped(self, line, size):
        room, pieces, piece, length = self._width - 2 * EDGE, [], "", 0
        for word in re.findall(r"\S+\s*|\s+", line):
            wide = self._measure(word.rstrip(), size)
            # No break in it, as in Japanese.
            if wide > room and not any(map(is_shaped, word)):
                for letter in word:
                    step = self._measure(letter, size)
                    if piece and length + step > room:
                        pieces.append(piece)
                        piece, length = "", 0
                    piece, length = piece + letter, length + step
                continue
            if piece and length + wide > room:
                pieces.append(piece)
                piece, length = "", 0
            piece, length = piece + word, length + self._measure(word, size)
        return [*pieces, piece]


def _turn(widget):
    turn = branch(widget, "/MK").get("/R", 0)
    return turn % 360 if isinstance(turn, int) and not turn % 90 else 0


def _draw_frame(sheet, widget, width, height):
    look, edge = branch(widget, "/MK"), edge_of(widget)
    sheet.setLineWidth(edge)
    for key, corner, options in (
        ("/BG", 0, {"fill": 1, "stroke": 0}),
        ("/BC", edge / 2, {"fill": 0, "stroke": 1}),
    ):
        colour = look.get(key)
        is_seen = edge or key == "/BG"
        if is_seen and isinstance(colour, Array) and len(colour) in (1, 3, 4):
            _set_colour(sheet, [*map(number_of, colour)])
            sizes = width - 2 * corner, height - 2 * corner
            sheet.rect(corner, corner, *sizes, **options)
    sheet.setFillGray(0)


def _set_colour(sheet, values):
    """Take one value as grey, three as light, four as ink."""
    if len(values) == 1:
        sheet.setFillGray(*values)
        sheet.setStrokeGray(*values)
    elif len(values) == 3:
        sheet.setFillColorRGB(*values)
        sheet.setStrokeColorRGB(*values)
    elif len(values) == 4:
        sheet.setFillColorCMYK(*values)
        sheet.setStrokeColorCMYK(*values)


def _light(values):
    """The red, green and blue of such values, 0 to 255."""
    if len(values) == 4:
        *inks, black = values
        values = [(1 - ink) * (1 - black) for ink in inks]
    lights = values * 3 if len(values) == 1 else values[:3]
    return tuple(round(255 * min(1, max(0, light))) for light in lights)


def _base_font(field, font):
    """What the font of a field is called in it, or in the form."""
    if not font:
        return ""
    name = "/" + font[1].decode("latin-1")
    resources = field.default_resources
    fonts = branch(resources, "/Font") if isinstance(resources, Dictionary) else {}
    return str(branch(fonts, name).get("/BaseFont", name)) if fonts else name
