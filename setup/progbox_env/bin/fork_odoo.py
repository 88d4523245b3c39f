"""Odoo, loaded once: each start is a fork of it, which is there in a moment.

Three of the four seconds that a start of Odoo takes go into importing the add-ons. This
program imports them, then waits at a socket. A request names the arguments of a start,
and brings its standard files, a pipe for what becomes of it, and one whose end says
that nobody wants it any more (`progbox_env/forks.py` asks).
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback

import odoo.cli
from odoo.modules.module import Manifest, load_openerp_module
from odoo.tools import config

PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def load(modules):
    """Import add-ons, each after those that it depends on."""
    loaded = set()

    def load_one(name):
        if name not in loaded and (manifest := Manifest.for_addon(name)):
            loaded.add(name)
            for other in manifest["depends"]:
                load_one(other)
            load_openerp_module(name)

    config.parse_config([], setup_logging=False)
    for name in modules:
        load_one(name)


def serve(channel):
    # Nobody waits for a guard: it tells the client itself how a start has ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files, *_rest = socket.recv_fds(channel, 1 << 16, 5)
        if not message:
            return
        try:
            is_guard = not os.fork()
        except OSError:
            # Whoever asked is told by the end of its pipe; the next one may be lucky.
            traceback.print_exc()
            is_guard = False
        if is_guard:
            channel.close()
            guard(json.loads(message), *files)
        for file in files:
            os.close(file)


def guard(request, report, wanted, *standard):
    """Stay beside an Odoo: tell its number and its exit status, end it if unwanted."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not (process := os.fork()):
        os.close(report)
        os.close(wanted)
        begin(request, standard)
    for file in standard:
        os.close(file)
    os.write(report, b"%d\n" % process)
    ended = os.pidfd_open(process)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(wanted, select.POLLHUP)
    if ended not in dict(poll.poll()):
        os.kill(process, signal.SIGTERM)
    _process, status = os.waitpid(process, 0)
    os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def begin(request, standard):
    """Become the Odoo that was asked for."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    sys.argv = request["arguments"]
    status = 1
    try:
        status = run(request["program"])
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        # Without taking the whole of Odoo apart, object by object.
        os._exit(status)


def run(program):
    try:
        if program:
            runpy.run_path(program, run_name="__main__")
        else:
            odoo.cli.main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    return 0


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    load(sys.argv[2:])
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)
