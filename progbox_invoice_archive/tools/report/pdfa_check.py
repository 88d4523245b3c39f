"""What keeps a PDF from being a PDF/A-3b.

As far as a file can show it that a report was made into: what only a validator sees,
and what no report holds (sound, 3D, forms with scripts of their own), is refused as a
whole or not looked for.
"""

import re
from typing import NamedTuple

import pikepdf

FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")
EMBEDDED_ELSEWHERE = ("/Type0", "/Type3")
FORBIDDEN_KEYS = (
    "/AA",  # what happens by itself
    "/Alternates",
    "/JavaScript",
    "/NeedAppearances",
    "/OCProperties",
    "/OPI",
    "/PresSteps",
    "/PS",
    "/TR",
    "/XFA",
)
ACTION_KEYS = ("/A", "/Next", "/OpenAction")
ACTIONS = ("/GoTo", "/GoToR", "/URI", "/Thread")
LINKS = ("/Link", "/Popup")
# hidden, invisible, not on the screen, now and then: 1, 2, 32, 256
NOT_SHOWN = 1 | 2 | 32 | 256
PRINTED = 4
BLEND_MODES = {
    "/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken",
    "/Lighten", "/ColorDodge", "/ColorBurn", "/HardLight", "/SoftLight",
    "/Difference", "/Exclusion", "/Hue", "/Saturation", "/Color", "/Luminosity",
}  # fmt: skip
FORBIDDEN_NAMES = ("/DeviceCMYK", "/LZWDecode", "/Crypt")
# operators: fonts, text, CMYK colours, nesting
OPERATORS = "Tf Tj TJ ' \" k K q Q"
DEEPEST_NESTING = 28
# What a problem would show as. Reading it all takes 70 ms a page, this less than one;
# of text that is not in hexadecimal numbers, as Qt writes it, nothing is known before.
NESTING = re.compile(rb"(?<!\S)[qQ](?!\S)")
SUSPICIOUS = re.compile(rb"\(|<[0-9a-fA-F\s]*0000|(?<!\S)(?:[kK]|BI)(?!\S)")


class Problem(NamedTuple):
    """Why a file is no PDF/A.

    :param kind: 'font' (it is not in the file), 'glyph' (a character that the font
        lacks), 'part' (what a PDF/A may not have) or 'broken'
    :param detail: which font, which part, or what the reader said
    """

    kind: str
    detail: str = ""


def problems(pdf):
    """The problems of an open file that cannot be mended, each once, in order.

    :rtype: tuple(Problem)
    """
    found = set()
    for part in dictionaries(pdf):
        found.update(_of_dictionary(part))
        if _is_form(part):
            found.update(_of_content(part, part.get("/Resources", {})))
    for page in pdf.pages:
        found.update(_of_content(page, page.resources))
    return tuple(sorted(found))


def dictionaries(pdf):
    """All dictionaries that belong to the document, streams among them."""
    seen, waiting = set(), [pdf.Root]
    while waiting:
        part = waiting.pop()
        if part.is_indirect:
            if part.objgen in seen:
                continue
            seen.add(part.objgen)
        if isinstance(part, pikepdf.Array):
            children = list(part)
        else:
            yield part
            children = [child for _key, child in part.items()]
        waiting += [
            child
            for child in children
            if isinstance(child, pikepdf.Dictionary | pikepdf.Stream | pikepdf.Array)
        ]


def _of_dictionary(part):
    yield from _of_keys(part)
    kind, subtype = part.get("/Type"), part.get("/Subtype")
    if kind == "/Font" and subtype not in EMBEDDED_ELSEWHERE:
        descriptor = part.get("/FontDescriptor", {})
        if not any(key in descriptor for key in FONT_FILES):
            yield Problem("font", str(part.get("/BaseFont", "?")).lstrip("/"))
    elif subtype in LINKS or kind == "/Annot":
        yield from _of_annotation(part, subtype)
    elif kind == "/ExtGState" or "/BM" in part:
        modes = part.get("/BM", pikepdf.Name.Normal)
        if str(modes) not in BLEND_MODES:
            yield Problem("part", "/BM")
        if part.get("/TR2", "/Default") != "/Default":
            yield Problem("part", "/TR2")


def _of_keys(part):
    for key, value in part.items():
        if key in FORBIDDEN_KEYS and value is not False:
            yield Problem("part", key)
        if key in ACTION_KEYS and isinstance(value, pikepdf.Dictionary):
            if value.get("/S", "/GoTo") not in ACTIONS:
                yield Problem("part", str(value.S))
        names = value if isinstance(value, pikepdf.Array) else [value]
        for name in names:
            if isinstance(name, pikepdf.Name) and name in FORBIDDEN_NAMES:
                yield Problem("part", str(name))


def _of_annotation(part, subtype):
    flags = int(part.get("/F", 0))
    if subtype != "/Popup" and (flags & NOT_SHOWN or not flags & PRINTED):
        yield Problem("part", f"{subtype} /F {flags}")
    if subtype not in LINKS and "/AP" not in part:
        yield Problem("part", str(subtype))


def _is_form(part):
    return isinstance(part, pikepdf.Stream) and part.get("/Subtype") == "/Form"


def _of_content(holder, resources):
    """Problems of what draws a page or a part of it."""
    if not _is_suspicious(holder):
        return
    fonts = resources.get("/Font", {})
    depth, two_bytes = 0, False
    for operands, operator in pikepdf.parse_content_stream(holder, OPERATORS):
        name = str(operator)
        if name == "Tf":
            two_bytes = _is_two_bytes(fonts.get(str(operands[0]), {}))
        elif name in "qQ":
            depth += 1 if name == "q" else -1
            if depth > DEEPEST_NESTING:
                yield Problem("part", "q")
        elif name in "kK":
            yield Problem("part", "/DeviceCMYK")
        elif two_bytes and any(map(_has_no_glyph, operands)):
            yield Problem("glyph")


def _is_suspicious(holder):
    if isinstance(holder, pikepdf.Page):
        holder.contents_coalesce()
        holder = holder.obj.get("/Contents")
    content = holder.read_bytes() if holder is not None else b""
    depth = deepest = 0
    for step in NESTING.findall(content):
        depth += 1 if step == b"q" else -1
        deepest = max(deepest, depth)
    return deepest > DEEPEST_NESTING or SUSPICIOUS.search(content)


def _is_two_bytes(font):
    return font.get("/Subtype") == "/Type0" and font.get("/Encoding") == "/Identity-H"


def _has_no_glyph(operand):
    """Whether text asks for glyph 0, which stands for what the font lacks."""
    if isinstance(operand, pikepdf.Array):
        return any(map(_has_no_glyph, operand))
    if not isinstance(operand, pikepdf.String):
        return False
    codes = bytes(operand)
    return any(codes[at : at + 2] == b"\0\0" for at in range(0, len(codes), 2))
