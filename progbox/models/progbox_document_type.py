from odoo import fields, models


class ProgboxDocumentType(models.Model):
    _inherit = "progbox.document.type"

    employee_may_read = fields.Boolean(
        string="Employees Read Their Own",
        help="An employee reads documents of this type that are filed on him. "
        "He finds them on his public profile.",
    )
