"""An assembly in a process that outlives the one which asked for it.

A server may end whoever waits, because the time of a request or of a scheduled action
is up. The work goes on meanwhile; who asks for the same again, from the same folder,
waits for that process or takes what it has finished.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from .assembly import Assembled
from .assembly import assemble as assemble_here
from .child import ENVIRONMENT, PACKAGE
from .errors import Cancelled, CompileError, PartRefused
from .parts import Attached, Part

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {PACKAGE.name}.apart import main; main(sys.argv[2])"
)
# Nobody has asked for it in all that time: nobody will.
FORGOTTEN_SECONDS = 1800
TICK = 0.2
ATTEMPTS = 2


def assemble(
    parts, target, *, folder, progress=None, cancelled=None, metadata=None, **options
):
    """As `assembly.assemble`, but `cancelled` only ends the waiting.

    The work ends when the folder is removed, or when nobody comes back to it.
    """
    task = {
        "parts": parts,
        "attached": options.pop("attached", ()),
        "metadata": metadata or {},
        **options,
    }
    errand = Errand(Path(folder), parts, task["attached"])
    result = errand.wait(task, progress, cancelled)
    os.replace(errand.result, target)
    return result


class Errand:
    """The files through which the two processes know of each other.

    :param folder: where they are
    """

    def __init__(self, folder, parts, attached):
        content = json.dumps([parts, attached], default=str)
        digest = hashlib.sha256(content.encode()).hexdigest()[:32]
        self._set_paths(folder / f"errand-{digest}")

    def _set_paths(self, base):
        self.task = base.with_suffix(".task")
        self.result = base.with_suffix(".pdf")
        self._outcome = base.with_suffix(".outcome")
        self._progress = base.with_suffix(".progress")

    @classmethod
    def of(cls, task):
        errand = cls.__new__(cls)
        errand._set_paths(Path(task))
        return errand

    # ------------------------------------------------------------------
    # Who waits
    # ------------------------------------------------------------------

    def wait(self, task, progress, cancelled):
        started = 0
        while True:
            under_way = self._is_under_way()
            # Asked after that: its end is in between, or nowhere.
            if (outcome := _read(self._outcome)) and self._is_true(outcome):
                return self._answer(outcome)
            if not under_way:
                if started == ATTEMPTS:
                    raise CompileError("crashed", "the assembling process died")
                self._start(task)
                started += 1
            os.utime(self.task)
            if cancelled and cancelled():
                raise Cancelled()
            if progress and (done := _read(self._progress)):
                progress(*done)
            time.sleep(TICK)

    def _is_true(self, outcome):
        """Whether what a process has said is still so."""
        return "pages" not in outcome or self.result.exists()

    def _is_under_way(self):
        """Whether a process holds the task."""
        with suppress(FileNotFoundError), open(self.task) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _start(self, task):
        for path in (self._outcome, self._progress):
            path.unlink(missing_ok=True)
        _write(self.task, task)
        path = [*filter(None, sys.path), str(PACKAGE.parent)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", BOOT, json.dumps(path), str(self.task)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: os.environ[key] for key in ENVIRONMENT if key in os.environ},
            start_new_session=True,
        )
        with self._process.stdout as output:
            # It says so once it holds the task, or it is dead.
            output.readline()

    def _answer(self, outcome):
        if "pages" in outcome:
            return Assembled(outcome["pages"], outcome["size"])
        self._outcome.unlink()
        if "index" in outcome:
            raise PartRefused(*(outcome[key] for key in ("index", "code", "detail")))
        raise CompileError(outcome["code"], outcome["detail"])

    # ------------------------------------------------------------------
    # Who works
    # ------------------------------------------------------------------

    def run(self):
        with open(self.task) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            with suppress(Cancelled):
                _write(self._outcome, self._work(json.load(file)))

    def _work(self, task):
        parts = [Part(Path(path), *rest) for path, *rest in task.pop("parts")]
        attached = [Attached(Path(path), *rest) for path, *rest in task.pop("attached")]
        metadata = task.pop("metadata")
        if created := metadata.get("created"):
            metadata["created"] = datetime.fromisoformat(created)
        try:
            done = assemble_here(
                [part._replace(group=tuple(part.group)) for part in parts],
                self.result,
                folder=self.task.parent,
                attached=attached,
                metadata=metadata,
                progress=lambda *done: _write(self._progress, done),
                cancelled=self._is_forgotten,
                **task,
            )
        except PartRefused as error:
            return {
                "index": error.index,
                "code": error.refusal,
                "detail": error.detail,
            }
        except Cancelled:
            raise
        except CompileError as error:
            return {"code": error.code, "detail": error.detail}
        return {"pages": done.pages, "size": done.size}

    def _is_forgotten(self):
        try:
            return time.time() - self.task.stat().st_mtime > FORGOTTEN_SECONDS
        except FileNotFoundError:
            return True


def _read(path):
    """What a file says, None if there is none."""
    with suppress(FileNotFoundError):
        return json.loads(path.read_text())
    return None


def _write(path, value):
    """Write a file that is there whole or not at all."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(json.dumps(value, default=str))
    os.replace(partial, path)


def main(task):
    Errand.of(task).run()
