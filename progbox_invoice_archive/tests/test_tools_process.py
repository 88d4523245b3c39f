import subprocess
import sys
import time

import psutil

from ..tools.process import ChildProcess
from .pdf_common import PdfCase, has_ended

# It starts another process, says its number, and waits.
PARENT = """
import subprocess, sys
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print(other.pid, flush=True)
{end}
"""


class TestChildProcess(PdfCase):
    """A child process leaves nothing behind, whatever its parent is doing."""

    def started(self, end):
        process = ChildProcess(
            [sys.executable, "-c", PARENT.format(end=end)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(process.close)
        return process, psutil.Process(int(process.stdout.readline()))

    def test_what_it_has_started_ends_with_it(self):
        process, other = self.started("other.wait()")
        with self.assertRaises(ZeroDivisionError), process:
            raise ZeroDivisionError
        self.assertEqual(process.returncode, -9)
        self.assertTrue(process.stdin.closed and process.stdout.closed)
        self.wait_for(lambda: has_ended(other), seconds=5)

    def test_what_it_has_started_ends_when_it_ended_first(self):
        process, other = self.started("")
        process.stdout.read(0)
        self.wait_for(lambda: has_ended(psutil.Process(process.pid)))
        process.close()
        self.assertEqual(process.returncode, 0)
        self.wait_for(lambda: has_ended(other), seconds=5)

    def test_a_process_that_was_waited_for_is_not_killed_again(self):
        process, other = self.started("")
        self.addCleanup(other.kill)
        process.wait()
        # Its number may be another's by now, so the group is left alone.
        process.close()
        time.sleep(0.5)  # a signal takes a moment
        self.assertFalse(has_ended(other))
