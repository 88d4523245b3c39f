"""Are the pages of a PDF those of another one? Runs in a child process.

What signers add behind the last byte may put another page in the place of each: the
pages are compared, with all that they show. Fields may come on top, as the picture of a
signature is one.
"""

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from .structure import elements

SHOWN = ("/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit")
MAX_DEPTH = 100  # of the tree of pages


def has_same_pages(_report, path, original):
    with pikepdf.open(original) as before, pikepdf.open(path) as after:
        return len(before.pages) == len(after.pages) and all(
            _is_same_page(one.obj, other.obj)
            for one, other in zip(before.pages, after.pages, strict=True)
        )


def _is_same_page(page, other):
    notes, other_notes = _notes(page), _notes(other)
    shown = ((_value(page, key), _value(other, key)) for key in SHOWN)
    return len(notes) == len(other_notes) and all(
        _is_equal(one, another)
        for one, another in (*shown, *zip(notes, other_notes, strict=True))
    )


def _value(page, key):
    """Return what a page has of its own, or from the tree above it."""
    for _level in range(MAX_DEPTH):
        if key in page:
            return page[key]
        page = page.get("/Parent")
        if not isinstance(page, Dictionary):
            return None
    return None


def _notes(page):
    """Return the annotations that are no fields: they may cover what is under them."""
    return [
        note
        for note in elements(page, "/Annots")
        if not isinstance(note, Dictionary) or note.get("/Subtype") != Name.Widget
    ]


def _is_equal(one, other):
    """Whether two objects are equal with all that they refer to.

    Another page is not followed: it is compared by itself.
    """
    seen, waiting = set(), [(one, other)]
    while waiting:
        one, other = waiting.pop()
        if not isinstance(one, Object) or not isinstance(other, Object):
            if one != other:
                return False
            continue
        if one.is_indirect and other.is_indirect:
            pair = (one.objgen, other.objgen)
            if pair in seen:
                continue
            seen.add(pair)
        if _is_page(one) and _is_page(other):
            continue
        pairs = _parts(one, other)
        if pairs is None:
            return False
        waiting += pairs
    return True


def _is_page(value):
    return isinstance(value, Dictionary) and value.get("/Type") == Name.Page


def _parts(one, other):
    """Return the pairs to compare in two objects, None if they differ already."""
    for kind in (Stream, Dictionary, Array):
        if isinstance(one, kind) != isinstance(other, kind):
            return None
    if isinstance(one, Array):
        same = len(one) == len(other)
        return list(zip(one, other, strict=True)) if same else None
    if isinstance(one, Stream):
        same = one.read_raw_bytes() == other.read_raw_bytes()
    elif isinstance(one, Dictionary):
        same = True
    else:
        return [] if one == other else None
    same = same and set(one.keys()) == set(other.keys())
    return [(one[key], other[key]) for key in one.keys()] if same else None
