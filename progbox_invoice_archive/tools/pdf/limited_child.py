"""A child process that works on foreign files, seen from its parent."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..process import ChildProcess
from .child.messages import Failure
from .errors import Cancelled, CompileError

# Only this folder is loaded there: it stands alone, without the packages around it.
FOLDER = Path(__file__).resolve().parent / "child"
BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {FOLDER.name}.main import main; main()"
)
# Nothing else of the server's environment, such as passwords: a child opens foreign
# files.
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME")
# Each picture is a block of memory for a moment. By default glibc maps large blocks
# anew every time, and the system clears them: two thirds of the time of an assembly.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}
# After these failures the process is replaced before the next task.
SHAKEN = {"out_of_memory", "crashed", "disk_full"}
START_SECONDS, ATTEMPTS = 60, 3
# From the wish for a pause to the pause, at most: as long as one file may take alone.
PAUSE_SECONDS = 30
TICK = 0.2  # seconds between two looks at whether somebody cancelled
BLOCK_SIZE = 1 << 16
# The longest regular answer lists a thousand files of a portfolio.
MAX_ANSWER = 32 << 20


class Child:
    """Does tasks, one at a time; started when needed and replaced when it died.

    :param folder: where it puts temporary files
    :param memory: bytes it may take beyond what it starts with
    """

    def __init__(self, folder, memory):
        self._folder = folder
        self._memory = memory
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def start(self):
        """Start it without waiting, so that it is ready when it is asked."""
        if not self._process:
            self._launch()

    def ask(
        self,
        task,
        arguments,
        seconds,
        on_progress=None,
        cancelled=None,
        paused=None,
    ):
        """Have a task done.

        :param task: name of a function in `child.main`
        :param arguments: its keyword arguments, for JSON
        :param on_progress: called with what the task reports
        :param cancelled: asked a few times a second; true kills the child
        :param paused: asked a few times a second; true tells the child, which stops
            where it can go on later. If it does not, its time is up
        :return: the task's result
        :raise Failure: it failed, died, took too long or too much memory
        :raise Cancelled:
        :raise CompileError: 'crashed': children do not start here at all
        """
        try:
            self._make_ready()
            self._send([task, arguments, seconds])
            end = time.monotonic() + seconds
            for answer in self._answers(end, cancelled, paused):
                if "progress" not in answer:
                    break
                if on_progress:
                    on_progress(answer["progress"])
        except BaseException:
            self.close()
            raise
        if "result" in answer:
            return answer["result"]
        failure = Failure(*answer["failure"])
        if failure.code in SHAKEN:
            self.close()
        raise failure

    def close(self):
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process:
            process.close()

    def _make_ready(self):
        for attempt in range(1, ATTEMPTS + 1):
            if not self._process or self._process.poll() is not None:
                self.close()
                self._launch()
            if self._ready:
                return
            try:
                next(self._answers(time.monotonic() + START_SECONDS, None))
                self._ready = True
            except Failure as error:
                self.close()
                if attempt == ATTEMPTS:
                    detail = f"{sys.executable} does not start: {error.detail}"
                    raise CompileError("crashed", detail) from error

    def _launch(self):
        self._rest, self._ready = bytearray(), False
        # an empty entry means the current folder, whatever lies there
        path = [*filter(None, sys.path), str(FOLDER.parent)]
        kept = {key: os.environ[key] for key in ENVIRONMENT if key in os.environ}
        self._process = ChildProcess(
            [
                *(sys.executable, "-I", "-c", BOOT, json.dumps(path)),
                *(str(os.getpid()), str(self._memory)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **MALLOC, "TMPDIR": str(self._folder)},
        )
        self._poll = select.poll()
        self._poll.register(self._process.stdout, select.POLLIN)

    def _send(self, task):
        try:
            self._process.stdin.write(json.dumps(task, default=str).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._death() from error

    def _answers(self, deadline, cancelled, paused=None):
        """Yield what the child says, until its end or the deadline."""
        output = self._process.stdout.fileno()
        ticks = bool(cancelled or paused)
        asked = False
        while True:
            if cancelled and cancelled():
                raise Cancelled()
            if paused and paused():
                # Each time: a child that was about to begin has not heard of it.
                self._process.send_signal(signal.SIGUSR1)
                if not asked:
                    deadline = min(deadline, time.monotonic() + PAUSE_SECONDS)
                    asked = True
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure("timeout")
            if not self._poll.poll(1000 * (min(left, TICK) if ticks else left)):
                continue
            block = os.read(output, BLOCK_SIZE)
            if not block:
                raise self._death()
            self._rest += block
            if b"\n" in block:
                *lines, self._rest = self._rest.split(b"\n")
                yield from map(json.loads, lines)
            elif len(self._rest) > MAX_ANSWER:
                raise Failure("crashed", "an answer without end")

    def _death(self):
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self._process.kill_group()
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            return Failure("timeout", "no processor time left")
        return Failure("crashed", f"exit status {code}")
