"""Where the bytes of a large stream stand in the file, so that they are copied there.

QPDF would read them into memory first.
"""

import os
import re

from .byte_copies import Piece

LARGE = 64 << 10
HEAD_SIZE = 4096
# An object without texts and comments: what looks like the stream's beginning is it.
HEAD = re.compile(rb"\s*(\d+)\s+(\d+)\s+obj\s*<<[^()%]*?>>\s*stream\r?\n")
END = re.compile(rb"\r?\n?endstream")
END_SIZE = 11


class RawStreams:
    """The streams of one PDF that is open, and of nothing that was changed in it.

    :param pdf: pikepdf.Pdf
    :param path: its file
    """

    def __init__(self, pdf, path):
        self._pdf = pdf
        self._path = path
        self._places = None

    def piece(self, key, stream):
        """Return the bytes of a stream as they stand in the file.

        :param key: (number, generation) of the object
        :return: a Piece; None for what is small, or is not where it should be
        """
        size = stream.stream_dict.get("/Length")
        if not isinstance(size, int) or size < LARGE or self._pdf.is_encrypted:
            return None
        if self._places is None:
            self._places = self._pdf.get_xref_table()
        entry = self._places.get(key)
        offset = entry and entry.offset
        if not offset:
            return None
        with open(self._path, "rb", buffering=0) as file:
            head = HEAD.match(os.pread(file.fileno(), HEAD_SIZE, offset))
            if not head or (int(head[1]), int(head[2])) != key:
                return None
            start = offset + head.end()
            if not END.match(os.pread(file.fileno(), END_SIZE, start + size)):
                return None
        return Piece(self._path, start, size)
