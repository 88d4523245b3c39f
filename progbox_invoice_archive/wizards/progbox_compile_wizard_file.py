from odoo import fields, models

from ..models.compilation_duplicates import TriedFile, contents_of, resolve_duplicates
from ..models.compilation_signed import Paper, is_the_invoice
from ..models.compilation_texts import note_text, reason_texts


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
    parts = fields.Json(readonly=True)  # as those of a file of a backup
    has_pages = fields.Boolean(readonly=True)
    is_the_invoice = fields.Boolean(readonly=True, help="By its content, and signed.")
    is_refused = fields.Boolean(readonly=True, help="It turned out to be bad.")

    def _going_in(self):
        """Return how many pages go in of these files of one invoice.

        By the rule of the backup itself, as far as the files are known by now.

        :return: dictionary by file, without those that others stand for
        """
        files = [file._tried(place) for place, file in enumerate(self)]
        resolution = resolve_duplicates(files)
        return {
            file: file._pages_without(resolution.papers.get(place, ()))
            for place, file in enumerate(self)
            if place not in resolution.left_out
        }

    def _pages_without(self, places):
        """Return the pages of a file without some of the papers inside of it."""
        return self.pages - sum(self.parts[place][1] for place in places)

    def _tried(self, place):
        is_main = self.category == "invoice"
        return TriedFile(
            place,
            0 if is_main else place + 1,
            is_main,
            self.category == "signed",
            self.is_the_invoice,
            self.number or "",
            self.name or "",
            self.attachment_id._origin.id or 0,
            contents_of(self.parts, self.checksum),
        )

    def _apply_inspection(self, inspection, folder, cancelled):
        """Show what trying the file has shown.

        :param folder: for temporary files
        :param cancelled: asked a few times a second
        :raise Cancelled: `cancelled` said so
        """
        leaves = [leaf for leaf in inspection.leaves() if not leaf.refusal]
        values = {
            "pages": sum(leaf.pages for leaf in leaves),
            "parts": [["", leaf.pages, leaf.name, leaf.checksum] for leaf in leaves],
            "is_the_invoice": self._is_the_invoice(inspection, folder, cancelled),
        }
        if values["pages"]:
            if note := note_text(self.env, inspection.changes)[0]:
                values["note"] = note
        else:
            values["note"] = reason_texts(self.env, inspection.refusal or "no_pages")[0]
            # Odoo makes new pages for an invoice that is broken.
            values["is_refused"] = (
                self.category != "invoice" or self.line_id.move_id.state != "posted"
            )
        self.write(values)

    def _is_the_invoice(self, inspection, folder, cancelled):
        move = self.line_id.move_id
        if not inspection.signed or self.category == "invoice" or not move:
            return False
        files = self.wizard_id.file_ids.filtered(
            lambda file: file.line_id == self.line_id
        )
        main = files.filtered(lambda file: file.category == "invoice")[:1]
        original = main.attachment_id and Paper(main._path(folder), main.pages)
        papers = Paper(inspection.path, inspection.pages), original
        return is_the_invoice(move, self.attachment_id, *papers, folder, cancelled)

    def _path(self, folder):
        """Return where the bytes are: the file store, or a copy in a folder."""
        copy = folder / f"original-{self.id}"
        return self.attachment_id.sudo()._progbox_local_path(copy)
