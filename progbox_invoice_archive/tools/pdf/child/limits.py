"""What this process may take, and that it ends with the one that started it."""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
LARGEST_FILE = 2 << 30


def die_with(parent):
    """End this process when the one that has started it ends.

    :param parent: its number
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit()


def limit_memory(size):
    """Allow so many bytes beyond what the process has taken so far."""
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + size, taken + size))


def limit_time(seconds):
    """Allow so many seconds of the processor from now on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(usage.ru_utime + usage.ru_stime + seconds) + 2
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def write_no_core():
    """Leave no copy of the memory on the disk when the process crashes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def file_limit():
    """Return how many bytes a file may have that this process writes."""
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0]


def limit_files(*sizes):
    """Allow each file the least of some sizes; programs started from here, too."""
    unlimited = resource.RLIM_INFINITY
    least = min((size for size in sizes if size != unlimited), default=unlimited)
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (least, hard))
