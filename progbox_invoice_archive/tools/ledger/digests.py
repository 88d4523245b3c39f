"""Digests of many files, by processes that read while their parent compares."""

import contextlib
import hashlib
import marshal
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from ..process import ChildProcess
from . import digest_program

READERS = 2
# Pages that wait for a reader: none has to wait for the caller.
AHEAD = 2
# So few files are digested sooner than a process starts.
FEW = 100
# Of an answer that does not come, or ends in the middle.
NO_ANSWER = (OSError, EOFError, ValueError, TypeError)


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
    those that digest would wait for the one that compares. For the same reason the
    caller itself takes the answers, and a thread has nothing to do but to hand over
    what is asked next: the process always has it before it is done.
    """

    def __init__(self):
        self._process = None
        self._writer = ThreadPoolExecutor(1)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        # First: it may be what the thread waits for.
        self._close()
        self._writer.shutdown(cancel_futures=True)

    def submit(self, paths):
        """Ask for the digests of files.

        :return: function that waits for the list of Digest; to be called in the order
            of what was asked
        """
        if not self._process and len(paths) > FEW:
            with contextlib.suppress(OSError):
                self._process = self._start()
        if self._process:
            self._writer.submit(_ask, self._process, paths)
        return partial(self._answer, self._process, paths)

    def _answer(self, process, paths):
        if process:
            # Somebody may have killed it, for its memory or by mistake.
            with contextlib.suppress(*NO_ANSWER):
                answer = marshal.load(process.stdout)
                return [Digest._make(values) for values in answer]
            if process is self._process:
                self._close()
        return digest_files(paths)

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


def _ask(process, paths):
    process.stdin.write(marshal.dumps(paths))
    process.stdin.flush()


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
            answers = [
                reader.submit(paths[number * share : (number + 1) * share])
                for number, reader in enumerate(readers)
            ]
            waiting.append((page, answers))
            if len(waiting) > AHEAD:
                yield _collected(waiting.popleft())
        while waiting:
            yield _collected(waiting.popleft())


def _collected(waiting):
    page, answers = waiting
    return page, [digest for answer in answers for digest in answer()]
