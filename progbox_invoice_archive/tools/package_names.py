import os
import re
import unicodedata

from .filenames import LONGEST_NAME, clean_filename

EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")
# Windows refuses paths over 260 characters, its own "C:\Users\…" included.
LONGEST_FOLDER = 120
# The names that the archiver gives: nothing to clean, and cleaning takes 0.2 ms.
CLEAN = re.compile(r"[A-Z]{2,10}_[\w-]{2,60}\.(?:pdf|xml)", re.ASCII)
# Control characters, line breaks of all kinds, and what turns the reading direction:
# "gpj.exe" is no picture. And the semicolon: `unzip` takes what follows it for a
# version number and cuts it off.
UNSAFE = re.compile(
    r"[;\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Names:
    """Gives every file and folder of a package a path that no other one has.

    Two paths are the same when a Mac or Windows would take them for the same:
    upper and lower case, accents composed or not.
    """

    def __init__(self, reserved=()):
        self._taken = {_key(name) for name in reserved}
        self._folders = {(): ""}

    def folder(self, path):
        """Return the path in the package of a folder, the same each time.

        :param tuple path: names from the root, as people wrote them
        """
        path = tuple(path)
        if path not in self._folders:
            parent = self.folder(path[:-1])
            # What lies too deep goes into the last level that fits.
            self._folders[path] = (
                self._claim(parent, *safe_name(path[-1], folder=True))
                if len(parent) < LONGEST_FOLDER
                else parent
            )
        return self._folders[path]

    def file(self, path, name):
        """Return a path for one more file in a folder.

        :param tuple path: the folder, names from the root
        :param str name: as people wrote it, with extension
        """
        parent = self._folders.get(path) or self.folder(path)
        if parent and CLEAN.fullmatch(name or ""):
            clean = f"{parent}/{name}"
            if (key := _key(clean)) not in self._taken:
                self._taken.add(key)
                return clean
        return self._claim(parent, *safe_name(name))

    def _claim(self, parent, stem, extension):
        prefix = f"{parent}/" if parent else ""
        path, number = f"{prefix}{stem}{extension}", 1
        while (key := _key(path)) in self._taken:
            number += 1
            suffix = f" ({number}){extension}"
            path = f"{prefix}{_cut(stem, LONGEST_NAME - len(suffix))}{suffix}"
        self._taken.add(key)
        return path


def safe_name(name, folder=False):
    """Return a name as a stem and an extension that every system can unpack.

    >>> safe_name("Été n° 3.pdf")
    ('Été n° 3', '.pdf')
    >>> safe_name("../../etc/passwd")
    ('_.._etc_passwd', '')
    >>> safe_name(".factures", folder=True)
    ('.factures', '')
    >>> safe_name("..", folder=True)
    ('_', '')
    """
    name = UNSAFE.sub("_", unicodedata.normalize("NFC", name or ""))
    name = re.sub(r"\s", " ", name)  # exotic blanks are not cut off at the ends
    if folder:
        stem = name.lstrip(". ")
        # The archive's own folder begins with a dot, and means it.
        dot = "." if name.startswith(".") and stem.strip(" .") else ""
        return f"{dot}{clean_filename(stem)}", ""
    stem, extension = os.path.splitext(name)
    if not EXTENSION.fullmatch(extension):
        stem, extension = name, ""
    return clean_filename(stem, extension).removesuffix(extension), extension


def _cut(stem, size):
    """Cut a name to a number of bytes, never in the middle of a character."""
    return stem.encode()[:size].decode(errors="ignore").rstrip(" .") or "_"


def _key(path):
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())
