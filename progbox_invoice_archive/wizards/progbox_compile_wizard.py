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
            files, pages, size = wizard._totals()
            numbers = [
                wizard.env._("Invoices: %(count)s", count=wizard._chosen_count()),
                wizard.env._("Files: %(count)s", count=files),
                wizard.env["progbox.compilation"]._size_text(size),
            ]
            if wizard.pages_known:
                numbers.insert(2, wizard.env._("Pages: %(count)s", count=pages))
            wizard.total_text = " · ".join(numbers)

    def _chosen_count(self):
        if self.is_listed:
            return len(self.line_ids.filtered("include"))
        return self.unit_count

    def _totals(self):
        """Return how many files, pages and bytes will go in, as far as is known."""
        wanted = {
            "invoice": True,
            "signed": True,
            "attachment": self.with_attachments,
            "image": self.with_images,
            "einvoice": self.with_einvoices,
            "detached": self.with_detached,
        }
        if self.is_listed:
            numbers = set(self.line_ids.filtered("include").mapped("number"))
            files = self.file_ids.filtered(
                lambda f: f.include and wanted.get(f.category) and f.number in numbers
            )
            return len(files), sum(files.mapped("pages")), sum(files.mapped("size"))
        counts = [n for kind, n in (self.counts or {}).items() if wanted.get(kind)]
        return sum(n for n, _size in counts), 0, sum(size for _n, size in counts)

    @api.depends("move_ids")
    def _compute_missing_days(self):
        periods = self.env["progbox.billing.period"]
        for wizard in self:
            wizard.missing_days = periods._days_text(wizard._days_to_make())

    def _days_to_make(self):
        """Return the days whose periods people must make; others make themselves."""
        if self.company_id.progbox_period_mode == "automatic":
            return []
        periods = self.env["progbox.billing.period"]
        return periods._days_without(self.company_id, self.move_ids)

    @api.onchange("sort_by")
    def _onchange_sort_by(self):
        keys = {
            "contract": lambda line: (not line.contract, line.contract, line.place),
            "date": lambda line: (line.date or fields.Date.today(), line.place),
            "partner": lambda line: ((line.partner_name or "").casefold(), line.place),
        }
        if key := keys.get(self.sort_by):
            for sequence, line in enumerate(self.line_ids.sorted(key)):
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
        else:
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

    def _is_rearranged(self, lines):
        """Whether somebody has dragged the lines into another order."""
        dragged = lines.ids
        self._onchange_sort_by()
        return dragged != lines.sorted("sequence").ids
