"""Debian packages: what the machine must have, and Odoo, which it must not install.

Odoo 19 is a Debian package in the suite *sid* only. Installing it would upgrade half
of the machine, so it is downloaded with a private apt configuration and unpacked into
a folder of ours.
"""

import os
import re
import shlex
import shutil
import subprocess

from . import private_apt, wkhtmltopdf
from .console import Stop, check_disk, locked, run, step
from .paths import HOME, ODOO, ODOO_SITE, ODOO_VERSION

# package -> the program that does just as well when it came from somewhere else
PACKAGES = {
    "postgresql": None,
    "wkhtmltopdf": "wkhtmltopdf",
    "fonts-dejavu-core": None,
    "fonts-font-awesome": None,
    "fonts-lato": None,  # the font of Odoo's reports
    # The scripts of the world in 27 MB: Noto has all but those of East Asia. For these
    # Noto takes 57 MB; Droid and Nanum, 12 together, have what their encodings had.
    "fonts-noto-core": None,
    "fonts-droid-fallback": None,
    "fonts-nanum": None,  # Korean
    "fonts-symbola": None,  # symbols and emoji that are drawn in outlines
    "fontconfig": "fc-list",  # says which characters have a font
    "libfribidi0": None,  # Arabic and Hebrew in the forms of invoice backups
    "libcairo2": None,  # draws the bar codes where Python is 3.13 or newer
    "python3-venv": None,
}
TEST_PACKAGES = {
    "chromium": "chromium",
    "poppler-utils": "pdftotext",  # tests read PDF files with it
    "unzip": "unzip",
    "zip": "zip",  # what a benchmark compares with
    "qpdf": "qpdf",  # the yardstick of what compiles PDF files
    "libarchive-tools": "bsdtar",  # reads zips from a pipe
    "curl": "curl",  # downloads as slowly as it is told to
}
ODOO_PACKAGES = [
    "odoo-19",
    # what its symbolic links point to
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-glyphicons-halflings",
]


def missing(packages):
    """The packages that are not there. A half-installed one counts as missing."""
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Status}\n", *packages],
        capture_output=True,
        text=True,
    ).stdout
    status = dict(line.split(" ", 1) for line in answer.splitlines())
    absent = []
    for name, program in packages.items():
        if name == "python3-venv" and _python_makes_venvs():
            continue
        found = status.get(name, "not-installed")
        if found == "install ok installed":
            continue
        if program and found.endswith("not-installed") and shutil.which(program):
            continue
        absent.append(name)
    return absent


def _python_makes_venvs():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def ensure_packages(tests=False, only=None):
    """Install what Odoo (and its `tests`) lacks, or `only` some packages."""
    wanted = PACKAGES | (TEST_PACKAGES if tests else {})
    if only:
        wanted = {name: wanted[name] for name in only}
    if not shutil.which("dpkg-query"):
        raise Stop("this is not Debian: add the add-ons to an Odoo 19 by hand.")
    wkhtmltopdf.use()
    # Another command of ours may be at it: dpkg serves one at a time.
    with locked(HOME / "packages.lock"):
        _install_missing(wanted)


def _install_missing(wanted):
    if not (absent := missing(wanted)):
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    if os.geteuid():
        command = shlex.join([*install, *absent])
        raise Stop(f"packages are missing: as root, run: {command}")
    check_disk()
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    with step("Looking for " + ", ".join(absent)):
        run(["dpkg", "--configure", "-a"], "apt", patient=True, env=quiet)
        run(["apt-get", "update"], "apt", env=quiet)
        unknown = without_candidate(absent)
    # One package that this release lacks must not stop the others.
    if known := [name for name in absent if name not in unknown]:
        with step("Installing " + ", ".join(known)):
            run([*install, *known], "apt", patient=True, env=quiet)
    if "wkhtmltopdf" in unknown:
        unknown.remove("wkhtmltopdf")
        wkhtmltopdf.fetch()
    if unknown:
        names = ", ".join(unknown)
        raise Stop(f"this Debian has no {names}: install what does the same by hand.")


def without_candidate(names):
    """Those of the packages that the machine's own Debian release does not have."""
    answer = run(
        ["apt-cache", "policy", *names], "apt", env=dict(os.environ, LC_ALL="C")
    )
    found = re.findall(r"(?m)^(\S+):\n.*\n  Candidate: (?!\(none\))", answer)
    return [name for name in names if name not in found]


def ensure_odoo():
    """Download Odoo and unpack it; the folder appears only when it is complete."""
    if (ODOO_SITE / "odoo/release.py").exists():
        return
    check_disk()
    new = HOME / "odoo.new"
    shutil.rmtree(new, ignore_errors=True)
    downloads = new / "downloads"
    (downloads / "lists/partial").mkdir(parents=True)
    apt = ["apt-get", *private_apt.options(downloads, "sid")]
    with step(f"Downloading Odoo {ODOO_VERSION} (140 MB)"):
        run([*apt, "update"], "odoo-download")
        run([*apt, "download", *ODOO_PACKAGES], "odoo-download", cwd=downloads)
    if not (packages := list(downloads.glob(f"odoo-19_{ODOO_VERSION}*.deb"))):
        raise Stop(f"Debian has no Odoo {ODOO_VERSION} any more: use --odoo PATH.")
    with step(f"Unpacking {packages[0].name}"):
        for package in downloads.glob("*.deb"):
            run(["dpkg", "-x", package, new], "odoo-download")
        shutil.rmtree(downloads)
        _mend(new)
        new.rename(ODOO)


def _mend(root):
    """What the Debian package needs to run outside of its usual place."""
    site = root / ODOO_SITE.relative_to(ODOO)
    # A copy of the add-ons without their data files, which Odoo would pick up.
    for name in ("addons", "doc", "setup"):
        shutil.rmtree(site / name)
    # Debian leaves this script out; without it the page's bundle logs an error.
    script = site / "odoo/addons/mail/static/lib/selfie_segmentation"
    script.mkdir(parents=True, exist_ok=True)
    (script / "selfie_segmentation.js").touch()
    # The icons' font has another layout in sid: use the machine's own.
    (root / "usr/share/fonts-font-awesome").symlink_to("/usr/share/fonts-font-awesome")
