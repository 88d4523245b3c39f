import os
import re
import unicodedata

from ..filenames import LONGEST_NAME, clean_filename

EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")
# In bytes, which are never fewer than what Windows counts: it refuses paths over 260
# characters, its own "C:\Users\…" included.
LONGEST_PATH = 200
LONGEST_FOLDER = 120
# With less room than that, a name of a folder would say nothing.
SHORTEST_FOLDER = 20
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

    :param reserved: names that are taken
    :param bool hides: whether folders keep the dot that hides them
    """

    def __init__(self, reserved=(), hides=True):
        self._taken = {_key(name) for name in reserved}
        self._hides = hides
        self._folders = {(): ""}
        self._prefixes = {}

    def folder(self, path):
        """Return the path in the package of a folder, the same each time.

        :param tuple path: names from the root, as people wrote them
        """
        path = tuple(path)
        if path not in self._folders:
            parent = self.folder(path[:-1])
            name, _none = safe_name(path[-1], folder=True)
            if not self._hides:
                name = name.removeprefix(".")
            # What lies too deep goes into the last level that fits.
            self._folders[path] = (
                self._claim(parent, name, "", LONGEST_FOLDER)
                if len(parent.encode()) < LONGEST_FOLDER - SHORTEST_FOLDER
                else parent
            )
        return self._folders[path]

    def file(self, path, name):
        """Return a path for one more file in a folder.

        :param tuple path: the folder, names from the root
        :param str name: as people wrote it, with extension
        """
        prefix, prefix_key = self._prefixes.get(path) or self._prefix(path)
        if prefix and name and CLEAN.fullmatch(name):
            key = prefix_key + name.lower()
            if key not in self._taken:
                self._taken.add(key)
                return prefix + name
        return self._claim(self.folder(path), *safe_name(name), LONGEST_PATH)

    def _prefix(self, path):
        """Return what stands before the names in a folder, and that as a key."""
        parent = self.folder(path)
        prefix = f"{parent}/" if parent else ""
        self._prefixes[path] = prefix, _key(prefix)
        return self._prefixes[path]

    def _claim(self, parent, stem, extension, longest):
        prefix = f"{parent}/" if parent else ""
        room = min(LONGEST_NAME, longest - len(prefix.encode()))
        suffix, number = extension, 1
        path = f"{prefix}{_cut(stem, room - len(suffix))}{suffix}"
        while (key := _key(path)) in self._taken:
            number += 1
            suffix = f" ({number}){extension}"
            path = f"{prefix}{_cut(stem, room - len(suffix))}{suffix}"
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
        # The dot of the archive's own folder is part of its name.
        dot = "." if name.startswith(".") and stem.strip(" .") else ""
        return f"{dot}{clean_filename(stem)}", ""
    stem, extension = os.path.splitext(name)
    if not EXTENSION.fullmatch(extension):
        stem, extension = name, ""
    return clean_filename(stem, extension).removesuffix(extension), extension


def _cut(stem, size):
    """Cut a name to a number of bytes, never in the middle of a character."""
    written = stem.encode()
    if len(written) <= size:
        return stem
    # What is cut off may uncover a name that Windows reserves.
    cut = clean_filename(written[:size].decode(errors="ignore").lstrip("."))
    return f".{cut}" if stem.startswith(".") else cut


def _key(path):
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())
