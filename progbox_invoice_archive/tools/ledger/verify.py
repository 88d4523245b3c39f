"""What the verification compares a ledger, its documents and their files with.

Needs neither Odoo nor a database. See tools/ledger/walk.py for the chain itself.
"""

import json
import math
import re
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import NamedTuple

from .sealed_columns import SEALED_COLUMNS

# What a document's row must repeat of its line.
SEALED = tuple(SEALED_COLUMNS)
# The values of a row, in the order in which they are compared: first those that are
# looked at one by one, then those that a row has just as its line has them.
ONE_BY_ONE = ("amount", "folder", "series")
AS_THEY_ARE = tuple(key for key in SEALED if key not in ONE_BY_ONE)
COMPARED = (*ONE_BY_ONE, *AS_THEY_ARE)
_as_they_are = itemgetter(*AS_THEY_ARE)
# What a line without these keys says.
ABSENT = {"series": None}


# What JSON can say and PostgreSQL cannot hold: a forged line is to be reported.
UNSTORABLE = re.compile("[\\0\ud800-\udfff]")


def _finite(text):
    number = float(text)
    return number if math.isfinite(number) else text


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=str)


class Finding(NamedTuple):
    """Something that is not as it was sealed.

    :param kind: see the field ``kind`` of ``progbox.verification.finding``
    :param content: the sealed values of the document concerned, as far as known
    :param document: id of the document's row, when there is one
    :param what: names of the values that differ, or where an anchor comes from
    """

    kind: str
    sequence: int | None = None
    content: dict | None = None
    document: int | None = None
    what: str | None = None
    expected: str | None = None
    actual: str | None = None


def read_payload(text):
    """Return the sealed values of a line, empty when they cannot be read.

    :param text: str or bytes; None where the database has none any more
    """
    try:
        text = text or ""
        if isinstance(text, bytes):
            text = text.decode()
        content, end = _decoder.raw_decode(text)
        if end != len(text):
            content = _decoder.decode(text)
        # Only an escape can bring them in.
        if "\\u" in text:
            content = storable(content)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def storable(value):
    """Return a value of JSON with a sign in place of what cannot be stored."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def compare_anchors(anchors, hashes, last):
    """Compare a ledger with hashes that were noted earlier.

    :param anchors: list of (sequence, hash, source)
    :param dict hashes: of the lines in the ledger now, by sequence
    :param int last: sequence of the last line there is, 0 without any
    :return: list of findings: the cut once, by its farthest anchor
    """
    findings = [
        Finding(
            "line_foreign",
            sequence,
            what=source,
            expected=hash_,
            actual=hashes[sequence],
        )
        for sequence, hash_, source in anchors
        if sequence in hashes and hashes[sequence] != hash_
    ]
    beyond = [anchor for anchor in anchors if anchor[0] > last]
    if beyond:
        sequence, hash_, source = max(beyond, key=lambda anchor: anchor[0])
        findings.append(
            Finding("ledger_cut", last + 1, what=source, expected=f"{sequence}:{hash_}")
        )
    return findings


def is_as_sealed(content, values, folder):
    """Whether a document's row says what its line says, to the letter.

    Nearly all do, and this takes a fraction of the time. What does not may still be as
    it was sealed: compare_document() tells.

    :param dict content: what is sealed
    :param tuple values: the row's values in the order of ``COMPARED``
    :param str folder: its path, in the place of the row's value
    """
    amount, series = values[0], values[2]
    try:
        sealed = content["amount"]
        return (
            _as_they_are(content) == values[len(ONE_BY_ONE) :]
            and content["folder"] == folder
            and content.get("series") == series
            and sealed == f"{amount or 0:.{len(sealed.partition('.')[2])}f}"
        )
    except (KeyError, AttributeError, TypeError, ValueError):
        return False


def compare_document(content, row):
    """Return which values of a document's row differ from its line.

    :param dict content: what is sealed
    :param dict row: the row's values under the same keys; ``amount`` is a number
    :return: list of keys
    """
    row["amount"] = _amount(row["amount"], content.get("amount"))
    content = {**ABSENT, **content}
    return [
        key
        for key in SEALED
        if key in content and (content[key] or None) != (row.get(key) or None)
    ]


def judge_file(content, digest):
    """Compare a file with what is sealed.

    :param dict content: what is sealed
    :param digest: see :class:`.digests.Digest`
    :return: a Finding, or None when the file is the sealed one
    """
    if digest.sha256 == content.get("sha256") and (
        digest.size or not content.get("size")
    ):
        return None
    if digest.error:
        return Finding("file_unreadable", content=content, actual=digest.error)
    # A file store that has lost a file answers with nothing at all.
    if not digest.size:
        return Finding("file_missing", content=content)
    return Finding(
        "file_changed",
        content=content,
        expected=content.get("sha256"),
        actual=digest.sha256,
    )


def listed(values, keys):
    """Return the named values for a person to compare."""
    return "\n".join(f"{key}: {values.get(key)}" for key in keys)


def _amount(value, sealed):
    """Return a number the way it was sealed, whatever the currency rounds to now."""
    try:
        text = f"{value or 0:.{len(sealed.partition('.')[2])}f}"
        return sealed if text == sealed or Decimal(text) == Decimal(sealed) else text
    except (AttributeError, InvalidOperation, TypeError, ValueError):
        return str(value)
