"""Which of the files of an invoice are papers, and which is the vendor's own document.

Odoo keeps pictures and XML that arrive in a message apart from the record: only the
message names them.
"""

import re
from pathlib import PurePath
from typing import NamedTuple

from odoo.fields import Domain
from odoo.models import BaseModel

from ..exceptions import FileUnreadable
from ..tools.pdf.child.mail_parts import is_decoration, is_never_a_paper
from .compilation_signed import is_filed_by_people

PDF = "application/pdf"
# "%PDF-" in base64, as it stands inside of an XML or an e-mail, and what an e-mail says
# of its pictures.
PAPER_SIGNS = {
    ".xml": re.compile(rb"JVBERi0"),
    ".eml": re.compile(rb"JVBERi0|(?i:image/)"),
}
LONGEST_SIGN = 7
LARGEST_WRAPPER = 100 << 20


class MessageFile(NamedTuple):
    """A file that a message names, and that Odoo has not put on the record.

    :param attachment: ir.attachment, with all rights: who reads the message has it
    :param is_mail: it came by e-mail, not with a note
    :param is_inline: the text of the message shows it
    """

    attachment: BaseModel
    is_mail: bool
    is_inline: bool

    @property
    def is_mail_part(self):
        """Whether it is a part of an e-mail, and no paper."""
        file = self.attachment
        if is_never_a_paper(file.name):
            return True
        return (
            _is_picture(file)
            and self.is_mail
            and is_decoration(file.name, file.file_size, self.is_inline)
        )


def message_files(moves):
    """Return what came in the messages that the user may read, by id of the move.

    :return: dictionary of lists of MessageFile
    """
    env = moves.env
    loose = (
        env["ir.attachment"]
        .sudo()
        ._search(Domain("res_model", "=", False) & Domain("res_field", "=", False))
    )
    messages = env["mail.message"].search_fetch(
        Domain("model", "=", moves._name)
        & Domain("res_id", "in", moves.ids)
        & Domain("attachment_ids", "in", loose),
        ["message_type", "body", "res_id"],
        order="id",
    )
    found, seen = {}, set()
    for message in messages:
        for file in message.sudo().attachment_ids.sorted("id"):
            if file.res_model or (message.res_id, file.id) in seen:
                continue
            seen.add((message.res_id, file.id))
            shown = re.search(rf"/web/image/{file.id}(?!\d)", message.body or "")
            part = MessageFile(file, message.message_type == "email", bool(shown))
            found.setdefault(message.res_id, []).append(part)
    return found


def received_document(main, attachments, parts, is_pageable):
    """Return the vendor's own document among the files of a bill, or an empty record.

    An e-mail that turns out to hold no paper gives its place to a PDF beside it later.

    :param main: what Odoo calls the bill's main attachment, as far as it may be read
    :param attachments: on the bill, without PDFs that Odoo has made
    :param parts: list of MessageFile
    :param is_pageable: function of MIME type and name
    """
    decorations = {part.attachment.id for part in parts if part.is_mail_part}
    others = [part.attachment for part in parts if not part.is_mail_part]
    if main and main.id not in decorations:
        if is_pageable(main.mimetype, main.name):
            return main
        if _suffix(main) == ".xml":
            return _of_einvoice(main, attachments)
        # Beside what may be the bill itself, a photo may be of anything.
        others = [file for file in others if not _is_picture(file)]
    papers = _papers(attachments - main, others, is_pageable)
    return next(papers, main.browse())


def is_elsewhere(attachment):
    """Whether a file is only a link to where it is kept."""
    return not attachment.store_fname and attachment._is_remote_source()


def _of_einvoice(main, attachments):
    """Return the paper of an XML: the PDF of that name, one inside of it, any PDF."""
    pdfs, stem = _pdfs(attachments), PurePath(main.name).stem
    beside = pdfs.filtered(lambda pdf: PurePath(pdf.name or "").stem == stem)
    if not beside and _holds_a_paper(main):
        return main
    return (beside or pdfs)[:1]


def _papers(attachments, others, is_pageable):
    """Yield what may be the vendor's document where the main file is none.

    What somebody has filed by hand came with the bill: it is the bill only if there is
    nothing else.

    :param others: files of messages, without those that are no papers
    """
    yield from filter(_holds_a_paper, _received(_named(attachments, ".xml")))
    yield from _received(_pdfs(attachments))
    yield from filter(_holds_a_paper, _received(_named(attachments, ".eml")))
    others = _received(others)
    yield from filter(_holds_a_paper, others)
    yield from (file for file in others if is_pageable(file.mimetype, file.name))
    if len(attachments) == 1:
        yield from _pdfs(attachments) or filter(_holds_a_paper, attachments)


def _received(attachments):
    return [file for file in attachments if not is_filed_by_people(file)]


def _named(attachments, suffix):
    return attachments.filtered(lambda file: _suffix(file) == suffix)


def _is_picture(attachment):
    return (attachment.mimetype or "").startswith("image/")


def _pdfs(attachments):
    return attachments.filtered(lambda file: file.mimetype == PDF)


def _suffix(attachment):
    return PurePath(attachment.name or "").suffix.lower()


def _holds_a_paper(attachment):
    """Whether there is a PDF inside of an XML, or anything that may be one in a mail.

    Only looked for, block by block: what is in there is read later, in a limited
    process. Odoo's `raw` would read the main files of all bills of a list at once.
    """
    sign, rest = PAPER_SIGNS.get(_suffix(attachment)), b""
    if not sign or attachment.file_size > LARGEST_WRAPPER:
        return False
    try:
        for block in attachment.with_prefetch()._progbox_blocks():
            window = rest + block
            if sign.search(window):
                return True
            rest = window[1 - LONGEST_SIGN :]
    except FileUnreadable:  # told where the file is to go in
        return False
    return False
