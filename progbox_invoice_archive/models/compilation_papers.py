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
        is_picture = (file.mimetype or "").startswith("image/")
        return (
            is_picture
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

    :param main: what Odoo calls the bill's main attachment, as far as it may be read
    :param attachments: on the bill, without PDFs that Odoo has made
    :param parts: list of MessageFile
    :param is_pageable: function of MIME type and name
    """
    decorations = {part.attachment.id for part in parts if part.is_mail_part}
    if main and main.id not in decorations and is_pageable(main.mimetype, main.name):
        return main
    pdfs = attachments.filtered(lambda file: file.mimetype == PDF)
    if _suffix(main) in PAPER_SIGNS:
        stem = PurePath(main.name).stem
        beside = pdfs.filtered(lambda pdf: PurePath(pdf.name or "").stem == stem)
        if beside or not _holds_a_paper(main):
            return beside[:1] or pdfs[:1]
        return main
    if main.id not in decorations:
        return main.browse()
    if pdfs:
        return pdfs[:1]
    others = [part.attachment for part in parts if not part.is_mail_part]
    for file in others:
        if _suffix(file) in PAPER_SIGNS and _holds_a_paper(file):
            return file
    photos = (file for file in others if is_pageable(file.mimetype, file.name))
    return next(photos, main.browse())


def _suffix(attachment):
    return PurePath(attachment.name or "").suffix.lower()


def _holds_a_paper(attachment):
    """Whether there is a PDF inside of an XML, or anything that may be one in a mail.

    Only looked for, block by block: what is in there is read later, in a limited
    process. Odoo's `raw` would read the main files of all bills of a list at once.
    """
    if attachment.file_size > LARGEST_WRAPPER:
        return False
    sign, rest = PAPER_SIGNS[_suffix(attachment)], b""
    try:
        for block in attachment.with_prefetch()._progbox_blocks():
            window = rest + block
            if sign.search(window):
                return True
            rest = window[1 - LONGEST_SIGN :]
    except FileUnreadable:  # told where the file is to go in
        return False
    return False
