"""The list of the documents in a package, for a spreadsheet."""

import codecs
import csv
import io
import re
import string
from functools import lru_cache

FORMULA = frozenset("=+-@|%")
# Before what a spreadsheet would take for something else. One that was there before
# gets another one, so that programs always drop exactly one.
TEXT_MARK = "'"
END_OF_LINE = "\r\n"
MARKED = FORMULA | {TEXT_MARK}
# Beginnings of the months, as spreadsheets of many countries read them.
MONTHS = (
    "jan|ian|ene|gen|sty|led|f[eé]b|f[eé]v|lut|mar|mär|m[aä]e|mrt|apr|avr|abr|kwi|"
    "ma[igjy]|mei|jun|iun|juin|giu|cze|jul|iul|juil|lug|lip|aug|ago|ao[uû]|sie|sep|set|"
    "wrz|oct|okt|ott|out|paź|nov|noi|noe|lis|dec|déc|dez|dic|des|gru"
)
# Of these alone, digits and signs, a spreadsheet makes a number, a day or a time:
# 0001234, 1E5, 11-2026, 3/4, 12 mars, 1:30 PM, 5 €.
NUMERIC = re.compile(
    rf"[\W\d_]*(?:(?:(?:{MONTHS})[^\W\d_]*|[eap年月日]|am|pm)(?![^\W\d_])[\W\d_]*)*",
    re.IGNORECASE,
)
DIGIT = re.compile(r"\d")
LOGICAL = (
    "true|false|vrai|faux|wahr|falsch|vero|falso|verdadero|verdadeiro|waar|onwaar|"
    "adevărat|fals"
)
IS_LOGICAL = re.compile(LOGICAL, re.IGNORECASE)
# Most texts are nothing of all that, as their first letters say.
HEAD = 3
LOGICAL_HEADS = {word[:HEAD] for word in LOGICAL.split("|")}
PLAIN_HEAD = re.compile(rf"(?!{MONTHS}|jui)[^\W\d_]{{{HEAD}}}", re.IGNORECASE)
PLAIN = re.compile(r"[\w/.&'-]*(?: [\w/.&'-]+)*")


class Index:
    """Lines of a CSV file.

    :param str point: decimal point of the reader's country; a spreadsheet expects
        the cells to be separated by what its numbers leave free
    :param int place: of the cell that :meth:`replace` writes anew
    """

    def __init__(self, point, place=None):
        self.delimiter = ";" if point == "," else ","
        self.place = place
        self._lines = []

    def add(self, cells):
        """Add a line.

        :param cells: list of str without line breaks
        :return: number of the line
        """
        line = self.delimiter.join(cells)
        # Most lines need no quotes, and the csv module looks at every character.
        if '"' in line or line.count(self.delimiter) >= len(cells):
            line = self._quoted(cells)
        self._lines.append(line)
        return len(self._lines) - 1

    @property
    def size(self):
        """Length of the file in bytes."""
        text = "".join(self._lines)
        length = len(text) if text.isascii() else len(text.encode())
        return len(codecs.BOM_UTF8) + length + len(END_OF_LINE) * len(self._lines)

    def replace(self, number, cell):
        """Write one cell of a line anew."""
        [cells] = csv.reader([self._lines[number]], delimiter=self.delimiter)
        cells[self.place] = cell
        self._lines[number] = self._quoted(cells)

    def content(self):
        """Return the file as bytes."""
        # With the mark of the byte order, which Excel needs to see that it is UTF-8.
        return END_OF_LINE.join([*self._lines, ""]).encode("utf-8-sig")

    def _quoted(self, cells):
        line = io.StringIO()
        csv.writer(line, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return line.getvalue()


def no_formula(text):
    """Return a text that no spreadsheet takes for a formula."""
    return f"{TEXT_MARK}{text}" if text[:1] in MARKED else text


def harmless(text):
    """Return a text, on one line, that every spreadsheet leaves as it is.

    >>> harmless('=HYPERLINK("http://example.com")')
    '\'=HYPERLINK("http://example.com")'
    >>> harmless("0001234")
    "'0001234"
    >>> harmless("INV/2026/00001")
    'INV/2026/00001'
    >>> harmless("Maçonnerie Lefèvre")
    'Maçonnerie Lefèvre'
    """
    text = text or ""
    # Digits at the end make nothing else of a text that begins with letters: numbers
    # of documents have few beginnings.
    return text if _is_plain(text.rstrip(string.digits)) else _marked(text)


@lru_cache(1000)
def _is_plain(text):
    head = text[:HEAD]
    return (
        bool(PLAIN.fullmatch(text) and PLAIN_HEAD.fullmatch(head))
        and head.lower() not in LOGICAL_HEADS
    )


def _marked(text):
    text = " ".join(text.split())
    if IS_LOGICAL.fullmatch(text) or (NUMERIC.fullmatch(text) and DIGIT.search(text)):
        return f"{TEXT_MARK}{text}"
    return no_formula(text)
