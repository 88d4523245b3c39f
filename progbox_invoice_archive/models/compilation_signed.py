"""Is a signed PDF the invoice, or another paper that somebody has signed?"""

import re
from pathlib import Path
from typing import NamedTuple

from odoo.fields import Domain

from ..tools.pdf.first_page import MOST_PAGES, page_texts
from ..tools.pdf.same_pages import has_same_pages

BLOCK = 1 << 20
WORD = re.compile(r"\w{2,}")
# So much of what the invoice says has to be in the signed file, too: signers add
# words, and programs that print a page anew lose some.
LIKENESS = 0.7


class Paper(NamedTuple):
    """A file to compare.

    :param pages: how many it has
    """

    path: Path
    pages: int


def is_the_invoice(move, attachment, paper, original, folder, cancelled=None):
    """Whether a signed file takes the place of the invoice.

    Nobody checks whose signature it is: anybody can make one. So a person of the
    company has put it there, and it is the invoice by its content.

    It begins with the bytes of the invoice, as what is signed afterwards does, and its
    pages are the same; or its first page says the number of the invoice, and its pages
    say each figure, and what else each page of the invoice says; one of more pages than
    are read is not compared. A contract that names the invoice does not. Where there is
    no file of the invoice yet, the first page also says whose it is, and the amount.

    :param move: account.move
    :param attachment: the signed file
    :param Paper paper: the signed file
    :param Paper original: the invoice that is known, or none: Odoo has to print it
    :param folder: for temporary files
    :param cancelled: asked a few times a second
    :raise Cancelled: `cancelled` said so
    """
    if not is_filed_by_people(attachment):
        return False
    files = [paper.path]
    if original:
        files.append(original.path)
        if _begins_with(*files):
            return has_same_pages(*files, folder, cancelled)
        if not 0 < original.pages <= min(MOST_PAGES, paper.pages):
            return False
    said, *others = page_texts(files, folder, cancelled)
    if not said or not any(_says(said[0], number) for number in _numbers(move)):
        return False
    if others:
        return _says_all(said, *others)
    return _says_amount(said[0], move.amount_total) and _says_partner(said[0], move)


def is_filed_by_people(attachment):
    """Whether an employee has put a file there: no customer, no program, no e-mail.

    What comes by e-mail may have been written as a user whose address its sender has
    put on it.
    """
    file = attachment.sudo()
    creator = file.create_uid
    if not creator._is_internal() or creator == file.env.ref("base.user_root"):
        return False
    received = Domain("message_type", "=", "email")
    return not file.env["mail.message"].search_count(
        received & Domain("attachment_ids", "in", file.ids), limit=1
    )


def _begins_with(path, original):
    """Whether a file is another one with something added."""
    try:
        with open(path, "rb") as longer, open(original, "rb") as shorter:
            while block := shorter.read(BLOCK):
                if longer.read(len(block)) != block:
                    return False
            return bool(shorter.tell() and longer.read(1))
    except OSError:  # another line says that it is missing
        return False


def _numbers(move):
    """Return what an invoice is called on its paper: a bill, by its vendor."""
    received = move.move_type in move._progbox_vendor_types()
    number = move.ref if received else move.name
    return [number] if number and number != "/" else []


def _says(text, number):
    pattern = r"\s*".join(map(re.escape, number.split()))
    return re.search(rf"(?<!\w){pattern}(?!\w)", text) is not None


def _says_amount(text, amount):
    """Whether a page names an amount, whatever it writes between the digits."""
    digits = f"{amount:.2f}".replace(".", "")
    spaced = r"[\s.,'’]?".join(digits)
    return re.search(rf"(?<!\d){spaced}(?!\d)", text) is not None


def _says_partner(text, move):
    """Whether a page names the client or the vendor, or says the tax number."""
    partners, said = move.partner_id | move.commercial_partner_id, _plain(text)
    names = [*partners.mapped("name"), *partners.mapped("vat")]
    return any(_plain(name) in said for name in names if _plain(name or ""))


def _plain(text):
    return re.sub(r"\W|_", "", text).casefold()


def _says_all(said, wanted):
    """Whether pages say what each page of the invoice says.

    :param said, wanted: lists of texts
    """
    found, pages = _words("\n".join(said)), [*map(_words, wanted)]
    # Of an invoice that is a scan, a page of terms says nothing about its amount.
    return bool(pages[0]) and all(_is_said(words, found) for words in pages)


def _is_said(words, found):
    """Whether so many words of a page, and each figure, are among others."""
    figures = {word for word in words if any(map(str.isdigit, word))}
    return figures <= found and len(words & found) >= LIKENESS * len(words)


def _words(text):
    return {word.casefold() for word in WORD.findall(text)}
