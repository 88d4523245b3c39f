import re
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.translate import code_translations

from ..tools.filenames import clean_filename
from .compilation_papers import (
    PDF,
    is_elsewhere,
    message_files,
    received_document,
)
from .progbox_compilation_choices import wanted_kinds

# What Odoo calls a PDF that it took off an invoice which went back to draft.
DETACHED = (
    "%(attachment_name)s (detached by %(user)s on %(date)s)%(attachment_extension)s"
)
SIGNED_COPY = "signed_copy"


class Source(NamedTuple):
    """A file of an invoice.

    :param kind: a key of the line's field ``kind``
    :param name: what people call it
    :param attachment: its bytes; empty when it is to be rendered or has none
    :param document: progbox.document it comes from, or an empty one
    :param state: a key of the line's field ``state``
    :param code: why it is left out, see compilation_texts.REASONS
    :param note: what to know about a file that goes in, see compilation_texts.NOTES
    """

    kind: str
    name: str
    attachment: models.BaseModel
    document: models.BaseModel
    state: str = "found"
    code: str | None = None
    note: str | None = None


class ProgboxCompilationSources(models.AbstractModel):
    """Which files an invoice has, with the rights of whoever wants them.

    A model, so that other add-ons extend it: ``_sources`` for the files of their own
    records, beside those of the units that they add.
    """

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
        parts = message_files(moves)
        detached = self._detached_pattern()
        none = self.env["progbox.document"].sudo()
        result = {}
        for move in moves:
            documents = archived.get(move.id, none).filtered(
                lambda document: document.type_id.code != SIGNED_COPY
            )
            others = attachments.get(move.id, self.env["ir.attachment"])
            ours = parts.get(move.id, [])
            received = self._received_file(move, others, ours, detached)
            main_file = self._main_file(move, documents, received)
            files = [main_file]
            files += [
                self._of_document("signed", doc) for doc in signed.get(move.id, ())
            ]
            files += self._einvoices(move, documents, main_file, choices)
            for attachment in others - main_file.attachment:
                files.append(self._of_attachment(attachment, choices, detached))
            files += [
                self._of_message_file(part, choices, detached)
                for part in ours
                if part.attachment != main_file.attachment
            ]
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
        return moves._progbox_current_documents() | unposted._progbox_documents()

    @api.model
    def _received_file(self, move, attachments, parts, detached):
        """Return the vendor's own document of a bill; an invoice has none.

        :param attachments: those of the bill
        :param parts: what its messages name, list of MessageFile
        """
        none = self.env["ir.attachment"]
        if not self._is_received(move):
            return none
        # It may name any attachment, so the right to read that is checked.
        main = move.message_main_attachment_id
        loose = none.concat(*(part.attachment for part in parts))
        main = main.sudo() if main in loose else main._filtered_access("read")
        files = self.env["progbox.compilation.file"]
        return received_document(
            main,
            attachments.filtered(lambda file: not detached.fullmatch(file.name or "")),
            parts,
            files._is_pageable,
        )

    @api.model
    def _main_file(self, move, documents, received):
        """Return the file that stands for an invoice.

        :param documents: what the archive holds of it, without the signed copies
        :param received: what the vendor has sent, if it is a bill
        """
        none = self.env["ir.attachment"], self.env["progbox.document"]
        name = clean_filename(move.name or move.display_name, ".pdf")
        is_bill = self._is_received(move)
        if is_bill:
            if received:
                return self._plain("invoice", received)
        elif pdf := documents.filtered(lambda d: d.mimetype == PDF)[:1]:
            note = {"draft": "archived_draft", "cancel": "archived_cancelled"}
            main_file = self._of_document("invoice", pdf)
            return main_file._replace(note=note.get(move.state))
        elif legal := move.sudo().invoice_pdf_report_id:
            return self._plain("invoice", legal)
        code = {"draft": "draft", "cancel": "cancelled"}.get(move.state)
        if code:
            return Source("invoice", name, *none, "left_out", code)
        note = "made_by_odoo" if is_bill else None
        return Source("invoice", name, *none, "render", note=note)

    @api.model
    def _is_received(self, move):
        return move.move_type in move._progbox_vendor_types()

    @api.model
    def _signed_documents(self, moves):
        """Return the documents that people have filed as signed copies, by move."""
        documents = self.env["progbox.document"].search(
            Domain("res_model", "=", "account.move")
            & Domain("res_id", "in", moves.ids)
            & self._signed_copies_domain(),
            order="id desc",
        )
        return documents.grouped("res_id")

    @api.model
    def _signed_copies_domain(self):
        """Return which documents are signed copies of what they are filed on.

        A hook, for add-ons whose documents may be replaced or deleted.
        """
        return Domain("type_id.code", "=", SIGNED_COPY) & Domain(
            "superseded", "=", False
        )

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
        kind = self._kind_of_attachment(attachment.mimetype)
        source = self._plain(kind, attachment)
        lines = self.env["progbox.compilation.file"]
        if detached.fullmatch(attachment.name or "") and not choices["with_detached"]:
            return source._replace(state="left_out", code="detached")
        if not lines._is_pageable(attachment.mimetype, attachment.name):
            return source._replace(state="left_out", code="not_a_pdf")
        if not wanted_kinds(choices)[kind]:
            return source._replace(state="left_out", code="unasked")
        if is_elsewhere(attachment):
            return source._replace(state="left_out", code="remote")
        return source

    @api.model
    def _of_message_file(self, part, choices, detached):
        """Return a file that only a message names."""
        source = self._of_attachment(part.attachment, choices, detached)
        if part.is_mail_part:
            return source._replace(state="left_out", code="mail_part")
        return source

    @api.model
    def _kind_of_attachment(self, mimetype):
        return "image" if (mimetype or "").startswith("image/") else "attachment"

    @api.model
    def _einvoices(self, move, documents, main_file, choices):
        """Return the e-invoices: archived ones, else those that Odoo keeps."""
        sources = []
        if documents:
            others = documents - main_file.document
            sources = [self._of_document("einvoice", document) for document in others]
        elif not self._is_received(move):
            legal = self.env["account.move.send"]._get_invoice_extra_attachments(move)
            others = legal.sudo() - move.sudo().invoice_pdf_report_id
            sources = [self._plain("einvoice", attachment) for attachment in others]
        if wanted_kinds(choices)["einvoice"]:
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

    # ------------------------------------------------------------------
    # How much it is
    # ------------------------------------------------------------------

    @api.model
    def _sizes(self, moves, documents):
        """Yield what files there are, and their sizes, of thousands of invoices.

        Plain SQL: :meth:`_sources` takes seconds for a thousand invoices, and somebody
        waits for the wizard. It tells files apart as that does, without reading them.

        :return: iterator of (kind, size): a kind of :class:`Source`, "detached" or
            "other" for what is left out anyway
        """
        for model in ("account.move", "ir.attachment", "progbox.document"):
            self.env[model].flush_model()
        yield from self._sizes_of_invoices(moves)
        yield from self._sizes_of_attachments(moves)
        for document in documents:
            yield "invoice", document.size

    @api.model
    def _sizes_of_invoices(self, moves):
        """Yield what stands for each invoice, and the e-invoices of the archive.

        The first statement is of what is archived: of several PDFs the first one is
        the invoice. The second is of the bills as they were received, and of Odoo's
        PDFs of what is not archived. What Odoo has to render has no size yet.
        """
        ids = moves.ids
        documents = self.env["progbox.document"]
        archived = documents._archived_sql(SQL("document"))
        yield from self.env.execute_query(
            SQL(
                """SELECT CASE WHEN place = 1 AND is_pdf THEN 'invoice'
                    ELSE 'einvoice' END, size
                FROM (
                    SELECT document.mimetype = 'application/pdf' AS is_pdf,
                        document.size, row_number() OVER (
                            PARTITION BY res_id, mimetype = 'application/pdf'
                            ORDER BY id) AS place
                    FROM progbox_document document
                    WHERE res_model = 'account.move' AND res_id = ANY(%(ids)s)
                    AND %(archived)s AND NOT %(superseded)s
                ) archived""",
                ids=ids,
                archived=archived,
                superseded=documents._superseded_sql(SQL("document")),
            )
        )
        yield from self.env.execute_query(
            SQL(
                """SELECT 'invoice', received.file_size
                FROM account_move move
                JOIN ir_attachment received
                    ON received.id = move.message_main_attachment_id
                WHERE move.id = ANY(%(ids)s) AND move.move_type IN %(bills)s
                UNION ALL
                SELECT 'invoice', legal.file_size
                FROM ir_attachment legal
                WHERE legal.res_model = 'account.move' AND legal.res_id = ANY(%(ids)s)
                AND legal.res_field = 'invoice_pdf_report_file' AND NOT EXISTS (
                    SELECT FROM progbox_document document
                    WHERE document.res_model = 'account.move'
                    AND document.res_id = legal.res_id
                    AND %(archived)s)""",
                ids=ids,
                archived=archived,
                bills=tuple(moves._progbox_vendor_types()),
            )
        )

    @api.model
    def _sizes_of_attachments(self, moves):
        """Yield the attachments, without the bills as they were received."""
        detached = self._detached_pattern()
        files = self.env["progbox.compilation.file"]
        rows = self.env.execute_query(
            SQL(
                """SELECT name, mimetype, file_size FROM ir_attachment
                WHERE res_model = 'account.move' AND res_field IS NULL
                AND res_id = ANY(%(ids)s) AND id NOT IN (
                    SELECT message_main_attachment_id FROM account_move
                    WHERE id = ANY(%(ids)s) AND move_type IN %(bills)s
                    AND message_main_attachment_id IS NOT NULL)""",
                ids=moves.ids,
                bills=tuple(moves._progbox_vendor_types()),
            )
        )
        for name, mimetype, size in rows:
            if detached.fullmatch(name or ""):
                yield "detached", size
            elif not files._is_pageable(mimetype, name):
                yield "other", size
            else:
                yield self._kind_of_attachment(mimetype), size
        main = set(moves.message_main_attachment_id.ids)
        for parts in message_files(moves).values():
            for part in parts:
                file = part.attachment
                if file.id in main:
                    continue
                pageable = files._is_pageable(file.mimetype, file.name)
                is_paper = pageable and not part.is_mail_part
                kind = self._kind_of_attachment(file.mimetype)
                yield kind if is_paper else "other", file.file_size


def _as_pattern(text):
    return ".*".join(map(re.escape, re.split(r"%\(\w+\)s", text)))
