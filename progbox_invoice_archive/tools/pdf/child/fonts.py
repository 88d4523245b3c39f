"""Which fonts of the system draw the letters of a text."""

import contextlib
import itertools
import os
import subprocess
from functools import cache, partial
from typing import NamedTuple

from reportlab.lib.fonts import tt2ps
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from .limits import die_with
from .shaping import ShapedRun, direction_of, is_right_to_left, is_shaped, needs_of

ENCODING = "cp1252"  # what a standard font can show
TRUE_TYPE = ":fontformat=TrueType"  # what reportlab loads
SAYS = "%{file}\t%{index}\t%{capability}\t%{charset}\n"
COMMAND = ("fc-list", "--format", SAYS)
SECONDS = 20
MOST_QUESTIONS = 20  # about the letters of one form; those of a script share a font
MOST_FONTS = 6  # for one letter: some files cannot be read
FAMILIES = ("Courier", "Times")
# The plain cuts first: those draw a value as most programs would.
ODD = ("mono", "bold", "italic", "oblique", "light", "condensed", "thin", "black")


class Fonts:
    """The fonts that have been needed so far."""

    def __init__(self):
        self._found = []
        self._missing = set()
        self._shaping = []
        self._shaped = {}
        self._questions = MOST_QUESTIONS

    def runs(self, text, standard, direction=None):
        """Cut a text into pieces of one font each; without what no font has.

        :param standard: name of the font of the letters that it has
        :param direction: see `direction_of`, of the text that this is a part of
        :return: list of PlainRun and ShapedRun
        """
        if is_right_to_left(text):
            pieces = [(None, text)]  # the order of all of it is at stake
        else:
            groups = itertools.groupby(text, key=partial(self._name_of, standard))
            pieces = [(name, "".join(letters)) for name, letters in groups]
        direction = direction or direction_of(text)
        runs = [
            PlainRun(piece, name) if name else self._shaped_run(piece, direction)
            for name, piece in pieces
        ]
        return [run for run in runs if run]

    def _name_of(self, standard, letter):
        """The font that draws a letter whatever stands beside it; None if none does."""
        if is_simple(letter):
            return standard
        return None if is_shaped(letter) else self._font_of(letter)

    def _font_of(self, letter):
        """The name of a font that has a letter; None if there is none."""
        if letter in self._missing:
            return None
        for font in self._found:
            if ord(letter) in font.face.charToGlyph:
                return font.fontName
        for file in self._fonts_with(letter, TRUE_TYPE)[:MOST_FONTS]:
            font = _loaded(file.path)
            if font and ord(letter) in font.face.charToGlyph:
                self._found.append(font)
                return font.fontName
        self._missing.add(letter)
        return None

    def _shaped_run(self, text, direction):
        """The run of a text that only all of its letters together draw, or None."""
        key = text, direction
        if key not in self._shaped:
            self._shaped[key] = self._shape(text, direction)
        return self._shaped[key]

    def _shape(self, text, direction):
        if (needs := needs_of(text)) is None:
            return None
        for font in self._shaping:
            if font.has(text, needs):
                return ShapedRun(text, font, direction)
        fonts = (font for font in self._fonts_with(text) if font.has(text, needs))
        for font in itertools.islice(fonts, MOST_FONTS):
            with contextlib.suppress(OSError):
                run = ShapedRun(text, font, direction)
                self._shaping.append(font)
                return run
        return None

    def _fonts_with(self, letters, kind=""):
        """As _fonts_with below, as long as it is asked little and answers soon."""
        if not self._questions:
            return []
        self._questions -= 1
        try:
            return _fonts_with(letters, kind)
        except (OSError, subprocess.TimeoutExpired):
            self._questions = 0
            return []  # what it cannot draw is told


class FontFile(NamedTuple):
    """A font of the system.

    :param number: its place in its file
    :param knows: the scripts whose shapes are in it
    :param ranges: the codes of its letters: list of (first, last)
    """

    path: str
    number: int
    knows: frozenset
    ranges: tuple

    def has(self, text, needs):
        """Whether it draws a text; see `needs_of`."""
        return all(need & self.knows for need in needs) and all(
            any(first <= code <= last for first, last in self.ranges)
            for code in set(map(ord, text))
        )


class PlainRun(NamedTuple):
    """A piece of a line that a font of the canvas draws."""

    text: str
    font: str

    def width(self, size):
        return pdfmetrics.stringWidth(self.text, self.font, size)

    def draw(self, sheet, left, baseline, size, _colour):
        sheet.setFont(self.font, size)
        sheet.drawString(left, baseline, self.text)


def is_simple(text):
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def standard_font(name):
    """The standard font that comes closest to a name, such as TimesNewRoman,Bold."""
    name = name.lower()
    family = next((each for each in FAMILIES if each.lower() in name), "Helvetica")
    return tt2ps(family, "bold" in name, "italic" in name or "oblique" in name)


def _fonts_with(letters, kind):
    """The fonts that have some letters, the best ones first: list of FontFile.

    :param kind: what else the pattern says
    """
    codes = " ".join(sorted({f"{ord(letter):x}" for letter in letters}))
    said = subprocess.run(
        [*COMMAND, f":charset={codes}{kind}:color=false"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
        preexec_fn=partial(die_with, os.getpid()),
    ).stdout
    fonts = map(_font_file, said.decode(errors="surrogateescape").splitlines())
    return sorted(filter(None, fonts), key=_oddity)


def _font_file(line):
    """The FontFile of a line that fc-list has said; None if it is another line."""
    with contextlib.suppress(ValueError):
        path, number, knows, letters = line.split("\t")
        ranges = [each.split("-") for each in letters.split()]
        return FontFile(
            path,
            int(number) & 0xFFFF,  # above are the cuts of a font that has many
            frozenset(each.removeprefix("otlayout:") for each in knows.split()),
            tuple((int(each[0], 16), int(each[-1], 16)) for each in ranges),
        )
    return None


def _oddity(font):
    name = font.path.rpartition("/")[2].lower()
    odd = sum(word in name for word in ODD)
    return odd, "sans" not in name, len(name), font.path, font.number


@cache
def _loaded(path):
    try:
        font = TTFont(path, path)
    except MemoryError:
        raise
    except Exception:  # reportlab raises what it likes of a font that it cannot use
        return None
    pdfmetrics.registerFont(font)
    return font
