"""Talking to the person at the keyboard, and running other programs for them."""

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import traceback

from .paths import HOME, LOG, make_home

LAST_LINES = 4  # of a program that failed in a way of its own

# What a program's last words mean, and what to do about it.
KNOWN_TROUBLES = [
    ("No space left on device", "the disk is full: free about 3 GB"),
    (
        (
            "Temporary failure resolving",
            "Could not resolve",
            "Could not connect",
            "Connection failed",
            "Failed to establish a new connection",
            "Network is unreachable",
            "from versions: none",
            "EAI_AGAIN",
            "ENOTFOUND",
        ),
        "the package server does not answer: check the network (or the proxy)",
    ),
    (
        "/dev/null: Permission denied",
        "/dev/null is not writable for everybody: as root, chmod 666 /dev/null",
    ),
    ("Could not get lock", "another program is installing packages: wait for it"),
    ("Operation not permitted", "a right is missing: run it as root"),
]


NEEDED_GIGABYTES = 3


class Stop(Exception):
    """Ends the command with one line: what happened and what to do."""


def check_disk():
    if shutil.disk_usage(HOME).free < NEEDED_GIGABYTES << 30:
        raise Stop(f"the disk is nearly full: {HOME} needs {NEEDED_GIGABYTES} GB free.")


def say(text=""):
    # Progress goes to stderr: stdout is for results.
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title):
    """One line per step, with the time it took."""
    print(f"  {title} ... ", end="", file=sys.stderr, flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException as error:
        say("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    say(f"{time.monotonic() - start:.0f} s")


def run(command, log, patient=False, accept=(0,), **options):
    """Run a program to its end: its output, which is in `.progbox/log/LOG.log` too.

    Ctrl-C ends it; one that we are `patient` with (dpkg) is left to finish first.
    """
    command = [str(part) for part in command]
    path = LOG / f"{log}.log"
    with path.open("a+b") as output:
        begin = output.seek(0, os.SEEK_END)
        output.write(f"$ {shlex.join(command)}\n".encode())
        output.flush()
        process = subprocess.Popen(
            command if patient else die_with_us(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
        try:
            status = process.wait()
        except BaseException:
            if not patient:
                end(process)
            process.wait()
            raise
        output.seek(begin)
        words = output.read().decode(errors="replace")
    if status not in accept:
        name = os.path.basename(command[0])
        raise Stop(f"{name} failed ({status}): {explain(words)} (details: {path})")
    return words


def die_with_us(command):
    """The command, made to end when we are killed the hard way."""
    return ["setpriv", "--pdeathsig", "TERM", *command]


def explain(words):
    for signs, meaning in KNOWN_TROUBLES:
        signs = (signs,) if isinstance(signs, str) else signs
        if any(sign in words for sign in signs):
            return meaning
    # The last line of a Python traceback says it best.
    if errors := re.findall(r"(?m)^[\w.]*(?:Error|Exception)\w*: .+", words):
        return errors[-1]
    lines = [line.strip() for line in words.splitlines()]
    lines = [line for line in lines if line and not line.startswith("$ ")]
    # Where the log is gone with the machine, these lines are all there is to read.
    return " | ".join(lines[-LAST_LINES:]) or "it said nothing"


def end(process, kindly=signal.SIGTERM):
    """Stop a program and the programs it started."""
    for number, seconds in ((kindly, 20), (signal.SIGKILL, 5)):
        if process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def locked(path, mode=fcntl.LOCK_EX, waiting=None):
    """Hold a lock that the kernel drops for us, however this process ends."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                say(waiting)
            fcntl.flock(file, mode)
        yield file


def command(main):
    """Run a command's `main()`: a trouble is one line and a status, no traceback."""

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(_number, _frame):
        # Once is enough: a second one would break the tidying up.
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in signals:
        signal.signal(number, interrupt)
    name = f"setup/{os.path.basename(sys.argv[0])}"
    try:
        make_home()
        sys.exit(main())
    except KeyboardInterrupt:
        say(f"\n{name}: stopped.")
        sys.exit(130)
    except Stop as stop:
        say(f"{name}: {stop}")
    except PermissionError as error:
        say(f"{name}: no right to use {error.filename}: use the owner's account.")
    except OSError as error:
        say(f"{name}: {error.strerror}: {error.filename or HOME}.")
    except Exception as error:
        crash = LOG / "crash.log"
        crash.write_text(traceback.format_exc())
        say(f"{name}: {type(error).__name__}: {error} (details: {crash})")
    sys.exit(1)
