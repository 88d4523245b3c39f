import pikepdf

from odoo import models

from ..tools.compile import Part
from ..tools.sentinels import SELF_CONTAINED
from ..tools.staging import write_blocks

COVER = "progbox_invoice_archive.report_compilation_cover"
LEFT_OUT = "progbox_invoice_archive.report_compilation_left_out"
# Lines that wkhtmltopdf is given at once: its time grows with their square.
LINES_PER_RENDER = 400


class ProgboxCompilation(models.Model):
    """The pages of our own: the list in front, and what was left out at the end."""

    _inherit = "progbox.compilation"

    def _pages_around(self, chapter, owners, parts):
        """Return the parts that come before and after those of the invoices.

        :param owners: the line that each part is of
        :rtype: tuple of two lists of Part
        """
        before = self._cover(owners, parts) if self.with_cover else []
        after = self._left_out_pages(chapter)
        return before, after

    def _cover(self, owners, parts):
        """Return the list of the invoices, with the pages they begin on."""
        rows = self._cover_rows(owners, parts)
        title = self.env._("List of invoices")
        offset = self._cover_length(rows)
        # The list counts its own pages, too; long names may make it longer.
        for _try in range(3):
            cover = self._own_parts(
                COVER, [{**row, "first": row["first"] + offset} for row in rows], title
            )
            length = sum(part.pages for part in cover)
            if length == offset:
                break
            offset = length
        return cover

    def _cover_length(self, rows):
        """Return how many pages the list will take, most likely."""
        full, rest = divmod(len(rows), LINES_PER_RENDER)
        parts = self._own_parts(COVER, rows[:LINES_PER_RENDER], "") * full
        if rest:
            parts += self._own_parts(COVER, rows[-rest:], "")
        return sum(part.pages for part in parts)

    def _cover_rows(self, owners, parts):
        rows, page = {}, 1
        for line, part in zip(owners, parts, strict=True):
            row = rows.setdefault(
                line.sequence,
                {
                    "number": line.number,
                    "partner": line.partner_name or "",
                    "date": line.date,
                    "contract": line.contract or "",
                    "files": 0,
                    "pages": 0,
                    "first": page,
                },
            )
            row["files"] += 1
            row["pages"] += part.pages
            page += part.pages
        return list(rows.values())

    def _left_out_pages(self, chapter):
        rows = [
            {
                "file": line.name or "",
                "number": line.number,
                "reason": line.reason,
                "advice": line.advice or "",
            }
            for line in chapter.left_out
        ]
        return self._own_parts(LEFT_OUT, rows, self.env._("Left out"))

    def _own_parts(self, report, rows, title):
        """Return pages of ours with a table, in as many parts as it takes.

        :param list rows: dictionaries that the report prints
        """
        requester = self._as_requester()
        renderer = requester.env["ir.actions.report"].with_context(
            progbox_self_contained=SELF_CONTAINED,
            # A database under test would make HTML of it.
            force_report_rendering=True,
        )
        parts = []
        for start in range(0, len(rows), LINES_PER_RENDER):
            data = {
                "rows": rows[start : start + LINES_PER_RENDER],
                "total": len(rows),
                "is_first": not start,
            }
            pdf, _kind = renderer._render_qweb_pdf(report, self.ids, data)
            path = self._folder() / f"{report.rpartition('_')[2]}-{start}.pdf"
            pages = self._write_pages(pdf, path)
            label = "" if start or not self.with_bookmarks else title
            parts.append(Part(path, pages, title=label, numbered=False))
        return parts

    def _write_pages(self, pdf, path):
        """Write a PDF that our own renderer has made; return how many pages it has."""
        write_blocks([pdf], path)
        with pikepdf.open(path) as document:
            return len(document.pages)
