from odoo import fields, models


class ProgboxCompilationChoices(models.AbstractModel):
    _inherit = "progbox.compilation.choices"

    split_by = fields.Selection(
        selection_add=[("project", "One file per project")],
        ondelete={"project": "set default"},
    )
    with_documents = fields.Boolean(
        string="ProGBox documents",
        default=False,
        help="What people have dropped on the invoices, as far as you may read it when "
        "the backup is made.",
    )

    def _choices(self):
        return {**super()._choices(), "with_documents": self.with_documents}
