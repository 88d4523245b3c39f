"""Reads a ledger as an export keeps it: one JSON object a line.

Needs neither Odoo nor a database. See tools/ledger/chain.py for the rule of the hashes.
"""

from itertools import islice
from typing import NamedTuple

from . import chain
from .verify import Finding, read_payload

# Lines that are compared with the database at a time.
PAGE_SIZE = 1000
# A line is a few hundred bytes; what is longer is no ledger.
LONGEST_LINE = 1 << 20


class CopiedLine(NamedTuple):
    """One line; :attr:`content` is its payload, read."""

    sequence: int
    hash: str
    content: dict


class BadCopy(ValueError):
    """The copy is no whole ledger of this company, and so it proves nothing.

    :param int number: of the first line of the file that is wrong, from 1
    """

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def read_copy(blocks, company):
    """Yield the lines of a copy in pages, each line checked with the one before.

    :param blocks: iterable of bytes
    :param int company: whose ledger it has to be
    :return: iterator of lists of CopiedLine
    :raise BadCopy: for a file that is empty, damaged or another company's
    """
    lines = _checked(_lines(blocks), company)
    while page := list(islice(lines, PAGE_SIZE)):
        yield page


def compare_copy(lines, hashes, last):
    """Compare a page of a copy with the ledger there is.

    :param lines: of CopiedLine
    :param dict hashes: of the lines in the ledger now, by sequence
    :param int last: sequence of the last line there is
    :return: list of findings
    """
    findings = []
    for line in lines:
        about = {"sequence": line.sequence, "content": line.content}
        if line.sequence > last and line.content.get("kind") == "deposit":
            findings.append(Finding("document_missing", **about, expected=line.hash))
        elif hashes.get(line.sequence, line.hash) != line.hash:
            findings.append(
                Finding(
                    "line_replaced",
                    **about,
                    expected=line.hash,
                    actual=hashes[line.sequence],
                )
            )
    return findings


def _lines(blocks):
    """Yield the non-empty lines of a text; a last one without line break too."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > LONGEST_LINE:
            break
    if rest:
        yield rest


def _checked(texts, company):
    previous, number = chain.GENESIS, 0
    for number, text in enumerate(texts, 1):
        line = read_payload(text)
        payload = line.get("payload")
        if not isinstance(payload, str) or line.get("previous_hash") != previous:
            raise BadCopy(number)
        content = read_payload(payload)
        try:
            hash_ = chain.link(previous, payload)
        except UnicodeEncodeError as error:  # half a character, which JSON may hold
            raise BadCopy(number) from error
        if (
            line.get("hash") != hash_
            or line.get("sequence") != number
            or (content.get("sequence"), content.get("company")) != (number, company)
        ):
            raise BadCopy(number)
        previous = hash_
        yield CopiedLine(number, previous, content)
    if not number:
        raise BadCopy(1)
