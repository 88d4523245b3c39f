from odoo import fields, models
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

    def _check_code_is_free(self, code):
        """The ledger names the types of its documents by their codes."""
        changed = self.filtered(lambda type_: type_.code != code)
        if changed and self.env["progbox.document"].sudo().search_count(
            Domain("type_id", "in", changed.ids) & Domain("seal_id", "!=", False),
            limit=1,
        ):
            raise UserError(
                self.env._(
                    "Documents of this type are in the archive: its code stays. Make "
                    "another type instead."
                )
            )
