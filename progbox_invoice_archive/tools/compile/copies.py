"""Bytes that go from one file to another without passing through this process."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

# Calls of the system that a thread may be behind.
MOST_WAITING = 1000


@dataclass(slots=True)
class Piece:
    """Bytes that stand in a file: `size` of them, from `offset` on."""

    path: str
    offset: int
    size: int

    def __len__(self):
        return self.size


class Copies:
    """Copies pieces into a file, while its owner writes around them.

    :param file: the file to copy into
    """

    def __init__(self, file):
        self._target = file.fileno()
        self._thread = ThreadPoolExecutor(1)
        self._waiting = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_error):
        try:
            if kind is None:
                self._wait(0)
        finally:
            self._thread.shutdown(cancel_futures=True)

    def add(self, piece, position):
        self._waiting.append(self._thread.submit(self._copy, piece, position))
        self._wait(MOST_WAITING)

    def _wait(self, left):
        while len(self._waiting) > left:
            self._waiting.pop(0).result()

    def _copy(self, piece, position):
        source = os.open(piece.path, os.O_RDONLY)
        try:
            offset, left = piece.offset, piece.size
            while left:
                count = os.copy_file_range(source, self._target, left, offset, position)
                if not count:
                    raise EOFError(f"{piece.path} has become shorter")
                offset, position, left = offset + count, position + count, left - count
        finally:
            os.close(source)
