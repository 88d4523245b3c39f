"""What a person reads of an invoice backup: why a file is left out, what to know.

By the codes of tools.pdf and those of our own. The functions translate one entry into
the language of an environment.
"""

from urllib.parse import unquote

from odoo.tools import LazyTranslate, formatLang

_lt = LazyTranslate(__name__)

AGAIN = _lt("Ask the sender for a new copy, attach it, then compile again.")
PRINT_IT = _lt("Open it, print it as a PDF, attach that, then compile again.")
DOWNLOAD = _lt("Download it from the invoice.")
TICK = _lt("Tick it when you compile, to have it.")
# Why a file is left out, and how to get it; the second may be empty.
REASONS = {
    # Of files
    "missing": (
        _lt("Its file is missing on the server."),
        _lt("Restore it from a backup of the server."),
    ),
    "empty": (_lt("The file is empty."), AGAIN),
    "encrypted": (
        _lt("It opens with a password only."),
        _lt("Open it with the password, save it without, attach that."),
    ),
    "encrypted_otherwise": (
        _lt("It is encrypted for a certificate, or by a method that is not known."),
        _lt("Open it in the program it is meant for, print it as a PDF, attach that."),
    ),
    "newer_compression": (
        _lt("It is packed in a newer way than this server can read."),
        PRINT_IT,
    ),
    "not_a_pdf": (_lt("It is neither a PDF nor a picture."), DOWNLOAD),
    "picture_kind": (
        _lt("It is a picture of a kind that has no place in a PDF."),
        _lt("Save it as JPEG or PNG, attach that, then compile again."),
    ),
    "picture_damaged": (_lt("It is a picture that cannot be read."), AGAIN),
    "damaged": (
        _lt("The PDF is damaged and cannot be repaired."),
        AGAIN,
    ),
    "truncated": (_lt("The end of the file is missing."), AGAIN),
    "no_pages": (_lt("The PDF has no page."), AGAIN),
    "recursive": (_lt("The PDF contains itself without end."), AGAIN),
    "too_large": (_lt("The file is larger than the limit."), DOWNLOAD),
    "too_many_pages": (
        _lt("It has more pages than the limit."),
        DOWNLOAD,
    ),
    "timeout": (_lt("Reading it took too long."), PRINT_IT),
    "out_of_memory": (
        _lt("Reading it takes too much memory."),
        PRINT_IT,
    ),
    "crashed": (_lt("The program that reads PDFs broke off."), PRINT_IT),
    "unshowable": (
        _lt("A page of it is too much for common readers, which cannot show it."),
        PRINT_IT,
    ),
    "portfolio_empty": (
        _lt("The PDF portfolio has no file in it."),
        AGAIN,
    ),
    "form_unreadable": (
        _lt("It is a form that only Adobe's programs can show."),
        PRINT_IT,
    ),
    "no_paper": (
        _lt("There is no PDF and no picture of a paper in it."),
        DOWNLOAD,
    ),
    "mail_part": (
        _lt("It is a part of an e-mail, and no paper."),
        DOWNLOAD,
    ),
    "active": (
        _lt("It is inside of a PDF and may contain programs."),
        _lt("Open the PDF it is in, if you trust whoever sent it."),
    ),
    "embedded": (
        _lt("It is inside of a PDF and cannot be taken out."),
        _lt("Open the PDF that it is in."),
    ),
    "remote": (_lt("It is kept outside of this server."), DOWNLOAD),
    # Of invoices
    "unasked": (_lt("It was not asked for."), TICK),
    "detached": (
        _lt("An older PDF, from before the invoice went back to draft."),
        TICK,
    ),
    "alone": (
        _lt("There is no page that it could be attached to."),
        DOWNLOAD,
    ),
    "duplicate": (_lt("The same file is in already."), ""),
    "replaced": (
        _lt("The signed copy stands in its place."),
        DOWNLOAD,
    ),
    "draft": (
        _lt("It is a draft."),
        _lt("Post it, then compile again."),
    ),
    "cancelled": (
        _lt("The invoice is cancelled."),
        _lt("Print it from Odoo, if you need it."),
    ),
    "render": (
        _lt("Odoo could not make its pages."),
        _lt("Print it from Odoo to see why, then compile again."),
    ),
    "forbidden": (
        _lt("The invoice is gone, or you may not read it any more."),
        _lt("Ask your administrator for the right, then compile again."),
    ),
}
OTHER_REASON = (_lt("It cannot be read."), DOWNLOAD)
# What to know about a file that is in.
NOTES = {
    "blank": _lt("Pages of it on which nothing is seen: %(found)s."),
    "by_pdfium": _lt("It is not in order: PDFium has read it."),
    "by_poppler": _lt("It is not in order: Poppler has read it."),
    "cover": _lt("The cover page of the PDF portfolio is not in."),
    "decrypted": _lt("It was encrypted without a password."),
    "forms": _lt("Its form fields have become part of the page."),
    "icons": _lt("The icons of the files that hang on its pages are not in."),
    "pages_lost": _lt("Pages that could be read: %(found)s of %(total)s."),
    "players": _lt("Its videos, sounds and 3D models are not in."),
    "repaired": _lt("It was damaged: what could be read is in."),
    "scripts": _lt("Its scripts and automatic actions are not in."),
    "unseen": _lt("Its form says what its pages do not show: %(found)s."),
    "xfa": _lt("It was a dynamic form: its printed pages are in."),
    "made_by_odoo": _lt("Made by Odoo, no document received."),
    "made_in_place": _lt("Made by Odoo: the file of the invoice cannot be read."),
    "archived_cancelled": _lt(
        "The invoice has been cancelled: this is what was archived."
    ),
    "archived_draft": _lt("The invoice is a draft again: this is what was archived."),
}
# Who reads the backup must know of these; the others change nothing that is seen.
TOLD = {
    "archived_cancelled",
    "archived_draft",
    "blank",
    "by_pdfium",
    "by_poppler",
    "cover",
    "icons",
    "made_by_odoo",
    "made_in_place",
    "pages_lost",
    "players",
    "repaired",
    "scripts",
    "unseen",
    "xfa",
}
# Why there is no backup at all, and what to do.
FAILURES = {
    "disk_full": _lt(
        "The server's disk is full, so the backup could not be written. Make "
        "room, then retry."
    ),
    "too_large": _lt(
        "The backup would be larger than a file may be. Compile fewer invoices at "
        "once, or one file per client or vendor."
    ),
    "timeout": _lt(
        "Putting the pages together took too long. Compile fewer invoices at "
        "once, or one file per client or vendor."
    ),
    "out_of_memory": _lt(
        "Putting the pages together took too much memory. Compile fewer "
        "invoices at once, or one file per client or vendor."
    ),
    "check_failed": _lt(
        "The finished PDF did not pass the check, so nobody gets it. Retry; "
        "if it comes back, show the technical detail to your administrator."
    ),
}
OTHER_FAILURE = _lt(
    "The program that puts the pages together broke off. Retry; if it comes back, "
    "show the technical detail to your administrator."
)
SIZES = {
    "B": _lt("%(number)s B"),
    "kB": _lt("%(number)s kB"),
    "MB": _lt("%(number)s MB"),
    "GB": _lt("%(number)s GB"),
}


