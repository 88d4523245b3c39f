import re
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools.translate import code_translations

from ..tools.filenames import clean_filename

# What Odoo calls a PDF that it took off an invoice which went back to draft.
DETACHED = (
    "%(attachment_name)s (detached by %(user)s on %(date)s)%(attachment_extension)s"
)
PDF = "application/pdf"
SIGNED_COPY = "signed_copy"


class Source(NamedTuple):
    """A file of an invoice.

    :param kind: a key of the line's field ``kind``
    :param name: what people call it
    :param attachment: its bytes; empty when it is to be rendered or has none
    :param document: progbox.document it comes from, or an empty one
    :param state: a key of the line's field ``state``
    :param code: why it is left out, see progbox.compilation.reasons
    :param note: what to know about a file that goes in, a code of the same model
    """

    kind: str
    name: str
    attachment: models.BaseModel
    document: models.BaseModel
    state: str = "found"
    code: str | None = None
    note: str | None = None


class ProgboxCompilationSources(models.AbstractModel):
    """Which files an invoice has, with the rights of whoever wants them."""

    _name = "progbox.compilation.sources"
    _description = "Files of Invoice Backups"

    @api.model
    def _sources(self, model, ids, choices):
        """Return the files of some records; to be extended for other models.

        The first one stands for the record itself: the invoice that is archived,
        legal or received, or the word that it must be rendered. Signed copies come
        after it, and take its place once they are found to be whole.

        :param str model: of the units, see progbox.compilation.units
        :param list ids: readable by the user
        :param dict choices: see progbox.compilation.choices
        :return: dictionary of lists of Source by id
        """
        if model == "progbox.document":
            documents = self.env[model].browse(ids)
            return {doc.id: [self._of_document("invoice", doc)] for doc in documents}
        moves = self.env["account.move"].browse(ids)
        moves.check_access("read")
        archived = self._archived_documents(moves)
        signed = self._signed_documents(moves)
        attachments = self._attachments(moves)
        detached = self._detached_pattern()
        none = self.env["progbox.document"].sudo()
        result = {}
        for move in moves:
            documents = archived.get(move.id, none).filtered(
                lambda document: document.type_id.code != SIGNED_COPY
            )
            head = self._head(move, documents)
            files = [head]
            files += [
                self._of_document("signed", doc) for doc in signed.get(move.id, ())
            ]
            files += self._einvoices(move, documents, head, choices)
            others = attachments.get(move.id, self.env["ir.attachment"])
            for attachment in others - head.attachment:
                files.append(self._of_attachment(attachment, choices, detached))
            result[move.id] = files
        return result

    # ------------------------------------------------------------------
    # The invoice itself
    # ------------------------------------------------------------------

    @api.model
    def _archived_documents(self, moves):
        """Return what the archive holds of invoices, by move.

        Of an invoice that is cancelled or a draft again, too: it was issued.
        """
        unposted = moves.filtered(lambda move: move.state != "posted")
        return moves._progbox_valid_documents() | unposted._progbox_documents()

    @api.model
    def _head(self, move, documents):
        """Return the file that stands for an invoice.

        :param documents: what the archive holds of it, without the signed copies
        """
        none = self.env["ir.attachment"], self.env["progbox.document"]
        name = clean_filename(move.name or move.display_name, ".pdf")
        if move.is_purchase_document(include_receipts=True):
            # Whoever may change a bill may name any attachment there.
            received = move.message_main_attachment_id._filtered_access("read")
            lines = self.env["progbox.compilation.file"]
            if received and lines._is_pageable(received.mimetype, received.name):
                return self._plain("invoice", received)
        elif pdf := documents.filtered(lambda d: d.mimetype == PDF)[:1]:
            note = {"draft": "archived_draft", "cancel": "archived_cancelled"}
            head = self._of_document("invoice", pdf)
            return head._replace(note=note.get(move.state))
        elif legal := move.sudo().invoice_pdf_report_id:
            return self._plain("invoice", legal)
        code = {"draft": "draft", "cancel": "cancelled"}.get(move.state)
        if code:
            return Source("invoice", name, *none, "left_out", code)
        return Source("invoice", name, *none, "render")

    @api.model
    def _signed_documents(self, moves):
        """Return the documents that people have filed as signed copies, by move."""
        documents = self.env["progbox.document"].search(
            Domain("res_model", "=", "account.move")
            & Domain("res_id", "in", moves.ids)
            & Domain("type_id.code", "=", SIGNED_COPY),
            order="id desc",
        )
        return documents.grouped("res_id")

    @api.model
    def _of_document(self, kind, document):
        return Source(
            kind,
            document.name,
            document._content_attachment(),
            document.browse(document.id),
        )

    @api.model
    def _plain(self, kind, attachment):
        return Source(
            kind, attachment.name, attachment, self.env["progbox.document"].browse()
        )

    # ------------------------------------------------------------------
    # What is with it
    # ------------------------------------------------------------------

    @api.model
    def _attachments(self, moves):
        """Return the attachments of invoices that the user may read, by move."""
        attachments = self.env["ir.attachment"].search(
            Domain("res_model", "=", "account.move")
            & Domain("res_id", "in", moves.ids),
            order="id",
        )
        return attachments.grouped("res_id")

    @api.model
    def _of_attachment(self, attachment, choices, detached):
        """Return an attachment as a source, with what speaks against it."""
        mimetype = attachment.mimetype or ""
        is_image = mimetype.startswith("image/")
        source = self._plain("image" if is_image else "attachment", attachment)
        lines = self.env["progbox.compilation.file"]
        if detached.fullmatch(attachment.name or "") and not choices["with_detached"]:
            return source._replace(state="left_out", code="detached")
        if not lines._is_pageable(mimetype, attachment.name):
            return source._replace(state="left_out", code="not_a_pdf")
        if not choices["with_images" if is_image else "with_attachments"]:
            return source._replace(state="left_out", code="unasked")
        if not attachment.store_fname and attachment._is_remote_source():
            return source._replace(state="left_out", code="remote")
        return source

    @api.model
    def _einvoices(self, move, documents, head, choices):
        """Return the e-invoices: archived ones, else those that Odoo keeps."""
        sources = []
        if documents:
            others = documents - head.document
            sources = [self._of_document("einvoice", document) for document in others]
        elif not move.is_purchase_document(include_receipts=True):
            legal = self.env["account.move.send"]._get_invoice_extra_attachments(move)
            others = legal.sudo() - move.sudo().invoice_pdf_report_id
            sources = [self._plain("einvoice", attachment) for attachment in others]
        if choices["with_einvoices"]:
            return sources
        return [s._replace(state="left_out", code="unasked") for s in sources]

    @api.model
    def _detached_pattern(self):
        """Return what the names of detached PDFs look like, in every language."""
        languages = [code for code, _name in self.env["res.lang"].get_installed()]
        patterns = {DETACHED} | {
            code_translations.get_python_translations("account", lang).get(
                DETACHED, DETACHED
            )
            for lang in languages
        }
        return re.compile("|".join(sorted(map(_as_pattern, patterns))), re.DOTALL)


def _as_pattern(text):
    return ".*".join(map(re.escape, re.split(r"%\(\w+\)s", text)))
