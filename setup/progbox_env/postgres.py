"""A PostgreSQL cluster of our own: no other cluster or database is ever touched.

It listens on a unix socket only, in a folder that nobody else may enter. That is why
`trust` is safe there: who reaches the socket owns the cluster already (or is root).
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
from pathlib import Path

from .console import Stop, locked, run, step
from .paths import HOME, ROOT

ROLE = "progbox"  # may create databases, nothing more: like in production
SOCKET_NAME_LIMIT = 100  # the kernel's limit for a socket's path is 107
# Test databases are made anew from their template: nobody waits for the disk. A
# program that is killed loses nothing by it, a machine without power may. To compile
# a query takes longer than to answer it from so few rows.
CARELESS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off"


def account():
    """PostgreSQL refuses to run as root; Debian's package made an account for it."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Stop("no account `postgres`: install Debian's postgresql.") from None


def as_owner():
    """The subprocess options that run a program as the cluster's owner."""
    if not (owner := account()):
        return {"cwd": "/"}
    return {"cwd": "/", "user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def folder():
    """Where the cluster is: in `.progbox/pg`, if PostgreSQL can get there.

    A clone under /root is closed to the account `postgres`, and a deep one has no room
    for the socket's name: then it is in the account's own home, named after the clone.
    """
    near = HOME / "pg"
    far = Path(account().pw_dir if account() else Path.home() / ".local/share")
    far = far / f"progbox-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
    if (far / "data").exists():
        return far
    passable = subprocess.run(["test", "-x", HOME], **as_owner()).returncode == 0
    short = len(str(near)) < SOCKET_NAME_LIMIT - len("/socket/.s.PGSQL.5432")
    return near if passable and short else far


def socket():
    return folder() / "socket"


def program(name):
    """A PostgreSQL program, of the version that made the cluster if there is one."""
    made_by = folder() / "data/PG_VERSION"
    version = made_by.read_text().strip() if made_by.exists() else "*"
    found = Path("/usr/lib/postgresql").glob(f"{version}/bin/{name}")
    if best := max(found, key=lambda path: float(path.parts[-3]), default=None):
        return best
    raise Stop(f"PostgreSQL {version} is gone: install it, or delete {folder()}.")


def _initialise():
    home = folder()
    data, new = home / "data", home / "data.new"
    if data.exists():
        return
    with step("Creating the PostgreSQL cluster"):
        for path in (home, home / "socket"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if owner := account():
                os.chown(path, owner.pw_uid, owner.pw_gid)
        shutil.rmtree(new, ignore_errors=True)
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8"]
        options += ["--locale=C.UTF-8", f"--pgdata={new}"]
        run([program("initdb"), *options], "postgresql", **as_owner())
        with (new / "postgresql.conf").open("a") as config:
            config.write("listen_addresses = ''\n")
            config.write("max_connections = 200\n")
        new.rename(data)


@contextlib.contextmanager
def cluster(careless=False):
    """The cluster runs inside the block; the last to leave stops it.

    Everybody inside holds a shared lock, which the kernel drops even after a kill -9.
    Who starts it may be `careless`: it then does not wait for the disk.
    """
    with contextlib.ExitStack() as inside:
        inside.enter_context(locked(HOME / "postgresql-users.lock", fcntl.LOCK_SH))
        try:
            with locked(HOME / "postgresql.lock"):
                _initialise()
                _start(CARELESS if careless else "")
            yield
        finally:
            with locked(HOME / "postgresql.lock"):
                inside.close()
                _stop_if_unused()


def _start(options):
    data = folder() / "data"
    if _control("status", "-D", data).returncode == 0:
        return
    log = folder() / "server.log"
    # Named here and not in the cluster's own file: the clone may have been moved.
    options += f" -c unix_socket_directories={shlex.quote(str(socket()))}"
    start = ["start", "-w", "-s", "-D", data, "-l", log, "-o", options]
    if _control(*start).returncode:
        raise Stop(f"PostgreSQL does not start: read {log}.")
    _sql_as(
        "postgres",
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
                CREATE ROLE {ROLE} LOGIN CREATEDB;
            END IF;
        END $$""",
    )


def _stop_if_unused():
    with (HOME / "postgresql-users.lock").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _control("stop", "-w", "-s", "-m", "fast", "-D", folder() / "data")
        os.sync()  # what a careless one has left to the system


def _control(*arguments):
    # A session of its own: Ctrl-C in our terminal must not reach the server.
    return subprocess.run(
        [program("pg_ctl"), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **as_owner(),
    )


def sql(statement, database="postgres"):
    """Run a statement as Odoo's role; the lines of its result."""
    return _sql_as(ROLE, statement, database)


def _sql_as(role, statement, database="postgres"):
    answer = subprocess.run(
        [program("psql"), "-h", socket(), "-U", role, "-d", database]
        + ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        raise Stop(f"the database says: {answer.stderr.strip().splitlines()[0]}")
    return answer.stdout.splitlines()
