from odoo import models

from ..tools.filenames import clean_filename


class ProgboxCompilationFile(models.Model):
    """What the job does with one file."""

    _inherit = "progbox.compilation.file"

    def _has_pages(self):
        attachment = self.attachment_id
        return self._is_pageable(attachment.mimetype, attachment.name)

    def _path(self):
        """Return where the bytes are: the file store, or a copy in the folder."""
        copy = self.compilation_id._folder() / f"original-{self.id}"
        return self.attachment_id._progbox_local_path(copy)

    def _take_along(self, path):
        """Take a file that has no pages: it is attached to the backup as it is."""
        if path.is_file():
            self.write({"state": "in", "parts": []})
        else:
            self._refuse("missing", str(path))

    def _take(self, inspection):
        """Write down what trying the file has shown."""
        leaves = list(inspection.leaves())
        good = [leaf for leaf in leaves if not leaf.refusal]
        for leaf in leaves:
            if leaf.refusal and leaf is not inspection:
                self._inner_line(leaf.name)._leave_out(leaf.refusal, leaf.detail)
        if not good:
            refusal = inspection.refusal or "portfolio_empty"
            self._refuse(refusal, inspection.detail)
            return
        embedded = [file for leaf in good for file in leaf.embedded]
        self._leave_out_embedded([file for file in embedded if not file.path])
        changes = {change for each in (inspection, *good) for change in each.changes}
        self.write(
            {
                "state": "in",
                "pages": sum(leaf.pages for leaf in good),
                "is_signed": inspection.signed,
                "parts": [[str(leaf.ready), leaf.pages, leaf.name] for leaf in good],
                "embedded": [
                    *self._signed_members(inspection, good),
                    *(
                        [str(file.path), file.name, file.mimetype]
                        for file in embedded
                        if file.path
                    ),
                ],
                **self._note_values(changes | set(self.note_codes or ())),
            }
        )

    def _leave_out_embedded(self, files):
        """Write lines for what is inside of this file and does not come along."""
        for file in files:
            line = self._inner_line(file.name, kind="einvoice", size=file.size)
            line._leave_out(file.refusal or "unasked")

    def _signed_members(self, inspection, leaves):
        """Return the files of a portfolio that carry a signature, to be embedded."""
        return [
            [str(leaf.path), leaf.name, "application/pdf"]
            for leaf in leaves
            if leaf.signed and leaf is not inspection
        ]

    def _refuse(self, refusal, detail):
        """Leave a file out; Odoo makes new pages for an invoice that is broken."""
        if self.is_head and self.attachment_id and self._can_be_rendered():
            self._other_line(self.name)._leave_out(refusal, detail)
            name = clean_filename(self.number, ".pdf")
            self.write({"state": "render", "attachment_id": False, "name": name})
        else:
            self._leave_out(refusal, detail)

    def _can_be_rendered(self):
        return (
            self.res_model == "account.move"
            and self.env["account.move"].browse(self.res_id).state == "posted"
        )

    def _inner_line(self, name, **values):
        """Return a new line for a file that is inside of this one."""
        return self._other_line(name, container_id=self.id, **values)

    def _other_line(self, name, **values):
        """Return a new line for a file that came with this one."""
        return self.create(
            {
                **self._unit_values(),
                "kind": self.kind,
                "name": name,
                "position": self.position,
                "attachment_id": self.attachment_id.id,
                **values,
            }
        )

    def _signed_rank(self):
        """Return what says which of several signed files is the invoice."""
        number = clean_filename(self.number)
        named = number in clean_filename(self.name or "")
        return (self.kind == "signed", named, self.attachment_id.id)
