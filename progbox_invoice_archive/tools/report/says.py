"""What a page and an e-invoice say, without how they look.

Two renderings of one document never have the same bytes: QR codes are drawn anew, the
style sheets carry digests, the reader's language stands in the frame. Their words are
the same, though, and the pictures among them.
"""

import hashlib
import re

import lxml.etree

from . import page_html

SILENT = ("head", "link", "script", "style", "title")
# What a layout writes on every sheet: the seller's address, not the invoice.
LETTERHEAD = ("header", "footer")
# Whoever sells, in the words of CII and of UBL.
SELLER = ("SellerTradeParty", "AccountingSupplierParty")
# The only part of a link that makes a different page of the same words.
PERSONAL = re.compile(r"access_token=")
UNPRINTED = "~"


def of_page(html, picture):
    """Return what a report says, and its letterhead.

    :param html: the report as Odoo renders it, text or bytes
    :param picture: gives what stands for the picture at an address
    :return: two texts of words between single blanks; those of the letterhead in the
        order of the alphabet, for each layout has an order and commas of its own, and
        some repeat the title of the document there
    """
    says, letterhead = [], []
    _collect(page_html.parse(html), says, letterhead, picture)
    body = _words(says)
    return " ".join(body), " ".join(sorted(_plain(_words(letterhead)) - _plain(body)))


def _collect(element, says, letterhead, picture):
    if not isinstance(element.tag, str) or element.tag in SILENT:
        return
    if set(LETTERHEAD).intersection(element.get("class", "").split()):
        says = letterhead
    if element.tag == "img" and element.get("src"):
        # The logo is part of how a page looks.
        if says is not letterhead:
            says.append(f"[{picture(element.get('src').strip())}]")
    says.append(element.text or "")
    for child in element:
        _collect(child, says, letterhead, picture)
        says.append(child.tail or "")


def _words(parts):
    return " ".join(parts).split()


def _plain(words):
    return {word.strip(",") for word in words} - {""}


def of_einvoice(xml):
    """Return what an e-invoice says, and what it says of the seller.

    In canonical form: the order of its name spaces differs from process to process.

    :param bytes xml: before anything is embedded in it
    :return: two texts
    """
    root = lxml.etree.fromstring(xml)
    sellers = [
        element
        for element in root.iter(lxml.etree.Element)
        if lxml.etree.QName(element).localname in SELLER
    ]
    letterhead = [_canonical(element) for element in sellers]
    for element in sellers:
        element.getparent().remove(element)
    return _canonical(root), "\n".join(letterhead)


def _canonical(element):
    text = lxml.etree.tostring(element, encoding="unicode", with_tail=False)
    return lxml.etree.canonicalize(text, strip_text=True)


def of_barcode(kind, value):
    """Return what stands for the picture of a barcode: what it means.

    A link that is made for one reader says nothing else than that there is one.
    """
    return f"{kind}|{UNPRINTED if PERSONAL.search(str(value)) else value}"


def digest(*texts):
    """Return the digest of texts, which one by one are the same or not."""
    summary = hashlib.sha256()
    for text in texts:
        encoded = text.encode()
        summary.update(b"%d:" % len(encoded) + encoded)
    return summary.hexdigest()
