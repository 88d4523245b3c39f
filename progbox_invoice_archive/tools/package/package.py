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
    manifest_size,
    names_size,
    text_entry,
)
from .names import Names
from .zip_size import plain_zip_size, zip_size
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
        self.hides = hides
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
        return sum([entry.size for entry in self.entries])

    @functools.cached_property
    def zip_size(self):
        """Bytes of the zip of a finished package, whose last files are our own."""
        return plain_zip_size(
            len(self.files) + len(self.texts),
            self._names_size + names_size(self.texts),
            self.size,
        ) or zip_size(sizes_of(self.files + self.texts))

    @functools.cached_property
    def _names_size(self):
        """Bytes of the names of all files of a finished package, without ours."""
        return names_size(self.files)

    def add_file(self, name, source, size, sha256=None, label=None):
        """Add a file of the store. It is not looked at.

        :param str name: given by :attr:`names`
        :param source: see :class:`Entry`
        :param int size: length in bytes
        :param sha256: digest on record; computed in time when there is none
        :param str label: see :class:`Entry`
        :rtype: Entry
        """
        entry = Entry(name, source, size, sha256, label)
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
        :param bool read: whether our own files are written now, for which those
            without a digest on record are read; a stream of the zip does it on its way
        """
        self.heading = heading
        if not read:
            self.texts = self._announced_files()
            return
        for entry in self.files:
            if not entry.sha256:
                entry.sha256 = digest_blocks(entry.blocks(self.read)).sha256
        manifest = "".join(map(manifest_line, self.files))
        self.texts = self.own_files(
            manifest,
            lambda *_so_far: (
                text_entry(PROBLEMS, self.problems_text()) if self.problems else None
            ),
        )

    def _announced_files(self):
        """Return our own files, the late ones as long as they will be, but empty.

        A stream of the zip writes them anew, with what it has found on its way.
        """
        own = [text for text in self.texts if text.name not in LATE]
        if self.index:
            own.insert(0, Entry(INDEX, b"", self.index.size, None))
        if self.problems:
            own.append(text_entry(PROBLEMS, self.problems_text()))
        size = manifest_size(len(self.files), self._names_size)
        size += manifest_size(len(own), names_size(own))
        return [*own, Entry(MANIFEST, b"", size, None)]

    def zip_stream(self):
        """Yield the zip in pieces, see :class:`ZipStream`."""
        return ZipStream(self).pieces()

    def own_files(self, manifest, add_problems):
        """Return our own files: the index, what was added, and the manifest.

        :param str manifest: lines of the files of the store
        :param add_problems: function that returns the list of problems, if there shall
            be one; it is given the other ones of our files and the manifest so far
        :return: list of Entry
        """
        own = [text for text in self.texts if text.name not in LATE]
        if self.index:
            own.insert(0, text_entry(INDEX, self.index.content()))
        manifest += "".join(map(manifest_line, own))
        if problems := add_problems(own, manifest):
            own.append(problems)
            manifest += manifest_line(problems)
        return [*own, text_entry(MANIFEST, manifest)]

    def problems_text(self):
        """Return the list of what is wrong, as text."""
        return "\n".join([self.heading, "", *self.problems, ""])
