"""Which files of an invoice stand for others, so that nothing goes in twice."""

from typing import NamedTuple

from ..tools.filenames import clean_filename


class TriedFile(NamedTuple):
    """A file that could go in, as far as it is known by now.

    :param key: what the caller knows it by; among equals the lowest goes in
    :param position: its place in the invoice
    :param is_main: it stands for the invoice itself
    :param is_copy: people have filed it as the signed copy of the invoice
    :param is_same: an employee has put it there, it carries a digital signature, and is
        the invoice by its content
    :param attachment_id: of two signed files, the newer one is the invoice
    """

    key: int
    position: int
    is_main: bool
    is_copy: bool
    is_same: bool
    number: str
    name: str
    attachment_id: int
    checksum: str | None


class Resolution(NamedTuple):
    """What goes in.

    :param signed: key of the file that takes the place of the invoice, if one does
    :param left_out: dictionary of the codes of the other files, by their key
    """

    signed: int | None
    left_out: dict


def resolve_duplicates(files):
    """Return which files of one invoice others stand for.

    A signed copy takes the place of the invoice that it is a copy of; any other signed
    file is an attachment. What is in the invoice twice goes in once.

    :param files: list of TriedFile
    :rtype: Resolution
    """
    main = next((file for file in files if file.is_main), None)
    signed = _signed_copy(files, main)
    left_out = {main.key: "replaced"} if main and signed else {}
    seen = {}
    for file in sorted(files, key=lambda file: _precedence(file, signed)):
        if not file.checksum:
            continue
        if file.checksum in seen and file.key not in left_out:
            # What equals the invoice is no second one: it has the same successor.
            left_out[file.key] = seen[file.checksum]
        seen.setdefault(file.checksum, left_out.get(file.key, "duplicate"))
    return Resolution(signed.key if signed else None, left_out)


def _signed_copy(files, main):
    """Return the file that takes the place of the invoice, or None."""
    candidates = [
        file
        for file in files
        if not file.is_main
        and (file.is_copy or file.is_same and not _is_twin(file, main))
    ]
    return max(candidates, key=_rank, default=None)


def _is_twin(file, main):
    return bool(main and main.checksum and main.checksum == file.checksum)


def _rank(file):
    """Return what says which of several signed files is the invoice."""
    named = clean_filename(file.number) in clean_filename(file.name or "")
    return (file.is_copy, named, file.attachment_id)


def _precedence(file, signed):
    """Return what says which of equal files goes in: signed copies first."""
    if file is signed:
        return (False, 1, file.key)
    return (not file.is_copy, file.position, file.key)
