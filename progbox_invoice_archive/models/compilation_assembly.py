"""Putting the pages of an invoice backup together."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

import pytz

from odoo import fields
from odoo.fields import Domain
from odoo.models import BaseModel

from ..exceptions import JobError
from ..tools.filenames import clean_filename
from ..tools.pdf import Attached, Part, PartRefused, Paused, assemble
from ..tools.plural import counted
from ..tools.staging import staged
from .compilation_pages import OwnPages

# What a name of a file says of the client or the period, and of the contract.
LONGEST_WORD = 35
# Seconds between two looks at the assembly.
WAIT_SECONDS = 0.5
# Odoo keeps the sizes of attachments in 32 bits.
LARGEST = 2**31 - 1


class Chapter(NamedTuple):
    """The invoices of one file of a backup.

    :param key, name: of the client or the period, when there is a file for each
    :param lines: progbox.compilation.file, all of them
    :param without_pages: lines of invoices that have no file: the last page of this
        one names them
    """

    key: str
    name: str
    lines: BaseModel
    without_pages: tuple | BaseModel = ()

    @property
    def included(self):
        return self.lines.filtered(lambda line: line.state == "in")

    @property
    def left_out(self):
        lines = (*self.lines, *self.without_pages)
        return [line for line in lines if line.state == "left_out"]


class Assembly:
    """The last step of a backup: its files, one for each chapter.

    :param progbox.compilation job: with all rights
    :param threading.Event stopped: set when the work is to end at once
    """

    def __init__(self, job, stopped):
        self._job = job
        self._stopped = stopped

    def steps(self):
        """Make what is not finished, in steps as those of a long job."""
        self._leave_out_deleted()
        chapters, finished = self.chapters(), self._job.finished or ()
        waiting = [chapter for chapter in chapters if chapter.key not in finished]
        if not chapters:
            self._without_pages()
        for chapter in waiting:
            if chapter is waiting[-1]:
                chapter = chapter._replace(without_pages=self._without_pages())
            yield from self._assemble_chapter(chapter)
            yield {"finished": [*(self._job.finished or ()), chapter.key]}
        # Not yielded: nothing is left to do for another run.
        counts = self._job._counts_of_left_out()
        self._job._job_write({**counts, "expires_on": self._last_day()})

    def _leave_out_deleted(self):
        """Leave out what is to be attached, and was deleted since it was checked."""
        deleted = self._job._lines("in", domain=Domain("attachment_id", "=", False))
        deleted.filtered(lambda line: line.is_signed or not line.parts)._leave_out(
            "missing"
        )

    def chapters(self):
        """Return the files that there will be: those that have pages."""
        return [
            Chapter(key, ours[:1].group_name or "", ours)
            for key, ours in self._lines_by_file().items()
            if any(line.parts for line in ours)
        ]

    def _without_pages(self):
        """Return the lines that no file has pages for: all of them are left out."""
        without_pages = self._job.env["progbox.compilation.file"].sudo()
        for ours in self._lines_by_file().values():
            if not any(line.parts for line in ours):
                without_pages += ours
        without_pages.filtered(lambda line: line.state == "in")._leave_out("alone")
        return without_pages

    def _lines_by_file(self):
        return self._job._lines("in", "left_out").grouped(
            lambda line: line.group_key or ""
        )

    def _last_day(self):
        days = self._job.company_id.progbox_backup_days
        return fields.Date.add(fields.Date.today(), days=days)

    def _assemble_chapter(self, chapter):
        """Make one file of the result, and keep it as a document."""
        staging = self._job.env["ir.attachment"]._progbox_staging_folder()
        target = staging / f"incoming-compilation-{self._job.id}.pdf"
        title = self.file_title(chapter)
        try:
            pages = yield from self._assemble_into(target, chapter, title)
            if pages:
                file = staged(target)
                self._keep(chapter, title, file)
                self._job._job_write(
                    {
                        "page_count": self._job.page_count + pages,
                        "size": self._job.size + file.size,
                        # What is kept has its end, even if the rest never comes.
                        "expires_on": self._last_day(),
                    }
                )
        finally:
            target.unlink(missing_ok=True)

    def _assemble_into(self, target, chapter, title):
        """Assemble a file, without what turns out only now to be bad.

        :return: how many pages it has, none when nothing can go in
        """
        while True:
            lines, parts = yield from self._parts(chapter)
            if not lines:
                return 0
            try:
                return (yield from self._work(target, chapter, title, parts))
            except Paused:
                yield {"step": "assemble"}
            except PartRefused as refused:
                if not lines[refused.index]:
                    raise
                lines[refused.index]._leave_out(refused.refusal, refused.detail)
                # Another file begins: it may be the next run's.
                yield {"step": "assemble"}

    def _work(self, target, chapter, title, parts):
        """Assemble a file beside this thread, which shows how far it is.

        :raise Paused: when the time of the run was up: the next one goes on
        """
        shared, paused = {}, threading.Event()
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(
                assemble,
                parts,
                target,
                folder=self._job._folder(),
                title=title,
                metadata=self._metadata(),
                attached=self._attached(chapter),
                numbers="{page} / {pages}" if self._job.with_numbers else None,
                progress=lambda done, total: shared.update(position=done, total=total),
                cancelled=self._stopped.is_set,
                paused=paused.is_set,
                kept=self._job._folder() / "assembly",
            )
            yield from self._wait(work, shared, paused)
            return work.result().pages

    def _wait(self, work, shared, paused):
        """Show how far the assembly is, until it has come to its end or to a pause."""
        try:
            while not work.done():
                wait([work], timeout=WAIT_SECONDS)
                if not work.done():
                    self._job._job_write(dict(shared))
                    # None: not here, it would lose what is under way. It is asked to
                    # stop where it can be gone on with.
                    if (yield None):
                        paused.set()
        except GeneratorExit:
            self._stopped.set()
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
                for path, pages, name, *_checksum in line.parts or ():
                    owners.append(line)
                    parts.append(self._part(line, path, pages, name))
        if not parts:
            return [], []
        before, after = yield from OwnPages(self._job).around(chapter, owners, parts)
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
            title=(name or line.name) if self._job.with_bookmarks else "",
            group=(chapter,) if self._job.with_bookmarks else (),
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
            for path, name, mimetype, *_paper in line.embedded or ():
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
        if line.is_signed and "scripts" in (line.note_codes or ()):
            return self._job.env._(
                "The signed original: its signature can be checked. It contains "
                "scripts, which a reader may run."
            )
        if line.is_signed:
            return self._job.env._("The signed original: its signature can be checked.")
        return self._job.env._("The e-invoice of %(number)s.", number=line.number)

    def _metadata(self):
        return {
            "author": self._job.company_id.name,
            "subject": self._job.name,
            "language": (self._job.create_uid.lang or "en").replace("_", "-"),
            "created": pytz.utc.localize(fields.Datetime.now()),
        }

    # ------------------------------------------------------------------
    # What a file is called
    # ------------------------------------------------------------------

    def file_title(self, chapter):
        """Return "Invoice backup - [client or period] - [reference] - [date, time]"."""
        requester = self._job._as_requester()
        now = fields.Datetime.context_timestamp(requester, fields.Datetime.now())
        return self._job.env._(
            "Invoice backup - %(subject)s - %(reference)s - %(date)s - %(time)s",
            subject=self._subject(chapter)[:LONGEST_WORD].strip(),
            reference=self._reference(chapter)[:LONGEST_WORD].strip(),
            date=now.date().isoformat(),
            time=f"{now:%Hh%M}",
        )

    def _subject(self, chapter):
        """Return the client when there is one only, else the period, else many."""
        main_files = chapter.lines.filtered("is_head")
        if chapter.name:
            return chapter.name
        if subject := self._job._subject():
            return subject
        partners = set(main_files.mapped("partner_name"))
        if len(partners) == 1 and any(partners):
            return partners.pop()
        days = [day for day in main_files.mapped("date") if day]
        if days:
            periods = self._job.env["progbox.billing.period"].sudo()
            period = periods._of_day(self._job.company_id, min(days))
            if period and max(days) <= period.date_to:
                return period.display_name
        if self._is_of_vendors():
            return self._job.env._("several vendors")
        return self._job.env._("several clients")

    def _is_of_vendors(self):
        moves = self._job.env["account.move"].sudo()
        sale = moves._progbox_customer_types()
        domain = Domain("id", "in", self._job._selected_move_ids())
        return not self._job.document_ids and not moves.search_count(
            domain & Domain("move_type", "in", sale), limit=1
        )

    def _reference(self, chapter):
        """Return the contract or the invoice when there is one only."""
        main_files = chapter.lines.filtered("is_head")
        contracts = set(main_files.mapped("contract"))
        if len(main_files) == 1:
            return main_files.number
        if len(contracts) == 1 and any(contracts):
            return contracts.pop()
        env = self._job.env
        text = env._("%(count)s invoice|%(count)s invoices")
        return counted(env, text, len(main_files))

    # ------------------------------------------------------------------
    # Where a file is kept
    # ------------------------------------------------------------------

    def _keep(self, chapter, title, file):
        """Make a document of a finished file.

        :raise JobError: when it is too large
        """
        if file.size > LARGEST:
            raise JobError(
                self._job.env._(
                    "The backup would be larger than 2 GB, which is more than Odoo "
                    "keeps. Choose one file per client or vendor, one per period, "
                    "or fewer invoices."
                )
            )
        documents = self._job._as_requester().env["progbox.document"].sudo()
        partners = set(chapter.lines.mapped("partner_name"))
        documents._create_with_file(
            {
                "name": clean_filename(title, ".pdf"),
                "folder_id": self._result_folder().id,
                "company_id": self._job.company_id.id,
                "type_id": self._job.env["progbox.document.type"]
                ._of_archive("invoice_backup")
                .id,
                "mimetype": "application/pdf",
                "res_model": self._job._name,
                "res_id": self._job.id,
                "number": chapter.name or self._job.name,
                "partner_name": partners.pop() if len(partners) == 1 else False,
                "document_date": fields.Date.context_today(documents),
            },
            file,
        )

    def _result_folder(self):
        """Return the folder of the backups, which is not locked."""
        folders = self._job.env["progbox.folder"].sudo()
        name = folders.with_context(
            lang=self._job.company_id.partner_id.lang or self._job.env.lang
        ).env._("Invoice backups")
        # The model tells it from a folder that somebody else keeps: managers read it
        # by that. Without one it is of a version that did not set it.
        mine = Domain("res_model", "=", self._job._name)
        older = (
            Domain("res_model", "=", False)
            & Domain("name", "=", name)
            & Domain("locked", "=", False)
        )
        folder = folders.search(
            Domain("company_id", "=", self._job.company_id.id)
            & Domain("parent_id", "=", False)
            & (mine | older),
            order="res_model, id",
            limit=1,
        ) or folders.create({"name": name, "company_id": self._job.company_id.id})
        if not folder.res_model:
            folder.res_model = self._job._name
        return folder
