"""Where everything lives. All that we install or create is under `.progbox/`."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "setup"

HOME = ROOT / ".progbox"
LOG = HOME / "log"
DATA = HOME / "data"  # Odoo's data_dir: file stores and sessions
PYCACHE = HOME / "pycache"  # compiled Python, ours and Odoo's
CONFIG = HOME / "odoo.conf"
VENV = HOME / "venv"
ODOO = HOME / "odoo"  # the unpacked Debian package
ODOO_SITE = ODOO / "usr/lib/python3/dist-packages"

ODOO_VERSION = "19.0"


def addons():
    """The names of our add-ons: every folder of the repository with a manifest."""
    return sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))


def python():
    """The Python that runs Odoo; `--odoo PATH` may name another one than ours."""
    return os.environ.get("PROGBOX_PYTHON") or str(VENV / "bin/python")


def odoo_environment():
    """The environment for a process that imports Odoo."""
    environment = dict(
        os.environ, ODOO_RC=str(CONFIG), PYTHONPYCACHEPREFIX=str(PYCACHE)
    )
    # Odoo has thousands of modules, and a start that compiles them takes seconds.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if source := os.environ.get("PROGBOX_ODOO"):
        environment["PYTHONPATH"] = source
    return environment


def is_database_name(name):
    return bool(re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name))


def make_home():
    # Others may pass through: PostgreSQL, under its own account, lives inside.
    HOME.mkdir(mode=0o755, exist_ok=True)
    LOG.mkdir(mode=0o755, exist_ok=True)
