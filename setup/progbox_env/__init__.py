"""What the commands in `setup/`, the tests and the benchmarks stand on.

    with base():                                 # Odoo, PostgreSQL, the templates
        clone_database("progbox_mine")           # demo data, add-ons installed
        with start_odoo("progbox_mine", cron_threads=1) as server:
            ...server.url...                     # log in with admin / admin
        drop_database("progbox_mine")

Standard library only: the machine may have nothing but Python.
"""

import contextlib

from .console import Stop, command, locked, say, step
from .databases import (
    clone_database,
    drop_database,
    ensure_addons,
    ensure_base,
    ensure_database,
    ensure_language,
    ensure_languages,
    run_odoo,
    odoo_shell,
    write_config,
)
from .debian import ensure_packages
from .forks import odoo_command
from .paths import HOME, LOG, ROOT, VENV, addons, odoo_environment, python
from .postgres import cluster, sql
from .python_packages import ensure_python
from .server import Server, free_port, port_is_free, start_odoo


@contextlib.contextmanager
def base(tests=False, odoo_path=None, with_addons=True, careless=False):
    """Whatever is missing is installed; the databases can be used inside the block.

    Who can do without his databases after a power failure is `careless`.
    """
    with contextlib.ExitStack() as running:
        with locked(HOME / "setup.lock", waiting="  Another setup/ command works"):
            ensure_packages(tests)
            ensure_python(odoo_path)
            running.enter_context(cluster(careless=careless))
            write_config()
            ensure_base()
        if with_addons:
            ensure_addons()
        yield
