"""Many parts become one PDF."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from .check import Check, CheckFailed
from .child.messages import Failure
from .errors import ERRORS, REFUSALS, Cancelled, CompileError, PartRefused, Paused
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
    paused=None,
    kept=None,
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
    :param paused: asked a few times a second; true has it pause within seconds
    :param kept: path of a folder in `folder` for what there is when it pauses, or
        dies: the next call with the same parts goes on with that
    :param seconds: limit of this call
    :rtype: Assembled
    :raise Paused: to be called again
    :raise Cancelled:
    :raise PartRefused: a part cannot go in after all; the caller assembles the others
    :raise CompileError: one of errors.ERRORS
    """
    with (
        _scratch(folder, kept) as scratch,
        Child(scratch, MEMORY) as child,
        Child(scratch, MEMORY) as reader,
    ):
        reader.start()
        assembler = Assembler(
            child, reader, parts, numbers, scratch, progress, seconds, cancelled, paused
        )
        output = assembler.produce(
            title=title, metadata=_jsonable(metadata or {}), attached=attached
        )
        size = output.stat().st_size
        os.replace(output, target)
    return Assembled(count_pages(parts), size)


@contextlib.contextmanager
def _scratch(folder, kept):
    """The folder of an assembly, which stays where it can be gone on with."""
    if not kept:
        with tempfile.TemporaryDirectory(prefix="assembly-", dir=folder) as scratch:
            yield Path(scratch)
        return
    kept = Path(kept)
    kept.mkdir(exist_ok=True)
    try:
        yield kept
    except (Paused, Cancelled):
        raise
    except Exception:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    shutil.rmtree(kept, ignore_errors=True)


