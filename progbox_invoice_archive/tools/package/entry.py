"""One file of a package, and what our own ones are called."""

import hashlib
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ..ledger.digests import digest_blocks
from ..staging import BLOCK_SIZE, read_blocks

MANIFEST = "MANIFEST.sha256"
PROBLEMS = "PROBLEMS.txt"
INDEX = "index.csv"
LEDGER = "ledger.jsonl"
CLOSINGS = "closings.json"
CHECK = "CHECK.txt"
# These are written last: they tell of the others.
LATE = (INDEX, PROBLEMS, MANIFEST)
# Time stamps, and what they are checked with.
STAMPS = "stamps"
OWN_FILES = (*LATE, LEDGER, CLOSINGS, CHECK)
# A file that is longer is read twice, instead of standing in memory.
LONGEST_KEPT = 1 << 23
UNKNOWN_DIGEST = "0" * 64


class FileChanged(OSError):
    """A file is not as long as it was when the package was put together."""


class Found(NamedTuple):
    """A file as it was found: its length, its digests, and its bytes."""

    size: int
    crc: int
    sha256: str
    blocks: object


class Entry:
    """One file of a package.

    :param str name: path in the package
    :param source: content (bytes), Path, or whatever the reader of the package knows
    :param int size: length in bytes
    :param str sha256: digest, hexadecimal
    :param str label: what people are told it is
    """

    # Ten thousands of these stand in memory at once.
    __slots__ = ("name", "source", "size", "sha256", "label", "line", "key")

    def __init__(self, name, source, size, sha256, label=None):
        self.name = name
        self.source = source
        self.size = size
        self.sha256 = sha256
        self.label = label or name
        # Its line in the index, and what its owner knows it by.
        self.line = self.key = None

    def blocks(self, read):
        """Yield the bytes, never more or less of them than were announced.

        :param read: function that yields the blocks of a source
        :raise FileChanged: when the file has another length by now
        """
        left = self.size
        for block in self._open(read):
            left -= len(block)
            if left < 0:
                break
            yield block
        if left:
            raise FileChanged(f"{self.name} changed while it was being read")

    def find(self, read):
        """Read the file once, for what stands before it in a zip.

        :param read: function that yields the blocks of a source
        :rtype: Found
        :raise OSError: when it is not there, or not readable
        """
        size, crc, kept = 0, 0, []
        digest = None if self.sha256 else hashlib.sha256()
        for block in self._open(read):
            size += len(block)
            crc = crc32(block, crc)
            if digest:
                digest.update(block)
            if size <= LONGEST_KEPT:
                kept.append(block)
            else:
                kept = None
        sha256 = self.sha256 or digest.hexdigest()
        return Found(size, crc, sha256, self._again(read, size, crc, kept))

    def _again(self, read, size, crc, kept):
        """Yield the bytes that have been read once: they are what they were."""
        if kept is not None:
            yield from kept
            return
        again = Entry(self.name, self.source, size, None)
        read_again = 0
        for block in again.blocks(read):
            read_again = crc32(block, read_again)
            yield block
        if read_again != crc:
            raise FileChanged(f"{self.name} changed while it was being read")

    def _open(self, read):
        if isinstance(self.source, bytes):
            return [self.source]
        if isinstance(self.source, Path):
            return read_blocks(self.source, BLOCK_SIZE)
        return read(self.source)


def text_entry(name, content):
    """Return one of our own files.

    :param content: str, bytes, or the Path of a file
    """
    if isinstance(content, str):
        content = content.encode()
    on_disk = isinstance(content, Path)
    size = content.stat().st_size if on_disk else len(content)
    entry = Entry(name, content, size, None)
    entry.sha256 = digest_blocks(entry.blocks(None)).sha256
    return entry


def manifest_line(entry):
    """Return the line of a file for ``sha256sum -c``.

    No name holds a backslash or a line break, so none needs escaping. Of a digest that
    is not known yet, the length is.
    """
    return f"{entry.sha256 or UNKNOWN_DIGEST}  {entry.name}\n"


def manifest_size(count, names):
    """Return how long the manifest of some files is, in bytes.

    :param int count: of the files
    :param int names: length of all their names in bytes
    """
    return (len(UNKNOWN_DIGEST) + len("  \n")) * count + names


def names_size(entries):
    """Return how long the names of some files are together, in bytes."""
    return len("".join([entry.name for entry in entries]).encode())
