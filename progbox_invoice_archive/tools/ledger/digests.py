"""Digests of many files, by processes that read while their parent compares.

Run as a program it is such a process: each line of its input is a JSON list of paths,
each line of its output the list of their digests. It uses the standard library only.
"""

import contextlib
import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

# A block that stays in the processor's cache; most files are smaller.
BLOCK_SIZE = 1 << 18
READERS = 2
# So few files are digested sooner than a process starts.
FEW = 100
MISSING = (errno.ENOENT, errno.ENOTDIR)
# A pipe that nobody writes to would be waited for, a link leads out of the store.
READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


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
    buffer = bytearray(BLOCK_SIZE)
    view = memoryview(buffer)
    return [_digest_file(path, buffer, view) for path in paths]


def _digest_file(path, buffer, view):
    try:
        with open(path, "rb", buffering=0, opener=_open_regular) as file:
            digest, size = hashlib.sha256(), 0
            while count := file.readinto(buffer):
                digest.update(view[:count])
                size += count
        return Digest(digest.hexdigest(), size)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in MISSING:
            return Digest(None, 0)
        return Digest(None, 0, str(error))


def _open_regular(path, _flags):
    """Open a file of the store; a link, pipe or device in its place is none."""
    descriptor = os.open(path, READ_ONLY)
    mode = os.fstat(descriptor).st_mode
    # Reading a directory fails by itself, in the system's own words.
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return descriptor
    os.close(descriptor)
    raise OSError(f"not a regular file: {path}")


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
        return [Digest(*values) for values in json.loads(process.stdout.readline())]

    def _start(self):
        # Not at the top: the process runs this file alone, without its package.
        from ..process import ChildProcess

        return ChildProcess(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def _close(self):
        process, self._process = self._process, None
        if process:
            process.close()


def read_ahead(pages, paths_of):
    """Yield pages with the digests of their files, one page ahead of the reader.

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
            if len(waiting) > 1:
                yield _collected(waiting.popleft())
        while waiting:
            yield _collected(waiting.popleft())


def _collected(waiting):
    page, futures = waiting
    return page, [digest for future in futures for digest in future.result()]


def main():
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(digest_files(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
