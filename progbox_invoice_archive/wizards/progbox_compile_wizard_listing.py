import tempfile
import time
from pathlib import Path

from odoo import models

from ..tools.pdf import Cancelled, Item, Limits, inspect_files

# Up to here the wizard counts the pages, too: opening it must not take long.
PAGES_FILES = 60
PAGES_SIZE = 60 << 20
PAGES_SECONDS = 5


class ProgboxCompileWizard(models.TransientModel):
    """What the wizard shows of a few invoices: each of them, and each file."""

    _inherit = "progbox.compile.wizard"

    def _list(self):
        """List each invoice and each file."""
        units = self.env["progbox.compilation.units"]._find_units(self)
        units.sort(key=lambda unit: unit.position)
        lines = self.line_ids.create(
            [self._line_values(place, unit) for place, unit in enumerate(units)]
        )
        for model, ours in lines.grouped(lambda line: line._unit().res_model).items():
            self._list_files(model, ours)
        self._onchange_sort_by()

    def _line_values(self, place, unit):
        is_move = unit.res_model == "account.move"
        return {
            "wizard_id": self.id,
            "place": place,
            "move_id": is_move and unit.res_id,
            "document_id": not is_move and unit.res_id,
            "number": unit.number,
            "partner_name": unit.partner,
            "date": unit.date,
            "contract": unit.contract,
        }

    def _list_files(self, model, lines):
        """List the files of invoices, whatever is switched off now."""
        sources_model = self.env["progbox.compilation.sources"]
        everything = {name: True for name in self._choices() if name[:5] == "with_"}
        ids = [line._unit().res_id for line in lines]
        found = sources_model._sources(model, ids, everything)
        detached = sources_model._detached_pattern()
        self.file_ids.create(
            [
                {
                    "wizard_id": self.id,
                    "line_id": line.id,
                    "number": line.number,
                    **self._file_values(source, detached),
                }
                for line, id_ in zip(lines, ids, strict=True)
                for source in found[id_]
            ]
        )

    def _file_values(self, source, detached):
        attachment = source.attachment.sudo()
        reasons = self.env["progbox.compilation.reasons"]
        files = self.env["progbox.compilation.file"]
        category, note = source.kind, False
        if detached.fullmatch(source.name or ""):
            category = "detached"
        if source.code:
            category = "other"
            note = reasons._sentences(source.code)[0]
        elif source.state == "render":
            note = self.env._("Odoo makes its pages.")
        elif source.note:
            note = reasons._note([source.note])[0]
        return {
            "category": category,
            "name": source.name,
            "attachment_id": source.attachment.id,
            "size": attachment.file_size,
            "checksum": attachment.checksum,
            "has_pages": not attachment
            or files._is_pageable(attachment.mimetype, attachment.name),
            "include": not source.code,
            "note": note,
        }

    # ------------------------------------------------------------------
    # Pages
    # ------------------------------------------------------------------

    def _count_pages(self):
        """Try the files as the backup will, as far as the time goes."""
        files = self.file_ids.filtered(
            lambda file: file.include and file.has_pages and file.attachment_id
        )
        if len(files) > PAGES_FILES or sum(files.mapped("size")) > PAGES_SIZE:
            return
        self.pages_known = True
        end = time.monotonic() + PAGES_SECONDS
        with tempfile.TemporaryDirectory(prefix="progbox-") as folder:
            items = (Item(file._path(Path(folder)), file.name) for file in files)
            inspections = inspect_files(
                items,
                folder,
                Limits(seconds=2),
                cancelled=lambda: time.monotonic() > end,
            )
            try:
                for file, inspection in zip(files, inspections, strict=True):
                    file._take(inspection)
            except Cancelled:
                # The others have pages, too: the wizard says "at least".
                return
