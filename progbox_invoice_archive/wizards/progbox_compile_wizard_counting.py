from odoo import models
from odoo.tools import SQL


class ProgboxCompileWizard(models.TransientModel):
    """How many files there are, by category; of thousands without reading them."""

    _inherit = "progbox.compile.wizard"

    def _count(self):
        """Return tuples of how many files there are and their size, by category."""
        counts = {}
        for category, size in self._sizes():
            count, total = counts.get(category, (0, 0))
            counts[category] = (count + 1, total + int(size or 0))
        return counts

    def _sizes(self):
        """Yield the category and the size of each file."""
        if self.is_listed:
            for file in self.file_ids:
                yield file.category, file.size
            return
        for model in ("account.move", "ir.attachment", "progbox.document"):
            self.env[model].flush_model()
        yield from self._sizes_of_invoices()
        yield from self._sizes_of_attachments()
        for document in self.document_ids:
            yield "invoice", document.size

    def _sizes_of_invoices(self):
        """Yield what stands for each invoice, and the e-invoices of the archive."""
        ids = self.move_ids.ids
        yield from self.env.execute_query(
            SQL(
                """SELECT CASE WHEN place = 1 AND is_pdf THEN 'invoice'
                    ELSE 'einvoice' END, size
                FROM (
                    SELECT document.mimetype = 'application/pdf' AS is_pdf,
                        document.size, row_number() OVER (
                            PARTITION BY res_id, mimetype = 'application/pdf'
                            ORDER BY id) AS place
                    FROM progbox_document document
                    WHERE res_model = 'account.move' AND res_id = ANY(%(ids)s)
                    AND seal_id IS NOT NULL AND NOT %(superseded)s
                ) archived""",
                ids=ids,
                superseded=self.env["progbox.document"]._superseded_sql(
                    SQL("document")
                ),
            )
        )
        yield from self.env.execute_query(
            SQL(
                """SELECT 'invoice', received.file_size
                FROM account_move move
                JOIN ir_attachment received
                    ON received.id = move.message_main_attachment_id
                WHERE move.id = ANY(%(ids)s) AND move.move_type IN %(bills)s
                UNION ALL
                SELECT 'invoice', legal.file_size
                FROM ir_attachment legal
                WHERE legal.res_model = 'account.move' AND legal.res_id = ANY(%(ids)s)
                AND legal.res_field = 'invoice_pdf_report_file' AND NOT EXISTS (
                    SELECT FROM progbox_document document
                    WHERE document.res_model = 'account.move'
                    AND document.res_id = legal.res_id
                    AND document.seal_id IS NOT NULL)""",
                ids=ids,
                bills=self._bill_types(),
            )
        )

    def _sizes_of_attachments(self):
        detached = self.env["progbox.compilation.sources"]._detached_pattern()
        files = self.env["progbox.compilation.file"]
        rows = self.env.execute_query(
            SQL(
                """SELECT name, mimetype, file_size FROM ir_attachment
                WHERE res_model = 'account.move' AND res_field IS NULL
                AND res_id = ANY(%(ids)s) AND id NOT IN (
                    SELECT message_main_attachment_id FROM account_move
                    WHERE id = ANY(%(ids)s) AND move_type IN %(bills)s
                    AND message_main_attachment_id IS NOT NULL)""",
                ids=self.move_ids.ids,
                bills=self._bill_types(),
            )
        )
        for name, mimetype, size in rows:
            if detached.fullmatch(name or ""):
                yield "detached", size
            elif not files._is_pageable(mimetype, name):
                yield "other", size
            elif (mimetype or "").startswith("image/"):
                yield "image", size
            else:
                yield "attachment", size

    def _bill_types(self):
        return tuple(self.move_ids.get_purchase_types(include_receipts=True))

    def _count_words(self):
        """Return what the wizard says of invoices that it does not list."""
        wanted = self._wanted()
        going = {
            category: numbers
            for category, numbers in (self.counts or {}).items()
            if wanted.get(category)
        }
        known = going.pop("invoice", (0, 0))
        files = self.unit_count + sum(count for count, _size in going.values())
        size = known[1] + sum(size for _count, size in going.values())
        return [
            self.env._("Invoices: %(count)s", count=self.unit_count),
            self.env._("Files: %(count)s", count=files),
            # Of those that Odoo has to make pages for, nobody knows it.
            self._size_words(size, known[0] < self.unit_count),
        ]
