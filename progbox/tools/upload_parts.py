"""Files on their way in: their bytes arrive in pieces, and last as they are told to.

How much of a file is there is the size of its part on the disk, and nothing else: a
note of it in the database could say more, or less, after a crash.
"""

import fcntl
import os
import shutil
import time
from contextlib import contextmanager

from odoo.addons.progbox_invoice_archive.tools.filenames import clean_filename
from odoo.addons.progbox_invoice_archive.tools.staging import (
    StagedFile,
    staged,
    sync_folder,
)

# With more, a cut connection would lose what has arrived of an unfinished block.
BLOCK_SIZE = 1 << 16
# Of a part that is on its way into the file store.
LINK_SUFFIX = ".link"
# Folders in folders; what is deeper goes into the last of them.
DEEPEST = 10


class PartBusy(Exception):
    """Another request still writes this part."""


class WrongOffset(Exception):
    """The bytes on offer do not continue what is there."""


class KeptFile(StagedFile):
    """A complete file that stays at its place when it is adopted.

    The transaction that adopts it may be repeated, or fail: nothing of what has
    arrived may be lost by that. Whoever commits removes it.
    """

    def __exit__(self, *exc_info):
        """Leave the file: see the class."""

    def move_to(self, target):
        """Put the file at its place for good, under a second name of the same bytes."""
        target.parent.mkdir(parents=True, exist_ok=True)
        link = self.path.with_name(self.path.name + LINK_SUFFIX)
        link.unlink(missing_ok=True)
        try:
            os.link(self.path, link)
        except OSError:
            # Not every file system has hard links.
            _copy(self.path, link)
        os.replace(link, target)
        # When both are one file already, replacing does nothing.
        link.unlink(missing_ok=True)
        sync_folder(target.parent)


def _copy(path, target):
    shutil.copyfile(path, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def kept(path):
    """Return a complete part as a file that is ready to be adopted.

    :rtype: KeptFile
    :raise OSError: it cannot be read, or not be made to last
    """
    return KeptFile(*staged(path))


def size_of(path):
    """Return how many bytes of a part are there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def synced_size(path):
    """Return how many bytes of a part are there, and would survive a power cut.

    :raise PartBusy: it is being written
    """
    try:
        with path.open("rb") as file, _locked(file):
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return 0


def receive(stream, path, offset, size):
    """Append what a stream brings to a part, and make it last.

    :param stream: has a method `read`, which fails when the sender has gone
    :param Path path: of the part; made with its first bytes
    :param int offset: where the bytes of the stream belong in the file
    :param int size: of the whole file; more is not taken
    :return: how many bytes are there afterwards
    :raise PartBusy: another request writes it
    :raise WrongOffset: the bytes belong elsewhere
    :raise OSError: disk full; what fitted stays
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Appending: whatever happens, bytes that are there already stay as they are.
    with path.open("ab", buffering=0) as part, _locked(part):
        there = os.fstat(part.fileno()).st_size
        if there != offset:
            raise WrongOffset(there)
        try:
            while there < size:
                block = stream.read(min(BLOCK_SIZE, size - there))
                if not block:
                    break
                there += _append(part, block)
        finally:
            os.fsync(part.fileno())
            if not offset:
                sync_folder(path.parent)
    return there


def _append(part, block):
    """Write all of a block: a file without a buffer may take less than it is given."""
    left = memoryview(block)
    while left:
        left = left[part.write(left) :]
    return len(block)


@contextmanager
def _locked(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PartBusy from error
    # Closing the file opens the lock.
    yield


def touched_before(path, seconds):
    """Whether nothing has been written to a file for so long; True for none."""
    try:
        return path.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:
        return True


def remove_strangers(folder, known, older_than):
    """Remove parts that belong to nothing any more.

    :param known: names of the parts that somebody goes on with
    :param float older_than: age in seconds; a younger one may have a row that this
        transaction does not see yet
    """
    for path in folder.glob("*"):
        if path.name not in known and touched_before(path, older_than):
            path.unlink(missing_ok=True)


def folder_names(path):
    """Return the names of folders in a path, as a browser gives it.

    >>> folder_names("Plans//2026/./")
    ['Plans', '2026']
    >>> folder_names("../../etc")
    ['etc']
    """
    names = (name.strip() for name in path.replace("\\", "/").split("/"))
    return [clean_filename(name) for name in names if name.strip(".")][:DEEPEST]
