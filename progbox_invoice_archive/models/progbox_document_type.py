from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ProgboxDocumentType(models.Model):
    """What a document is: an invoice, a signed quotation, a site photo…"""

    _name = "progbox.document.type"
    _description = "Document Type"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, copy=False, help="Stable name that imports and modules use."
    )
    sequence = fields.Integer(default=10)
    retention_years = fields.Integer(
        string="Retention (years)",
        default=10,
        help="How many full years a document is kept after the year of its date. "
        "0 for no rule. Nothing is removed by itself.",
    )
    active = fields.Boolean(default=True)

    _code_unique = models.Constraint(
        "UNIQUE(code)", "Another document type has this code already."
    )

    def write(self, vals):
        if "code" in vals:
            self._check_code_is_free(vals["code"])
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_sealed(self):
        if self._is_sealed():
            raise UserError(
                self.env._(
                    "Documents of this type are in the archive: it stays. Archive the "
                    "type to hide it."
                )
            )

    @api.model
    def _of_codes(self, *codes):
        """Return the types with these codes, those that are hidden included."""
        types = self.sudo().with_context(active_test=False)
        return types.search(Domain("code", "in", codes)).with_env(self.env)

    @api.model
    def _of_archive(self, code):
        """Return the archive's own type with a code, made again when it was deleted.

        It gets its XML id back, too: an update of the add-on would make a second one.

        :param str code: one that the add-on's data has
        """
        if found := self._of_codes(code):
            return found
        made = self.sudo().create(
            {
                "name": code.replace("_", " ").title(),
                "code": code,
                "sequence": 10,
                "retention_years": 10,
                "active": True,
            }
        )
        self.env["ir.model.data"].sudo()._update_xmlids(
            [
                {
                    "xml_id": f"progbox_invoice_archive.document_type_{code}",
                    "record": made,
                    "noupdate": True,
                }
            ]
        )
        return made.with_env(self.env)

    def _is_sealed(self):
        """Whether the ledger names one of these types, by its code."""
        documents = self.env["progbox.document"].sudo()
        sealed = Domain("type_id", "in", self.ids) & Domain("seal_id", "!=", False)
        return bool(self and documents.search_count(sealed, limit=1))

    def _check_code_is_free(self, code):
        if self.filtered(lambda type_: type_.code != code)._is_sealed():
            raise UserError(
                self.env._(
                    "Documents of this type are in the archive: its code stays. Make "
                    "another type instead."
                )
            )
