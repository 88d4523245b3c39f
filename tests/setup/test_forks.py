"""Odoo as a fork of a loaded one: it says and does what a process of its own would."""

import contextlib
import os
import select
import subprocess
import sys

import psutil
import pytest
from progbox_env import forks, odoo_command

SHELL = ["shell", "--no-http", "--log-level=error"]
CLIENT = f"""
import time
from progbox_env import forks
forks.enabled = True
job = forks.Job({SHELL}, "import time; time.sleep(600)")
print(job.process.pid, flush=True)
time.sleep(600)
"""


def say(script):
    return forks.Job(SHELL, script).finished()


def test_what_is_printed_and_the_status_come_back():
    answer = say("import sys; print('said'); sys.stderr.write('alas'); sys.exit(3)")
    assert (answer.returncode, answer.stdout, answer.stderr) == (3, "said\n", "alas")
    assert say("pass").returncode == 0
    answer = say("1 / 0")
    assert answer.returncode == 1
    assert "ZeroDivisionError" in answer.stderr
    answer = odoo_command("never-heard-of")
    assert answer.returncode == 1
    assert "Unknown command" in answer.stderr


def test_the_add_ons_are_there_and_nothing_of_another_start():
    script = "import sys; print('odoo.addons.progbox' in sys.modules, len(sys.path))"
    one, two = say(script + "; sys.path.append('x')"), say(script)
    assert one.stdout == two.stdout
    assert one.stdout.startswith("True")


def test_another_environment_is_read_anew(monkeypatch):
    script = "import os; print(os.environ.get('PROGBOX_FORK'), os.getppid())"
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    hashes = {say("print(hash('word'))").stdout for _time in "two"}
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    monkeypatch.setenv("PROGBOX_FORK", "yes")
    assert say("print(hash('word'))").stdout not in hashes
    assert len(hashes) == 1
    assert say(script).stdout.startswith("yes ")


def loaded(name):
    """The process that was loaded where a variable of that name is set."""
    program = str(forks.PROGRAM)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if program in process.cmdline() and name in process.environ():
                return process


def test_odoo_ends_none_that_is_loaded():
    say("pass")
    assert not [
        child
        for child in psutil.Process().children()
        if str(forks.PROGRAM) in child.cmdline()
    ]


def test_one_that_has_ended_is_loaded_again(monkeypatch):
    monkeypatch.setenv("PROGBOX_ENDS", "yes")
    say("pass")
    process = loaded("PROGBOX_ENDS")
    process.kill()
    psutil.wait_procs([process], timeout=30)
    with pytest.warns(RuntimeWarning, match="has ended"):
        assert say("print('said')").stdout == "said\n"


def test_one_that_is_killed_says_so():
    job = forks.Job(SHELL, "import time; time.sleep(600)")
    assert job.poll() is None
    job.kill()
    job.communicate()
    assert job.returncode == -9


def test_none_outlives_who_wanted_it():
    client = subprocess.Popen([sys.executable, "-c", CLIENT], stdout=subprocess.PIPE)
    with client:
        fork = int(client.stdout.readline())
        end = os.pidfd_open(fork)
        try:
            client.kill()
            assert select.select([end], [], [], 30)[0], "it is still there"
        finally:
            os.close(end)
