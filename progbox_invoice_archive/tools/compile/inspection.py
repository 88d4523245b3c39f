"""What is in a file, whether it can go in, and a copy that is fit to."""

import contextlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from .child import Child
from .errors import Cancelled, CompileError
from .failure import Failure

CHILDREN = 2
AHEAD = 8  # files that are under way while the caller looks at one


class Limits(NamedTuple):
    """What one file may take. Memory and sizes in bytes."""

    size: int = 500 << 20
    pages: int = 20_000
    seconds: float = 60
    memory: int = 1 << 30
    embedded: int = 200 << 20  # of all files inside together, at any depth


class Item(NamedTuple):
    """A file to inspect.

    :param path: where it is
    :param name: what people call it; pictures and portfolios need no suffix in it
    """

    path: Path
    name: str = ""


class Embedded(NamedTuple):
    """A file inside of a PDF, such as the XML of an e-invoice.

    :param path: the copy in the inspection's folder; None if it was not asked for
    :param refusal: one of errors.REFUSALS: why there is no copy although it was
    """

    name: str
    size: int
    mimetype: str
    path: Path | None
    refusal: str | None = None


@dataclass(slots=True)
class Inspection:
    """What one file is.

    :param path: the file
    :param ready: what a Part takes: the file itself, or a cleaned copy in the folder
        (see `changes`); None for what is refused
    :param kind: 'pdf', 'image' or 'portfolio'
    :param size: bytes of the file
    :param pages: pages that go in
    :param width, height: of the largest page, in points
    :param signed: it carries a digital signature, which the pages lose: embed the file
    :param changes: what sets `ready` apart from the file: 'decrypted', 'repaired',
        'scripts' (JavaScript, launch and submit actions removed), 'forms' (fields
        became part of the page), 'image' (turned into pages), 'xfa' (the dynamic form
        is gone, its static pages stay), 'players' (videos, sounds and 3D models are
        gone), 'cover' (so are the pages around the files of a portfolio)
    :param embedded: list of Embedded, the files inside
    :param members: list of Inspection, the files of a portfolio
    :param refusal: one of errors.REFUSALS, or None
    :param detail: what an administrator needs about the refusal, in English
    """

    path: Path
    name: str
    ready: Path | None = None
    kind: str = "pdf"
    size: int = 0
    pages: int = 0
    width: float = 0.0
    height: float = 0.0
    signed: bool = False
    changes: list = field(default_factory=list)
    embedded: list = field(default_factory=list)
    members: list = field(default_factory=list)
    refusal: str | None = None
    detail: str = ""

    def leaves(self):
        """The files behind it: itself, or the members of a portfolio, at any depth."""
        if not self.members:
            yield self
        for member in self.members:
            yield from member.leaves()


def inspect_files(items, folder, limits=None, extract=False, cancelled=None):
    """Try each file alone, in child processes with limits.

    :param items: iterable of Item or path
    :param folder: for the cleaned copies; the caller removes it after the assembly
    :param limits: Limits
    :param extract: put copies of embedded files into the folder, too
    :param cancelled: function asked before each file; true raises Cancelled
    :return: iterator of Inspection, in order, as they come
    :raise CompileError: 'disk_full' in the folder; never for what is in a file
    """
    limits = limits or Limits()
    items = (item if isinstance(item, Item) else Item(item) for item in items)
    with contextlib.ExitStack() as stack:
        # the first to be left: it waits for what is being inspected
        children = Queue()
        for _number in range(CHILDREN):
            children.put(stack.enter_context(Child(folder, limits.memory)))
        pool = stack.enter_context(ThreadPoolExecutor(CHILDREN))
        # who leaves early does not wait for what has not begun
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        waiting = deque()
        for item in items:
            if cancelled and cancelled():
                raise Cancelled()
            task = (item, Path(folder), limits, extract)
            waiting.append(pool.submit(_inspect, children, *task))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _inspect(children, item, folder, limits, extract):
    name = item.name or Path(item.path).name
    arguments = {
        "path": item.path,
        "name": name,
        "folder": folder,
        "limits": limits,
        "extract": extract,
    }
    child = children.get()
    try:
        return _restored(child.ask("inspect_file", arguments, limits.seconds))
    except Failure as error:
        if error.code == "disk_full":
            raise CompileError(error.code, error.detail) from error
        return Inspection(
            Path(item.path), name, refusal=error.code, detail=error.detail
        )
    finally:
        children.put(child)


def _restored(values):
    """The Inspection that a child has sent as JSON."""
    values["path"] = Path(values["path"])
    values["ready"] = values["ready"] and Path(values["ready"])
    values["embedded"] = [
        Embedded(*each[:3], each[3] and Path(each[3]), *each[4:])
        for each in values["embedded"]
    ]
    values["members"] = [_restored(member) for member in values["members"]]
    return Inspection(**values)
