"""What a dropped file is, from its name and its first bytes."""

import mimetypes
import os
import re

from odoo.addons.progbox_invoice_archive.tools.filenames import clean_filename

LONGEST_EXTENSION = 10
# What a computer runs when it is opened: these are no documents.
PROGRAMS = frozenset(
    "appx bat cmd com cpl dll exe gadget hta inf jar js jse lnk msc msi msp pif ps1 "
    "reg scf scr sys url vb vbe vbs ws wsf wsh".split()
)
# What a program begins with, whatever its name says: Windows, Linux.
PROGRAM_HEADS = (b"MZ", b"\x7fELF")
# Guesses that say little: the extension knows better.
VAGUE = frozenset(
    {
        "application/octet-stream",
        "application/x-ole-storage",
        "application/zip",
        "text/plain",
    }
)
OPEN_XML = "application/vnd.openxmlformats"


def clean_name(name):
    """Return a name under which every system can store the file.

    >>> clean_name("C:\\\\Scans\\\\Devis n° 3?.PDF"), clean_name("a/b/.pdf")
    ('Devis n° 3_.PDF', 'pdf')
    >>> clean_name("Facture n. 12 du 3 novembre"), clean_name("")
    ('Facture n. 12 du 3 novembre', '_')
    """
    name = re.split(r"[/\\]", name or "")[-1].strip()
    stem, extension = split_name(name)
    return clean_filename(stem, extension)


def split_name(name):
    """Return the name without its extension, and the extension with its dot.

    >>> split_name("plan.v2.pdf"), split_name("12. Mai"), split_name("note")
    (('plan.v2', '.pdf'), ('12. Mai', ''), ('note', ''))
    """
    stem, extension = os.path.splitext(name)
    if not extension[1:].isalnum() or len(extension) > LONGEST_EXTENSION:
        return name, ""
    return stem, extension


def renamed(name, wish):
    """Return the new name of a file: its extension stays, for it says what it is.

    >>> renamed("scan.pdf", "Devis signé"), renamed("scan.pdf", "plan.PDF")
    ('Devis signé.pdf', 'plan.PDF')
    """
    extension = split_name(name)[1]
    wish = clean_name(wish)
    if wish.lower().endswith(extension.lower()):
        return wish
    return clean_filename(wish, extension)


def is_program(name, head, extensions=PROGRAMS):
    """Whether a file is made to be run rather than read.

    :param bytes head: its first bytes
    :param extensions: of names that are refused, in lower case, without dots

    >>> is_program("setup.EXE", b""), is_program("plan.pdf", b"MZ\\x90\\0")
    (True, True)
    >>> is_program("plan.pdf", b"%PDF-1.7"), is_program("MZ.txt", b"MZ is a code")
    (False, False)
    """
    if split_name(name.strip(" ."))[1][1:].lower() in extensions:
        return True
    # Programs hold zeros from their first block on; a text that begins so does not.
    return head.startswith(PROGRAM_HEADS) and b"\0" in head


def mimetype_of(name, guess):
    """Return what to say that a file is, when a browser asks for it.

    :param str guess: what its first bytes look like

    >>> mimetype_of("a.docx", "application/zip")
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
    >>> mimetype_of("a.pdf", "image/png"), mimetype_of("a.html", "text/plain")
    ('image/png', 'text/plain')
    """
    if guess in VAGUE:
        guess = mimetypes.guess_type(name)[0] or guess
    # As Odoo does with attachments: pages and drawings may hold scripts, which a
    # browser would run in the name of whoever opens them.
    scripted = "ht" in guess or "xml" in guess or "javascript" in guess
    return "text/plain" if scripted and not guess.startswith(OPEN_XML) else guess
