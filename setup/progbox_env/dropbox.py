"""A Dropbox on this machine beside Odoo, to try the connector without an account.

It is the one that the tests use. It begins empty, and forgets everything at the end.
"""

import contextlib
import json
import os
import subprocess

from . import paths
from .console import Stop, die_with_us, end
from .databases import odoo_shell
from .postgres import sql

FOLDER = paths.ROOT / "progbox_dropbox/tests"
CALLBACK = "/progbox/dropbox/callback"
# The app key of the local Dropbox: whoever has another one is connected for real.
SCRIPT = """
accounts = env["progbox.dropbox.account"]
account = accounts._of_company(env.company) or accounts._make(env.company)
if account.app_key not in (False, %(app_key)r):
    print("connected elsewhere")
else:
    account.write({"app_key": %(app_key)r, "app_secret": %(app_secret)r})
    account._forget_tokens()
    account.action_forget()
    env.cr.commit()
"""


# A later start without this Dropbox must not bring its tokens to the real one.
FORGET = """UPDATE progbox_dropbox_account
SET state = 'disconnected', access_token = NULL, refresh_token = NULL
WHERE app_key = $$%(app_key)s$$"""


@contextlib.contextmanager
def local_dropbox(database, port):
    """Start it, and fill in its app in a database; Odoo is to be started afterwards.

    :param int port: of Odoo, which the app sends the browser back to
    """
    command = [paths.python(), "-m", "dropbox_server"]
    for host in ("127.0.0.1", "localhost"):
        command += ["--redirect", f"http://{host}:{port}{CALLBACK}"]
    with (paths.LOG / "dropbox.log").open("wb") as log:
        process = subprocess.Popen(
            die_with_us(command),
            cwd=FOLDER,
            env={**paths.odoo_environment(), "PYTHONPATH": str(FOLDER)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    before = {}
    try:
        line = process.stdout.readline()
        if not line:
            raise Stop(f"the local Dropbox has ended: read {paths.LOG}/dropbox.log.")
        ready = json.loads(line)
        # Where Odoo looks for Dropbox, and whose certificates it believes.
        before = {name: os.environ.get(name) for name in ready["environment"]}
        os.environ.update(ready["environment"])
        if odoo_shell(database, SCRIPT % ready).strip():
            raise Stop(
                f"{database} is connected to another Dropbox: choose another database, "
                "--database NAME."
            )
        try:
            yield ready
        finally:
            sql(FORGET % ready, database)
    finally:
        end(process)
        process.stdout.close()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
