"""Digests of many files, by threads that read while others compare."""

import errno
import hashlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

# A block that stays in the processor's cache; most files are smaller.
BLOCK_SIZE = 1 << 18
# hashlib lets go of the interpreter: two files are digested at a time.
THREADS = 2
MISSING = (errno.ENOENT, errno.ENOTDIR)


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
        with open(path, "rb", buffering=0) as file:
            digest, size = hashlib.sha256(), 0
            while count := file.readinto(buffer):
                digest.update(view[:count])
                size += count
        return Digest(digest.hexdigest(), size)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in MISSING:
            return Digest(None, 0)
        return Digest(None, 0, str(error))


def read_ahead(pages, paths_of):
    """Yield pages with the digests of their files, one page ahead of the reader.

    :param pages: iterable
    :param paths_of: function that returns the list of paths of a page
    :return: iterator of (page, list of Digest)
    """
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = deque()
        for page in pages:
            paths = paths_of(page)
            share = -(-len(paths) // THREADS) or 1
            futures = [
                pool.submit(digest_files, paths[start : start + share])
                for start in range(0, len(paths), share)
            ]
            waiting.append((page, futures))
            if len(waiting) > 1:
                yield _collected(waiting.popleft())
        while waiting:
            yield _collected(waiting.popleft())


def _collected(waiting):
    page, futures = waiting
    return page, [digest for future in futures for digest in future.result()]
