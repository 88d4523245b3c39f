"""Digests of many files, for whoever imports this, and as a program.

As a program, it reads lists of paths, and for each writes the list of what reading them
came to. A verification starts it anew each time, and waits for it: it imports next to
nothing, JSON not either. Both ends are the same Python.
"""

import errno
import hashlib
import marshal
import os
import stat
import sys

# A block that stays in the processor's cache; most files are smaller.
BLOCK_SIZE = 1 << 18
NICENESS = 5
MISSING = (errno.ENOENT, errno.ENOTDIR)
# A pipe that nobody writes to would be waited for, a link leads out of the store.
READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def digest_all(paths):
    """Digest files one after the other, in bounded memory.

    :return: list of (SHA-256, size, error), see :class:`.digests.Digest`; it never
        raises for a file
    """
    buffer = bytearray(BLOCK_SIZE)
    view = memoryview(buffer)
    return [_digest(path, buffer, view) for path in paths]


def _digest(path, buffer, view):
    try:
        descriptor = os.open(path, READ_ONLY)
        # A file object would take some time of its own: the system is asked.
        try:
            _check_regular(descriptor, path)
            digest, size = hashlib.sha256(), 0
            while count := os.readv(descriptor, [buffer]):
                digest.update(view[:count])
                size += count
        finally:
            os.close(descriptor)
        return digest.hexdigest(), size, None
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in MISSING:
            return None, 0, None
        return None, 0, str(error)


def _check_regular(descriptor, path):
    """Check that an open file is one of the store; a pipe or a device is none."""
    mode = os.fstat(descriptor).st_mode
    # Reading a directory fails by itself, in the system's own words.
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(f"not a regular file: {path}")


def main():
    # Whoever compares is waited for, and so is a person at a desk.
    os.nice(NICENESS)
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            paths = marshal.load(asked)
        except EOFError:
            return
        marshal.dump(digest_all(paths), answers)
        answers.flush()


if __name__ == "__main__":
    main()
