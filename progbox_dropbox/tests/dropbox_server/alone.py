"""A local Dropbox in a process of its own."""

import contextlib
import json
import os
import select
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).parents[1]
START_SECONDS = 120


class Alone:
    """How to reach it, with an account and an app, and what it has counted."""

    def __init__(self, process):
        said, _written, _other = select.select([process.stdout], [], [], START_SECONDS)
        assert said, "the local Dropbox does not start"
        self.ready = json.loads(process.stdout.readline())
        self.environment = self.ready["environment"]

    def counts(self):
        """Return the calls, the commits at a time, the files."""
        authority = self.environment["REQUESTS_CA_BUNDLE"]
        trusted = ssl.create_default_context(cafile=authority)
        url = f"https://{self.environment['DROPBOX_WEB_HOST']}/counts"
        with urllib.request.urlopen(url, context=trusted) as answer:
            return json.load(answer)


@contextlib.contextmanager
def dropbox_alone(latency=0):
    """Start it, and stop it at the end.

    :param float latency: seconds that each call takes
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "dropbox_server", "--latency", str(latency)],
        cwd=FOLDER,
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
        stdout=subprocess.PIPE,
    )
    try:
        yield Alone(process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
