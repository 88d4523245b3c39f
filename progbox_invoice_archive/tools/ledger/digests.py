"""Digests of many files, by processes that read while their parent compares."""

import contextlib
import hashlib
import json
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ..process import ChildProcess
from . import digest_program

READERS = 2
# Pages that wait for a reader: none has to wait for the caller.
AHEAD = 2
# So few files are digested sooner than a process starts.
FEW = 100


class Digest(NamedTuple):
    """What reading a file came to; a missing file has the size 0 and no error.

    :param error: the system's words for a file that is there and cannot be read
    """

    sha256: str | None
    size: int
    error: str | None = None


def digest_blocks(blocks):
    """Digest an iterable of bytes."""
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size += len(block)
    return Digest(digest.hexdigest(), size)


def digest_files(paths):
    """Digest files one after the other, in bounded memory.

    :return: list of Digest in the same order; it never raises for a file
    """
    return [Digest._make(values) for values in digest_program.digest_all(paths)]


class Reader:
    """Digests files, in their order, while the caller does something else.

    In a process of its own: threads of one process take turns at the interpreter, and
    those that digest would wait for the one that compares.
    """

    def __init__(self):
        self._process = None
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._thread.shutdown(cancel_futures=True)
        self._close()

    def submit(self, paths):
        """Return the future of a list of Digest."""
        return self._thread.submit(self._digest, paths)

    def _digest(self, paths):
        if self._process or len(paths) > FEW:
            # Somebody may have killed it, for its memory or by mistake.
            with contextlib.suppress(OSError, ValueError):
                return self._ask(paths)
            self._close()
        return digest_files(paths)

    def _ask(self, paths):
        process = self._process = self._process or self._start()
        process.stdin.write(json.dumps(paths).encode() + b"\n")
        process.stdin.flush()
        return [
            Digest._make(values) for values in json.loads(process.stdout.readline())
        ]

    def _start(self):
        return ChildProcess(
            # The program needs nothing of what is installed, nor the time to find it.
            [sys.executable, "-I", "-S", digest_program.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def _close(self):
        process, self._process = self._process, None
        if process:
            process.close()


def read_ahead(pages, paths_of):
    """Yield pages with the digests of their files, some pages ahead of the caller.

    :param pages: iterable
    :param paths_of: function that returns the list of paths of a page
    :return: iterator of (page, list of Digest)
    """
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(Reader()) for _number in range(READERS)]
        waiting = deque()
        for page in pages:
            paths = paths_of(page)
            share = -(-len(paths) // READERS)
            futures = [
                reader.submit(paths[number * share : (number + 1) * share])
                for number, reader in enumerate(readers)
            ]
            waiting.append((page, futures))
            if len(waiting) > AHEAD:
                yield _collected(waiting.popleft())
        while waiting:
            yield _collected(waiting.popleft())


def _collected(waiting):
    page, futures = waiting
    return page, [digest for future in futures for digest in future.result()]
