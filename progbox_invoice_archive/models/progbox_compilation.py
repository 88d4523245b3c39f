import shutil
import threading
from itertools import groupby
from operator import itemgetter

from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, get_lang

from ..exceptions import JobError
from ..tools.package.index import Index, harmless
from ..tools.pdf import CompileError, Item, Limits, inspect_files
from ..tools.plural import counted
from ..tools.sentinels import RENDER_ANEW, SELF_CONTAINED
from ..tools.staging import write_blocks
from .compilation_assembly import Assembly
from .compilation_duplicates import (
    SIGNED_POSITION,
    TriedFile,
    contents_of,
    resolve_duplicates,
)
from .compilation_pages import OwnPages, count_pages
from .compilation_texts import failure_text, size_text
from .progbox_compilation_file import UNCOMPARED
from .progbox_job_mixin import OPEN_STATES, UNFINISHED_STATES

# Invoices whose files are looked for at once, and files that are tried in a row.
FIND_BATCH = 100
CHECK_BATCH = 100
# One bad file must not hold the others up for long.
LIMITS = Limits(seconds=30)
# Of more files than these that were left out, the list is attached to the message.
LISTED_IN_MESSAGE = 100
# Files left out for these reasons are not missing from the backup.
NO_GAP = ("detached", "duplicate", "mail_part", "replaced", "unasked")


