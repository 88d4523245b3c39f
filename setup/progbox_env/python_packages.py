"""The virtual environment that runs Odoo and the tests."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from .console import Stop, run, step
from .debian import ensure_odoo
from .paths import ODOO_SITE, ODOO_VERSION, SETUP, VENV


def ensure_venv(folder, requirements, title, *options):
    """A virtual environment that holds exactly the pinned requirements.

    Its stamp is written last: without it, or with another one, it is made anew.
    """
    # venv empties what a link names, and then refuses the link.
    folder = folder.resolve()
    stamp = folder / "progbox-stamp"
    wanted = hashlib.sha256(
        f"{sys.version} {folder} ".encode() + requirements.read_bytes()
    ).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step(f"Installing {title}"):
        run([sys.executable, "-m", "venv", "--clear", folder], "pip")
        pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check"]
        run([*pip, "install", *options, "--requirement", requirements], "pip")
    stamp.write_text(wanted)


def ensure_python(odoo=None):
    """The Python that runs Odoo: ours, or the one of the Odoo named by `--odoo`."""
    if odoo:
        python, source = find_odoo(Path(odoo).expanduser().absolute())
        if python:
            os.environ["PROGBOX_PYTHON"] = str(python)
            return
        os.environ["PROGBOX_ODOO"] = str(source)
    else:
        ensure_odoo()
    # The list is complete. What some packages name beside it needs a compiler.
    ensure_venv(VENV, SETUP / "requirements.txt", "the Python packages", "--no-deps")
    packages = next(VENV.glob("lib/python3*/site-packages"))
    (packages / "progbox.pth").write_text(f"{ODOO_SITE}\n{SETUP}\n")


def find_odoo(path):
    """(python, None) for an installed Odoo, (None, folder) for its source folder."""
    # Not resolved: the Python of a virtual environment is a link to another one.
    for folder in (path, path.parent) if path.exists() else ():
        release = folder / "odoo/release.py"
        if release.exists():
            numbers = re.search(r"version_info = \((\d+), (\d+)", release.read_text())
            return None, _right_version(folder, ".".join(numbers.groups()))
    if not os.access(path, os.X_OK) or path.is_dir():
        raise Stop(f"no Odoo in {path}: name its odoo-bin, its folder or its Python.")
    first_line = path.open("rb").readline()
    script = first_line.startswith(b"#!") and b"python" in first_line
    python = first_line[2:].split()[-1].decode() if script else str(path)
    answer = subprocess.run(
        [python, "-c", "import odoo.release; print(odoo.release.version)"],
        capture_output=True,
        text=True,
        cwd="/",
    )
    if answer.returncode:
        raise Stop(f"{python} cannot import Odoo: name the Python that runs it.")
    return Path(_right_version(python, answer.stdout.strip())), None


def _right_version(path, version):
    if not version.startswith(ODOO_VERSION):
        raise Stop(f"{path} is Odoo {version}, the add-ons need {ODOO_VERSION}.")
    return path
