from odoo import api, fields, models
from odoo.fields import Domain


class ProgboxDropboxDocumentMixin(models.AbstractModel):
    """What names a document: whoever may not read that one, does not read this.

    A path has client, project and file name in it. The rules of these models ask
    ``document_readable``; a condition on the document itself would be asked with all
    rights, as every rule is.
    """

    _name = "progbox.dropbox.document.mixin"
    _description = "Names a Document in Dropbox"

    document_id = fields.Many2one(
        "progbox.document", readonly=True, index="btree_not_null", ondelete="set null"
    )
    document_readable = fields.Boolean(
        compute="_compute_document_readable",
        search="_search_document_readable",
        compute_sudo=True,
        export_string_translation=False,
    )

    @api.depends("document_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_document_readable(self):
        readable = set(self.document_id.sudo(False)._filtered_access("read").ids)
        for record in self:
            record.document_readable = record.document_id.id in readable

    @api.model
    def _search_document_readable(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        readable = self.env["progbox.document"].sudo(False)._search(Domain.TRUE)
        return Domain("document_id", "in", readable)

    def _check_access(self, operation):
        # The rights on a document may have changed since they were last asked for.
        self.invalidate_recordset(["document_readable"], flush=False)
        return super()._check_access(operation)
