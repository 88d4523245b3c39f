"""Many parts become one PDF."""

from typing import NamedTuple


class Assembled(NamedTuple):
    """A finished and checked file."""

    pages: int
    size: int


def assemble(
    parts,
    target,
    *,
    folder,
    title,
    metadata=None,
    attached=(),
    numbers=None,
    progress=None,
    cancelled=None,
    seconds=3600,
):
    """Write one PDF of all the pages of all parts, and check it.

    It works in a child process with memory that does not grow with the parts.

    :param parts: list of Part
    :param target: path of the result: it is there whole and checked, or not at all
    :param folder: for temporary files; on the file system of the target
    :param title: the document's title
    :param metadata: {'author', 'subject', 'keywords', 'language': text,
        'created': aware datetime}
    :param attached: list of Attached, embedded in the result
    :param numbers: pattern stamped at the bottom of each page, such as
        "{page} / {pages}"; None: none
    :param progress: called with (pages done, pages of all) a few times a second
    :param cancelled: asked a few times a second; true stops the work
    :param seconds: limit of the whole
    :rtype: Assembled
    :raise Cancelled:
    :raise PartRefused: a part cannot go in after all; the caller assembles the others
    :raise CompileError: one of errors.ERRORS
    """
    raise NotImplementedError
