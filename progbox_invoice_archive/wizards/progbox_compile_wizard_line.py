from odoo import fields, models


class ProgboxCompileWizardLine(models.TransientModel):
    """One invoice of the wizard, to leave out or to drag to another place."""

    _name = "progbox.compile.wizard.line"
    _description = "Invoice to Compile"
    _order = "sequence, id"

    wizard_id = fields.Many2one(
        "progbox.compile.wizard", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer()
    place = fields.Integer(help="After its number.")
    include = fields.Boolean(default=True)
    move_id = fields.Many2one("account.move", readonly=True, ondelete="cascade")
    document_id = fields.Many2one("progbox.document", readonly=True, ondelete="cascade")
    number = fields.Char(readonly=True)
    partner_name = fields.Char(string="Client or Vendor", readonly=True)
    date = fields.Date(readonly=True)
    contract = fields.Char(readonly=True)
    file_count = fields.Integer(string="Files", readonly=True)
    pages = fields.Integer(readonly=True)
    size = fields.Float(string="Size (bytes)", readonly=True)
