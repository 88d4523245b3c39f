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
# What parts of pages are made of: equal ones of two files may be the same object. Not
# so what has an identity, such as annotations, fields and layers.
SHARED_TYPES = {"/Font", "/FontDescriptor", "/ExtGState", "/Encoding"}
RESOURCES = {
    "/ColorSpace",
    "/ExtGState",
    "/Font",
    "/Pattern",
    "/ProcSet",
    "/Properties",
    "/Shading",
    "/XObject",
}
# How deep what is referred to is written first; what is deeper waits, and is not
# looked for among what is there.
MAX_DEPTH = 40
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
    :param known: Known: what other files have brought along
    """

    def __init__(self, pdf, path, writer, known):
        self._pdf = pdf
        self._raw = RawStreams(pdf, path)
        self._writer = writer
        self._known = known
        self._numbers = {}
        self._waiting = []
        # Objects that are being serialised, each because of the one before.
        self._open = []

    @property
    def numbers(self):
        """The numbers in the target of the objects that it has met: {key: number}"""
        return self._numbers

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
            if key not in self._open and len(self._open) < MAX_DEPTH:
                return self._copy(key)
            number = self._numbers[key] = self._writer.allocate()
            if key not in self._open:
                self._waiting.append(key)
        return number

    def _copy_waiting(self):
        while self._waiting:
            self._copy(self._waiting.pop())

    def _copy(self, key):
        """Write an object after all that it refers to, unless it is there already.

        :return: its number
        """
        value = self._pdf.get_object(key)
        self._open.append(key)
        try:
            content = self._content(value)
        finally:
            self._open.pop()
        data = self._data(key, value)
        number, memory = self._numbers.get(key), None
        # One that something refers to by now has to be there by its number.
        if number is None and _is_shared(value):
            number, memory = self._known.find(content, data)
            if number is not None:
                self._numbers[key] = number
                return number
        if number is None:
            number = self._numbers[key] = self._writer.allocate()
        if memory:
            self._known.remember(number, memory, data)
        if data is None:
            self._writer.put(number, content)
        else:
            self._writer.put_stream(number, content, data)
        return number

    def _content(self, value):
        """The serialised form of an object; of a stream, what is in its dictionary."""
        if isinstance(value, pikepdf.Stream):
            entries = pikepdf.Dictionary(value.stream_dict)
            for name in NOT_COPIED:
                if name in entries:
                    del entries[name]
            return self.translated(entries.unparse(resolved=True))[2:-2].strip()
        if isinstance(value, pikepdf.Dictionary) and _is_frame(value):
            return b"null"
        if isinstance(value, pikepdf.Object):
            return self.translated(value.unparse(resolved=True))
        # a number, a truth value or nothing, as Python knows them
        return pikepdf.Array([value]).unparse()[1:-1]

    def _data(self, key, value):
        """The bytes of a stream; None of anything else."""
        if not isinstance(value, pikepdf.Stream):
            return None
        piece = self._raw.piece(key, value)
        return memoryview(value.get_raw_stream_buffer()) if piece is None else piece


def _is_shared(value):
    """Whether two files may have the same object in common, if it is equal."""
    if isinstance(value, pikepdf.Stream | pikepdf.Array):
        return True
    if not isinstance(value, pikepdf.Dictionary):
        return False
    keys = value.keys()
    if "/Type" in keys:
        return str(value["/Type"]) in SHARED_TYPES
    return RESOURCES.issuperset(keys) or all(
        isinstance(entry, pikepdf.Object) and entry.is_indirect
        for entry in value.values()
    )


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
