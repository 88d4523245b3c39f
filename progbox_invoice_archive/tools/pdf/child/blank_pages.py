"""Pages on which nothing is seen, although another reader sees something on them.

Also pages that lack what their drawing needs, in files whose end is missing.
"""

import re
import zlib
from typing import NamedTuple

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from . import other_readers
from .messages import Failure
from .structure import branch

FIRST = 20  # pages that are looked at more closely
SMALL = 64  # bytes of a drawing that are looked at first
LESS = 0.7  # of the ink: a part of the page is lost
# What a drawing takes from the resources of its page.
NEEDED = {"Do": "/XObject", "Tf": "/Font", "gs": "/ExtGState", "sh": "/Shading"}
OBJECT = re.compile(rb"\b(\d{1,9}) (\d{1,5}) obj\b")
IS_PAGE = re.compile(rb"/Type\s*/Page\b")
IS_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
TREE = re.compile(rb"/Pages\s+(\d{1,9}) (\d{1,5}) R\b")
FIRST_PAGE = re.compile(rb"/Linearized\s[^<>]{0,200}?/O\s+(\d{1,9})\b", re.DOTALL)
MOST_BYTES = 50 << 20
PAGES_OBJECT = re.compile(rb"<<[^<>]{0,400}?/Type\s*/Pages\b[^<>]*?>>", re.DOTALL)
COUNT = re.compile(rb"/Count\s+(\d{1,7})\b")
LINEARIZED = re.compile(rb"/Linearized\s[^<>]{0,200}?/N\s+(\d{1,7})\b", re.DOTALL)


class Drawing(NamedTuple):
    """What QPDF makes of the drawing of a page.

    :param empty: nothing that could be seen
    :param unreadable: a part of it cannot be unfolded
    """

    empty: bool
    unreadable: bool


def suspects(pdf, damaged):
    """Return the pages that may have lost their ink: {index: Drawing}"""
    found = {}
    for number, page in enumerate(pdf.pages):
        drawing = _drawing(page, thorough=damaged)
        if drawing.empty or drawing.unreadable or (damaged and number < FIRST):
            found[number] = drawing
    return found


def _drawing(page, thorough):
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, Array) else [contents]
    empty, unreadable = True, False
    for stream in streams:
        if not isinstance(stream, Stream):
            continue
        if not thorough and _begins_well(stream):
            return Drawing(False, False)
        try:
            drawn = stream.read_bytes()
            if drawn.strip():
                empty = False
            elif not drawn and len(stream.get_raw_stream_buffer()) > SMALL:
                unreadable = True  # it was packed from something
        except pikepdf.PdfError:
            unreadable = True
    return Drawing(empty, unreadable)


def _begins_well(stream):
    """Whether the beginning of a drawing can be unfolded: no more, it takes time."""
    data = memoryview(stream.get_raw_stream_buffer())
    packing = stream.stream_dict.get("/Filter")
    if packing != Name.FlateDecode:
        return packing is None and len(data) > SMALL
    try:
        return bool(zlib.decompressobj().decompress(data[:SMALL]).strip())
    except zlib.error:
        return False


def mend(original, ready, found, damaged, new_path, prepare):
    """Take pages that are blank by mistake from a reader that sees something on them.

    :param ready: the file that would go in, with the pages of the original
    :param found: see `suspects`
    :param new_path: function that returns the path of a new file
    :param prepare: function that gets a page of another reader, as a file of its own,
        and the index of its place, and does to it what is done to each file
    :return: the file that goes in, and what was changed
    :raise Failure: 'damaged': no page has anything on it that can be read
    """
    # Those first that are most likely to be blank: looking at pages takes time.
    numbers = sorted(found, key=lambda each: (not any(found[each]), each))
    ours = other_readers.inks(ready, numbers)
    theirs, has_all = {}, _has_all_pages(original, ready)
    if has_all:
        theirs = other_readers.inks(original, numbers)
    if not ours:  # PDFium cannot open it: there is nothing to compare with
        if any(drawing.unreadable for drawing in found.values()):
            raise Failure("damaged", "the drawing of a page cannot be unfolded")
        return ready, []
    changes, blank, mended = set(), [], {}
    asked = 0
    for number, ink in sorted(ours.items()):
        drawing = found[number]
        if (better := theirs.get(number, 0)) and ink < LESS * better:
            mended[number] = "by_pdfium"
        elif ink or not (damaged or drawing.unreadable):
            continue
        else:
            asked += has_all
            sees = other_readers.poppler_sees
            if has_all and asked <= FIRST and sees(original, number):
                mended[number] = "by_poppler"
            else:
                blank.append(number)
    if mended:
        ready, failed = _replaced(original, ready, mended, new_path, prepare)
        changes |= {mended[number] for number in mended.keys() - failed}
        blank += failed
    if blank:
        if any(found[number].unreadable for number in blank):
            _refuse_blank(ready, blank)
        changes.add(told(blank))
    return ready, sorted(changes)


