"""What is in a file, whether it can go in, and a copy that is fit to."""

import contextlib
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from .child.messages import Embedded, Failure, Inspection, Limits
from .errors import Cancelled, CompileError
from .limited_child import Child

CHILDREN = 2
AHEAD = 8  # files that are under way while the caller looks at one


class Item(NamedTuple):
    """A file to inspect.

    :param path: where it is
    :param name: what people call it; pictures and portfolios need no suffix in it
    """

    path: Path
    name: str = ""


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
        # a caller that stops early does not wait for what has not begun
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        # nor for what has: it is killed, and tried again by whoever comes back
        closing = threading.Event()
        stack.callback(closing.set)
        waiting = deque()
        for item in items:
            if cancelled and cancelled():
                raise Cancelled()
            task = (item, Path(folder), limits, extract)
            waiting.append(pool.submit(_inspect, children, closing, *task))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _inspect(children, closing, item, folder, limits, extract):
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
        return _restored(_asked(child, arguments, limits.seconds, closing.is_set))
    except Failure as error:
        if error.code == "disk_full":
            raise CompileError(error.code, error.detail) from error
        return Inspection(
            Path(item.path), name, refusal=error.code, detail=error.detail
        )
    finally:
        children.put(child)


def _asked(child, arguments, seconds, cancelled):
    """What a child says of a file; once more, of other readers, if it died of it.

    Both have the time of one file: whoever waits for it cannot be interrupted.
    """
    end = time.monotonic() + seconds
    try:
        return child.ask("inspect_file", arguments, seconds, cancelled=cancelled)
    except Failure as error:
        if error.code != "crashed":
            raise
    arguments = arguments | {"has_died": True}
    left = max(end - time.monotonic(), 0)
    return child.ask("inspect_file", arguments, left, cancelled=cancelled)


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
