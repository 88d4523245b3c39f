"""Bytes that go from one file to another without passing through this process."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from .messages import is_disk_full

# Pieces that a thread gets at a time. Two threads that take turns in running Python
# wait for each other: a copy alone is cheaper than handing it over.
BATCH = 32
MOST_WAITING = 30  # batches that the thread may be behind


class Unreadable(Exception):
    """A piece cannot be read, which is noticed while others are written.

    :param path: its file
    """

    def __init__(self, path, error):
        super().__init__(f"{path}: {error}")
        self.path = path


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
        self._target = os.open(file.name, os.O_WRONLY)
        self._thread = ThreadPoolExecutor(1)
        self._batch = []
        self._waiting = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_error):
        try:
            if kind is None:
                self._begin()
                self._wait(0)
        finally:
            self._thread.shutdown(cancel_futures=True)
            os.close(self._target)

    def add(self, piece, position):
        self._batch.append((piece, position))
        if len(self._batch) == BATCH:
            self._begin()
            self._wait(MOST_WAITING)

    def _begin(self):
        batch, self._batch = self._batch, []
        self._waiting.append(self._thread.submit(self._copy_all, batch))

    def _wait(self, left):
        while len(self._waiting) > left:
            self._waiting.pop(0).result()

    def _copy_all(self, batch):
        # pylint: disable-next=bad-builtin-groupby
        for path, copies in groupby(batch, lambda copy: copy[0].path):
            try:
                self._copy_from(path, copies)
            except (OSError, EOFError) as error:
                if is_disk_full(error):
                    raise
                raise Unreadable(path, error) from error

    def _copy_from(self, path, copies):
        source = os.open(path, os.O_RDONLY)
        try:
            for piece, position in copies:
                os.lseek(self._target, position, os.SEEK_SET)
                self._copy(source, piece.offset, piece.size)
        finally:
            os.close(source)

    def _copy(self, source, offset, left):
        while left:
            # Not copy_file_range, which some pairs of file systems refuse.
            count = os.sendfile(self._target, source, offset, left)
            if not count:
                raise EOFError("it has become shorter")
            offset, left = offset + count, left - count
