from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import NamedTuple

import pytz

from odoo import fields, models
from odoo.fields import Domain

from ..exceptions import JobError
from ..tools.compile import Attached, Part, PartRefused, assemble
from ..tools.filenames import clean_filename
from ..tools.staging import staged

# Odoo keeps the sizes of attachments in 32 bits.
LARGEST = 2**31 - 1
# What a name of a file says of the client or the period, and of the contract.
LONGEST_WORD = 35


class Chapter(NamedTuple):
    """The invoices of one file of a backup.

    :param key, name: of the client or the period, when there is a file for each
    :param lines: progbox.compilation.file, all of them
    """

    key: str
    name: str
    lines: models.BaseModel

    @property
    def included(self):
        return self.lines.filtered(lambda line: line.state == "in")

    @property
    def left_out(self):
        return self.lines.filtered(lambda line: line.state == "left_out")


class ProgboxCompilation(models.Model):
    """Putting the pages together."""

    _inherit = "progbox.compilation"

    # Keys of the files that are finished.
    finished = fields.Json(readonly=True, groups="base.group_system", copy=False)

    def _assemble(self, stopped):
        for chapter in self._chapters():
            if chapter.key in (self.finished or ()):
                continue
            yield {"step": "assemble"}
            if not chapter.included:
                continue
            yield from self._assemble_chapter(chapter, stopped)
            yield {"finished": [*(self.finished or ()), chapter.key]}
        left_out = self._lines("left_out")
        yield {
            "left_out_count": len(left_out),
            "expires_on": fields.Date.add(
                fields.Date.today(), days=self.company_id.progbox_backup_days
            ),
        }

    def _chapters(self):
        lines = self._lines("in", "left_out")
        for key, ours in lines.grouped("group_key").items():
            yield Chapter(key or "", ours[:1].group_name or "", ours)

    def _assemble_chapter(self, chapter, stopped):
        """Make one file of the result, and keep it as a document."""
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        target = staging / f"incoming-compilation-{self.id}.pdf"
        title = self._file_title(chapter)
        try:
            while True:
                lines, parts = self._parts(chapter)
                if not lines:
                    return
                try:
                    with ThreadPoolExecutor(1) as pool:
                        shared = {}
                        work = pool.submit(
                            assemble,
                            parts,
                            target,
                            folder=self._folder(),
                            title=title,
                            metadata=self._metadata(),
                            attached=self._attached(chapter),
                            numbers="{page} / {pages}" if self.with_numbers else None,
                            progress=lambda done, total, now=shared: now.update(
                                position=done, total=total
                            ),
                            cancelled=stopped.is_set,
                        )
                        yield from self._wait(work, shared, stopped)
                    break
                except PartRefused as refused:
                    if not lines[refused.index]:
                        raise
                    lines[refused.index]._leave_out(refused.refusal, refused.detail)
            file = staged(target)
            if file.size > LARGEST:
                raise JobError(
                    self.env._(
                        "The backup would be larger than 2 GB, which is more than "
                        "Odoo keeps. Choose one file per client or per period, or "
                        "fewer invoices."
                    )
                )
            self._keep(chapter, title, file)
            pages = work.result().pages
            self._job_write(
                {
                    "page_count": self.page_count + pages,
                    "size": self.size + file.size,
                }
            )
        finally:
            target.unlink(missing_ok=True)

    def _wait(self, work, shared, stopped):
        """Show how far the assembly is, until it has come to its end."""
        try:
            while True:
                try:
                    work.result(timeout=0.5)
                    return
                except NotYet:
                    self._job_write(dict(shared))
                    # None: it cannot be taken up again, so it must not be left.
                    yield None
        except GeneratorExit:
            stopped.set()
            raise

    # ------------------------------------------------------------------
    # Parts
    # ------------------------------------------------------------------

    def _parts(self, chapter):
        """Return the parts of one file, and the line that each of them is of.

        :return: list of lines, None for pages of ours, and list of Part
        """
        owners, parts = [], []
        for ours in chapter.included.grouped("sequence").values():
            for line in ours:
                for path, pages, name in line.parts or ():
                    owners.append(line)
                    parts.append(self._part(line, path, pages, name))
        if not parts:
            return [], []
        before, after = self._pages_around(chapter, owners, parts)
        return (
            [None] * len(before) + owners + [None] * len(after),
            before + parts + after,
        )

    def _part(self, line, path, pages, name):
        chapter = line.number
        if line.partner_name:
            chapter = f"{chapter} · {line.partner_name}"
        return Part(
            Path(path),
            pages,
            title=(name or line.name) if self.with_bookmarks else "",
            group=(chapter,) if self.with_bookmarks else (),
            label=line.number,
        )

    def _attached(self, chapter):
        """Return what is embedded: signed originals and the XML of e-invoices."""
        attached = []
        for line in chapter.included:
            if line.is_signed or not line.parts:
                attached.append(
                    Attached(
                        line._path(),
                        self._attached_name(line, line.name),
                        self._attached_description(line),
                        line.attachment_id.mimetype or "application/octet-stream",
                    )
                )
            for path, name, mimetype in line.embedded or ():
                name = self._attached_name(line, name)
                attached.append(Attached(Path(path), name, line.name, mimetype))
        return attached

    def _attached_name(self, line, name):
        stem, dot, extension = (name or "").rpartition(".")
        number = clean_filename(line.number)
        stem = stem if dot else extension
        if number not in clean_filename(stem):
            stem = f"{number} {stem}"
        return clean_filename(stem, f".{extension}" if dot else "")

    def _attached_description(self, line):
        if line.is_signed:
            return self.env._("The signed original: its signature can be checked.")
        return self.env._("The e-invoice of %(number)s.", number=line.number)

    def _metadata(self):
        return {
            "author": self.company_id.name,
            "subject": self.name,
            "language": (self.create_uid.lang or "en").replace("_", "-"),
            "created": pytz.utc.localize(fields.Datetime.now()),
        }

    # ------------------------------------------------------------------
    # Result
    # ------------------------------------------------------------------

    def _file_title(self, chapter):
        """Return "Invoice backup - [client or period] - [reference] - [date, time]"."""
        requester = self._as_requester()
        now = fields.Datetime.context_timestamp(requester, fields.Datetime.now())
        return self.env._(
            "Invoice backup - %(subject)s - %(reference)s - %(date)s - %(time)s",
            subject=self._subject(chapter)[:LONGEST_WORD].strip(),
            reference=self._reference(chapter)[:LONGEST_WORD].strip(),
            date=now.date().isoformat(),
            time=f"{now:%Hh%M}",
        )

    def _subject(self, chapter):
        """Return the client when there is one only, else the period, else many."""
        heads = chapter.lines.filtered("is_head")
        if chapter.name:
            return chapter.name
        partners = set(heads.mapped("partner_name"))
        if len(partners) == 1 and any(partners):
            return partners.pop()
        days = [day for day in heads.mapped("date") if day]
        if days:
            periods = self.env["progbox.billing.period"].sudo()
            period = periods._of_day(self.company_id, min(days))
            if period and max(days) <= period.date_to:
                return period.display_name
        return self.env._("several clients")

    def _reference(self, chapter):
        """Return the contract or the invoice when there is one only."""
        heads = chapter.lines.filtered("is_head")
        contracts = set(heads.mapped("contract"))
        if len(heads) == 1:
            return heads.number
        if len(contracts) == 1 and any(contracts):
            return contracts.pop()
        return self.env._("%(count)s invoices", count=len(heads))

    def _keep(self, chapter, title, file):
        """Make a document of a finished file."""
        documents = self._as_requester().env["progbox.document"].sudo()
        partners = set(chapter.lines.mapped("partner_name"))
        document = documents.create(
            {
                "name": clean_filename(title, ".pdf"),
                "folder_id": self._result_folder().id,
                "company_id": self.company_id.id,
                "type_id": self.env.ref(
                    "progbox_invoice_archive.document_type_invoice_backup"
                ).id,
                "mimetype": "application/pdf",
                "sha256": file.sha256,
                "size": file.size,
                "res_model": self._name,
                "res_id": self.id,
                "number": chapter.name or self.name,
                "partner_name": partners.pop() if len(partners) == 1 else False,
                "document_date": fields.Date.context_today(documents),
            }
        )
        self.env["ir.attachment"]._progbox_adopt(
            file,
            {
                "name": document.name,
                "mimetype": document.mimetype,
                "res_model": document._name,
                "res_id": document.id,
                "res_field": "content",
                "company_id": self.company_id.id,
            },
        )

    def _result_folder(self):
        """Return the folder of the backups, which is not locked."""
        folders = self.env["progbox.folder"].sudo()
        name = folders.with_context(
            lang=self.company_id.partner_id.lang or self.env.lang
        ).env._("Invoice backups")
        domain = Domain("company_id", "=", self.company_id.id) & Domain(
            "name", "=", name
        )
        return folders.search(
            domain & Domain("parent_id", "=", False), limit=1
        ) or folders.create({"name": name, "company_id": self.company_id.id})
