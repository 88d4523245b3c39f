"""Odoo as a server process."""

import contextlib
import socket
import subprocess
import time
import urllib.request

from . import forks, paths
from .console import Stop, end

PROGRAM = paths.SETUP / "progbox_env/bin/start_odoo.py"


class Server:
    """A running Odoo: `.url`, `.port`, `.database`, `.process`, `.log`, `.stop()`.

    As a context manager it stops at the end of the block.
    """

    def __init__(self, database, port, process, log):
        self.database = database
        self.port = port
        self.process = process
        self.log = log
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.stop()

    def stop(self):
        end(self.process)

    def wait_until_ready(self, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Stop(f"Odoo has ended by itself: read {self.log}.")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/web/health", timeout=5).close()
                return
            time.sleep(0.1)
        raise Stop(f"Odoo does not answer after {seconds} s: read {self.log}.")


def start_odoo(
    database, port=None, workers=0, cron_threads=0, options=(), program=PROGRAM
):
    """Start an Odoo on a database; it answers when this returns."""
    port = port or free_port()
    log = paths.LOG / f"odoo-{database}-{port}.log"
    command = ["-d", database, f"--http-port={port}"]
    command += [f"--workers={workers}", f"--max-cron-threads={cron_threads}", *options]
    if workers:
        command += [f"--gevent-port={free_port()}"]
    with log.open("wb") as output:
        process = forks.start(command, program, stdout=output, stderr=subprocess.STDOUT)
    server = Server(database, port, process, log)
    try:
        server.wait_until_ready()
    except BaseException:
        server.stop()
        raise
    return server


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
