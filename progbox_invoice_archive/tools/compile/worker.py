"""The child process: does one task after the other for the parent that started it.

A task is a line of JSON on the standard input: [name, arguments, seconds]. Answers
are lines on the standard output: "ready" at the start; for each task {"progress": …}
as often as it likes, then {"result": …} or {"failure": [code, detail, index]}. The end
of the input ends it.
"""

import ctypes
import json
import os
import resource
import signal
import sys

from .failure import Failure, is_disk_full

PR_SET_PDEATHSIG = 1


def main():
    parent, memory = map(int, sys.argv[-2:])
    die_with(parent)
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    tasks = _tasks()
    _limit_memory(memory)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _say(channel, "ready")
    for line in sys.stdin.buffer:
        name, arguments, seconds = json.loads(line)
        _limit_time(seconds)
        _say(channel, _answer(tasks[name], arguments, channel))


def _tasks():
    from .checking import check_with_qpdf, check_with_second_reader
    from .examining import inspect_file, normalise
    from .joining import join

    return {
        "inspect_file": inspect_file,
        "normalise": normalise,
        "join": join,
        "check_with_qpdf": check_with_qpdf,
        "check_with_second_reader": check_with_second_reader,
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
        code = "disk_full" if is_disk_full(error) else "crashed"
        failure = Failure(code, repr(error))
    return {"failure": [failure.code, failure.detail, failure.index]}


def _say(channel, answer):
    channel.write(json.dumps(answer, default=str) + "\n")


def die_with(parent):
    """End this process when the one that has started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit()


def _limit_memory(size):
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + size, taken + size))


def _limit_time(seconds):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(usage.ru_utime + usage.ru_stime + seconds) + 2
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
