"""Takes out of pages what acts by itself: scripts, programs, forms that send."""

import re

from pikepdf import Array, Dictionary, Name, String

from .structure import branch

# What a click on a page may do.
ACTIONS = {"/GoTo", "/URI", "/Named"}
SCHEMES = {"http", "https", "mailto", "tel", "ftp"}
SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*):")
# What readers pass over in an address, so that "java script:" is one; the zeros and
# the marks of UTF-16 and UTF-8 too.
PASSED_OVER = bytes([*range(0x21), 0x7F, 0xFE, 0xFF, 0xEF, 0xBB, 0xBF])
PLAYERS = {"/Screen", "/Movie", "/Sound", "/RichMedia", "/3D"}
TRIGGERS = ("/AA", "/PA")
# Files that hang on a page: see embedded.
FILES = {"/FS", "/AF"}


def sanitize(pdf):
    """Remove the actions of all pages.

    :return: set of what is not in any more: 'scripts', 'players', 'icons'
    """
    found = {"scripts"} if _is_active(pdf) else set()
    for page in pdf.pages:
        found |= sanitize_page(page, has_form=True)
    return found


def _is_active(pdf):
    """Whether a document acts by itself, outside of its pages."""
    root = pdf.Root
    opening = root.get("/OpenAction")
    return (
        "/AA" in root
        or "/JavaScript" in branch(root, "/Names")
        or (isinstance(opening, Dictionary) and not is_harmless(opening))
    )


def sanitize_page(page, has_form=False):
    """Remove the actions, players and files of a page and of its annotations.

    :param has_form: fields keep what they inherit; else their scripts would stay
    :return: set of what there was: 'scripts', 'players', 'icons'
    """
    found = set()
    if "/AA" in page.obj:
        del page.obj["/AA"]
        found.add("scripts")
    annotations = page.obj.get("/Annots")
    if not isinstance(annotations, Array):
        return found
    kept = []
    for annotation in annotations:
        if not isinstance(annotation, Dictionary):
            continue
        if str(annotation.get("/Subtype")) in PLAYERS:
            found.add("players")
            continue
        if _is_bare_icon(annotation):
            found.add("icons")
            continue
        _take_file(annotation)
        if _sanitize(annotation):
            found.add("scripts")
        if not has_form:
            _detach(annotation)
        kept.append(annotation)
    if len(kept) < len(annotations):
        page.obj["/Annots"] = Array(kept)
    return found


def _is_bare_icon(annotation):
    """Whether it is the icon of a file, of which each reader draws its own."""
    icon = annotation.get("/Subtype") == Name.FileAttachment
    return icon and "/N" not in branch(annotation, "/AP")


def _take_file(annotation):
    """Leave an annotation its drawing, without the file that hangs on it."""
    for key in FILES.intersection(annotation.keys()):
        del annotation[key]
    if annotation.get("/Subtype") == Name.FileAttachment:
        annotation.Subtype = Name.Stamp


def _detach(annotation):
    """Cut a widget off from its field."""
    if annotation.get("/Subtype") == Name.Widget and "/Parent" in annotation:
        del annotation["/Parent"]


def _sanitize(annotation):
    found = False
    for key in TRIGGERS:
        if key in annotation:
            del annotation[key]
            found = True
    action = annotation.get("/A")
    if action is None:
        return found
    if not is_harmless(action):
        del annotation["/A"]
        return True
    if "/Next" in action:
        del action["/Next"]
        return True
    return found


def is_harmless(action):
    """Whether an action only leads to another place."""
    if not isinstance(action, Dictionary) or str(action.get("/S")) not in ACTIONS:
        return False
    if action.S != Name.URI:
        return True
    address = action.get("/URI")
    if not isinstance(address, String):
        return False
    address = bytes(address).translate(None, PASSED_OVER)
    if scheme := SCHEME.match(address):
        return scheme[1].decode().lower() in SCHEMES
    # To a reader of local files this is another computer's folder.
    return not address.startswith((b"\\", b"//"))
