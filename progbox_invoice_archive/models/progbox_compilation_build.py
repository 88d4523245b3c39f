import shutil
import threading

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..exceptions import JobError
from ..tools.pdf import CompileError, Item, Limits, inspect_files
from ..tools.sentinels import RENDER_ANEW, SELF_CONTAINED

# Invoices whose files are looked for at once, and files that are tried in a row.
FIND_BATCH = 100
CHECK_BATCH = 100
# One bad file must not hold the others up for long.
LIMITS = Limits(seconds=30)


class ProgboxCompilation(models.Model):
    """The work: looking for the files, trying them, making what is missing.

    What has been done stands on the lines; what has been written to disk stands in
    a folder of the backup. Another worker goes on with both.
    """

    _inherit = "progbox.compilation"

    def _job_steps(self):
        self.create_uid._check_archive_manager()
        self._check_folder()
        stopped = threading.Event()
        try:
            if self.step == "find":
                yield from self._find()
            if self.step == "check":
                yield from self._check(stopped)
                self._settle()
                yield self._next_step("render")
            if self.step == "render":
                yield from self._render()
                yield self._next_step("assemble")
            yield from self._assemble(stopped)
        except CompileError as error:
            message = self.env["progbox.compilation.reasons"]._failure(error.code)
            raise JobError(message, error.detail) from error
        finally:
            stopped.set()

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
        lines.filtered("attachment_id").write({"state": "found"})
        (lines - lines.filtered("attachment_id")).write({"state": "render"})
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
        there = {(line.res_model, line.res_id) for line in self._heads()}
        for start in range(0, len(units), 1000):
            lines.create(
                [
                    self._head_values(place, unit)
                    for place, unit in enumerate(units[start : start + 1000], start)
                    if (unit.res_model, unit.res_id) not in there
                ]
            )
            yield {"total": len(units)}
        self._list_gone([id_ for id_ in gone if ("account.move", id_) not in there])
        choices = self._choices()
        while heads := self._heads(Domain("state", "=", "new"), FIND_BATCH):
            for model, ours in heads.grouped("res_model").items():
                self._find_files(model, ours, choices)
            yield {"position": self.position + len(heads)}
        yield self._next_step("check")

    def _heads(self, domain=Domain.TRUE, limit=None):
        lines = self.env["progbox.compilation.file"].sudo()
        ours = Domain("compilation_id", "=", self.id) & Domain("is_head", "=", True)
        return lines.search(ours & domain, limit=limit)

    def _head_values(self, place, unit):
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

    def _find_files(self, model, heads, choices):
        """Write the files of some records on their lines."""
        sources_model = self._as_requester().env["progbox.compilation.sources"]
        found = sources_model._sources(model, heads.mapped("res_id"), choices)
        lines = heads.browse()
        for head in heads:
            first, *others = found[head.res_id]
            head.write(self._source_values(first, 0))
            unit = head._unit_values()
            lines |= head | lines.create(
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
            items = self._items(lines)
            inspections = inspect_files(
                list(items.values()), self._folder(), LIMITS, extract, stopped.is_set
            )
            for line, inspection in zip(items, inspections, strict=True):
                line._take(inspection)
                yield {"position": self.position + 1}
            yield {"position": self.position + len(lines) - len(items)}

    def _items(self, lines):
        """Return what is to be tried, by line; the other lines are settled."""
        items = {}
        for line in lines:
            path = line._path()
            if line.kind == "einvoice" and not line._has_pages():
                line._take_along(path)
            else:
                items[line] = Item(path, line.name)
        return items

    # ------------------------------------------------------------------
    # Render
    # ------------------------------------------------------------------

    def _render(self):
        """Make the pages of the invoices that have none."""
        for line in self._lines("render"):
            try:
                with self.env.cr.savepoint():
                    pdf = self._rendered(line)
            except UserError as error:
                detail = getattr(error, "detail", False)
                line._leave_out("render", detail, str(error))
            else:
                path = self._folder() / f"rendered-{line.id}.pdf"
                pages = self._write_pages(pdf, path)
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