class Assembler:
    """Writes and checks; a part that spoils the result is written anew, once.

    Where it stands is kept in its folder.
    """

    def __init__(
        self,
        child,
        reader,
        parts,
        numbers,
        folder,
        progress,
        seconds,
        cancelled,
        paused,
    ):
        self._child = child
        self._readers = [child, reader]
        self._parts = list(parts)
        self._numbers = numbers
        self._folder = folder
        self._progress = progress
        self._options = {"cancelled": cancelled, "paused": paused}
        self._deadline = time.monotonic() + seconds
        self._died = False
        self._moved = False
        self._kept = Kept(folder / "assembly.json")

    def produce(self, **frame):
        """Return the path of the finished result."""
        self._begin()
        while True:
            try:
                self._try_alone()
                if not self._kept["search"]:
                    return self._make(self._parts, numbers=self._numbers, **frame)
                index, detail = self._search(), self._kept["fault"]
                if index is None:
                    raise CompileError("check_failed", detail)
                self._normalise(index, CheckFailed(detail))
            except CompileError as error:
                self._react(error)

    def _begin(self):
        """Go on with what is kept of the same parts, or begin."""
        values = json.dumps([self._parts, self._numbers], default=str)
        digest = hashlib.sha256(values.encode()).hexdigest()
        if self._kept["of"] != digest:
            for path in self._folder.iterdir():
                path.unlink()  # nothing makes folders there
            self._kept.replace(of=digest, normalised={})
        for index, path in self._kept["normalised"].items():
            index = int(index)
            self._parts[index] = self._parts[index]._replace(path=Path(path))

    def _react(self, error):
        """Mend what can be mended; raise the error again if nothing can."""
        if isinstance(error, PartRefused):
            if error.refusal == "timeout":
                raise error  # it would take as long again
            self._normalise(error.index, error)
        elif isinstance(error, CheckFailed):
            if error.page is None:
                self._kept["fault"] = error.detail
                self._kept["search"] = [0, len(self._parts), 0]
            else:
                ends = list(accumulate(part.pages for part in self._parts))
                if error.page >= ends[-1]:
                    raise error
                self._normalise(bisect_right(ends, error.page), error)
        elif error.code == "crashed" and not self._died:
            self._died = True  # somebody may have killed it
        else:
            raise error

    def _make(self, parts, progress=True, **frame):
        """Write and check a file of parts, from where it stands.

        :return: its path
        """
        output, state = self._folder / "result.pdf", self._folder / "joined.json"
        try:
            if not self._kept["joined"]:
                self._join(parts, output, state, progress, frame)
                self._kept["joined"] = True
            self._check(output, count_pages(parts), self._readers)
        except (Paused, Cancelled):
            raise
        except CompileError:
            self._forget()
            raise
        return output

    def _forget(self):
        """Let the next file begin at its beginning."""
        (self._folder / "joined.json").unlink(missing_ok=True)
        self._kept.update(joined=False, check=None)

    def _join(self, parts, output, state, progress, frame):
        done = Progress(progress and self._progress, count_pages(parts))
        arguments = {"parts": parts, "output": output, "state": state, **frame}
        self._rest()
        self._moved = True
        try:
            finished = self._ask("join", arguments, done)
        except Failure as error:
            index = error.index
            if error.code in ("crashed", "out_of_memory", "timeout"):
                index = done.parts  # the one that was being written
            if error.code == "timeout" and not self._is_paused():
                index = None  # the time of all of them is over
            if index is None or index >= len(parts):
                raise CompileError(error.code, error.detail) from error
            refusal = "damaged" if error.code == "part_refused" else error.code
            raise PartRefused(index, refusal, error.detail) from error
        if not finished:
            raise Paused()

    def _check(self, path, pages, readers):
        check = Check(readers, path, pages, self._left, **self._options)
        state = self._kept["check"]
        while True:
            self._rest()
            self._moved = True
            self._kept["check"] = state = check.go_on(state)
            if state is None:
                return

    def _search(self):
        """Halve the parts until only the one is left that spoils a result.

        :return: its index; None if it is not to be found
        """
        start, end, half = self._kept["search"]
        while end - start > 1:
            middle = (start + end) // 2
            edges = (middle, end) if half else (start, middle)
            if self._spoils(self._parts[slice(*edges)]):
                (start, end), half = edges, 0
            elif half:
                self._kept["search"] = None
                return None
            else:
                half = 1
            self._kept["search"] = [start, end, half]
        self._kept["search"] = None
        return start

    def _spoils(self, parts):
        try:
            self._make(parts, progress=False, title="")
        except (CheckFailed, PartRefused):
            return True
        self._forget()
        return False

    def _normalise(self, index, error):
        """Write a part anew and see that it is a good one, or refuse it."""
        refusal = getattr(error, "refusal", "damaged")
        if str(index) in self._kept["normalised"]:
            raise PartRefused(index, refusal, error.detail) from error
        part = self._parts[index]
        target = self._folder / f"normalised-{index}.pdf"
        try:
            self._ask("normalise", {"path": part.path, "target": target})
        except Failure as failure:
            if failure.code in ERRORS and failure.code not in REFUSALS:
                raise CompileError(failure.code, failure.detail) from failure
            raise PartRefused(index, "damaged", failure.detail) from failure
        self._parts[index] = part._replace(path=target)
        self._kept.update(
            normalised={**self._kept["normalised"], str(index): str(target)},
            untried=index if isinstance(error, CheckFailed) else None,
        )

    def _try_alone(self):
        """Spare the others another turn if a part is not accepted alone either."""
        if (index := self._kept["untried"]) is None:
            return
        part = self._parts[index]
        try:
            self._check(part.path, part.pages, self._readers[:1])
        except CheckFailed as error:
            raise PartRefused(index, "unshowable", error.detail) from error
        self._kept["untried"] = None

    def _rest(self):
        """Pause if somebody waits for it; not before each call has done something."""
        if self._moved and self._is_paused():
            raise Paused()

    def _is_paused(self):
        paused = self._options["paused"]
        return bool(paused and paused())

    def _ask(self, task, arguments, on_progress=None):
        return self._child.ask(
            task, arguments, self._left(), on_progress, **self._options
        )

    def _left(self):
        return self._deadline - time.monotonic()


class Kept:
    """Values that a later call finds again."""

    def __init__(self, path):
        self._path = path
        try:
            self._values = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            self._values = {}

    def __getitem__(self, key):
        return self._values.get(key)

    def __setitem__(self, key, value):
        self.update(**{key: value})

    def replace(self, **values):
        self._values = {}
        self.update(**values)

    def update(self, **values):
        self._values |= values
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._values))
        os.replace(new, self._path)


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
