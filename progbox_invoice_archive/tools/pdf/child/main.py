"""The child process: does one task after the other for the parent that started it.

A task is a line of JSON on the standard input: [name, arguments, seconds]. Answers
are lines on the standard output: "ready" at the start; for each task {"progress": …}
as often as it likes, then {"result": …} or {"failure": [code, detail, index]}. The end
of the input ends it.
"""

import json
import os
import sys

from . import pausing
from .limits import (
    LARGEST_FILE,
    die_with,
    file_limit,
    limit_files,
    limit_memory,
    limit_time,
    write_no_core,
)
from .messages import Failure, is_disk_full, is_too_large

# What writes the result, which may be of any size.
UNLIMITED = {"join"}


def main():
    parent, memory = map(int, sys.argv[-2:])
    die_with(parent)
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    tasks = _tasks()
    limit_memory(memory)
    write_no_core()
    allowed = file_limit()
    limit_files(allowed, LARGEST_FILE)
    pausing.listen()
    _say(channel, "ready")
    for line in sys.stdin.buffer:
        name, arguments, seconds = json.loads(line)
        limit_time(seconds)
        limit_files(allowed, *(() if name in UNLIMITED else (LARGEST_FILE,)))
        pausing.begin_task()
        _say(channel, _answer(tasks[name], arguments, channel))


def _tasks():
    """Return what this process can do, by its name; called when the channel is safe."""
    from .certificate import read_certificate
    from .check import check_with_qpdf, check_with_second_reader, count_objects
    from .examine import inspect_file, normalise
    from .factur_x import factur_x_problems
    from .join import join
    from .same_pages import has_same_pages
    from .text import first_page_text, page_texts
    from .thumbnail import draw_first_page

    return {
        "draw_first_page": draw_first_page,
        "factur_x_problems": factur_x_problems,
        "first_page_text": first_page_text,
        "has_same_pages": has_same_pages,
        "inspect_file": inspect_file,
        "normalise": normalise,
        "page_texts": page_texts,
        "read_certificate": read_certificate,
        "join": join,
        "check_with_qpdf": check_with_qpdf,
        "check_with_second_reader": check_with_second_reader,
        "count_objects": count_objects,
    }


def _answer(task, arguments, channel):
    def report(progress):
        _say(channel, {"progress": progress})

    try:
        return {"result": task(report, **arguments)}
    except Failure as error:
        failure = error
    except MemoryError:
        failure = Failure("out_of_memory")
    except Exception as error:  # whatever it is, the parent has to hear of it
        failure = Failure(_code_of(error), repr(error))
    return {"failure": [failure.code, failure.detail, failure.index]}


def _code_of(error):
    if is_too_large(error):
        return "too_large"
    return "disk_full" if is_disk_full(error) else "crashed"


def _say(channel, answer):
    channel.write(json.dumps(answer, default=str) + "\n")
