from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


class ProgboxCompilation(models.Model):
    """Who stands for whom, now that every file has been tried."""

    _inherit = "progbox.compilation"

    def _settle(self):
        self._prefer_signed()
        self._leave_out_duplicates()

    def _prefer_signed(self):
        """Let signed copies take the place of the invoices they are copies of."""
        signed = Domain("is_signed", "=", True) | Domain("kind", "=", "signed")
        candidates = self._lines("in", domain=signed & Domain("is_head", "=", False))
        for ours in candidates.grouped("sequence").values():
            head = self._heads(Domain("sequence", "=", ours[0].sequence))
            best = max(ours, key=lambda line: line._signed_rank())
            if best.kind != "signed" and head.is_signed and head.state == "in":
                continue
            best.write({"kind": "signed", "position": 1})
            if head.state == "in":
                head._leave_out("replaced")
            elif head.state == "render":
                best.is_head = True
                head.unlink()

    def _leave_out_duplicates(self):
        """Leave out what is in an invoice twice, now that it is known what is in."""
        lines = self.env["progbox.compilation.file"].sudo()
        lines.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT id, taken FROM (
                    SELECT line.id, line.state, row_number() OVER twins AS place,
                        first_value(line.code) OVER twins AS taken
                    FROM progbox_compilation_file line
                    JOIN ir_attachment file ON file.id = line.attachment_id
                    WHERE line.compilation_id = %s AND file.checksum IS NOT NULL
                    AND (line.state = 'in' OR line.code = 'replaced')
                    WINDOW twins AS (PARTITION BY line.sequence, file.checksum
                        ORDER BY line.kind != 'signed', line.position, line.id)
                ) twin WHERE place > 1 AND state = 'in'""",
                self.id,
            )
        )
        for id_, taken in rows:
            lines.browse(id_)._leave_out(taken or "duplicate")
