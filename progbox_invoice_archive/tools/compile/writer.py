"""Writes a PDF from its first byte to its last, and remembers only offsets."""

import errno
import os
from array import array

import pikepdf

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
# a cross-reference table has ten digits for an offset
MAX_OFFSET = 10**10 - 1


def text(value):
    """A Python string as a PDF text string."""
    return pikepdf.String(value.encode(errors="replace").decode()).unparse()


def reference(number):
    return b"%d 0 R" % number


def references(numbers):
    return b"[ %s ]" % b" ".join(map(reference, numbers))


class Writer:
    """The objects of one PDF, written in any order.

    :param file: binary file to write to, at its beginning
    """

    def __init__(self, file):
        self._file = file
        self._offsets = array("Q", [0])
        self._position = file.write(HEADER)

    def allocate(self):
        """A number for an object that is written sooner or later."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def put(self, number, content):
        """Write an object: `content` is its serialised form."""
        self._begin(number)
        self._write(content)
        self._write(b"\nendobj\n")

    def add(self, content):
        """Write an object under a new number, which is returned."""
        number = self.allocate()
        self.put(number, content)
        return number

    def put_stream(self, number, entries, blocks, length):
        """Write a stream.

        :param entries: its dictionary without /Length and without the brackets
        :param blocks: iterable of bytes, already encoded as the entries say
        :param length: how many bytes that is
        """
        self._begin(number)
        self._write(b"<< %s /Length %d >>\nstream\n" % (entries, length))
        for block in blocks:
            self._write(block)
        self._write(b"\nendstream\nendobj\n")

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
        self._write(b"%d 0 obj\n" % number)

    def _write(self, content):
        self._position += len(content)
        self._file.write(content)
