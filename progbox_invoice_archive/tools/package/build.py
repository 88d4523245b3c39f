"""A package that is written to the disk bit by bit, by one process after the other.

What shall be in it is written down first, so that whoever goes on finds the same.
"""

import contextlib
import errno
import functools
import json
import os
import shutil
import struct
import time
from itertools import islice
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from ..staging import sync_folder
from .entry import MANIFEST, Entry

# Seconds of work that a killed process loses at most.
PIECE = 0.5
# Of a file in the zip: its checksum, where it begins, where the next one does.
WRITTEN = struct.Struct("<LQQ")


class PackageBuild:
    """A package that is being built in a folder of its own.

    :param Path folder: for all that is needed on the way
    """

    def __init__(self, folder):
        self.folder = folder
        self.plan = folder / "plan.jsonl"
        self.texts = folder / "texts"
        self.zip = folder / "package.zip"
        self.documents = folder / "documents.json"

    @property
    def is_planned(self):
        """Whether another process has begun, so that this one goes on."""
        return self.plan.exists()

    def list_documents(self, **ids):
        """Write down which documents it is about, for as long as the zip is kept.

        :param ids: lists of ids, by what they are
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.documents.write_text(json.dumps(ids))

    def listed(self, name):
        """Return what :meth:`list_documents` was given, None when it was not."""
        if not self.documents.exists():
            return None
        return set(json.loads(self.documents.read_text())[name])

    def make_plan(self, package, facts):
        """Write down what the package holds; our own files are written at once.

        :param Package package: finished
        :param dict facts: what else whoever goes on has to know, as JSON has it
        """
        self.texts.mkdir(parents=True, exist_ok=True)
        for entry in package.texts:
            with open(self.texts / entry.name, "wb") as file:
                file.writelines(entry.blocks(package.read))
        new = self.plan.with_suffix(".new")
        with open(new, "w", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\n")
            for entry in package.entries:
                is_text = isinstance(entry.source, (bytes, Path))
                source = None if is_text else entry.source
                line = [entry.name, source, entry.size, entry.sha256]
                file.write(json.dumps(line) + "\n")
        os.replace(new, self.plan)

    @property
    def facts(self):
        """What :meth:`make_plan` was given."""
        with open(self.plan, encoding="utf-8") as file:
            return json.loads(file.readline())

    def write_zip(self, read, position):
        """Write the zip, from a position on.

        :param read: function that yields the blocks of a source
        :param int position: files that are in it already
        :return: iterator of how many files are in it by now; what it has told is
            safe on the disk
        :raise FileChanged: see :meth:`Entry.blocks`
        """
        entries = self._entries()
        with open(self.zip, "ab") as made, open(self._written_path, "ab") as written:
            made.truncate(0 if not position else self._end(position))
            written.truncate(position * WRITTEN.size)
        with (
            open(self.zip, "r+b") as file,
            open(self._written_path, "ab") as written,
        ):
            file.seek(0, os.SEEK_END)
            # Closed by a pause as well; the directory that it then writes at the end
            # is cut off by whoever goes on.
            with ZipFile(file, "w", ZIP_STORED) as made:
                made.infolist().extend(self._written(islice(entries, position)))

                def add(entry):
                    info = self._info(entry)
                    with made.open(info, "w") as target:
                        for block in entry.blocks(read):
                            target.write(block)
                    written.write(
                        WRITTEN.pack(info.CRC, info.header_offset, file.tell())
                    )

                yield from _in_pieces(entries, add, position, (file, written))
            file.flush()
            os.fsync(file.fileno())

    def write_folder(self, target, read, position):
        """Write the files into a new folder: there whole, or not there at all.

        :param Path target: the folder
        :param read: function that yields the blocks of a source
        :param int position: files that are written already
        :return: as :meth:`write_zip`
        :raise OSError: disk full, no right to write, another folder is there
        """
        partial = partial_folder(target)
        if target.exists():
            self._check_is_ours(target)
            return
        if not position:
            remove_tree(partial)
        partial.mkdir(exist_ok=True)
        entries = islice(self._entries(), position, None)

        def add(entry):
            path = partial / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                file.writelines(entry.blocks(read))

        yield from _in_pieces(entries, add, position)
        # One for all: a sync per file would take longer than the writing.
        os.sync()
        os.rename(partial, target)
        sync_folder(target.parent)

    def clean_up(self):
        """Remove everything but the zip, and which documents are in it."""
        self.plan.unlink(missing_ok=True)
        self._written_path.unlink(missing_ok=True)
        remove_tree(self.texts)

    def _check_is_ours(self, target):
        """Take a folder for the result of a run that could not tell of it any more."""
        made, planned = target / MANIFEST, self.texts / MANIFEST
        if not made.exists() or made.read_bytes() != planned.read_bytes():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _entries(self):
        with open(self.plan, encoding="utf-8") as file:
            for line in islice(file, 1, None):
                name, source, size, sha256 = json.loads(line)
                if source is None:
                    source = self.texts / name
                yield Entry(name, source, size, sha256)

    def _info(self, entry):
        info = ZipInfo(entry.name, self._planned_on)
        info.file_size = entry.size
        info.external_attr = 0o644 << 16
        return info

    @functools.cached_property
    def _planned_on(self):
        return time.localtime(self.plan.stat().st_mtime)[:6]

    @property
    def _written_path(self):
        return self.folder / "written"

    def _end(self, position):
        """Return where the files end that are in the zip."""
        with open(self._written_path, "rb") as file:
            file.seek((position - 1) * WRITTEN.size)
            _checksum, _begin, end = WRITTEN.unpack(file.read(WRITTEN.size))
        return end

    def _written(self, entries):
        """Yield what the directory of the zip says of the files that are in it."""
        with open(self._written_path, "rb") as file:
            for entry in entries:
                info = self._info(entry)
                info.CRC, info.header_offset, _end = WRITTEN.unpack(
                    file.read(WRITTEN.size)
                )
                info.compress_size = info.file_size
                yield info


def _in_pieces(entries, add, position, files=()):
    """Add files, telling now and then how many are safe on the disk.

    :param files: open files to bring to the disk before that
    """
    told = time.monotonic()
    for position, entry in enumerate(entries, position + 1):  # noqa: B020
        add(entry)
        if time.monotonic() - told > PIECE:
            for file in files:
                file.flush()
                os.fsync(file.fileno())
            yield position
            told = time.monotonic()


def partial_folder(target):
    """Return where the files of a folder are until it is complete."""
    return target.with_name(f".{target.name}.partial")


def remove_tree(folder):
    """Remove a folder and what is in it, when it is there."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
