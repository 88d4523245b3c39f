"""Which fonts of the system draw the letters of a text."""

import os
import subprocess
from functools import cache, partial

from reportlab.lib.fonts import tt2ps
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from .limits import die_with

ENCODING = "cp1252"  # what a standard font can show
COMMAND = ("fc-list", "--format", "%{file}\n", "")
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
        self._questions = MOST_QUESTIONS

    def runs(self, text, standard):
        """Cut a text into pieces of one font each.

        :param standard: name of the font of the letters that it has
        :return: list of (name of the font, piece)
        """
        runs = []
        for letter in text:
            name = standard if is_simple(letter) else self._font_of(letter)
            if name and runs and runs[-1][0] == name:
                runs[-1][1] += letter
            elif name:
                runs.append([name, letter])
        return runs

    def _font_of(self, letter):
        """The name of a font that has a letter; None if there is none."""
        if letter in self._missing:
            return None
        for font in self._found:
            if ord(letter) in font.face.charToGlyph:
                return font.fontName
        for path in self._files_with(letter)[:MOST_FONTS]:
            font = _loaded(path)
            if font and ord(letter) in font.face.charToGlyph:
                self._found.append(font)
                return font.fontName
        self._missing.add(letter)
        return None

    def _files_with(self, letter):
        """As _files_with below, as long as it is asked little and answers soon."""
        if not self._questions:
            return []
        self._questions -= 1
        try:
            return _files_with(letter)
        except (OSError, subprocess.TimeoutExpired):
            self._questions = 0
            return []  # what it cannot draw is told


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


def _files_with(letter):
    """The files of the fonts that have a letter, the best ones first."""
    command = [*COMMAND]
    command[-1] = f":charset={ord(letter):x}:fontformat=TrueType:color=false"
    said = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
        preexec_fn=partial(die_with, os.getpid()),
    ).stdout
    paths = set(said.decode(errors="surrogateescape").splitlines())
    return sorted(paths, key=_oddity)


def _oddity(path):
    name = path.rpartition("/")[2].lower()
    odd = sum(word in name for word in ODD)
    return odd, "sans" not in name, len(name), path


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
