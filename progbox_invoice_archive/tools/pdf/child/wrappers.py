"""PDFs inside of what has no pages itself: e-invoices in XML, e-mails."""

import base64
import binascii
import email
import email.policy
import re
from pathlib import PurePath
from typing import NamedTuple

from .mail_parts import PICTURE_HEADS, is_decoration, is_never_a_paper
from .messages import Failure
from .words import MAX_NAME, clean

# "%PDF-" in base64, whatever the format calls the element around it.
PDF_IN_BASE64 = "JVBERi0"
MAX_DEPTH = 3
HEAD_SIZE = 1024


class Paper(NamedTuple):
    """What is inside: a paper, or what only came with it.

    :param content: bytes of a PDF or a picture; None for what is no paper
    """

    name: str
    content: bytes | None


def reader_of(name, head):
    """Return the function that finds the papers inside of a file, or None."""
    suffix = PurePath(name).suffix.lower()
    if suffix == ".xml" and head.lstrip(b"\xef\xbb\xbf\0\xff\xfe \t\r\n")[:1] == b"<":
        return papers_of_xml
    return papers_of_email if suffix == ".eml" else None


def papers_of_xml(content, depth=0):
    """Return the PDFs inside of an e-invoice, the invoice itself first.

    UBL calls them EmbeddedDocumentBinaryObject, CII AttachmentBinaryObject, FatturaPA
    Attachment. An e-invoice may also stand as text inside of another XML.
    """
    from lxml import etree  # few children ever need it

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return []
    papers = []
    for element in root.iter(etree.Element):
        text = (element.text or "").strip()
        if text.startswith(PDF_IN_BASE64):
            papers += _decoded(element, text)
        elif depth < MAX_DEPTH and text.startswith("<?xml"):
            papers += papers_of_xml(text.encode(), depth + 1)
    number = _plain(root.findtext("{*}ID") or "")
    # sorted() keeps the order of the XML among the others.
    return sorted(
        papers, key=lambda paper: not (number and number in _plain(paper.name))
    )


def _decoded(element, text):
    try:
        content = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return []
    parent = element.getparent()
    named = None if parent is None else parent.findtext("{*}NomeAttachment")
    name = element.get("filename") or named or "invoice.pdf"
    return [Paper(name, content)]


def papers_of_email(content):
    """Return the parts of an e-mail, its PDFs first, then photos, then the rest."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    said = "".join(_text(part) for part in parts if _is_text(part))
    pdfs, photos, others = [], [], []
    for part in parts:
        if _is_text(part):
            continue
        name = part.get_filename() or part.get_content_type()
        inside = part.get_payload(decode=True) or b""
        cid = (part.get("Content-ID") or "").strip("<> ")
        if is_never_a_paper(name):
            others.append(Paper(name, None))
        elif b"%PDF-" in inside[:HEAD_SIZE]:
            pdfs.append(Paper(name, inside))
        elif PICTURE_HEADS.match(inside) and not is_decoration(
            name, len(inside), bool(cid) and cid in said
        ):
            photos.append(Paper(name, inside))
        else:
            found = papers_of_xml(inside) if name.lower().endswith(".xml") else []
            pdfs += found
            others.append(Paper(name, None))
    return pdfs + photos + others


def _is_text(part):
    return part.get_content_maintype() == "text" and not part.get_filename()


def _text(part):
    return (part.get_payload(decode=True) or b"").decode("latin-1")


def _plain(text):
    return re.sub(r"\W|_", "", text).casefold()


def read_papers(reader, path, room):
    """Return what is inside of a file.

    :param reader: see :func:`reader_of`
    :param room: embedded.Room
    :return: list of Paper
    :raise Failure: 'no_paper', 'too_large'
    """
    papers = [
        Paper(clean(name, MAX_NAME), content)
        for name, content in reader(path.read_bytes())
    ]
    room.take(sum(len(paper.content or b"") for paper in papers), len(papers))
    if not papers:
        raise Failure("no_paper")
    return papers
