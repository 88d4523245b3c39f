"""Copies the pages of a PDF into another one, with all they need and nothing else."""

import re
from decimal import Decimal

import pikepdf

from .raw_streams import RawStreams
from .writer import reference

# What a page keeps: what is seen. Scripts, threads, private data of programs and the
# structure tree of the source stay behind.
PAGE_KEYS = {
    "/Type",
    "/Resources",
    "/MediaBox",
    "/CropBox",
    "/BleedBox",
    "/TrimBox",
    "/ArtBox",
    "/Contents",
    "/Rotate",
    "/Group",
    "/Annots",
    "/UserUnit",
}
# Parts of the source's own frame, which some objects point back to.
FRAME_TYPES = {"/Catalog", "/Page", "/Pages", "/StructElem", "/StructTreeRoot"}
# What readers assume for a page without a size.
LETTER = [0, 0, 612, 792]
NUMBERS = (int, float, Decimal)
# A stream may name a file outside of the PDF, or hold one: never.
NOT_COPIED = ("/Length", "/F", "/FFilter", "/FDecodeParms", "/AF")
# QPDF writes a space before each reference, and strings with their brackets escaped,
# so that strings are easy to pass over. Looking for them takes five times as long.
REFERENCE = re.compile(rb" (\d+) (\d+) R\b")
STRING = rb"\([^\\()]*(?:\\.[^\\()]*)*\)|<[0-9a-f]*>"
TOKEN = re.compile(STRING + rb"|" + REFERENCE.pattern, re.DOTALL)


class Copier:
    """One source PDF on its way into a Writer.

    :param pdf: pikepdf.Pdf, read from the file at `path`
    """

    def __init__(self, pdf, path, writer):
        self._pdf = pdf
        self._raw = RawStreams(pdf, path)
        self._writer = writer
        self._numbers = {}
        self._waiting = []

    def copy_page(self, page, number, parent):
        """Write a page; `announce` must have told the numbers of all pages before.

        :param parent: number of the node of the page tree that it hangs on
        """
        content = self.translated(page.obj.unparse(resolved=True))
        content = content.removesuffix(b">>") + b"/Parent %s >>" % reference(parent)
        self._writer.put(number, content)
        self._copy_waiting()

    def announce(self, numbers):
        """Tell which objects of the source are pages: {(number, generation): number}"""
        self._numbers |= numbers

    def copy_value(self, value):
        """Serialise a value of the source and write what it refers to."""
        content = self.translated(value.unparse(resolved=True))
        self._copy_waiting()
        return content

    def copy_reference(self, key):
        """Copy an object of the source and return the reference to it."""
        number = self._number(key)
        self._copy_waiting()
        return reference(number)

    def translated(self, content):
        """Serialised content with the numbers of the target."""
        if b" R" not in content:
            return content
        pattern = TOKEN if _has_strings(content) else REFERENCE
        return pattern.sub(self._translate, content)

    def _translate(self, match):
        if not match[1]:
            return match[0]
        return b" %d 0 R" % self._number((int(match[1]), int(match[2])))

    def _number(self, key):
        """The number of an object in the target; it is copied sooner or later."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._writer.allocate()
            self._waiting.append(key)
        return number

    def _copy_waiting(self):
        while self._waiting:
            key = self._waiting.pop()
            self._copy_object(key, self._pdf.get_object(key))

    def _copy_object(self, key, value):
        number = self._numbers[key]
        if isinstance(value, pikepdf.Stream):
            entries = pikepdf.Dictionary(value.stream_dict)
            for name in NOT_COPIED:
                if name in entries:
                    del entries[name]
            content = self.translated(entries.unparse(resolved=True))
            data = self._raw.piece(key, value)
            if data is None:
                data = memoryview(value.get_raw_stream_buffer())
            self._writer.put_stream(number, content[2:-2].strip(), data)
        elif isinstance(value, pikepdf.Dictionary) and _is_frame(value):
            self._writer.put(number, b"null")
        elif isinstance(value, pikepdf.Object):
            self._writer.put(number, self.translated(value.unparse(resolved=True)))
        else:  # a number, a truth value or nothing, as Python knows them
            self._writer.put(number, pikepdf.Array([value]).unparse()[1:-1])


def _has_strings(content):
    """Whether there may be a string in a serialised value."""
    return b"(" in content or content.count(b"<") > 2 * content.count(b"<<")


def mend_page(page):
    """Leave a page what is seen, in a form that all readers understand."""
    values = page.obj
    for key in set(values.keys()) - PAGE_KEYS:
        del values[key]
    if not _is_box(values.get("/MediaBox")):
        values["/MediaBox"] = pikepdf.Array(LETTER)
    if "/CropBox" in values and not _is_box(values["/CropBox"]):
        del values["/CropBox"]
    for key in ("/Rotate", "/UserUnit"):
        if not isinstance(values.get(key, 0), NUMBERS):
            del values[key]
    inner(inner(values, "/Resources"), "/Font")


def inner(holder, key):
    """The dictionary in a dictionary, made if it is missing or something else."""
    if not isinstance(holder.get(key), pikepdf.Dictionary):
        holder[key] = pikepdf.Dictionary()
    return holder[key]


def _is_box(value):
    try:
        left, bottom, right, top = map(float, value)
    except (TypeError, ValueError):
        return False
    return left != right and bottom != top


def _is_frame(value):
    kind = value.get("/Type")
    return isinstance(kind, pikepdf.Name) and str(kind) in FRAME_TYPES
