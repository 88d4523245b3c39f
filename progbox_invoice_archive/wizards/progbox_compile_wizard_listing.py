import tempfile
from pathlib import Path

from odoo import models
from odoo.tools import SQL

from ..tools.compile import Item, Limits, inspect_files

# Up to here the wizard counts the pages, too: opening it must not take long.
PAGES_FILES = 60
PAGES_SIZE = 60 << 20


class ProgboxCompileWizard(models.TransientModel):
    """What the wizard shows: each invoice and each file, or how many there are."""

    _inherit = "progbox.compile.wizard"

    def _list(self):
        """List each invoice and each file."""
        everything = {**self._choices(), "with_detached": True}
        sources_model = self.env["progbox.compilation.sources"]
        detached = sources_model._detached_pattern()
        numbers = {}
        for records in (self.move_ids, self.document_ids):
            for place, record in enumerate(self._in_order(records)):
                values = self._line_values(record, place)
                numbers[record] = values["number"]
                self.line_ids.create({"wizard_id": self.id, **values})
            found = sources_model._sources(records._name, records.ids, everything)
            for record in records:
                self.file_ids.create(
                    [
                        {
                            "wizard_id": self.id,
                            "number": numbers[record],
                            **self._file_values(source, detached),
                        }
                        for source in found[record.id]
                    ]
                )
        self._count_pages()
        self._sum_up()
        self._onchange_sort_by()
        counts = {}
        for file in self.file_ids:
            count, size = counts.get(file.category, (0, 0))
            counts[file.category] = (count + 1, size + file.size)
        self.counts = counts

    def _in_order(self, records):
        if records._name == "account.move":
            return records.sorted(
                lambda m: (m.sequence_prefix or "", m.sequence_number, m.id)
            )
        return records.sorted("id")

    def _line_values(self, record, place):
        if record._name == "account.move":
            return {
                "place": place,
                "move_id": record.id,
                "number": record.display_name,
                "partner_name": record.commercial_partner_id.name,
                "date": record._progbox_day(),
                "contract": (record.invoice_origin or record.ref or "").strip(),
            }
        return {
            "place": place,
            "document_id": record.id,
            "number": record.display_name,
            "partner_name": record.partner_name,
            "date": record.document_date,
        }

    def _file_values(self, source, detached):
        category = source.kind
        if detached.fullmatch(source.name or ""):
            category = "detached"
        note = False
        if source.code:
            category = "other"
            note = self.env["progbox.compilation.reasons"]._sentences(source.code)[0]
        elif source.state == "render":
            note = self.env._("Odoo makes its pages.")
        return {
            "category": category,
            "name": source.name,
            "attachment_id": source.attachment.id,
            "size": source.attachment.sudo().file_size,
            "include": not source.code,
            "note": note,
        }

    def _count_pages(self):
        """Try the files as the backup will, when they are few."""
        files = self.file_ids.filtered(lambda f: f.include and f._has_pages())
        unmade = self.file_ids.filtered(lambda f: f.include and not f.attachment_id)
        if unmade or len(files) > PAGES_FILES or sum(files.mapped("size")) > PAGES_SIZE:
            return
        with tempfile.TemporaryDirectory(prefix="progbox-") as folder:
            items = [Item(file._path(Path(folder)), file.name) for file in files]
            inspections = inspect_files(items, folder, Limits(seconds=3))
            for file, inspection in zip(files, inspections, strict=True):
                file.pages = sum(leaf.pages for leaf in inspection.leaves())
                if inspection.refusal:
                    sentences = self.env["progbox.compilation.reasons"]._sentences(
                        inspection.refusal
                    )
                    file.note = sentences[0]
        self.pages_known = True

    def _sum_up(self):
        for number, files in self.file_ids.grouped("number").items():
            included = files.filtered("include")
            self.line_ids.filtered(lambda line, n=number: line.number == n).write(
                {
                    "file_count": len(included),
                    "pages": sum(included.mapped("pages")),
                    "size": sum(included.mapped("size")),
                }
            )

    def _count(self):
        """Count the files of thousands of invoices, without reading them."""
        rows = self.env.execute_query(
            SQL(
                """SELECT CASE
                    WHEN mimetype LIKE 'image/%%' THEN 'image'
                    WHEN mimetype IN ('application/pdf', 'application/octet-stream')
                        THEN 'attachment'
                    ELSE 'other' END AS category, count(*), sum(file_size)
                FROM ir_attachment
                WHERE res_model = 'account.move' AND res_field IS NULL
                AND res_id = ANY(%(ids)s) AND id NOT IN (
                    SELECT message_main_attachment_id FROM account_move
                    WHERE id = ANY(%(ids)s) AND move_type IN %(bills)s
                    AND message_main_attachment_id IS NOT NULL)
                GROUP BY category""",
                ids=self.move_ids.ids,
                bills=tuple(self.move_ids.get_purchase_types(include_receipts=True)),
            )
        )
        counts = {category: (count, int(size or 0)) for category, count, size in rows}
        return {"invoice": (self.unit_count, 0), **counts}
