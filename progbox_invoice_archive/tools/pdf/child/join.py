"""Writes the result; runs in a child process.

QPDF reads each part and serialises its objects, one part open at a time; they are
written with new numbers, so memory depends neither on the number of parts nor on the
number of pages. A merge by QPDF itself keeps every part open and every object in
memory (260 MB for 10,000 pages of five objects each), and loses layers that are off.
"""

import pikepdf

from . import attachments, labels, outline
from .byte_copies import Copies, Unreadable
from .destinations import Destinations
from .layers import Layers
from .messages import Attached, Failure, Part, is_disk_full
from .metadata import write_metadata
from .page_copier import Copier, mend_page
from .page_tree import PageTree
from .sanitize import sanitize_page
from .stamp import Numbers
from .writer import Writer, reference, text

BUFFER_SIZE = 1 << 20


def join(report, parts, output, title, metadata=None, attached=(), numbers=None):
    """Write one PDF of all parts.

    :param report: called with the number of pages and parts that are done
    """
    parts = [Part(*part) for part in parts]
    attached = [Attached(*each) for each in attached]
    try:
        with open(output, "wb", buffering=BUFFER_SIZE) as file, Copies(file) as copies:
            joining = Joining(Writer(file, copies), parts, numbers)
            report([0, 0])
            for index, part in enumerate(parts):
                joining.add(index, part)
                report([joining.done, index + 1])
            joining.finish(title, metadata or {}, attached)
    except Unreadable as error:
        paths = [part.path for part in parts]
        if error.path not in paths:
            raise
        index = paths.index(error.path)
        raise Failure("part_refused", str(error), index) from error
    return {"pages": joining.done}


class Joining:
    def __init__(self, writer, parts, pattern):
        self._writer = writer
        self._parts = parts
        self._pattern = pattern
        self._tree = PageTree(writer)
        self._layers = Layers()
        self._pages = sum(part.pages for part in parts)

    @property
    def done(self):
        return len(self._tree)

    def add(self, index, part):
        """Write the pages of a part; what is wrong with it raises a Failure."""
        try:
            with pikepdf.open(part.path) as pdf:
                if len(pdf.pages) != part.pages:
                    found = f"{len(pdf.pages)} pages, not {part.pages}"
                    raise Failure("part_refused", found, index)
                self._copy(pdf, part)
        except (MemoryError, Failure, Unreadable):
            raise
        except Exception as error:  # QPDF and pikepdf raise what they like
            if is_disk_full(error):
                raise
            raise Failure("part_refused", repr(error), index) from error

    def _copy(self, pdf, part):
        copier = Copier(pdf, part.path, self._writer)
        start = self.done
        pages = [(page, self._tree.allocate()) for page in pdf.pages]
        copier.announce({page.obj.objgen: number for page, number in pages})
        destinations, stamps = Destinations(pdf), None
        if part.numbered and self._pattern:
            stamps = Numbers(pdf, self._pattern, self._pages)
        for index, (page, number) in enumerate(pages, start):
            mend_page(page)
            destinations.resolve(page)
            sanitize_page(page)
            if stamps:
                stamps.stamp(page, index + 1)
            copier.copy_page(page, number, self._tree.parent_of(index))
        self._layers.collect(pdf, copier)

    def finish(self, title, metadata, attached):
        writer = self._writer
        entries = {
            b"Type": b"/Catalog",
            b"Pages": reference(self._tree.finish()),
            b"PageLabels": reference(labels.write(writer, self._parts)),
            b"ViewerPreferences": b"<< /DisplayDocTitle true >>",
        }
        if bookmarks := outline.write(writer, self._parts, self._tree.page):
            entries[b"Outlines"] = reference(bookmarks)
            entries[b"PageMode"] = b"/UseOutlines"
        if layers := self._layers.finish(writer):
            entries[b"OCProperties"] = reference(layers)
        if attached:
            names, files = attachments.write(writer, attached)
            entries[b"Names"] = b"<< /EmbeddedFiles %s >>" % names
            entries[b"AF"] = files
        if language := metadata.get("language"):
            entries[b"Lang"] = text(language)
        info, entries[b"Metadata"] = write_metadata(writer, title, metadata)
        root = b" ".join(b"/%s %s" % entry for entry in entries.items())
        writer.finish(writer.add(b"<< %s >>" % root), info)