def reason_texts(env, code):
    """Return what a person reads about a file that is left out.

    :param str code: a key of REASONS
    :return: the reason and the advice; the advice may be empty
    """
    reason, advice = REASONS.get(code, OTHER_REASON)
    return env._(reason), advice and env._(advice)


def note_text(env, codes):
    """Return what a person reads about a file that goes in.

    :param codes: keys of NOTES, with values after a slash, quoted as in a URL; others
        have nothing to say
    :return: the text, and whether the last page of the backup says it, too
    """
    notes, is_told, codes = [], False, set(codes)
    if any(code.startswith("pages_lost/") for code in codes):
        codes.discard("repaired")  # it says less of the same
    for code in sorted(codes):
        name, *values = code.split("/")
        is_told |= name in TOLD
        if name in NOTES:
            # A lazy text takes no values before it is translated.
            text, values = env._(NOTES[name]), map(unquote, values)
            notes.append(text % dict(zip(("found", "total"), values, strict=False)))
    return " ".join(notes), is_told


def failure_text(env, code):
    """Return why there is no backup at all, and what to do.

    :param str code: one of tools.pdf.ERRORS
    """
    return env._(FAILURES.get(code, OTHER_FAILURE))


def size_text(env, size):
    """Return a number of bytes as the lists show it: "61.3 kB"."""
    size, units = size or 0, list(SIZES)
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    digits = 1 if units[0] != "B" and size < 100 else 0
    text = env._(SIZES[units[0]])
    return text % {"number": formatLang(env, size, digits=digits)}
