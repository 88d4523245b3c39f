"""What the parent and its child process tell each other.

The only module of this folder that the parent imports.
"""

import errno
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .words import MAX_DETAIL, clean

NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Limits(NamedTuple):
    """What one file may take. Memory and sizes in bytes."""

    size: int = 500 << 20
    pages: int = 20_000
    seconds: float = 60
    memory: int = 1 << 30
    embedded: int = 200 << 20  # of all files inside together, at any depth


class Embedded(NamedTuple):
    """A file inside of a PDF, such as the XML of an e-invoice.

    :param path: the copy in the inspection's folder; None if it was not asked for
    :param refusal: one of errors.REFUSALS: why there is no copy although it was
    """

    name: str
    size: int
    mimetype: str
    path: Path | None
    refusal: str | None = None


@dataclass(slots=True)
class Inspection:
    """What one file is.

    :param path: the file
    :param ready: what a Part takes: the file itself, or a cleaned copy in the folder
        (see `changes`); None for what is refused
    :param kind: 'pdf', 'image', 'portfolio' or 'wrapper' (an e-invoice or an e-mail)
    :param size: bytes of the file
    :param pages: pages that go in
    :param width, height: of the largest page, in points
    :param signed: it carries a digital signature, which the pages lose: embed the file
    :param changes: what sets `ready` apart from the file: 'decrypted', 'repaired',
        'scripts' (JavaScript, launch and submit actions removed), 'forms' (fields
        became part of the page), 'image' (turned into pages), 'xfa' (the dynamic form
        is gone, its static pages stay), 'players' (videos, sounds and 3D models are
        gone), 'icons' (so are those of attached files), 'cover' (so are the pages
        around the files of a portfolio),
        'pages_lost/6/30' (so many of its pages could be read), 'by_pdfium',
        'by_poppler' (QPDF cannot read it, or not all of its pages, which another
        reader has written anew),
        'blank/2, 5' (pages without anything on them, though the file is damaged),
        'unseen/…' (what its fields say and its pages do not show, quoted as in a URL)
    :param embedded: list of Embedded, the files inside
    :param members: list of Inspection, the files of a portfolio or wrapper
    :param refusal: one of errors.REFUSALS, or None
    :param detail: what an administrator needs about the refusal, in English
    :param checksum: SHA-1 of a file that is inside of another one
    """

    path: Path
    name: str
    ready: Path | None = None
    kind: str = "pdf"
    size: int = 0
    pages: int = 0
    width: float = 0.0
    height: float = 0.0
    signed: bool = False
    changes: list = field(default_factory=list)
    embedded: list = field(default_factory=list)
    members: list = field(default_factory=list)
    refusal: str | None = None
    detail: str = ""
    checksum: str = ""

    def leaves(self):
        """The files behind it: itself, or the members of a portfolio, at any depth."""
        if not self.members:
            yield self
        for member in self.members:
            yield from member.leaves()


class Part(NamedTuple):
    """One file whose pages all go in.

    :param path: what `Inspection.ready` says; or a PDF of the caller (cover, last page)
    :param pages: how many pages it must have; the result is compared with it
    :param title: its bookmark; empty: none of its own
    :param group: titles of the bookmarks around it, from the outermost, as in
        ("Maçonnerie Lefèvre", "INV/2026/0001"); neighbours with the same beginning
        share these bookmarks
    :param label: the page labels are this and a number, as in "INV/2026/0001 - 3",
        which goes on in neighbours of the same label; empty: the number of the page
        in the whole
    :param numbered: whether `assemble(numbers=…)` stamps its pages
    """

    path: Path
    pages: int
    title: str = ""
    group: tuple = ()
    label: str = ""
    numbered: bool = True


class Attached(NamedTuple):
    """A file embedded in the result as it is, byte for byte.

    :param name: its name among the attachments; a second one of that name gets " (2)"
    :param description: what a reader shows beside it
    :param mimetype: such as application/pdf
    """

    path: Path
    name: str
    description: str = ""
    mimetype: str = "application/octet-stream"


class Failure(Exception):
    """A task did not succeed, for a reason that has a code.

    :param code: one of errors.REFUSALS or errors.ERRORS
    :param detail: may quote the file
    :param index: the part that is to blame, if one is
    """

    def __init__(self, code, detail="", index=None):
        super().__init__(code, detail, index)
        self.code = code
        self.detail = clean(detail, MAX_DETAIL)
        self.index = index


def is_disk_full(error):
    """Whether something could not be written, which is no fault of a file that is read.

    What has become larger than a file may be is one of these, see `is_too_large`.
    """
    return isinstance(error, OSError) and error.errno in NOT_WRITTEN


def is_too_large(error):
    return isinstance(error, OSError) and error.errno == errno.EFBIG
