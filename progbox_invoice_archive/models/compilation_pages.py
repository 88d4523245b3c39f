"""The pages of our own in a backup: the list in front, what was left out at the end."""

import hashlib
import json
from collections import defaultdict

import pikepdf

from ..tools.pdf import Part
from ..tools.plural import counted
from ..tools.sentinels import SELF_CONTAINED
from ..tools.staging import write_blocks

COVER = "progbox_invoice_archive.report_compilation_cover"
LEFT_OUT = "progbox_invoice_archive.report_compilation_left_out"
NOTE_ON_PAGE = "progbox_invoice_archive.report_compilation_note"
NOTES = "progbox_invoice_archive.report_compilation_notes"
# Lines that wkhtmltopdf is given at once: its time grows with their square.
LINES_PER_RENDER = 400


def count_pages(path):
    """Return how many pages a PDF has that our own renderer has made."""
    with pikepdf.open(path) as document:
        return len(document.pages)


class OwnPages:
    """The pages that the job makes itself.

    :param progbox.compilation job: with all rights
    """

    def __init__(self, job):
        self._job = job

    def print_note(self, text):
        """Make the page that `write_on_first_page` needs.

        :return: whether it was not there yet: that takes as long as any page
        """
        path = self._note_path(text)
        if path.exists():
            return False
        write_blocks([self._own_pdf(NOTE_ON_PAGE, {"text": text})], path)
        return True

    def _note_path(self, text):
        return self._own_path(NOTE_ON_PAGE, {"text": text})

    def write_on_first_page(self, path, text):
        """Write a note at the upper edge of a PDF that Odoo has made."""
        self.print_note(text)
        with (
            pikepdf.open(path, allow_overwriting_input=True) as document,
            pikepdf.open(self._note_path(text)) as note,
        ):
            document.pages[0].add_overlay(note.pages[0])
            document.save(path)

    def around(self, chapter, owners, parts):
        """Return the parts that come before and after those of the invoices.

        A generator, as the step that it is a piece of.

        :param owners: the line that each part is of
        :return: two lists of Part
        """
        before = []
        if self._job.with_cover:
            before = yield from self._cover(owners, parts)
        after = yield from self._last_pages(chapter)
        return before, after

    def _cover(self, owners, parts):
        """Return the list of the invoices, with the pages they begin on."""
        amounts = self._amounts(owners)
        rows = self._cover_rows(owners, parts, amounts)
        title = self._job.env._("List of invoices")
        said = self._cover_words(len(rows), amounts)
        offset = yield from self._cover_length(rows, said)
        # The list counts its own pages, too; long names may make it longer.
        for _try in range(3):
            cover = yield from self._own_parts(
                COVER,
                [{**row, "first": row["first"] + offset} for row in rows],
                title,
                **said,
            )
            length = sum(part.pages for part in cover)
            if length == offset:
                break
            offset = length
        return cover

    def _cover_words(self, count, amounts):
        """Return what the list says of all its invoices."""
        env = self._job.env
        totals = defaultdict(float)
        for amount, currency in amounts.values():
            totals[currency.name] += amount
        return {
            "total_text": counted(
                env, env._("%(count)s invoice|%(count)s invoices"), count
            ),
            "amounts_text": env["res.currency"]._progbox_totals_writer(totals)(totals),
        }

    def _amounts(self, owners):
        """Return amount and currency of each invoice, by model and id.

        A credit note takes away from the total.
        """
        amounts = {}
        env = self._job.env
        lines = env["progbox.compilation.file"].concat(*owners)
        for model, ours in lines.filtered("res_model").grouped("res_model").items():
            records = env[model].sudo().browse(set(ours.mapped("res_id")))
            for record in records.exists():
                is_refund = model == "account.move" and "refund" in record.move_type
                amount = -record.amount_total if is_refund else record.amount_total
                if record.currency_id:
                    amounts[model, record.id] = (amount, record.currency_id)
        return amounts

    def _cover_length(self, rows, said):
        """Return how many pages the list will take, most likely."""
        full, rest = divmod(len(rows), LINES_PER_RENDER)
        length = 0
        if full:
            parts = yield from self._own_parts(
                COVER, rows[:LINES_PER_RENDER], "", **said
            )
            length += full * sum(part.pages for part in parts)
        if rest:
            parts = yield from self._own_parts(COVER, rows[-rest:], "", **said)
            length += sum(part.pages for part in parts)
        return length

    def _cover_rows(self, owners, parts, amounts):
        rows, page = {}, 1
        for line, part in zip(owners, parts, strict=True):
            amount, currency = amounts.get((line.res_model, line.res_id), (0, None))
            row = rows.setdefault(
                line.sequence,
                {
                    "number": line.number,
                    "partner": line.partner_name or "",
                    "date": line.date,
                    "contract": line.contract or "",
                    "amount": currency.format(amount) if currency else "",
                    "files": 0,
                    "pages": 0,
                    "first": page,
                },
            )
            row["files"] += 1
            row["pages"] += part.pages
            page += part.pages
        return list(rows.values())

    def _last_pages(self, chapter):
        """Return the pages that say what was left out, and what to know of the rest."""
        told = chapter.included.filtered("is_told")
        left_out = yield from self._own_parts(
            LEFT_OUT,
            [
                self._last_row(line, line.reason, line.advice)
                for line in chapter.left_out
            ],
            self._job.env._("Left out"),
        )
        notes = yield from self._own_parts(
            NOTES,
            [self._last_row(line, line.note) for line in told],
            self._job.env._("Notes"),
        )
        return left_out + notes

    def _last_row(self, line, reason, advice=""):
        return {
            "file": line.name or "",
            "number": line.number,
            "reason": reason,
            "advice": advice or "",
        }

    def _own_parts(self, report, rows, title, **said):
        """Return pages of ours with a table, in as many parts as it takes.

        Each part stays in the folder of the backup, so that it is not made again after
        an interruption, or when another file turned out to be bad.

        :param list rows: dictionaries that the report prints
        :param said: what else it prints
        """
        parts = []
        for start in range(0, len(rows), LINES_PER_RENDER):
            data = {
                "rows": rows[start : start + LINES_PER_RENDER],
                "total": len(rows),
                "is_first": not start,
                "is_last": start + LINES_PER_RENDER >= len(rows),
                **said,
            }
            path = self._own_path(report, data)
            if not path.exists():
                write_blocks([self._own_pdf(report, data)], path)
                yield {"step": "assemble"}
            label = "" if start or not self._job.with_bookmarks else title
            pages = count_pages(path)
            parts.append(Part(path, pages, title=label, numbered=False))
        return parts

    def _own_path(self, report, data):
        """Return where the pages of a table are kept, by what it says."""
        content = json.dumps([report, data], default=str, sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()
        return self._job._folder() / f"own-{digest[:32]}.pdf"

    def _own_pdf(self, report, data):
        renderer = self._job._as_requester().env["ir.actions.report"]
        renderer = renderer.with_context(
            progbox_self_contained=SELF_CONTAINED,
            # A database under test would make HTML of it.
            force_report_rendering=True,
        )
        return renderer._render_qweb_pdf(report, self._job.ids, data)[0]
