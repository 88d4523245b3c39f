"""Files handed out together, with their index, their manifest and what is wrong."""

import functools
from typing import NamedTuple

from ..ledger.digests import digest_blocks
from ..staging import read_blocks
from .entry import (
    INDEX,
    LATE,
    MANIFEST,
    OWN_FILES,
    PROBLEMS,
    Entry,
    manifest_line,
    text_entry,
)
from .names import Names
from .zip_size import zip_size
from .zip_stream import ZipStream, sizes_of


class Words(NamedTuple):
    """What is wrong with files, in the words of whoever takes the package along.

    :param missing: with ``file``
    :param unreadable: with ``file`` and ``reason``
    :param changed: with ``file``, ``size`` and ``recorded``: it is in the package
    :param left_out: with the same: it is not
    :param in_index: what the index has in the place of the path
    """

    missing: str = "%(file)s is missing."
    unreadable: str = "%(file)s cannot be read: %(reason)s"
    changed: str = "%(file)s has %(size)s bytes instead of %(recorded)s."
    left_out: str = "%(file)s was left out: %(size)s bytes instead of %(recorded)s."
    in_index: str = "missing"


class Package:
    """Collects files under unique, safe names, and what is wrong with some.

    :param read: function that yields the blocks of a source; it must need nothing
        that is gone when the package is handed out
    :param bool hides: whether folders keep the dot that hides them
    :param Words words: for what is wrong
    :param Index index: of the files, when there is one
    """

    def __init__(self, read=read_blocks, hides=True, words=None, index=None):
        self.read = read
        self.names = Names(OWN_FILES, hides)
        self.words = words or Words()
        self.index = index
        self.texts = []
        self.files = []
        self.problems = []
        self.heading = ""
        # Of the files that a stream of the zip has handed over.
        self.sent_keys = []

    @property
    def entries(self):
        """All files, ours first: who interrupts a download has them already."""
        return self.texts + self.files

    @property
    def size(self):
        """Bytes of all files together."""
        return sum(entry.size for entry in self.entries)

    @functools.cached_property
    def zip_size(self):
        """Bytes of the zip of a finished package, whose last files are our own."""
        return zip_size(sizes_of(self.files + self.texts))

    def add_file(self, name, source, size, sha256=None):
        """Add a file of the store. It is not looked at.

        :param str name: given by :attr:`names`
        :param source: see :class:`Entry`
        :param int size: length in bytes
        :param sha256: digest on record; computed in time when there is none
        :rtype: Entry
        """
        entry = Entry(name, source, size, sha256)
        self.files.append(entry)
        return entry

    def add_text(self, name, content):
        """Add one of our own files.

        :param content: str, bytes, or the Path of a file
        """
        self.texts.append(text_entry(name, content))

    def add_problem(self, kind, label, **details):
        """Put down, in words, what is wrong with a file.

        :param str kind: which of the :class:`Words`
        :param str label: what people are told the file is
        """
        words = getattr(self.words, kind)
        self.problems.append(words % {"file": label, **details})

    def finish(self, heading, read=True):
        """Add the index, the list of problems, when there are any, and the manifest.

        :param str heading: first line of the list
        :param bool read: whether the files without a digest on record are read for it,
            which a stream of the zip does on its way
        """
        self.heading = heading
        for entry in self.files if read else ():
            if not entry.sha256:
                entry.sha256 = digest_blocks(entry.blocks(self.read)).sha256
        self.texts = self.own_files(
            [manifest_line(entry) for entry in self.files],
            lambda *_so_far: (
                text_entry(PROBLEMS, self.problems_text()) if self.problems else None
            ),
        )

    def zip_stream(self):
        """Yield the zip in pieces, see :class:`ZipStream`."""
        return ZipStream(self).pieces()

    def own_files(self, lines, add_problems):
        """Return our own files: the index, what was added, and the manifest.

        :param list lines: of the manifest, for the files of the store
        :param add_problems: function that adds the list of problems to our files,
            if there shall be one; it is given these files and the lines so far
        :return: list of Entry
        """
        own = [text for text in self.texts if text.name not in LATE]
        if self.index:
            own.insert(0, text_entry(INDEX, self.index.content()))
        lines = [*lines, *map(manifest_line, own)]
        if problems := add_problems(own, lines):
            own.append(problems)
            lines.append(manifest_line(problems))
        return [*own, text_entry(MANIFEST, "".join(lines))]

    def problems_text(self):
        """Return the list of what is wrong, as text."""
        return "\n".join([self.heading, "", *self.problems, ""])
