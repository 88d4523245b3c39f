"""Files handed out together: as a zip that is streamed, or as a folder.

The length of the zip is known before its first byte, so that a browser can show
how far it is; the price is that a file which fails half-way breaks the download.
"""

import errno
import os
import shutil
from pathlib import Path

from zipstream import ZIP_STORED, ZipStream

from .digests import digest_blocks
from .package_names import Names
from .staging import BLOCK_SIZE, read_blocks, sync_folder

MANIFEST = "MANIFEST.sha256"
PROBLEMS = "PROBLEMS.txt"
INDEX = "index.csv"
LEDGER = "ledger.jsonl"
CLOSINGS = "closings.json"
CHECK = "CHECK.txt"
OWN_FILES = (MANIFEST, PROBLEMS, INDEX, LEDGER, CLOSINGS, CHECK)


class FileChanged(OSError):
    """A file is not as long as it was when the package was put together."""


class Entry:
    """One file of a package; iterating yields its bytes.

    :param str name: path in the package
    :param source: path (str), content (bytes), or a function returning blocks
    :param int size: length in bytes
    :param sha256: digest, hexadecimal
    """

    # Ten thousands of these stand in memory at once.
    __slots__ = ("name", "source", "size", "sha256")

    def __init__(self, name, source, size, sha256):
        self.name = name
        self.source = source
        self.size = size
        self.sha256 = sha256

    def __iter__(self):
        left = self.size
        for block in self._blocks():
            left -= len(block)
            if left < 0:
                break
            yield block
        if left:
            raise FileChanged(f"{self.name} changed while it was being read")

    def _blocks(self):
        if isinstance(self.source, bytes):
            return [self.source]
        if isinstance(self.source, str):
            return read_blocks(self.source, BLOCK_SIZE)
        return self.source()


class Package:
    """Collects files under unique, safe names, and what is wrong with some."""

    def __init__(self):
        self.names = Names(OWN_FILES)
        self.texts = []
        self.files = []
        self.problems = []

    @property
    def entries(self):
        """All files, ours first: who interrupts a download has them already."""
        return self.texts + self.files

    @property
    def size(self):
        """Bytes of all files together."""
        return sum(entry.size for entry in self.entries)

    def add_file(self, name, source, size=None, sha256=None):
        """Add a file of the store.

        :param str name: given by :attr:`names`
        :param source: see :class:`Entry`
        :param size: needed when the source is a function
        :param sha256: digest on record; computed when there is none
        :rtype: Entry
        :raise OSError: when the file is not there, empty or not readable
        """
        if isinstance(source, str):
            size = os.stat(source).st_size
            if not os.access(source, os.R_OK):
                raise PermissionError(name)
        if not size:
            raise FileNotFoundError(name)
        entry = Entry(name, source, size, sha256)
        entry.sha256 = sha256 or digest_blocks(entry).sha256
        self.files.append(entry)
        return entry

    def add_text(self, name, content):
        """Add one of our own files.

        :param content: str, bytes, or the Path of a file
        """
        if isinstance(content, Path):
            entry = Entry(name, str(content), content.stat().st_size, None)
        else:
            content = content.encode() if isinstance(content, str) else content
            entry = Entry(name, content, len(content), None)
        entry.sha256 = digest_blocks(entry).sha256
        self.texts.append(entry)

    def finish(self, heading):
        """Add the list of problems, when there are any, and the manifest.

        :param str heading: first line of the list
        """
        if self.problems:
            self.add_text(PROBLEMS, "\n".join([heading, "", *self.problems, ""]))
        self.add_text(MANIFEST, manifest(self.entries))

    def zip_stream(self):
        """Return the zip: ``len()`` of it is exact, iterating it yields bytes."""
        stream = ZipStream(compress_type=ZIP_STORED, sized=True)
        for entry in self.entries:
            stream.add(entry, entry.name, size=entry.size)
        return stream

    def write_to(self, folder):
        """Write all files into a new folder: there whole, or not there at all.

        What a killed process left of an earlier try is removed.

        :param Path folder: must not exist
        :raise OSError: disk full, no right to write, folder exists
        """
        partial = folder.with_name(f".{folder.name}.partial")
        remove_tree(partial)
        if folder.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        try:
            for entry in self.entries:
                path = partial / entry.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "wb") as file:
                    file.writelines(entry)
            # One for all: a sync per file would take longer than the writing.
            os.sync()
            os.rename(partial, folder)
        except BaseException:
            remove_tree(partial)
            raise
        sync_folder(folder.parent)


def remove_tree(folder):
    """Remove a folder and what is in it, when it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def manifest(entries):
    """Return what ``sha256sum -c`` reads.

    No name holds a backslash or a line break, so none needs escaping.
    """
    return "".join(f"{entry.sha256}  {entry.name}\n" for entry in entries)


def harmless(text):
    """Return a text that no spreadsheet takes for a formula.

    >>> harmless('=HYPERLINK("http://example.com")')
    '\\'=HYPERLINK("http://example.com")'
    >>> harmless("Maçonnerie Lefèvre")
    'Maçonnerie Lefèvre'
    """
    text = " ".join((text or "").split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "|", "%")) else text
