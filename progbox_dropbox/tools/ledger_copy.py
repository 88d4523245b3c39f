"""Reads the ledger that lies beside the copies, without Odoo.

In the folder of it are, for each company: the lines up to each closing, those since the
last one (``open``), and beside both what a document's row has and its line has not.
"""

import json
import re
from typing import NamedTuple

from odoo.addons.progbox_invoice_archive.tools.ledger import chain
from odoo.addons.progbox_invoice_archive.tools.ledger.verify import read_payload

FOLDER = "Ledger"
LINES, ROWS = "ledger", "documents"
OPEN = "open"
FILE = re.compile(rf"({LINES}|{ROWS})_(\d+)_(?:(\d+)-\d+|{OPEN})\.jsonl")


class Line(NamedTuple):
    """One line of a copied ledger; ``content`` is its payload, read."""

    sequence: int
    previous_hash: str
    hash: str
    payload: str
    content: dict


class Damaged(ValueError):
    """The copy is no whole ledger.

    :param int number: of the first line that is missing or wrong
    """

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def file_name(kind, company, first=None, last=None):
    """Return the name of a file; without numbers that of the lines since a closing.

    >>> file_name(LINES, 1, 5, 12), file_name(ROWS, 1)
    ('ledger_1_00000005-00000012.jsonl', 'documents_1_open.jsonl')
    """
    part = f"{first:08}-{last:08}" if first else OPEN
    return f"{kind}_{company}_{part}.jsonl"


def companies_of(names):
    """Return the companies that have a ledger among files, by their numbers.

    >>> companies_of(["ledger_3_open.jsonl", "documents_4_open.jsonl", "check_copy.py"])
    [3]
    """
    found = filter(None, map(FILE.fullmatch, names))
    return sorted({int(match[2]) for match in found if match[1] == LINES})


def files_of(names, kind, company):
    """Return the files of one kind of a company, in the order of their lines."""
    found = [match for match in map(FILE.fullmatch, names) if match]
    mine = [match for match in found if (match[1], match[2]) == (kind, str(company))]
    mine.sort(key=lambda match: int(match[3]) if match[3] else float("inf"))
    return [match[0] for match in mine]


def read_lines(paths, company):
    """Yield the lines of a ledger, each checked with the one before.

    A line may stand in two files: since the last closing, and up to the next one.

    :param paths: of the files, in the order of their lines
    :raise Damaged:
    """
    previous, number = chain.GENESIS, 0
    for text in _texts(paths):
        line = read_payload(text)
        payload, sequence = line.get("payload"), line.get("sequence")
        if isinstance(sequence, int) and sequence <= number:
            continue
        content = read_payload(payload) if isinstance(payload, str) else {}
        place = (content.get("sequence"), content.get("company"))
        if (
            line.get("previous_hash") != previous
            or place != (number + 1, company)
            or content.get("kind") not in chain.KINDS
            or line.get("hash") != _linked(previous, payload)
        ):
            raise Damaged(number + 1)
        number += 1
        previous = line["hash"]
        yield Line(
            number, line["previous_hash"] or chain.GENESIS, previous, payload, content
        )
    if not number:
        raise Damaged(1)


def read_rows(paths):
    """Return a function that returns what is known of the document of a line.

    The lines must be asked for in their order; nothing is kept in memory.
    """
    rows = map(json.loads, _texts(paths))
    last = {"sequence": 0}

    def row_of(sequence):
        nonlocal last
        while last and last["sequence"] < sequence:
            last = next(rows, None)
        return last if last and last["sequence"] == sequence else {}

    return row_of


def _texts(paths):
    for path in paths:
        with path.open(encoding="utf-8") as file:
            yield from filter(None, map(str.strip, file))


def _linked(previous, payload):
    try:
        return chain.link(previous, payload)
    except UnicodeEncodeError:  # half a character, which JSON may hold
        return None
