"""Many parts become one PDF."""

import os
import tempfile
import time
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from .check import CheckFailed, check_in
from .child.messages import Failure
from .errors import ERRORS, REFUSALS, CompileError, PartRefused
from .limited_child import Child

MEMORY = 1 << 30  # for the part that is being written and the list of all
PROGRESS_INTERVAL = 0.3  # seconds


class Assembled(NamedTuple):
    """A finished and checked file."""

    pages: int
    size: int


def assemble(
    parts,
    target,
    *,
    folder,
    title,
    metadata=None,
    attached=(),
    numbers=None,
    progress=None,
    cancelled=None,
    seconds=3600,
):
    """Write one PDF of all the pages of all parts, and check it.

    It works in a child process with memory that does not grow with the parts.

    :param parts: list of Part
    :param target: path of the result: it is there whole and checked, or not at all
    :param folder: for temporary files; on the file system of the target
    :param title: the document's title
    :param metadata: {'author', 'subject', 'keywords', 'language': text,
        'created': aware datetime}
    :param attached: list of Attached, embedded in the result
    :param numbers: pattern stamped at the bottom of each page, such as
        "{page} / {pages}"; None: none
    :param progress: called with (pages done, pages of all) a few times a second
    :param cancelled: asked a few times a second; true stops the work
    :param seconds: limit of the whole
    :rtype: Assembled
    :raise Cancelled:
    :raise PartRefused: a part cannot go in after all; the caller assembles the others
    :raise CompileError: one of errors.ERRORS
    """
    with (
        tempfile.TemporaryDirectory(prefix="assembly-", dir=folder) as scratch,
        Child(scratch, MEMORY) as child,
        Child(scratch, MEMORY) as reader,
    ):
        reader.start()
        output = Path(scratch) / "result.pdf"
        assembler = Assembler(child, reader, parts, progress, cancelled, seconds)
        assembler.produce(
            output,
            title=title,
            metadata=_jsonable(metadata or {}),
            attached=attached,
            numbers=numbers,
        )
        size = output.stat().st_size
        os.replace(output, target)
    return Assembled(count_pages(parts), size)


class Assembler:
    """Writes and checks; a part that spoils the result is written anew, once."""

    def __init__(self, child, reader, parts, progress, cancelled, seconds):
        self._child = child
        self._readers = [child, reader]
        self._parts = list(parts)
        self._progress = progress
        self._cancelled = cancelled
        self._deadline = time.monotonic() + seconds
        self._normalised = set()
        self._died = False

    def produce(self, output, **frame):
        while True:
            try:
                self._join(self._parts, output, frame, self._progress)
                return self._check(self._parts, output)
            except CompileError as error:
                index = self._culprit(error, output)
                if index is not None:
                    self._normalise(index, error, output.parent)
                elif error.code == "crashed" and not self._died:
                    self._died = True  # somebody may have killed it
                else:
                    raise

    def _join(self, parts, output, frame, progress=None):
        done = Progress(progress, count_pages(parts))
        arguments = {"parts": parts, "output": output, **frame}
        try:
            self._ask("join", arguments, done)
        except Failure as error:
            index = error.index
            if error.code in ("crashed", "out_of_memory"):
                index = done.parts  # the one that was being written
            if index is None or index >= len(parts):
                raise CompileError(error.code, error.detail) from error
            refusal = "damaged" if error.code == "part_refused" else error.code
            raise PartRefused(index, refusal, error.detail) from error

    def _check(self, parts, output):
        pages, seconds = count_pages(parts), self._left()
        check_in(self._readers, output, pages, seconds, self._cancelled)

    def _culprit(self, error, output):
        """The index of the part that is to blame, if one is."""
        if isinstance(error, PartRefused):
            return error.index
        if not isinstance(error, CheckFailed):
            return None
        if error.page is None:
            return self._search(output)
        ends = list(accumulate(part.pages for part in self._parts))
        return bisect_right(ends, error.page)

    def _search(self, output):
        """Halve the parts until only the one is left that spoils a result."""
        start, end = 0, len(self._parts)
        while end - start > 1:
            middle = (start + end) // 2
            if self._spoils(self._parts[start:middle], output):
                end = middle
            elif self._spoils(self._parts[middle:end], output):
                start = middle
            else:
                return None
        return start

    def _spoils(self, parts, output):
        try:
            self._join(parts, output, {"title": ""})
            self._check(parts, output)
        except (CheckFailed, PartRefused):
            return True
        return False

    def _normalise(self, index, error, folder):
        if index in self._normalised:
            refusal = getattr(error, "refusal", "damaged")
            raise PartRefused(index, refusal, error.detail) from error
        self._normalised.add(index)
        part = self._parts[index]
        target = folder / f"normalised-{index}.pdf"
        try:
            self._ask("normalise", {"path": part.path, "target": target})
        except Failure as failure:
            if failure.code in ERRORS and failure.code not in REFUSALS:
                raise CompileError(failure.code, failure.detail) from failure
            raise PartRefused(index, "damaged", failure.detail) from failure
        self._parts[index] = part._replace(path=target)

    def _ask(self, task, arguments, on_progress=None):
        self._child.ask(task, arguments, self._left(), on_progress, self._cancelled)

    def _left(self):
        return self._deadline - time.monotonic()


class Progress:
    """Passes on what the child reports, a few times a second."""

    def __init__(self, callback, pages):
        self.parts = None  # nothing has begun
        self._callback = callback
        self._pages = pages
        self._next = 0

    def __call__(self, report):
        pages, self.parts = report
        now = time.monotonic()
        if self._callback and (now >= self._next or pages == self._pages):
            self._next = now + PROGRESS_INTERVAL
            self._callback(pages, self._pages)


def count_pages(parts):
    return sum(part.pages for part in parts)


def _jsonable(metadata):
    return {
        key: value.isoformat() if key == "created" else value
        for key, value in metadata.items()
        if value
    }
