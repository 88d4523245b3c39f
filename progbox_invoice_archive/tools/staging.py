import hashlib
import os
import struct
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

BLOCK_SIZE = 1 << 20
PREFIX = "incoming-"


class StagedFile(NamedTuple):
    """A complete file on disk that no record knows yet.

    Leaving it as a context manager removes what nobody has adopted.
    """

    path: Path
    sha1: str
    sha256: str
    size: int

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.path.unlink(missing_ok=True)

    def move_to(self, target):
        """Put the file at its place for good: there whole or not there at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.path, target)
        sync_folder(target.parent)


def stage(blocks, folder):
    """Write blocks of bytes into a new file of a folder, digesting on the way.

    :param blocks: iterable of bytes, never held in memory together
    :param Path folder: on the file system where the file shall end up
    :rtype: StagedFile
    :raise OSError: disk full, no right to write; the partial file is removed
    """
    folder.mkdir(parents=True, exist_ok=True)
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    size = 0
    handle, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    path = Path(name)
    try:
        with open(handle, "wb") as file:
            for block in blocks:
                file.write(block)
                sha1.update(block)
                sha256.update(block)
                size += len(block)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp is stricter than the file store, which a backup user may read.
        path.chmod(0o644)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return StagedFile(path, sha1.hexdigest(), sha256.hexdigest(), size)


def write_blocks(blocks, path):
    """Write blocks of bytes into a file that is there whole, or not at all."""
    partial = path.with_name(f"{path.name}.part")
    with open(partial, "wb") as file:
        file.writelines(blocks)
    os.replace(partial, path)


def staged(path):
    """Return a file that is complete on the disk as one that is ready to be adopted.

    :raise OSError: it cannot be read, or not be made to last
    """
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    size = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK_SIZE):
            sha1.update(block)
            sha256.update(block)
            size += len(block)
        os.fsync(file.fileno())
    path.chmod(0o644)
    return StagedFile(path, sha1.hexdigest(), sha256.hexdigest(), size)


def read_blocks(path, size=BLOCK_SIZE):
    """Yield the bytes of a file, block by block."""
    with open(path, "rb") as file:
        while block := file.read(size):
            yield block


class CopyStream:
    """A file as the input of PostgreSQL's binary COPY: one row of one `bytea`.

    :param file: open for reading
    :param int size: of it, which comes first
    """

    HEADER = struct.pack("!11sii", b"PGCOPY\n\xff\r\n\0", 0, 0)
    TRAILER = struct.pack("!h", -1)

    def __init__(self, file, size):
        self.parts = self._parts(file, size)
        self.rest = b""

    def _parts(self, file, size):
        yield self.HEADER + struct.pack("!hi", 1, size)
        while block := file.read(BLOCK_SIZE):
            yield block
        yield self.TRAILER

    def read(self, size):  # pylint: disable=method-required-super
        """Return the next bytes, at most so many; none at the end."""
        part = self.rest or next(self.parts, b"")
        self.rest = part[size:]
        return part[:size]


def sync_folder(folder):
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(folder, older_than):
    """Remove staged files that a killed process left behind.

    :param float older_than: age in seconds; a younger one may still be written
    """
    limit = time.time() - older_than
    for path in folder.glob(f"{PREFIX}*"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
