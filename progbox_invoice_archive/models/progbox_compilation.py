from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class ProgboxCompilation(models.Model):
    """One invoice backup: many invoices and their attachments in one PDF.

    A job: it looks for the files of each invoice, has each file tried alone, makes
    the pages that are missing, and puts all of it together. Every file has a line
    that says whether it is in, or why not.
    """

    _name = "progbox.compilation"
    _inherit = ["progbox.requested.job.mixin", "progbox.compilation.choices"]
    _description = "Invoice Backup"
    _order = "id desc"
    _job_cron = "progbox_invoice_archive.ir_cron_compilation"

    name = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    move_ids = fields.Many2many(
        "account.move",
        "progbox_compilation_move_rel",
        "compilation_id",
        "move_id",
        string="Invoices",
        readonly=True,
    )
    document_ids = fields.Many2many(
        "progbox.document",
        "progbox_compilation_document_rel",
        "compilation_id",
        "document_id",
        string="Documents Without Invoice",
        readonly=True,
        help="Archived documents whose invoice has been deleted.",
    )
    arranged = fields.Json(readonly=True, help="IDs of the invoices in their order.")
    excluded = fields.Json(readonly=True, help="IDs of attachments that were unticked.")
    file_ids = fields.One2many(
        "progbox.compilation.file", "compilation_id", readonly=True
    )
    left_out_ids = fields.One2many(
        "progbox.compilation.file",
        "compilation_id",
        domain=[("state", "=", "left_out")],
        readonly=True,
    )
    step = fields.Selection(
        [
            ("find", "Looking for the files"),
            ("check", "Checking the files"),
            ("render", "Making the missing pages"),
            ("assemble", "Putting the pages together"),
        ],
        default="find",
        required=True,
        readonly=True,
    )
    position = fields.Integer(readonly=True, aggregator=None)
    total = fields.Integer(readonly=True, aggregator=None)
    progress = fields.Float(compute="_compute_progress")
    unit_count = fields.Integer(string="Number of Invoices", readonly=True)
    page_count = fields.Integer(string="Pages", readonly=True, aggregator=None)
    # No integer: it would end at 2 GB.
    size = fields.Float(
        string="Size (bytes)", digits=(20, 0), readonly=True, aggregator=None
    )
    left_out_count = fields.Integer(
        string="Files Left Out", readonly=True, aggregator=None
    )
    result_ids = fields.Many2many(
        "progbox.document", compute="_compute_result_ids", string="Backup"
    )
    result_count = fields.Integer(compute="_compute_result_ids")
    expires_on = fields.Date(
        string="Kept Until",
        readonly=True,
        help="Afterwards the backup is removed. The invoices and their files stay.",
    )

    @api.depends("position", "total", "state", "step")
    def _compute_progress(self):
        """Finding, checking and rendering are most of it, assembling is the rest."""
        begin = {"find": 0, "check": 10, "render": 70, "assemble": 80}
        end = {"find": 10, "check": 70, "render": 80, "assemble": 100}
        for job in self:
            share = min(job.position / job.total, 1) if job.total else 0
            start = begin[job.step]
            job.progress = start + (end[job.step] - start) * share
            if job.state == "done":
                job.progress = 100

    def _compute_result_ids(self):
        documents = self.env["progbox.document"].search(
            self._result_domain(), order="id"
        )
        by_id = documents.grouped("res_id")
        for job in self:
            job.result_ids = by_id.get(job.id, documents.browse())
            job.result_count = len(job.result_ids)

    def _result_domain(self):
        return Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids)

    # ------------------------------------------------------------------
    # Asking for one
    # ------------------------------------------------------------------

    @api.model
    def _request(self, moves, documents=None, choices=None, **values):
        """Queue a backup of invoices, and start it.

        :param account.move moves: invoices, bills, credit notes or receipts of one
            company, that the user may read
        :param progbox.document documents: archived, of invoices that are gone
        :param dict choices: see progbox.compilation.choices
        :param values: more field values: name, arranged, excluded
        :rtype: progbox.compilation
        :raise AccessError: for anybody but an archive manager of the company
        :raise UserError: nothing to compile, or no billing period for a date
        """
        self.env.user._check_archive_manager()
        documents = documents or self.env["progbox.document"]
        company = self._check_subject(moves, documents)
        self._check_periods(moves, company)
        return self._enqueue(
            {
                "name": self._title(moves, documents),
                "company_id": company.id,
                "move_ids": [Command.set(moves.ids)],
                "document_ids": [Command.set(documents.ids)],
                "unit_count": len(moves) + len(documents),
                **(choices or {}),
                **values,
            }
        )

    @api.model
    def _check_subject(self, moves, documents):
        """Return the company of what is to be compiled, after a check of it all."""
        moves.check_access("read")
        documents.check_access("read")
        if not moves and not documents:
            raise UserError(self.env._("There is no invoice to compile here."))
        # Not moves.filtered(): a move that is no invoice may be one of thousands.
        entry = moves.search(
            Domain("id", "in", moves.ids) & Domain("move_type", "=", "entry"), limit=1
        )
        if entry:
            raise UserError(
                self.env._(
                    "%(entry)s is a journal entry. Choose invoices and bills only.",
                    entry=entry.display_name,
                )
            )
        companies = moves.company_id | documents.company_id
        if len(companies) > 1:
            raise UserError(
                self.env._(
                    "These invoices are of %(companies)s. Compile one company at a "
                    "time.",
                    companies=", ".join(companies.mapped("name")),
                )
            )
        return companies

    @api.model
    def _check_periods(self, moves, company):
        """Make the billing periods that are missing, where they make themselves.

        :raise UserError: naming the dates that have none
        """
        periods = self.env["progbox.billing.period"]
        days = periods._days_without(company, moves)
        if missing := periods._ensure(company, days):
            raise UserError(
                self.env._(
                    "There is no billing period for %(dates)s. Create it first: the "
                    "button Create Periods does.",
                    dates=periods._days_text(missing),
                )
            )

    @api.model
    def _title(self, moves, documents):
        first = (moves or documents)[:1].display_name
        others = len(moves) + len(documents) - 1
        if not others:
            return first
        return self.env._("%(first)s and %(count)s more", first=first, count=others)

    def _selected_move_ids(self):
        """Return the IDs of the invoices, also of those that one may not read."""
        rows = self.env.execute_query(
            SQL(
                "SELECT move_id FROM progbox_compilation_move_rel"
                " WHERE compilation_id = %s ORDER BY move_id",
                self.id,
            )
        )
        return [id_ for [id_] in rows]

    # ------------------------------------------------------------------
    # Job
    # ------------------------------------------------------------------

    def _url(self):
        return f"/odoo/invoice-backups/{self.id}"