def _has_all_pages(original, ready):
    """Whether a page of a file is the page of that number in the original, too."""
    pages = other_readers.count_pages(ready)
    return pages > 0 and pages == other_readers.count_pages(original)


def told(blank):
    """Return the change of Inspection.changes about pages without anything on them."""
    numbers = [str(number + 1) for number in sorted(blank)]
    return "blank/" + ", ".join(numbers[:FIRST] + ["…"] * (len(numbers) > FIRST))


def _refuse_blank(path, blank):
    with pikepdf.open(path) as pdf:
        if len(blank) == len(pdf.pages):
            raise Failure("damaged", "nothing is seen on any page")


def _replaced(original, ready, mended, new_path, prepare):
    """Put pages of other readers in the place of blank ones.

    :return: the new file, and the pages that stayed blank
    """
    target, writers = new_path(), dict(other_readers.READERS)
    failed = []
    with pikepdf.open(ready) as pdf:
        for number, reader in mended.items():
            piece = new_path()
            try:
                writers[reader](original, piece, number)
                with pikepdf.open(piece) as other:
                    prepare(other, number)
                    pdf.pages[number] = other.pages[0]
            except (Failure, pikepdf.PdfError, IndexError):
                failed.append(number)
            finally:
                piece.unlink(missing_ok=True)
        pdf.save(target, fix_metadata_version=False)
    inks = other_readers.inks(target, mended)
    failed += [each for each in mended.keys() - {*failed} if not inks.get(each)]
    return target, failed


def cut_object(path):
    """Return the number of the object in whose middle a file ends; 0: there is none."""
    with open(path, "rb") as file:
        starts = [*OBJECT.finditer(content := file.read(MOST_BYTES))]
    if not starts or b"endobj" in content[starts[-1].end() :]:
        return 0
    return int(starts[-1][1])


def is_whole(page, cut=0):
    """Whether a page has all that its drawing names; what it draws may lack more.

    :param cut: see `cut_object`
    """
    contents = page.obj.get("/Contents")
    if not isinstance(contents, Array | Stream) or _drawing(page, True).unreadable:
        return False
    try:
        drawing = pikepdf.parse_content_stream(page)
    except MemoryError:
        raise
    except Exception:  # pikepdf raises what it likes
        return False
    resources = page.get("/Resources", Dictionary())
    if not isinstance(resources, Dictionary):
        return False
    needed = [
        branch(resources, NEEDED[str(operator)]).get(str(operands[0]))
        for operands, operator in drawing
        if str(operator) in NEEDED and len(operands)
    ]
    return bool(drawing) and all(
        isinstance(value, pikepdf.Object) and not (cut and value.objgen[0] == cut)
        for value in needed
    )


def with_new_tree(path, target):
    """Write a file whose end is missing anew, with a tree of the pages that are left.

    QPDF opens none without a tree; it looks for the objects itself.

    :return: whether there are any
    """
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES)
    first = FIRST_PAGE.search(content)
    pages, root = [], None
    starts = [*OBJECT.finditer(content)]
    ends = [*(each.start() for each in starts), len(content)][1:]
    for start, end in zip(starts, ends, strict=True):
        value = content[start.end() : end].partition(b"stream")[0]
        if b"endobj" not in value:
            continue  # a stream, or cut off
        if IS_PAGE.search(value):
            pages.append((int(start[1]), b"%b %b R" % start.groups()))
        elif IS_CATALOG.search(value) and (found := TREE.search(value)):
            root = start.groups(), found.groups()
    if not pages or not root:
        return False
    # A file for the web has its first page in front, with a later number.
    pages.sort(key=lambda page: (not first or page[0] != int(first[1]), page))
    kids = b" ".join(reference for _number, reference in pages)
    added = b"\nendobj\n%b %b obj\n" % root[1]
    added += b"<< /Type /Pages /Count %d /Kids [ %b ] >>\nendobj\n" % (len(pages), kids)
    added += b"trailer\n<< /Root %b %b R >>\n%%%%EOF\n" % root[0]
    target.write_bytes(content + added)
    return True


def announced_pages(path):
    """Return how many pages a file says that it had, going by its bytes; or 0."""
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES)
    numbers = [int(each) for each in LINEARIZED.findall(content)]
    for node in PAGES_OBJECT.findall(content):
        numbers += [int(each) for each in COUNT.findall(node)]
    return max(numbers, default=0)
