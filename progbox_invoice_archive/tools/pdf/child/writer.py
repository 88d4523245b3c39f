"""Writes a PDF from its first byte to its last, and remembers only offsets."""

import base64
import errno
import os
from array import array

import pikepdf

from .byte_copies import Piece

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
STREAM_HEAD = b"%d 0 obj\n<< %s /Length %d >>\nstream\n"
STREAM_END = b"\nendstream\nendobj\n"
# a cross-reference table has ten digits for an offset
MAX_OFFSET = 10**10 - 1


def text(value):
    """A Python string as a PDF text string."""
    return pikepdf.String(value.encode(errors="replace").decode()).unparse()


def reference(number):
    return b"%d 0 R" % number


def references(numbers):
    return b"[ %s ]" % b" ".join(map(reference, numbers))


def packed(numbers):
    """An array of numbers as a text."""
    return base64.b64encode(numbers.tobytes()).decode()


def unpacked(content):
    numbers = array("Q")
    numbers.frombytes(base64.b64decode(content))
    return numbers


class Writer:
    """The objects of one PDF, written in any order.

    Either :meth:`begin` or :meth:`restore` comes first.

    :param file: binary file to write to, at its beginning
    :param copies: Copies into that file
    """

    def __init__(self, file, copies):
        self._file = file
        self._copies = copies
        self._offsets = array("Q", [0])
        self._position = 0

    def begin(self):
        self._write(HEADER)

    def allocate(self):
        """A number for an object that is written sooner or later."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def put(self, number, content):
        """Write an object: `content` is its serialised form."""
        self._write(b"%d 0 obj\n%s\nendobj\n" % (self._begin(number), content))

    def add(self, content):
        """Write an object under a new number, which is returned."""
        number = self.allocate()
        self.put(number, content)
        return number

    def put_stream(self, number, entries, data):
        """Write a stream.

        :param entries: its dictionary without /Length and without the brackets
        :param data: bytes or a Piece, already encoded as the entries say
        """
        head = STREAM_HEAD % (self._begin(number), entries, len(data))
        if isinstance(data, Piece):
            self._write(head)
            self._copies.add(data, self._position)
            self._position += len(data)
            self._file.seek(self._position)
            self._write(STREAM_END)
        else:
            self._write(b"".join((head, data, STREAM_END)))

    def state(self):
        """Return what there is to keep to go on later, for JSON."""
        return {"offsets": packed(self._offsets), "position": self._position}

    def restore(self, state):
        """Go on where another one stopped; what it wrote beyond that is forgotten."""
        self._offsets = unpacked(state["offsets"])
        self._position = state["position"]
        if self._file.seek(0, os.SEEK_END) < self._position:
            raise EOFError("it has become shorter")
        self._file.truncate(self._position)
        self._file.seek(self._position)

    def finish(self, root, info):
        """Write the table of objects; nothing can follow."""
        start, count = self._position, len(self._offsets)
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        for offset in self._offsets[1:]:
            # what nobody wrote is free: readers take it for null
            kind = b"%010d 00000 n \n" if offset else b"%010d 65535 f \n"
            self._write(kind % offset)
        identifier = os.urandom(16).hex().encode()
        self._write(
            b"trailer\n<< /Size %d /Root %s /Info %s /ID [ <%s> <%s> ] >>\n"
            b"startxref\n%d\n%%%%EOF\n"
            % (count, reference(root), reference(info), identifier, identifier, start)
        )

    def _begin(self, number):
        if self._position > MAX_OFFSET:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._offsets[number] = self._position
        return number

    def _write(self, content):
        self._position += len(content)
        self._file.write(content)
