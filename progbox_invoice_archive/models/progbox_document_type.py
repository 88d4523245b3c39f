from odoo import fields, models


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