class ProgboxCompilation(models.Model):
    """One invoice backup: many invoices and their attachments in one PDF.

    A job: it looks for the files of each invoice, has each file tried alone, makes
    the pages that are missing, and puts all of it together. Every file has a line
    that says whether it is in, or why not.
    """

    _name = "progbox.compilation"
    _inherit = [
        "progbox.requested.job.mixin",
        "progbox.compilation.choices",
        "progbox.words.mixin",
    ]
    _description = "Invoice Backup"
    _order = "id desc"
    _job_cron = "progbox_invoice_archive.ir_cron_compilation"
    _words = ("name",)

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
    gap_count = fields.Integer(
        string="Files Missing",
        readonly=True,
        aggregator=None,
        help="Left out, and neither by choice nor because the same is in.",
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
    summary = fields.Char(compute="_compute_summary")
    # Keys of the files that are finished.
    finished = fields.Json(readonly=True, groups="base.group_system", copy=False)

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

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

    @api.depends("state", "page_count", "size", "left_out_count")
    @api.depends_context("lang")
    def _compute_summary(self):
        for job in self:
            job.summary = job._summary() if job.state == "done" else False

    def _summary(self):
        if not self.page_count:
            return self.env._("None of the files could be put into a backup.")
        done = self.env._(
            "Invoices: %(invoices)s · Pages: %(pages)s · %(size)s",
            invoices=self.unit_count,
            pages=self.page_count,
            size=size_text(self.env, self.size),
        )
        if self.left_out_count:
            left_out = self.env._(
                "Files left out: %(count)s", count=self.left_out_count
            )
            return f"{done} · {left_out}"
        return done

    def _documents(self):
        return self.env["progbox.document"].sudo().search(self._result_domain())

    def _result_domain(self):
        return Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def _open(self):
        """Return the action that shows this backup, and how far it is."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_compilation_action"
        )
        return {**action, "res_id": self.id, "views": [(False, "form")]}

    def action_download(self):
        """Download the backup, or show the files when there are several."""
        self.ensure_one()
        self.check_access("read")
        documents = self.result_ids
        if not documents:
            raise UserError(
                self.env._("The backup is not there any more. Compile it again.")
            )
        if len(documents) > 1:
            action = self.env["ir.actions.actions"]._for_xml_id(
                "progbox_invoice_archive.progbox_document_action"
            )
            return {**action, "domain": [("id", "in", documents.ids)], "context": {}}
        return documents.action_download()

    def action_compile_again(self):
        """Compile the same invoices anew, as they are now."""
        self.ensure_one()
        self.env.user._check_archive_manager()
        job = self.sudo()
        again = self._request(
            self.env["account.move"].browse(job.move_ids.ids),
            self.env["progbox.document"].browse(job.document_ids.ids),
            job._choices(),
            **job._values_again(),
        )
        return again._open()

    def _values_again(self):
        """Return the field values of another backup of the same; to be extended."""
        return {
            "name": self.name,
            "arranged": self.arranged,
            "excluded": self.excluded,
        }

    def _subject(self):
        """Return what the names of the files call their subject; to be extended.

        By default it is the one client or period, as far as there is one.
        """
        return False

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
        return self._enqueue_request(
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
        companies = (moves.company_id | documents.company_id) or self.env.company
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
        text = self.env._("%(first)s and %(count)s more|%(first)s and %(count)s more")
        return counted(self.env, text, others, first=first)

    def _selected_move_ids(self):
        """Return the IDs of the invoices, also of those that one may not read.

        Plain SQL: the field holds back what the user may not read.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT move_id FROM progbox_compilation_move_rel"
                " WHERE compilation_id = %s ORDER BY move_id",
                self.id,
            )
        )
        return [id_ for [id_] in rows]

    # ------------------------------------------------------------------
    # The job
    # ------------------------------------------------------------------

    def _job_steps(self):
        self.create_uid._check_archive_manager()
        self._check_folder()
        stopped = threading.Event()
        try:
            if self.step == "find":
                yield from self._find()
            if self.step == "check":
                yield from self._check(stopped)
                yield from self._compare_signed()
                yield from self._resolve_duplicates()
                yield self._next_step("render")
            if self.step == "render":
                yield from self._render()
                yield self._next_step("assemble")
            yield from Assembly(self, stopped).steps()
        except CompileError as error:
            message = failure_text(self.env, error.code)
            raise JobError(message, error.detail) from error
        finally:
            stopped.set()

    def _job_step_name(self):
        return dict(self._fields["step"]._description_selection(self.env))[self.step]

    def _next_step(self, step):
        """Return what is written on the job when a step begins."""
        state = {"check": "found", "render": "render", "assemble": "in"}[step]
        lines = self.env["progbox.compilation.file"].sudo()
        values = {
            "step": step,
            "position": 0,
            "total": lines.search_count(self._lines_domain(state)),
        }
        self._job_write(values)
        return values

    def _lines(self, *states, domain=Domain.TRUE, limit=None):
        """Return the lines in these states, in their order."""
        lines = self.env["progbox.compilation.file"].sudo()
        return lines.search(self._lines_domain(*states) & domain, limit=limit)

    def _lines_domain(self, *states):
        return Domain("compilation_id", "=", self.id) & Domain("state", "in", states)

    # ------------------------------------------------------------------
    # The folder on disk
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        jobs = super().create(vals_list)
        for job in jobs:
            # Of the same number, in a database that was put back to an earlier day.
            job._remove_folder()
        return jobs

    def _folder(self):
        """Return the folder with the cleaned copies, on the disk of the results."""
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        return staging / f"compilation-{self.id}"

    def _check_folder(self):
        """Begin with the files anew when their copies are not on this host."""
        folder = self._folder()
        if folder.is_dir():
            return
        folder.mkdir(parents=True)
        # Trying the files again will say so again of what is inside of them.
        self._lines("left_out", domain=Domain("container_id", "!=", False)).unlink()
        lines = self._lines("in", "render")
        rendered = lines.filtered(lambda line: line.is_head and not line.attachment_id)
        rendered.write({"state": "render", "is_signed": False})
        # What was deleted meanwhile is told as missing.
        (lines - rendered).write({"state": "found"})
        if self.step in ("render", "assemble"):
            self._next_step("check")

    def _remove_folder(self):
        shutil.rmtree(self._folder(), ignore_errors=True)

    # ------------------------------------------------------------------
    # Find
    # ------------------------------------------------------------------

    def _find(self):
        """Write a line for each invoice, then one for each of its files."""
        lines = self.env["progbox.compilation.file"].sudo()
        requester = self._as_requester()
        units, gone = requester.env["progbox.compilation.units"]._units(requester)
        there = {(line.res_model, line.res_id) for line in self._main_files()}
        for start in range(0, len(units), 1000):
            values = [
                self._main_file_values(place, unit)
                for place, unit in enumerate(units[start : start + 1000], start)
                if (unit.res_model, unit.res_id) not in there
            ]
            # A run that comes back goes past what is there.
            if values:
                lines.create(values)
                yield {"total": len(units)}
        self._list_gone([id_ for id_ in gone if ("account.move", id_) not in there])
        choices = self._choices()
        while main_files := self._main_files(Domain("state", "=", "new"), FIND_BATCH):
            for model, ours in main_files.grouped("res_model").items():
                self._find_files(model, ours, choices)
            yield {"position": self.position + len(main_files)}
        yield self._next_step("check")

    def _main_files(self, domain=Domain.TRUE, limit=None):
        lines = self.env["progbox.compilation.file"].sudo()
        ours = Domain("compilation_id", "=", self.id) & Domain("is_head", "=", True)
        return lines.search(ours & domain, limit=limit)

    def _main_file_values(self, place, unit):
        key, name = unit.group
        return {
            "compilation_id": self.id,
            "sequence": place,
            "is_head": True,
            "res_model": unit.res_model,
            "res_id": unit.res_id,
            "number": unit.number,
            "partner_name": unit.partner,
            "date": unit.date,
            "contract": unit.contract,
            "group_key": key,
            "group_name": name,
            "kind": "invoice",
        }

    def _list_gone(self, ids):
        lines = self.env["progbox.compilation.file"].sudo()
        values = {"is_head": True, "kind": "invoice", "res_model": "account.move"}
        lines.create(
            [
                {
                    **values,
                    "compilation_id": self.id,
                    "sequence": self.unit_count,
                    "res_id": id_,
                    "number": self.env._("Invoice %(id)s", id=id_),
                    "group_key": "",
                    "group_name": "",
                }
                for id_ in ids
            ]
        )._leave_out("forbidden")

    def _find_files(self, model, main_files, choices):
        """Write the files of some records on their lines."""
        sources_model = self._as_requester().env["progbox.compilation.sources"]
        found = sources_model._sources(model, main_files.mapped("res_id"), choices)
        lines = main_files.browse()
        for main_file in main_files:
            first, *others = found[main_file.res_id]
            main_file.write(self._source_values(first, 0))
            unit = main_file._unit_values()
            lines |= main_file | lines.create(
                [
                    {**unit, **self._source_values(source, place)}
                    for place, source in enumerate(others, 1)
                ]
            )
        self._leave_out_unasked(lines)

    def _source_values(self, source, place):
        excluded = source.attachment.id in (self.excluded or ())
        lines = self.env["progbox.compilation.file"]
        return {
            # A signed copy that takes the place of the invoice stands before the rest.
            "position": place and place + 1,
            "kind": source.kind,
            "name": source.name,
            "attachment_id": source.attachment.id,
            "document_id": source.document.id,
            "size": source.attachment.sudo().file_size,
            "state": "left_out" if excluded else source.state,
            "code": "unasked" if excluded else source.code,
            **lines._note_values(source.note and [source.note]),
        }

    def _leave_out_unasked(self, lines):
        left_out = lines.filtered(lambda line: line.state == "left_out")
        for code, ours in left_out.grouped("code").items():
            ours._leave_out(code)

    # ------------------------------------------------------------------
    # Check
    # ------------------------------------------------------------------

    def _check(self, stopped):
        """Have each file tried alone, in a limited process."""
        extract = self.with_einvoices
        gone = Domain("attachment_id", "=", False)
        self._lines("found", domain=gone)._leave_out("missing")
        while lines := self._lines("found", limit=CHECK_BATCH):
            items = yield from self._items(lines)
            inspections = inspect_files(
                list(items.values()), self._folder(), LIMITS, extract, stopped.is_set
            )
            for line, inspection in zip(items, inspections, strict=True):
                line._apply_inspection(inspection)
                yield {"position": self.position + 1}

    def _compare_signed(self):
        """See which signed files are the invoice: a piece of work for each."""
        for line in self._lines("in", domain=Domain("code", "=", UNCOMPARED)):
            if line.attachment_id:
                line._compare()
            else:  # deleted since it was checked
                line._leave_out("missing")
            yield {}

    def _items(self, lines):
        """Return what is to be tried, by line; the other lines are settled.

        A generator: another storage takes its time for each file. A run that comes back
        finds what was fetched.
        """
        items = {}
        for line in lines:
            copy = line._copy_path()
            is_fetched, path = copy.exists(), line._path()
            if not path.is_file():
                line._refuse("missing", str(path))
            elif line.kind == "einvoice" and not line._has_pages():
                line.write({"state": "in", "parts": []})
            else:
                items[line] = Item(path, line.name)
            if line not in items:
                yield {"position": self.position + 1}
            elif path == copy and not is_fetched:
                yield {}
        return items

    def _resolve_duplicates(self):
        """Leave out what others stand for, now that every file has been tried.

        A run that comes back to it goes past what is settled.
        """
        # pylint: disable-next=bad-builtin-groupby
        for _place, rows in groupby(self._tried_files(), itemgetter(0)):
            files = [
                TriedFile(*values, contents_of(parts, checksum))
                for _sequence, *values, parts, checksum in rows
            ]
            resolution = resolve_duplicates(files)
            if any(resolution):
                self._apply_resolution(resolution)
                yield {}

    def _tried_files(self):
        """Return the rows of the lines that go in so far, invoice by invoice.

        Plain SQL: records of the files of ten thousand invoices would not fit into the
        memory of a worker.

        :return: list of rows: the place of the invoice, the fields of TriedFile, and
            at their end what its contents are made of
        """
        self.env["progbox.compilation.file"].flush_model()
        self.env["ir.attachment"].flush_model(["checksum"])
        return self.env.execute_query(
            SQL(
                """SELECT line.sequence, line.id, line.position, line.is_head IS TRUE,
                    line.kind = 'signed', line.is_the_invoice IS TRUE,
                    COALESCE(line.number, ''), COALESCE(line.name, ''),
                    COALESCE(line.attachment_id, 0), line.parts, file.checksum
                FROM progbox_compilation_file line
                LEFT JOIN ir_attachment file ON file.id = line.attachment_id
                WHERE line.compilation_id = %s AND line.state IN ('in', 'render')
                ORDER BY line.sequence, line.position, line.id""",
                self.id,
            )
        )

    def _apply_resolution(self, resolution):
        """Write on the lines of an invoice which of them others stand for."""
        lines = self.env["progbox.compilation.file"].sudo()
        signed = lines.browse(resolution.signed)
        signed.write({"kind": "signed", "position": SIGNED_POSITION})
        for id_, codes in resolution.papers.items():
            lines.browse(id_)._leave_out_papers(codes)
        for id_, code in resolution.left_out.items():
            line = lines.browse(id_)
            if line.state == "render":
                # It has no file: nothing is left out, and the copy stands for it.
                signed.is_head = True
                line.unlink()
            else:
                line._leave_out(code)

    # ------------------------------------------------------------------
    # Render
    # ------------------------------------------------------------------

    def _render(self):
        """Make the pages of the invoices that have none."""
        own_pages = OwnPages(self)
        for line in self._lines("render"):
            try:
                if line.note and own_pages.print_note(line.note):
                    yield {}  # the run may end between two prints
                with self.env.cr.savepoint():
                    pdf = self._rendered(line)
            except UserError as error:
                detail = getattr(error, "detail", False)
                line._leave_out("render", detail, str(error))
            else:
                path = self._folder() / f"rendered-{line.id}.pdf"
                write_blocks([pdf], path)
                if line.note:
                    own_pages.write_on_first_page(path, line.note)
                pages = count_pages(path)
                parts = [[str(path), pages, line.name]]
                line.write({"state": "in", "pages": pages, "parts": parts})
            yield {"position": self.position + 1}

    def _rendered(self, line):
        """Return what Odoo prints of an invoice, with the requester's rights."""
        requester = self._as_requester().with_company(self.company_id)
        move = requester.env["account.move"].browse(line.res_id)
        report = requester.env["account.move.send"]._get_default_pdf_report_id(move)
        renderer = report.sudo(False).with_context(
            progbox_self_contained=SELF_CONTAINED,
            # Not from the archive, whose file could not be read.
            progbox_render_anew=RENDER_ANEW,
            # A database under test would make HTML of it.
            force_report_rendering=True,
        )
        return renderer._render_qweb_pdf(report.report_name, move.ids)[0]

    # ------------------------------------------------------------------
    # The end of the job
    # ------------------------------------------------------------------

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        for job in self:
            job._remove_folder()
            if state == "done":
                job._log_result()
                job._as_requester()._notify_done()
        if state == "cancelled":
            self._documents().unlink()
        return result

    def _job_on_error(self):
        if self.state == "failed":
            self._remove_folder()
        return super()._job_on_error()

    def _log_result(self):
        log = self._as_requester().env["progbox.access.log"]
        documents = self._lines("in").document_id.filtered("locked")
        if documents:
            log._log("compilation", documents=documents, note=self.name)
        else:
            log._log("compilation", company=self.company_id, note=self.name)

    # ------------------------------------------------------------------
    # What the person is told
    # ------------------------------------------------------------------

    def _url(self):
        return f"/odoo/invoice-backups/{self.id}"

    def _counts_of_left_out(self):
        """Return how many files are left out, as values of the job."""
        lines = self.env["progbox.compilation.file"].sudo()
        domain = self._lines_domain("left_out")
        return {
            "left_out_count": lines.search_count(domain),
            "gap_count": lines.search_count(domain & Domain("code", "not in", NO_GAP)),
        }

    def _notify_done(self):
        kind = "success" if self.page_count else "danger"
        if self.page_count and self.gap_count:
            kind = "warning"
        self._notify(self._summary(), kind)

    def _notification_title(self):
        return self.env._("Invoice backup: %(name)s", name=self.name)

    def _notification_details(self):
        lines = self._lines("left_out", limit=LISTED_IN_MESSAGE)
        if not lines:
            return ""
        title = self.env._("Left out:")
        count = self._counts_of_left_out()["left_out_count"]
        if count > LISTED_IN_MESSAGE:
            text = self.env._(
                "Left out: %(count)s file. The attached list names it.|Left out: "
                "%(count)s files. The attached list names all of them."
            )
            title = counted(self.env, text, count)
        items = [
            Markup("<li>%s, %s: %s %s</li>")
            % (line.number, line.name or "", line.reason, line.advice or "")
            for line in lines
        ]
        return Markup("<p>%s</p><ul>%s</ul>") % (title, Markup().join(items))

    def _notification_files(self):
        if self._counts_of_left_out()["left_out_count"] <= LISTED_IN_MESSAGE:
            return []
        index = Index(get_lang(self.env).decimal_point)
        index.add(
            [
                self.env._("Invoice"),
                self.env._("File"),
                self.env._("Reason"),
                self.env._("How to Get It"),
            ]
        )
        for line in self._lines("left_out"):
            cells = (line.number, line.name, line.reason, line.advice)
            index.add([harmless(cell) for cell in cells])
        return [(self.env._("Left out.csv"), index.content())]

    def _tell(self, title, body, files):
        """Send an e-mail with the link also to who has an inbox in Odoo."""
        super()._tell(title, body, files)
        user = self.env.user
        if user.notification_type != "inbox" or not user.email:
            return
        company = self.sudo().company_id
        self.env["mail.mail"].sudo().create(
            {
                "subject": title,
                "body_html": body,
                "email_from": company.email_formatted or user.email_formatted,
                "email_to": user.email_formatted,
                "auto_delete": True,
                "attachment_ids": [
                    Command.create({"name": name, "raw": content})
                    for name, content in files
                ],
            }
        )
        # Not sent here: a slow or missing mail server must not make the job fail.
        scheduler = "mail.ir_cron_mail_scheduler_action"
        if cron := self.env.ref(scheduler, raise_if_not_found=False):
            cron.sudo()._trigger()

    # ------------------------------------------------------------------
    # Clean-up
    # ------------------------------------------------------------------

    @api.autovacuum
    def _gc_compilations(self):
        """Remove the backups that have been kept long enough, and left folders."""
        old = self.sudo().search(
            Domain("expires_on", "<", fields.Date.today())
            & Domain("state", "not in", OPEN_STATES)
        )
        old._documents().unlink()
        # When it is retried, all of its files are made anew.
        old.filtered(lambda job: job.state == "failed")._job_write(
            {"finished": False, "page_count": 0, "size": 0, "expires_on": False}
        )
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        for folder in staging.glob("compilation-*"):
            job = self.sudo().browse(int(folder.name.rpartition("-")[2]))
            if job.exists().state not in UNFINISHED_STATES:
                job._remove_folder()
