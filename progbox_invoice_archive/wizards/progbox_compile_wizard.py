from odoo import Command, api, fields, models
from odoo.tools.misc import clean_context

# Up to here the wizard lists each invoice and each file; beyond, it counts them.
LISTED = 100


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
            wizard.detached_text = wizard._count_text("detached")

    def _count_text(self, kind):
        [count, _size] = (self.counts or {}).get(kind, (0, 0))
        return str(count) if count else self.env._("none")

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
        files = [file for line in lines for file in going.get(line._origin.id, ())]
        words = [
            self.env._("Invoices: %(count)s", count=len(lines)),
            self.env._("Files: %(count)s", count=len(files)),
        ]
        if self.pages_known:
            pages = sum(file.pages for file in files)
            if any(file.has_pages and not file.pages for file in files):
                words.append(self.env._("Pages: at least %(count)s", count=pages))
            else:
                words.append(self.env._("Pages: %(count)s", count=pages))
        size = sum(file.size for file in files)
        unknown = any(not file.attachment_id for file in files)
        return [*words, self._size_words(size, unknown)]

    def _size_words(self, size, at_least):
        text = self.env["progbox.compilation"]._size_text(size)
        return self.env._("at least %(size)s", size=text) if at_least else text

    def _wanted(self):
        """Return whether files go in, by their category."""
        return {
            "invoice": True,
            "signed": True,
            "attachment": self.with_attachments,
            "image": self.with_images,
            "einvoice": self.with_einvoices,
            "detached": self.with_detached,
        }

    def _going_in(self):
        """Return the files that will go in, as far as is known, by ID of their line.

        Also those of lines that are unticked, which would go in with them.
        """
        wanted = self._wanted()
        files = self.file_ids.filtered(
            lambda file: (
                file.include and wanted.get(file.category) and not file.is_refused
            )
        )
        by_line = files.grouped(lambda file: file.line_id._origin.id)
        return {id_: ours._settled() for id_, ours in by_line.items()}

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
        choices, values = self._choices(), {}
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

    def _selected_move_ids(self):
        return self.move_ids.ids

    def _is_rearranged(self, lines):
        """Whether somebody has dragged the lines into another order."""
        dragged = lines.ids
        self._onchange_sort_by()
        return dragged != lines.sorted("sequence").ids
