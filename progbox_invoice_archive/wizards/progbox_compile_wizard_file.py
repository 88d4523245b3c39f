from odoo import fields, models


class ProgboxCompileWizardFile(models.TransientModel):
    """One file of the wizard, to leave out."""

    _name = "progbox.compile.wizard.file"
    _description = "File to Compile"
    _order = "id"

    wizard_id = fields.Many2one(
        "progbox.compile.wizard", required=True, index=True, ondelete="cascade"
    )
    line_id = fields.Many2one(
        "progbox.compile.wizard.line", readonly=True, ondelete="cascade"
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
    checksum = fields.Char(readonly=True)
    has_pages = fields.Boolean(readonly=True)
    is_signed = fields.Boolean(readonly=True)
    is_refused = fields.Boolean(readonly=True, help="It turned out to be bad.")

    def _settled(self):
        """Return these files of one invoice without those that others stand for.

        As the backup does it: a signed copy takes the place of the invoice, and
        nothing goes in twice.
        """
        head = self.filtered(lambda file: file.category == "invoice")
        others = self - head
        if any(
            file.category == "signed" or (file.is_signed and not head.is_signed)
            for file in others
        ):
            replaced = set(head.mapped("checksum"))
            files = others.filtered(
                lambda file: file.category == "signed" or file.checksum not in replaced
            )
        else:
            files = self
        seen, result = set(), files.browse()
        for file in files.sorted(lambda file: file.category != "signed"):
            if not file.checksum or file.checksum not in seen:
                result += file
            seen.add(file.checksum)
        return result

    def _take(self, inspection):
        """Show what trying the file has shown."""
        reasons = self.env["progbox.compilation.reasons"]
        values = {
            "pages": sum(
                leaf.pages for leaf in inspection.leaves() if not leaf.refusal
            ),
            "is_signed": inspection.signed,
        }
        if values["pages"]:
            if note := reasons._note(inspection.changes)[0]:
                values["note"] = note
        else:
            values["note"] = reasons._sentences(inspection.refusal or "no_pages")[0]
            # Odoo makes new pages for an invoice that is broken.
            values["is_refused"] = (
                self.category != "invoice" or self.line_id.move_id.state != "posted"
            )
        self.write(values)

    def _path(self, folder):
        """Return where the bytes are: the file store, or a copy in a folder."""
        copy = folder / f"original-{self.id}"
        return self.attachment_id.sudo()._progbox_local_path(copy)
