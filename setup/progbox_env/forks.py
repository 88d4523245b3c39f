"""Starts of Odoo that take a moment: forks of one that has its add-ons loaded.

The tests start Odoo more than a hundred times. Where `enabled`, a start is a fork of
`bin/fork_odoo.py`, if the environment is the one that this program was started in:
what is read from there while modules are imported is then the same.
"""

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import warnings

from . import paths
from .console import die_with_us
from .postgres import sql

PROGRAM = paths.SETUP / "progbox_env/bin/fork_odoo.py"
# pytest changes it with each test.
NO_MATTER = {"PYTEST_CURRENT_TEST"}
enabled = False


class Loaded:
    """An Odoo that waits to be forked; it ends when its socket is closed."""

    def __init__(self, environment, template):
        self.environment = environment
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A pipe that ends with this process, however it does.
        self.wanted, self._held = os.pipe()
        modules = sql(
            "SELECT name FROM ir_module_module WHERE state = 'installed' ORDER BY name",
            template,
        )
        # It lets go of us at once: Odoo's tests end each child that they find.
        subprocess.run(
            [paths.python(), PROGRAM, str(theirs.fileno()), *modules],
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            check=True,
        )
        theirs.close()

    def start(self, request, standard):
        ours, theirs = os.pipe()
        files = [theirs, self.wanted, *standard]
        try:
            socket.send_fds(self.channel, [json.dumps(request).encode()], files)
        finally:
            os.close(theirs)
        return Fork(request["arguments"], ours)

    def close(self):
        """Fork no more; what was started goes on."""
        self.channel.close()


class Fork:
    """A started Odoo, with what `subprocess.Popen` has of a process."""

    def __init__(self, arguments, report):
        self.args = arguments
        self.report = os.fdopen(report, "rb", buffering=0)
        self.pid = int(self._line() or 0)
        self.returncode = None
        if not self.pid:
            raise OSError(f"Odoo was not forked for {arguments}")

    def _line(self):
        line = b""
        while not line.endswith(b"\n") and (byte := self.report.read(1)):
            line += byte
        return line

    def poll(self):
        if self.returncode is None and select.select([self.report], [], [], 0)[0]:
            self.returncode = int(self._line() or -signal.SIGKILL)
            self.report.close()
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is None:
            if not select.select([self.report], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self.poll()
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


# The one that is loaded.
_last = []


def _fork(environment, template, request, standard):
    if _last and _last[0].environment != environment:
        _last.pop().close()
    if _last:
        try:
            return _last[0].start(request, standard)
        except ConnectionError:
            # pytest tells warnings at its end, also when all has passed.
            warnings.warn("The loaded Odoo has ended.", RuntimeWarning, stacklevel=3)
            _last.pop().close()
    _last.append(Loaded(environment, template))
    return _last[0].start(request, standard)


def start(arguments, program=None, stdin=None, stdout=None, stderr=None):
    """Start `odoo ARGUMENTS`, or a program that does; the process.

    The standard files are open ones, or `subprocess.DEVNULL`.
    """
    from .databases import ADDONS

    environment = paths.odoo_environment()
    arguments = [str(argument) for argument in arguments]
    # Other add-ons than ours of today are not the loaded ones.
    if not enabled or any(word.startswith("--addons-path") for word in arguments):
        command = [paths.python(), *([program] if program else ["-m", "odoo"])]
        return subprocess.Popen(
            die_with_us([*command, *arguments]),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            cwd="/",
            # Ctrl-C reaches us alone; we then stop Odoo, once.
            start_new_session=True,
        )
    for name in NO_MATTER:
        environment.pop(name, None)
    with open(os.devnull, "r+") as nothing:
        standard = [
            nothing if file in (None, subprocess.DEVNULL) else file
            for file in (stdin, stdout, stderr)
        ]
        if stderr == subprocess.STDOUT:
            standard[2] = standard[1]
        request = {
            "arguments": [str(program or "odoo"), *arguments],
            "program": program and str(program),
            "folder": "/",
        }
        files = [file.fileno() for file in standard]
        return _fork(environment, ADDONS, request, files)


class Job:
    """An Odoo that is given a script, and whose answer is read at the end."""

    def __init__(self, arguments, script=""):
        self.stdin, self.stdout, self.stderr = (
            tempfile.TemporaryFile("w+") for _name in ("stdin", "stdout", "stderr")
        )
        self.stdin.write(script)
        self.stdin.seek(0)
        self.process = start(
            arguments, stdin=self.stdin, stdout=self.stdout, stderr=self.stderr
        )
        self.poll, self.kill = self.process.poll, self.process.kill

    @property
    def returncode(self):
        return self.process.returncode

    def communicate(self, timeout=None):
        """Wait for its end; what it has printed, and what it complained about."""
        self.process.wait(timeout)
        said = []
        for file in (self.stdout, self.stderr):
            file.seek(0)
            said.append(file.read())
            file.close()
        self.stdin.close()
        return tuple(said)

    def finished(self, timeout=None):
        output, errors = self.communicate(timeout)
        return subprocess.CompletedProcess(
            self.process.args, self.returncode, output, errors
        )


def odoo_command(*arguments):
    """Run `odoo ARGUMENTS` to its end; what `subprocess.run` returns."""
    return Job(arguments).finished()
