from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import NamedTuple

import pytz

from odoo import fields, models

from ..tools.filenames import clean_filename
from ..tools.pdf import Attached, Part, PartRefused, assemble
from ..tools.staging import staged


class Chapter(NamedTuple):
    """The invoices of one file of a backup.

    :param key, name: of the client or the period, when there is a file for each
    :param lines: progbox.compilation.file, all of them
    :param homeless: lines of invoices that have no file, for the last page of this one
    """

    key: str
    name: str
    lines: models.BaseModel
    homeless: tuple | models.BaseModel = ()

    @property
    def included(self):
        return self.lines.filtered(lambda line: line.state == "in")

    @property
    def left_out(self):
        lines = (*self.lines, *self.homeless)
        return [line for line in lines if line.state == "left_out"]


class ProgboxCompilation(models.Model):
    """Putting the pages together."""

    _inherit = "progbox.compilation"

    # Keys of the files that are finished.
    finished = fields.Json(readonly=True, groups="base.group_system", copy=False)

    def _assemble(self, stopped):
        chapters, finished = self._chapters(), self.finished or ()
        waiting = [chapter for chapter in chapters if chapter.key not in finished]
        if not chapters:
            self._homeless()
        for chapter in waiting:
            yield {"step": "assemble"}
            if chapter is waiting[-1]:
                chapter = chapter._replace(homeless=self._homeless())
            yield from self._assemble_chapter(chapter, stopped)
            yield {"finished": [*(self.finished or ()), chapter.key]}
        yield {**self._counts_of_left_out(), "expires_on": self._last_day()}

    def _chapters(self):
        """Return the files that there will be: those that have pages."""
        return [
            Chapter(key, ours[:1].group_name or "", ours)
            for key, ours in self._lines_by_file().items()
            if any(line.parts for line in ours)
        ]

    def _homeless(self):
        """Return the lines that no file has pages for: all of them are left out."""
        homeless = self.env["progbox.compilation.file"].sudo()
        for ours in self._lines_by_file().values():
            if not any(line.parts for line in ours):
                homeless += ours
        homeless.filtered(lambda line: line.state == "in")._leave_out("alone")
        return homeless

    def _lines_by_file(self):
        return self._lines("in", "left_out").grouped(lambda line: line.group_key or "")

    def _last_day(self):
        days = self.company_id.progbox_backup_days
        return fields.Date.add(fields.Date.today(), days=days)

    def _assemble_chapter(self, chapter, stopped):
        """Make one file of the result, and keep it as a document."""
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        target = staging / f"incoming-compilation-{self.id}.pdf"
        title = self._file_title(chapter)
        try:
            pages = yield from self._assemble_into(target, chapter, title, stopped)
            if pages:
                file = staged(target)
                self._keep(chapter, title, file)
                self._job_write(
                    {
                        "page_count": self.page_count + pages,
                        "size": self.size + file.size,
                        # What is kept has its end, even if the rest never comes.
                        "expires_on": self._last_day(),
                    }
                )
        finally:
            target.unlink(missing_ok=True)

    def _assemble_into(self, target, chapter, title, stopped):
        """Assemble a file, without what turns out only now to be bad.

        :return: how many pages it has, none when nothing can go in
        """
        while True:
            lines, parts = yield from self._parts(chapter)
            if not lines:
                return 0
            try:
                return (yield from self._work(target, chapter, title, parts, stopped))
            except PartRefused as refused:
                if not lines[refused.index]:
                    raise
                lines[refused.index]._leave_out(refused.refusal, refused.detail)

    def _work(self, target, chapter, title, parts, stopped):
        """Assemble a file beside this thread, which shows how far it is."""
        shared = {}
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(
                assemble,
                parts,
                target,
                folder=self._folder(),
                title=title,
                metadata=self._metadata(),
                attached=self._attached(chapter),
                numbers="{page} / {pages}" if self.with_numbers else None,
                progress=lambda done, total: shared.update(position=done, total=total),
                cancelled=stopped.is_set,
            )
            yield from self._wait(work, shared, stopped)
            return work.result().pages

    def _wait(self, work, shared, stopped):
        """Show how far the assembly is, until it has come to its end."""
        try:
            while True:
                try:
                    work.result(timeout=0.5)
                    return
                except NotYet:
                    self._job_write(dict(shared))
                    # None: it cannot be taken up again, so it must not be left. The
                    # largest that Odoo keeps takes some seconds.
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
        before, after = yield from self._pages_around(chapter, owners, parts)
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
        if line.is_signed and "scripts" in (line.note_codes or ()):
            return self.env._(
                "The signed original: its signature can be checked. It contains "
                "scripts, which a reader may run."
            )
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
