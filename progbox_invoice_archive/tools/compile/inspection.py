"""What is in a file, whether it can go in, and a copy that is fit to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Limits(NamedTuple):
    """What one file may take. Memory and sizes in bytes."""

    size: int = 500 << 20
    pages: int = 20_000
    seconds: float = 60
    memory: int = 1 << 30
    embedded: int = 200 << 20


class Item(NamedTuple):
    """A file to inspect.

    :param path: where it is
    :param name: what people call it; pictures and portfolios need no suffix in it
    """

    path: Path
    name: str = ""


class Embedded(NamedTuple):
    """A file inside of a PDF, such as the XML of an e-invoice.

    :param path: the copy in the inspection's folder; None if it was not asked for
    """

    name: str
    size: int
    mimetype: str
    path: Path | None


@dataclass
class Inspection:
    """What one file is.

    :param path: the file
    :param ready: what a Part takes: the file itself, or a cleaned copy in the folder
        (see `changes`); None for what is refused
    :param kind: 'pdf', 'image' or 'portfolio'
    :param size: bytes of the file
    :param pages: pages that go in
    :param width, height: of the largest page, in points
    :param signed: it carries a digital signature, which the pages lose: embed the file
    :param changes: what sets `ready` apart from the file: 'decrypted', 'repaired',
        'scripts' (JavaScript, launch and submit actions removed), 'forms' (fields
        became part of the page), 'image' (turned into pages), 'xfa' (the dynamic form
        is gone, its static pages stay)
    :param embedded: list of Embedded, the files inside
    :param members: list of Inspection, the files of a portfolio
    :param refusal: one of errors.REFUSALS, or None
    :param detail: what an administrator needs about the refusal, in English
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

    def leaves(self):
        """The files behind it: itself, or the members of a portfolio, at any depth."""
        if not self.members:
            yield self
        for member in self.members:
            yield from member.leaves()


def inspect_files(items, folder, limits=None, extract=False, cancelled=None):
    """Try each file alone, in child processes with limits.

    :param items: iterable of Item or path
    :param folder: for the cleaned copies; the caller removes it after the assembly
    :param limits: Limits
    :param extract: put copies of embedded files into the folder, too
    :param cancelled: function asked before each file; true raises Cancelled
    :return: iterator of Inspection, in order, as they come
    :raise CompileError: 'disk_full' in the folder; never for what is in a file
    """
    raise NotImplementedError
