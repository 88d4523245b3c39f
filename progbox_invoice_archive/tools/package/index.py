"""The list of the documents in a package, for a spreadsheet."""

import csv
import io
from functools import lru_cache

FORMULA = ("=", "+", "-", "@", "|", "%")


class Index:
    """Lines of a CSV file.

    :param str point: decimal point of the reader's country; a spreadsheet expects
        the cells to be separated by what its numbers leave free
    """

    def __init__(self, point):
        self.delimiter = ";" if point == "," else ","
        self._lines = []

    def add(self, cells):
        """Add a line.

        :param cells: list of str without line breaks
        """
        line = self.delimiter.join(cells)
        # Most lines need no quotes, and the csv module looks at every character.
        if '"' in line or line.count(self.delimiter) >= len(cells):
            line = self._quoted(cells)
        self._lines.append(line)

    def content(self):
        """Return the file as bytes."""
        # With the mark of the byte order, which Excel needs to see that it is UTF-8.
        return "\r\n".join([*self._lines, ""]).encode("utf-8-sig")

    def _quoted(self, cells):
        line = io.StringIO()
        csv.writer(line, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return line.getvalue()


def no_formula(text):
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


# A client stands in the index as often as there are documents of it.
@lru_cache(1000)
def harmless(text):
    """Return a text, on one line, that no spreadsheet takes for a formula.

    >>> harmless('=HYPERLINK("http://example.com")')
    '\\'=HYPERLINK("http://example.com")'
    >>> harmless("Maçonnerie Lefèvre")
    'Maçonnerie Lefèvre'
    """
    return no_formula(" ".join((text or "").split()))
