from odoo import fields, models


class ProgboxCompileWizardFile(models.TransientModel):
    """One file of the wizard, to leave out."""

    _name = "progbox.compile.wizard.file"
    _description = "File to Compile"
    _order = "id"

    wizard_id = fields.Many2one(
        "progbox.compile.wizard", required=True, index=True, ondelete="cascade"
    )
    include = fields.Boolean(default=True)
    number = fields.Char(string="Invoice", readonly=True)
    category = fields.Selection(
        [
            ("invoice", "Invoice"),
            ("signed", "Signed copy"),
            ("einvoice", "E-invoice"),
            ("attachment", "Attachment"),
            ("image", "Picture"),
            ("detached", "Older PDF"),
            ("other", "Left out"),
        ],
        string="What",
        readonly=True,
    )
    name = fields.Char(string="File", readonly=True)
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="cascade")
    pages = fields.Integer(readonly=True)
    size = fields.Float(string="Size (bytes)", readonly=True)
    note = fields.Char(readonly=True)

    def _has_pages(self):
        attachment = self.attachment_id.sudo()
        return attachment and self.env["progbox.compilation.file"]._is_pageable(
            attachment.mimetype, attachment.name
        )

    def _path(self, folder):
        """Return where the bytes are: the file store, or a copy in a folder."""
        copy = folder / f"original-{self.id}"
        return self.attachment_id.sudo()._progbox_local_path(copy)
