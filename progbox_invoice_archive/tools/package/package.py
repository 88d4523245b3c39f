"""Files handed out together, and how one zip is made of them while it is sent.

The length of the zip is known before its first byte, so that a browser can show
how far it is; the price is that a file which fails half-way breaks the download.
"""

from collections import deque
from pathlib import Path

from zipstream import ZIP_STORED, ZipStream

from ..ledger.digests import digest_blocks
from ..staging import BLOCK_SIZE, read_blocks
from .names import Names
from .zip_size import zip_size

MANIFEST = "MANIFEST.sha256"
PROBLEMS = "PROBLEMS.txt"
INDEX = "index.csv"
LEDGER = "ledger.jsonl"
CLOSINGS = "closings.json"
CHECK = "CHECK.txt"
OWN_FILES = (MANIFEST, PROBLEMS, INDEX, LEDGER, CLOSINGS, CHECK)
# Small pieces would each cost a call of the system on their way to the client.
PIECE = 1 << 18


class FileChanged(OSError):
    """A file is not as long as it was when the package was put together."""


class Entry:
    """One file of a package.

    :param str name: path in the package
    :param source: content (bytes), Path, or whatever the reader of the package knows
    :param int size: length in bytes
    :param str sha256: digest, hexadecimal
    """

    # Ten thousands of these stand in memory at once.
    __slots__ = ("name", "source", "size", "sha256")

    def __init__(self, name, source, size, sha256):
        self.name = name
        self.source = source
        self.size = size
        self.sha256 = sha256

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

    def _open(self, read):
        if isinstance(self.source, bytes):
            return [self.source]
        if isinstance(self.source, Path):
            return read_blocks(self.source, BLOCK_SIZE)
        return read(self.source)


class Package:
    """Collects files under unique, safe names, and what is wrong with some.

    :param read: function that yields the blocks of a source; it must need nothing
        that is gone when the package is handed out
    :param bool hides: whether folders keep the dot that hides them
    """

    def __init__(self, read=read_blocks, hides=True):
        self.read = read
        self.names = Names(OWN_FILES, hides)
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

    @property
    def zip_size(self):
        """Bytes of the zip."""
        return zip_size(
            (len(entry.name.encode()), entry.size) for entry in self.entries
        )

    def add_file(self, name, source, size, sha256=None):
        """Add a file of the store.

        :param str name: given by :attr:`names`
        :param source: see :class:`Entry`
        :param int size: length in bytes
        :param sha256: digest on record; computed when there is none
        :rtype: Entry
        """
        entry = Entry(name, source, size, sha256)
        if not sha256:
            entry.sha256 = digest_blocks(entry.blocks(self.read)).sha256
        self.files.append(entry)
        return entry

    def add_text(self, name, content):
        """Add one of our own files.

        :param content: str, bytes, or the Path of a file
        """
        if isinstance(content, str):
            content = content.encode()
        on_disk = isinstance(content, Path)
        size = content.stat().st_size if on_disk else len(content)
        entry = Entry(name, content, size, None)
        entry.sha256 = digest_blocks(entry.blocks(self.read)).sha256
        self.texts.append(entry)

    def finish(self, heading):
        """Add the list of problems, when there are any, and the manifest.

        :param str heading: first line of the list
        """
        if self.problems:
            self.add_text(PROBLEMS, "\n".join([heading, "", *self.problems, ""]))
        self.add_text(MANIFEST, manifest(self.entries))

    def zip_stream(self):
        """Yield the zip in pieces; all of them together are :attr:`zip_size` long.

        The package is used up on the way, so that its memory is free for the
        directory of the zip.
        """
        entries = deque(self.entries)
        self.texts = self.files = ()
        yield from in_pieces(_zipped(entries, self.read), PIECE)


def _zipped(entries, read):
    stream = ZipStream(compress_type=ZIP_STORED)
    while entries:
        entry = entries.popleft()
        # One by one: a queue of all of them would take longer than a first byte may.
        stream.add(entry.blocks(read), entry.name, size=entry.size)
        yield from stream.all_files()
    yield from stream.finalize()


def in_pieces(blocks, size):
    """Join blocks of bytes until they are at least so long together."""
    waiting, length = [], 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)


def manifest(entries):
    """Return what ``sha256sum -c`` reads.

    No name holds a backslash or a line break, so none needs escaping.
    """
    return "".join(f"{entry.sha256}  {entry.name}\n" for entry in entries)
