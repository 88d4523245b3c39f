"""Which files of an invoice stand for others, so that nothing goes in twice."""

from typing import NamedTuple

from ..tools.filenames import clean_filename

# Of what has taken the place of the invoice: before all others.
SIGNED_POSITION = 1


class TriedFile(NamedTuple):
    """A file that could go in, as far as it is known by now.

    :param key: what the caller knows it by; among equals the lowest goes in
    :param position: its place in the invoice
    :param is_main: it stands for the invoice itself
    :param is_copy: people have filed it as the signed copy of the invoice
    :param is_same: an employee has put it there, it carries a digital signature, and is
        the invoice by its content
    :param attachment_id: of two signed files, the newer one is the invoice
    :param contents: SHA-1 of the file, or of the papers inside of an e-mail, an
        e-invoice or a portfolio, in their order; empty when Odoo has to print it
    """

    key: int
    position: int
    is_main: bool
    is_copy: bool
    is_same: bool
    number: str
    name: str
    attachment_id: int
    contents: tuple


class Resolution(NamedTuple):
    """What goes in.

    :param signed: key of the file that takes the place of the invoice, if one does and
        does not have it yet
    :param left_out: dictionary of the codes of the other files, by their key
    :param papers: dictionary of the files of which some papers are left out, by their
        key: dictionaries of the codes by the place of the paper
    """

    signed: int | None
    left_out: dict
    papers: dict


def contents_of(parts, checksum):
    """Return the digests of what a file brings, see TriedFile.

    :param parts: of its line
    :param checksum: of its attachment
    """
    inside = [each for _path, _pages, _name, *rest in parts or () for each in rest]
    return tuple(filter(None, inside)) or tuple(filter(None, [checksum]))


def resolve_duplicates(files):
    """Return which files of one invoice others stand for.

    A signed copy takes the place of the invoice that it is a copy of; it goes in behind
    an e-mail or portfolio with several papers, as it may be a copy of any. Any other
    signed file is an attachment. What is in the invoice twice goes in once.

    :param files: list of TriedFile
    :rtype: Resolution
    """
    main = next((file for file in files if file.is_main), None)
    signed = _signed_copy(files, main)
    is_new = signed and not (signed.is_copy and signed.position == SIGNED_POSITION)
    # A copy that has its place already went in behind what is still there.
    is_replaced = main and is_new and len(main.contents) < 2
    left_out = {main.key: "replaced"} if is_replaced else {}
    seen, papers = {}, {}
    for file in sorted(files, key=lambda file: _precedence(file, signed)):
        # What equals the invoice is no second one: it has the same successor.
        code, twins = left_out.get(file.key, "duplicate"), {}
        for place, checksum in enumerate(file.contents):
            if checksum in seen:
                twins[place] = seen[checksum]
            seen.setdefault(checksum, code)
        if not twins or file.key in left_out:
            continue
        if len(twins) == len(file.contents):
            left_out[file.key] = twins[0]
        else:
            papers[file.key] = twins
    return Resolution(signed.key if is_new else None, left_out, papers)


def _signed_copy(files, main):
    """Return the file that takes the place of the invoice, or None."""
    if main and main.is_copy:  # one has taken it already
        return None
    candidates = [
        file
        for file in files
        if not file.is_main
        and (file.is_copy or file.is_same and not _is_twin(file, main))
    ]
    return max(candidates, key=_rank, default=None)


def _is_twin(file, main):
    return bool(main) and not set(main.contents).isdisjoint(file.contents)


def _rank(file):
    """Return what says which of several signed files is the invoice."""
    named = clean_filename(file.number) in clean_filename(file.name or "")
    return (file.is_copy, named, file.attachment_id)


def _precedence(file, signed):
    """Return what says which of equal files goes in: signed copies first."""
    if file is signed:
        return (False, SIGNED_POSITION, file.key)
    return (not file.is_copy, file.position, file.key)
