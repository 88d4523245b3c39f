"""Is a signed PDF the invoice, or another paper that somebody has signed?"""

import re

from odoo.fields import Domain

from ..tools.pdf.first_page import first_page_text
from ..tools.pdf.same_pages import has_same_pages

BLOCK = 1 << 20
WORD = re.compile(r"\w{2,}")
# So much of what the invoice says has to be in the signed file, too: signers add
# words, and programs that print a page anew lose some.
LIKENESS = 0.7


def is_the_invoice(move, attachment, inspection, original, folder):
    """Whether a signed file takes the place of the invoice.

    Nobody checks whose signature it is: anybody can make one. So a person of the
    company has put it there, and it is the invoice by its content.

    It begins with the bytes of the invoice, as what is signed afterwards does, and its
    pages are the same; or its first page says the number of the invoice, each of its
    figures, and what else the invoice says. A contract that names the invoice does not.

    :param move: account.move
    :param attachment: the file
    :param inspection: of the signed file
    :param original: path of the invoice that is known, None when Odoo has to print it
    :param folder: for temporary files
    """
    if not inspection.signed or not is_filed_by_people(attachment):
        return False
    if original and _begins_with(inspection.path, original):
        return has_same_pages(inspection.path, original, folder)
    said = inspection.text
    if not any(_says(said, number) for number in _numbers(move)):
        return False
    if not original:
        return _says_amount(said, move.amount_total)
    wanted, found = _words(first_page_text(original, folder)), _words(said)
    figures = {word for word in wanted if any(map(str.isdigit, word))}
    alike = len(wanted & found) >= LIKENESS * len(wanted)
    return bool(wanted) and alike and figures <= found


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


def _words(text):
    return {word.casefold() for word in WORD.findall(text)}
