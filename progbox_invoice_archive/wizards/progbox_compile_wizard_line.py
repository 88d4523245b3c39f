from odoo import api, fields, models

from ..models.progbox_compilation_units import Unit


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
    file_count = fields.Integer(string="Files", compute="_compute_sums")
    pages = fields.Integer(compute="_compute_sums")
    size = fields.Float(string="Size (bytes)", compute="_compute_sums")

    @api.depends(
        "wizard_id.file_ids.include",
        "wizard_id.file_ids.pages",
        "wizard_id.with_attachments",
        "wizard_id.with_images",
        "wizard_id.with_einvoices",
        "wizard_id.with_detached",
    )
    def _compute_sums(self):
        for wizard, lines in self.grouped("wizard_id").items():
            going = wizard._going_in()
            for line in lines:
                files = going.get(line._origin.id, {})
                line.file_count = len(files)
                line.pages = sum(files.values())
                line.size = sum(file.size for file in files)

    def _unit(self):
        """Return the invoice as what the backup sorts."""
        return Unit(
            "account.move" if self.move_id else "progbox.document",
            (self.move_id or self.document_id).id,
            self.number or "",
            self.partner_name or "",
            self.date or None,
            self.contract or "",
            (self.place,),
            ("", ""),
        )
