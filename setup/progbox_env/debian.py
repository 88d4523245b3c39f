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
from pathlib import Path

from .console import Stop, run, step
from .paths import HOME, ODOO, ODOO_SITE, ODOO_VERSION

# package -> the program that does just as well when it came from somewhere else
PACKAGES = {
    "postgresql": None,
    "wkhtmltopdf": "wkhtmltopdf",
    "fonts-dejavu-core": None,
    "fonts-font-awesome": None,
    "fonts-lato": None,  # the font of Odoo's reports
    # The scripts of the world in 17 MB: Noto has all but those of East Asia. For these
    # Noto takes 57 MB, Droid 2: it has what their encodings had, in one weight.
    "fonts-noto-core": None,
    "fonts-droid-fallback": None,
    "fonts-symbola": None,  # symbols and emoji that are drawn in outlines
    "fontconfig": "fc-list",  # says which characters have a font
    "python3-venv": None,
}
TEST_PACKAGES = {
    "chromium": "chromium",
    "poppler-utils": "pdftotext",  # tests read PDF files with it
    "unzip": "unzip",
    "zip": "zip",  # what a benchmark compares with
    "qpdf": "qpdf",  # the yardstick of what compiles PDF files
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
NEEDED_GIGABYTES = 3


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
    if not (absent := missing(wanted)):
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *absent]
    if os.geteuid():
        raise Stop(f"packages are missing: as root, run: {shlex.join(install)}")
    check_disk()
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    with step("Installing " + ", ".join(absent)):
        run(["dpkg", "--configure", "-a"], "apt", patient=True, env=quiet)
        run(["apt-get", "update"], "apt", env=quiet)
        run(install, "apt", patient=True, env=quiet)


def check_disk():
    if shutil.disk_usage(HOME).free < NEEDED_GIGABYTES << 30:
        raise Stop(f"the disk is nearly full: {HOME} needs {NEEDED_GIGABYTES} GB free.")


def ensure_odoo():
    """Download Odoo and unpack it; the folder appears only when it is complete."""
    if (ODOO_SITE / "odoo/release.py").exists():
        return
    check_disk()
    new = HOME / "odoo.new"
    shutil.rmtree(new, ignore_errors=True)
    downloads = new / "downloads"
    (downloads / "lists/partial").mkdir(parents=True)
    apt = ["apt-get", *private_apt_options(downloads)]
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


def private_apt_options(folder):
    """Options that make apt see sid only, without touching the machine's own state."""
    source = folder / "sources/sid.sources"
    source.parent.mkdir()
    source.write_text(sid_source(*_apt_sources()))
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": source.parent,
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Default-Release": "",
        "APT::Sandbox::User": "root",  # _apt cannot write into our folder
    }
    return [part for key, value in options.items() for part in ("-o", f"{key}={value}")]


def _apt_sources():
    """The machine's own sources: the deb822 stanzas and the one-line entries."""
    folder = Path("/etc/apt")
    lists = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]
    stanzas = sorted(folder.glob("sources.list.d/*.sources"))
    return (
        "\n\n".join(path.read_text() for path in stanzas),
        "\n".join(path.read_text() for path in lists if path.exists()),
    )


def sid_source(stanzas, lines):
    """The machine's main Debian source, with the suite swapped for sid.

    So mirrors, proxies and keys are those that the machine's owner has chosen.
    """
    for source in [*_parse_stanzas(stanzas), *_parse_lines(lines)]:
        suites = source["Suites"].split()
        main = [suite for suite in suites if re.fullmatch(r"[a-z]+", suite)]
        if main and "main" in source["Components"].split():
            sid = {"Types": "deb"} | source | {"Suites": "sid", "Components": "main"}
            return "".join(f"{key}: {value}\n" for key, value in sid.items())
    raise Stop("apt has no Debian source: add one to /etc/apt, or use --odoo PATH.")


def _parse_stanzas(text):
    text = re.sub(r"(?m)^#.*\n?", "", text)
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"(?m)^([\w-]+):\s*(.*(?:\n[ \t].*)*)", stanza))
        used = "deb" in fields.get("Types", "").split() and "Components" in fields
        used = used and fields.get("Enabled", "yes") != "no"
        if used and _is_debian(fields["URIs"]):
            kept = ("URIs", "Suites", "Components", "Signed-By", "Trusted")
            yield {key: fields[key] for key in kept if key in fields}


def _parse_lines(text):
    names = {"signed-by": "Signed-By", "trusted": "Trusted"}
    for line in re.findall(r"(?m)^deb\s+(.+)", text):
        options, uri, suite, components = re.match(
            r"(?:\[(.*?)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line
        ).groups()
        pairs = dict(pair.split("=", 1) for pair in (options or "").split())
        if _is_debian(uri):
            yield {"URIs": uri, "Suites": suite, "Components": components} | {
                names[key]: value for key, value in pairs.items() if key in names
            }


def _is_debian(uris):
    """Debian's own archive, not one of the many that carry packages *for* Debian."""
    return all(re.search(r"/debian(/|$)|^mirror\+file:", uri) for uri in uris.split())
