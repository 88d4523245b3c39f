"""A child process that can be ended, with all that it has started."""

import contextlib
import os
import signal
import subprocess


class ChildProcess(subprocess.Popen):
    """A process in a group of its own; leaving its block ends it.

    :param command: as of subprocess.Popen, as are the other options
    """

    def __init__(self, command, **options):
        super().__init__(command, start_new_session=True, **options)

    def __exit__(self, *exc_info):
        self.close()

    def kill_group(self):
        """Kill it and what it has started, unless it has been waited for.

        Then its number may be that of another process.
        """
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self):
        """End it, whatever it is doing, and close its pipes."""
        self.kill_group()
        self.wait()
        for pipe in filter(None, (self.stdin, self.stdout, self.stderr)):
            with contextlib.suppress(OSError):  # what was not sent yet cannot be
                pipe.close()
