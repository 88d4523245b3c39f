from odoo import api, models
from odoo.fields import Domain

from odoo.addons.progbox_invoice_archive.models.progbox_compilation_sources import (
    SIGNED_COPY,
)


class ProgboxCompilationSources(models.AbstractModel):
    """The documents that people have dropped on invoices, when they are asked for."""

    _inherit = "progbox.compilation.sources"

    @api.model
    def _sources(self, model, ids, choices):
        result = super()._sources(model, ids, choices)
        if model != "account.move" or not choices.get("with_documents"):
            return result
        lines = self.env["progbox.compilation.file"]
        for document in self._progbox_documents(ids):
            source = self._of_document("document", document)
            if not lines._is_pageable(document.mimetype, document.name):
                source = source._replace(state="left_out", code="not_a_pdf")
            result[document.res_id].append(source)
        return result

    @api.model
    def _signed_copies_domain(self):
        # What was dropped on the invoice and deleted again replaces nothing.
        return super()._signed_copies_domain() & Domain("trashed_on", "=", False)

    @api.model
    def _sizes(self, moves, documents):
        yield from super()._sizes(moves, documents)
        lines = self.env["progbox.compilation.file"]
        for document in self._progbox_documents(moves.ids):
            if lines._is_pageable(document.mimetype, document.name):
                yield "document", document.size

    @api.model
    def _progbox_documents(self, ids):
        """Return what the user may read of the documents dropped on invoices.

        Signed copies and what is in the archive are with the invoice itself.
        """
        documents = self.env["progbox.document"]
        return documents.search_fetch(
            Domain("res_model", "=", "account.move")
            & Domain("res_id", "in", ids)
            & Domain("seal_id", "=", False)
            & Domain("folder_id.locked", "!=", True)
            & Domain("type_id.code", "!=", SIGNED_COPY)
            & Domain("trashed_on", "=", False)
            & Domain("superseded", "=", False),
            ["name", "mimetype", "size", "res_id"],
            order="document_date, id",
        )
