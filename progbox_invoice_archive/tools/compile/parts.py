"""What an assembly is made of."""

from pathlib import Path
from typing import NamedTuple


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
