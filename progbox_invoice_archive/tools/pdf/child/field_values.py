"""What the fields of a form say, and whether the pages show it."""

import re
import unicodedata
from collections import Counter
from math import isfinite
from typing import NamedTuple
from urllib.parse import quote

import pypdfium2
from pikepdf import Array, Dictionary, FormFieldFlag, Name, Stream, String

from .shaping import is_right_to_left
from .structure import branch, elements, nodes
from .words import clean

HIDDEN = 1 << 1 | 1 << 5  # flags of annotations: hidden, not viewed
TIGHT = 1.0  # points around a field that belong to it
WIDEST = 12.0  # points of a line around a field at most
LONGEST, MOST = 60, 5  # letters of a value, and values, that are named
UNSEEN = {"Cc", "Cf"}  # marks between letters
NUMBER = re.compile(r"-?[\d.,\s]+")


class Claim(NamedTuple):
    """What a field says that has a place on a page.

    :param words: texts of which each has to be seen
    :param loose: the field says itself that it shows its value in another form
    """

    page: int
    box: tuple
    name: str
    words: list
    loose: bool


def texts_of(value):
    """Return the texts of a value, which may be of any type."""
    if isinstance(value, Array):
        return [text for each in value for text in texts_of(each)]
    if isinstance(value, Stream):
        text = String(value.read_bytes())
        return texts_of(text)
    if isinstance(value, String):
        try:
            text = str(value)
        except ValueError:  # it promises UTF-8, and is something else
            text = bytes(value).decode("latin-1")
    elif isinstance(value, Name):
        text = str(value).removeprefix("/")
    elif value is None or isinstance(value, Dictionary):
        return []
    else:
        text = str(value)
    lines = (clean(line) for line in re.split(r"\r\n|\r|\n", text))
    text = "\n".join(lines).strip("\n")
    return [text] if text.strip() else []


def shown_texts(field):
    """Return the texts that a field of text or of choices has to show."""
    texts = texts_of(field.get_inheritable_field_value("/V"))
    if field.is_choice:
        names = _options(field.get_inheritable_field_value("/Opt"))
        return [names.get(text, text) for text in texts]
    return texts


def _options(options):
    """What choices are called on the page, by what they are called in the field."""
    names = {}
    for option in options if isinstance(options, Array) else []:
        if isinstance(option, Array) and len(option) == 2:
            value, name = map(texts_of, option)
            if value and name:
                names[value[0]] = name[0]
    return names


def formatted_fields(pdf):
    """Return the keys of the widgets that a script gives another form.

    To be asked before the scripts are taken out.
    """
    roots = elements(branch(pdf.Root, "/AcroForm"), "/Fields")
    on_pages = [each for page in pdf.pages for each in elements(page.obj, "/Annots")]
    return {
        node.objgen
        for node, values in nodes([*roots, *on_pages], inherited=("/AA",))
        if node.is_indirect
        and isinstance(values.get("/AA"), Dictionary)
        and "/F" in values["/AA"]
    }


def claims(pdf, formatted, pictured=()):
    """Return what the fields of text and of choices say: list of Claim.

    :param pictured: keys of widgets that show it as a picture, which no reader reads
    """
    places = {
        annotation.objgen: number
        for number, page in enumerate(pdf.pages)
        for annotation in elements(page.obj, "/Annots")
        if isinstance(annotation, Dictionary) and annotation.is_indirect
    }
    found = []
    for field in pdf.acroform.fields:
        if not (field.is_text or field.is_choice):
            continue
        if not (words := _visible_texts(field)):
            continue
        for annotation in pdf.acroform.get_annotations_for_field(field):
            widget = annotation.obj
            page, box = places.get(widget.objgen), box_of(widget)
            if widget.objgen in pictured:
                continue
            if page is not None and box and not _is_hidden(widget):
                name, loose = field.fully_qualified_name, widget.objgen in formatted
                found.append(Claim(page, box, clean(name), words, loose))
    return found


def _visible_texts(field):
    if field.is_text and field.flags & FormFieldFlag.tx_password:
        return []  # nobody is to see it
    return shown_texts(field)


def box_of(widget):
    """The corners of a widget, in order; None if it has no area."""
    try:
        one, two, three, four = map(float, widget.get("/Rect"))
    except (TypeError, ValueError):
        return None
    box = min(one, three), min(two, four), max(one, three), max(two, four)
    return box if box[0] < box[2] and box[1] < box[3] else None


def edge_of(widget):
    """How wide the line around a widget is, in points, if it has one."""
    sizes = elements(widget, "/Border")
    width = branch(widget, "/BS").get("/W", sizes[2] if len(sizes) > 2 else 1)
    return min(max(0, number_of(width)), WIDEST)


def number_of(value):
    """Return what should be a number as one; 0.0 for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if isfinite(number) else 0.0


def _is_hidden(widget):
    flags = widget.get("/F", 0)
    return isinstance(flags, int) and bool(flags & HIDDEN)


def unseen(path, found):
    """Return the change of Inspection.changes about claims that no page shows.

    :param path: the file whose fields have become part of its pages
    """
    missing, pages = [], {claim.page for claim in found}
    with pypdfium2.PdfDocument(path) as pdf:
        for number in sorted(pages):
            page = pdf[number]
            text = page.get_textpage()
            for claim in found:
                if claim.page == number and not _is_seen(claim, text):
                    missing.append(claim)
            text.close()
            page.close()
    if not missing:
        return []
    told = [f"{each.name}: {_short(' '.join(each.words))}" for each in missing[:MOST]]
    told += ["…"] * (len(missing) > MOST)
    return ["unseen/" + quote("; ".join(told), safe="")]


def _short(text):
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _is_seen(claim, text):
    left, bottom, right, top = claim.box
    shown = text.get_text_bounded(
        left - TIGHT, bottom - TIGHT, right + TIGHT, top + TIGHT
    )
    shown = _essence(shown)
    if claim.loose and shown:
        return True
    return all(_shows(shown, word) for word in claim.words)


def _shows(shown, word):
    essence = _essence(word)
    if essence in shown:
        return True
    if is_right_to_left(word):
        # The order in which a reader finds such letters is not that of the text.
        return not Counter(essence) - Counter(shown)
    if not NUMBER.fullmatch(word):
        return False
    # 1240 or 1240.5, shown as 1.240,50
    digits = "".join(filter(str.isdigit, essence))
    return "".join(filter(str.isdigit, shown)).startswith(digits)


def _essence(text):
    """A text without what differs between a value and a drawing of it."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        each
        for each in text
        if not each.isspace() and unicodedata.category(each) not in UNSEEN
    )
