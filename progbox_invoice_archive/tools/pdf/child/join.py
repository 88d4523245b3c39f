"""Writes the result; runs in a child process.

QPDF reads each part and serialises its objects, one part open at a time; they are
written with new numbers, so memory depends neither on the number of parts nor on the
number of pages. A merge by QPDF itself keeps every part open and every object in
memory (260 MB for 10,000 pages of five objects each), and loses layers that are off.
"""

import json
import os

import pikepdf

from . import attachments, labels, outline, pausing
from .byte_copies import Copies, Unreadable
from .destinations import Destinations
from .known import Known
from .layers import Layers
from .messages import Attached, Failure, Part, is_disk_full
from .metadata import write_metadata
from .page_copier import Copier, mend_page
from .page_tree import PageTree
from .sanitize import sanitize_page
from .stamp import Numbers
from .writer import Writer, reference, text

BUFFER_SIZE = 1 << 20


def join(
    report,
    parts,
    output,
    title,
    metadata=None,
    attached=(),
    numbers=None,
    state=None,
):
    """Write one PDF of all parts.

    :param report: called with the number of pages and parts that are done
    :param state: path of what is kept when somebody asks for a pause: the next call
        with the same parts goes on from there
    :return: whether it is finished; else it pauses
    """
    parts = [Part(*part) for part in parts]
    attached = [Attached(*each) for each in attached]
    kept = _read(state)
    mode = "r+b" if kept else "wb"
    try:
        with open(output, mode, buffering=BUFFER_SIZE) as file, Copies(file) as copies:
            joining = Joining(Writer(file, copies), parts, numbers, bool(state))
            joining.begin(kept)
            report([joining.done, joining.next])
            while joining.next < len(parts):
                if not joining.add_next():
                    break
                report([joining.done, joining.next])
            else:
                joining.finish(title, metadata or {}, attached)
                return True
    except Unreadable as error:
        paths = [part.path for part in parts]
        if error.path not in paths:
            raise
        index = paths.index(error.path)
        raise Failure("part_refused", str(error), index) from error
    # A disk that is slow to write is no part's fault.
    report([joining.done, len(parts)])
    _keep(state, output, joining.state())
    return False


def _read(path):
    """Return what was kept of a result that is not finished; None if it begins."""
    if not path or not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def _keep(path, output, state):
    """Keep where a result stands, once what it counts on is on the disk."""
    with open(output, "rb") as file:
        os.fdatasync(file.fileno())
    with open(f"{path}.new", "w") as file:
        json.dump(state, file)
    os.replace(f"{path}.new", path)


class Joining:
    """The parts of a result, one after the other.

    :param pauses: whether it stops after a page when somebody asks for it
    """

    def __init__(self, writer, parts, pattern, pauses):
        self._writer = writer
        self._parts = parts
        self._pattern = pattern
        self._pauses = pauses
        self._tree = PageTree(writer)
        self._layers = Layers()
        self._known = Known()
        self._pages = sum(part.pages for part in parts)
        # Of the part that it stopped in: pages that are done, numbers of its objects.
        self._inside = None
        self._moved = False
        self.next = 0

    @property
    def done(self):
        return len(self._tree)

    def begin(self, state):
        if not state:
            return self._writer.begin()
        self.next, self._inside = state["next"], state["inside"]
        self._writer.restore(state["writer"])
        self._tree.restore(state["tree"])
        self._layers.restore(state["layers"])
        self._known.restore(state["known"])

    def state(self):
        """Return what is needed to go on, for JSON."""
        return {
            "next": self.next,
            "inside": self._inside,
            "writer": self._writer.state(),
            "tree": self._tree.state(),
            "layers": self._layers.state(),
            "known": self._known.state(),
        }

    def add_next(self):
        """Write the pages of the next part; what is wrong with it raises a Failure.

        :return: whether all of them are there; else it pauses
        """
        index, part = self.next, self._parts[self.next]
        try:
            with pikepdf.open(part.path) as pdf:
                if len(pdf.pages) != part.pages:
                    found = f"{len(pdf.pages)} pages, not {part.pages}"
                    raise Failure("part_refused", found, index)
                return self._copy(pdf, part)
        except (MemoryError, Failure, Unreadable):
            raise
        except Exception as error:  # QPDF and pikepdf raise what they like
            if is_disk_full(error):
                raise
            raise Failure("part_refused", repr(error), index) from error

    def _copy(self, pdf, part):
        # What is made from here on has other numbers each time.
        own = pdf.make_indirect(pikepdf.Dictionary()).objgen[0]
        copier = Copier(pdf, part.path, self._writer, self._known)
        written, start = self._go_on(copier, pdf, part)
        destinations, stamps = Destinations(pdf), None
        if part.numbered and self._pattern:
            stamps = Numbers(pdf, self._pattern, self._pages)
        for place, page in enumerate(pdf.pages):
            if place < written:
                continue
            if self._has_to_pause():
                numbers = copier.numbers.items()
                kept = [(*key, number) for key, number in numbers if key[0] < own]
                self._inside = {"written": place, "numbers": kept}
                return False
            mend_page(page)
            destinations.resolve(page)
            sanitize_page(page)
            if stamps:
                stamps.stamp(page, start + place + 1)
            number, parent = self._tree.page(start + place), start + place
            copier.copy_page(page, number, self._tree.parent_of(parent))
            self._moved = True
        self._layers.collect(pdf, copier)
        self._inside = None
        self.next += 1
        return True

    def _go_on(self, copier, pdf, part):
        """Tell the copier what is there, and begin with the numbers of the pages.

        :return: pages of this part that are there, and the index of its first one
        """
        if self._inside:
            kept = self._inside["numbers"]
            copier.announce({(key, age): number for key, age, number in kept})
            return self._inside["written"], self.done - part.pages
        start = self.done
        numbers = {page.obj.objgen: self._tree.allocate() for page in pdf.pages}
        copier.announce(numbers)
        return 0, start

    def _has_to_pause(self):
        """Whether somebody waits; never before something has been done."""
        return self._pauses and self._moved and pausing.is_asked()

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
