import tempfile
import time
from pathlib import Path

from odoo import Command, api, fields, models
from odoo.tools.misc import clean_context

from ..models.compilation_texts import note_text, reason_texts, size_text
from ..models.progbox_compilation_choices import wanted_kinds
from ..tools.pdf import Cancelled, Item, Limits, inspect_files

# Up to here the wizard lists each invoice and each file; beyond, it counts them.
LISTED = 100
# Up to here the wizard counts the pages, too: opening it must not take long.
PAGES_FILES = 60
PAGES_SIZE = 60 << 20
PAGES_SECONDS = 5


class ProgboxCompileWizard(models.TransientModel):
    """Shows what will go into an invoice backup, and lets people choose."""

    _name = "progbox.compile.wizard"
    _inherit = "progbox.compilation.choices"
    _description = "Compile Invoice Backups"

    company_id = fields.Many2one("res.company", readonly=True)
    move_ids = fields.Many2many(
        "account.move", "progbox_compile_wizard_move_rel", "wizard_id", "move_id"
    )
    document_ids = fields.Many2many(
        "progbox.document",
        "progbox_compile_wizard_document_rel",
        "wizard_id",
        "document_id",
    )
    line_ids = fields.One2many("progbox.compile.wizard.line", "wizard_id")
    file_ids = fields.One2many("progbox.compile.wizard.file", "wizard_id")
    is_listed = fields.Boolean(readonly=True)
    unit_count = fields.Integer(string="Invoices", readonly=True)
    counts = fields.Json(readonly=True)
    pages_known = fields.Boolean(readonly=True)
    attachments_text = fields.Char(compute="_compute_texts")
    images_text = fields.Char(compute="_compute_texts")
    einvoices_text = fields.Char(compute="_compute_texts")
    detached_text = fields.Char(compute="_compute_texts")
    total_text = fields.Char(compute="_compute_total_text")
    missing_days = fields.Char(compute="_compute_missing_days")

    @api.depends("counts")
    def _compute_texts(self):
        for wizard in self:
            wizard.attachments_text = wizard._count_text("attachment")
            wizard.images_text = wizard._count_text("image")
            wizard.einvoices_text = wizard._count_text("einvoice")
            wizard.detached_text = wizard._count_text("detached", are_files=True)

    def _count_text(self, kind, are_files=False):
        """Return how many there are, in words when there is none.

        :param bool are_files: whether they are called so, and not by their kind, with
            which "none" agrees in French and Romanian
        """
        [count, _size] = (self.counts or {}).get(kind, (0, 0))
        if count:
            return str(count)
        return self.env._("no file") if are_files else self.env._("none")

    @api.depends(
        "counts",
        "line_ids.include",
        "file_ids.include",
        "with_attachments",
        "with_images",
        "with_einvoices",
        "with_detached",
    )
    def _compute_total_text(self):
        for wizard in self:
            wizard.total_text = " · ".join(wizard._total_words())

    def _total_words(self):
        if not self.is_listed:
            return self._count_words()
        lines = self.line_ids.filtered("include")
        going = self._going_in()
        files = {}
        for line in lines:
            files |= going.get(line._origin.id, {})
        words = [
            self.env._("Invoices: %(count)s", count=len(lines)),
            self.env._("Files: %(count)s", count=len(files)),
        ]
        if self.pages_known:
            pages = sum(files.values())
            if not any(file.has_pages and not file.pages for file in files):
                words.append(self.env._("Pages: %(count)s", count=pages))
            elif pages:
                words.append(self.env._("Pages: at least %(count)s", count=pages))
        size = sum(file.size for file in files)
        unknown = any(not file.attachment_id for file in files)
        return [*words, *self._size_words(size, unknown)]

    def _wanted_kinds(self):
        """Return whether files go in, by their category; to be extended."""
        return wanted_kinds(self)

    def _size_words(self, size, at_least):
        """Return the size in words; "at least 0 B" is no news."""
        text = size_text(self.env, size)
        if not at_least:
            return [text]
        return [self.env._("at least %(size)s", size=text)] if size else []

    def _count_words(self):
        """Return what the wizard says of invoices that it does not list."""
        wanted = self._wanted_kinds()
        going = {
            category: numbers
            for category, numbers in (self.counts or {}).items()
            if wanted.get(category)
        }
        known = going.pop("invoice", (0, 0))
        files = self.unit_count + sum(count for count, _size in going.values())
        size = known[1] + sum(size for _count, size in going.values())
        return [
            self.env._("Invoices: %(count)s", count=self.unit_count),
            self.env._("Files: %(count)s", count=files),
            # Of those that Odoo has to make pages for, nobody knows it.
            *self._size_words(size, known[0] < self.unit_count),
        ]

    def _going_in(self):
        """Return the files that will go in, as far as is known, by ID of their line:
        dictionaries of their pages.

        Also those of lines that are unticked, which would go in with them.
        """
        wanted = self._wanted_kinds()
        files = self.file_ids.filtered(
            lambda file: (
                file.include and wanted.get(file.category) and not file.is_refused
            )
        )
        by_line = files.grouped(lambda file: file.line_id._origin.id)
        return {id_: ours._going_in() for id_, ours in by_line.items()}

    @api.depends("move_ids", "line_ids.include")
    def _compute_missing_days(self):
        periods = self.env["progbox.billing.period"]
        for wizard in self:
            wizard.missing_days = periods._days_text(wizard._days_to_make())

    def _days_to_make(self):
        """Return the days whose periods people must make; others make themselves."""
        if self.company_id.progbox_period_mode == "automatic":
            return []
        moves = self.move_ids
        if self.is_listed:
            moves = self.line_ids.filtered("include").move_id
        return self.env["progbox.billing.period"]._days_without(self.company_id, moves)

    @api.onchange("sort_by")
    def _onchange_sort_by(self):
        keys = self.env["progbox.compilation.units"]._sort_keys()
        if key := keys.get(self.sort_by):
            lines = self.line_ids.sorted(lambda line: key(line._unit()))
            for sequence, line in enumerate(lines):
                line.sequence = sequence

    # ------------------------------------------------------------------
    # Opening
    # ------------------------------------------------------------------

    @api.model
    def _open(self, moves, documents=None):
        """Return the action that shows the wizard.

        :param account.move moves: to compile
        :param progbox.document documents: archived, of invoices that are gone
        :raise AccessError: for anybody but an archive manager
        :raise UserError: several companies, or nothing that is an invoice
        """
        jobs = self.env["progbox.compilation"]
        self.env.user._check_archive_manager()
        documents = documents or self.env["progbox.document"]
        # No default of the caller's: the files are read with all rights.
        clean = self.env(context=clean_context(self.env.context))
        wizard = self.with_env(clean).create(
            {
                "company_id": jobs._check_subject(moves, documents).id,
                "move_ids": [Command.set(moves.ids)],
                "document_ids": [Command.set(documents.ids)],
                "unit_count": len(moves) + len(documents),
                "is_listed": len(moves) + len(documents) <= LISTED,
            }
        )
        if wizard.is_listed:
            wizard._list()
            wizard._count_pages()
        wizard.counts = wizard._count()
        return wizard._action()

    def _action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Compile Invoice Backups"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    # ------------------------------------------------------------------
    # What there is
    # ------------------------------------------------------------------

    def _count(self):
        """Return tuples of how many files there are and their size, by category."""
        counts = {}
        for category, size in self._sizes():
            count, total = counts.get(category, (0, 0))
            counts[category] = (count + 1, total + int(size or 0))
        return counts

    def _sizes(self):
        """Return the category and the size of each file."""
        if self.is_listed:
            return [(file.category, file.size) for file in self.file_ids]
        sources_model = self.env["progbox.compilation.sources"]
        return sources_model._sizes(self.move_ids, self.document_ids)

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
        files = self.env["progbox.compilation.file"]
        category, note = source.kind, False
        if detached.fullmatch(source.name or ""):
            category = "detached"
        if source.code:
            category = "other"
            note = reason_texts(self.env, source.code)[0]
        elif source.state == "render":
            note = self.env._("Odoo makes its pages.")
        elif source.note:
            note = note_text(self.env, [source.note])[0]
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

        def late():
            return time.monotonic() > end

        with tempfile.TemporaryDirectory(prefix="progbox-") as folder:
            items = (Item(file._path(Path(folder)), file.name) for file in files)
            inspections = inspect_files(
                items, folder, Limits(seconds=2), cancelled=late
            )
            try:
                for file, inspection in zip(files, inspections, strict=True):
                    file._apply_inspection(inspection, Path(folder), late)
            except Cancelled:
                # The others have pages, too: the wizard says "at least".
                return

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_create_periods(self):
        """Make the billing periods that some dates lack, and come back."""
        self.env.user._check_archive_manager()
        self.env["progbox.billing.period"]._ensure(
            self.company_id, self._days_to_make(), by_hand=True
        )
        return self._action()

    def action_compile(self):
        """Start the backup, and show how far it is."""
        self.ensure_one()
        choices, values = self._choices(), self._job_values()
        moves, documents = self.move_ids, self.document_ids
        if self.is_listed:
            chosen = self.line_ids.filtered("include").sorted("sequence")
            moves, documents = chosen.move_id, chosen.document_id
            values["excluded"] = self.file_ids.filtered(
                lambda f: not f.include and f.category != "other"
            ).attachment_id.ids
            if choices["sort_by"] == "manual" or self._is_rearranged(chosen):
                choices["sort_by"] = "manual"
                values["arranged"] = [
                    (line.move_id or line.document_id).id for line in chosen
                ]
        job = self.env["progbox.compilation"]._request(
            moves, documents, choices, **values
        )
        return job._open()

    def _job_values(self):
        """Return more field values of the backup; to be extended."""
        return {}

    def _selected_move_ids(self):
        return self.move_ids.ids

    def _is_rearranged(self, lines):
        """Whether somebody has dragged the lines into another order."""
        dragged = lines.ids
        self._onchange_sort_by()
        return dragged != lines.sorted("sequence").ids
