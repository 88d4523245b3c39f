"""wkhtmltopdf where Debian has none: the last release that carried it lends its own.

Nothing after bookworm has it, nor the WebKit of Qt 5 that it stands on. The program and
its libraries are unpacked into a folder of ours, where nothing else can see them.
"""

import os
import shutil

from . import private_apt
from .console import check_disk, run, step
from .paths import HOME

FOLDER = HOME / "wkhtmltopdf"
SUITE = "bookworm"
# The machine's own are newer and do as well; a second C library would be fatal.
MACHINES_OWN = {"libc6", "libc-bin", "libcrypt1", "libgcc-s1", "libstdc++6"}
WRAPPER = """\
#!/bin/sh
# wkhtmltopdf of Debian bookworm with the libraries of its time.
root=$(dirname "$(dirname "$(readlink -f "$0")")")
for libraries in "$root"/usr/lib/*-linux-gnu*; do :; done
export LD_LIBRARY_PATH="$libraries:$root/lib/${libraries##*/}:$libraries/blas"
export QT_PLUGIN_PATH="$libraries/qt5/plugins" QT_QPA_PLATFORM=offscreen
exec "$root/usr/bin/wkhtmltopdf" "$@"
"""


def use():
    """Put the unpacked program on the path of all that we start, if it is there."""
    programs = str(FOLDER / "bin")
    path = os.environ.get("PATH", os.defpath)
    if os.path.isdir(programs) and programs not in path.split(os.pathsep):
        # Last: whoever installs one has chosen it.
        os.environ["PATH"] = path + os.pathsep + programs


def fetch():
    """Download and unpack it; the folder appears only when it is complete."""
    check_disk()
    new = HOME / "wkhtmltopdf.new"
    shutil.rmtree(new, ignore_errors=True)
    downloads = new / "downloads"
    (downloads / "lists/partial").mkdir(parents=True)
    (downloads / "archives/partial").mkdir(parents=True)
    # Of a machine on which nothing is installed, everything is missing.
    (downloads / "status").touch()
    apt = ["apt-get", *private_apt.options(downloads, SUITE)]
    apt += ["-o", f"Dir::State::status={downloads / 'status'}"]
    with step(f"Downloading wkhtmltopdf from Debian {SUITE} (105 MB)"):
        run([*apt, "update"], "wkhtmltopdf")
        wanted = ["install", "-y", "--no-install-recommends", "--download-only"]
        run([*apt, *wanted, "wkhtmltopdf"], "wkhtmltopdf")
    with step("Unpacking wkhtmltopdf"):
        for package in sorted((downloads / "archives").glob("*.deb")):
            name = package.name.split("_")[0]
            library = name.startswith(("lib", "qt")) and name not in MACHINES_OWN
            if library or name == "wkhtmltopdf":
                run(["dpkg", "-x", package, new], "wkhtmltopdf")
        shutil.rmtree(downloads)
        wrapper = new / "bin/wkhtmltopdf"
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(WRAPPER)
        wrapper.chmod(0o755)
        new.rename(FOLDER)
    use()
