from odoo import api, models
from odoo.tools import SQL

from ..tools.ledger.verify import Finding, listed, read_payload
from .progbox_job_mixin import OPEN_STATES
from .progbox_verification_reader import PAGE_SIZE

DELETED, GONE = "deleted", "gone"


class ProgboxVerificationCheck(models.AbstractModel):
    """The invoices that were deleted, and what the ledger says of them."""

    _inherit = "progbox.verification.check"

    @api.model
    def _readers_beside(self):
        return {
            **super()._readers_beside(),
            DELETED: self._deleted_findings,
            GONE: self._gone_findings,
        }

    # ------------------------------------------------------------------
    # Lines that say an invoice was deleted
    # ------------------------------------------------------------------

    @api.model
    def _deleted_findings(self, run, after):
        rows = self._deleted_lines(run, after)
        known = set(run.finding_ids.mapped("sequence"))
        return rows and (
            rows[-1][0],
            [
                finding
                for sequence, payload, deletion_id, there in rows
                if sequence not in known
                and (finding := self._judge_line(sequence, payload, deletion_id, there))
            ],
        )

    @api.model
    def _deleted_lines(self, run, after):
        """Return a page of lines, each with its note of the deletion.

        :param int after: number of the line before the first
        :return: list of (number, payload, id of the note or None, whether the invoice
            is there after all)
        """
        return self.env.execute_query(
            SQL(
                """SELECT seal.sequence, seal.payload, deletion.id, move.id IS NOT NULL
                FROM progbox_seal seal
                LEFT JOIN progbox_source_deletion deletion
                    ON deletion.seal_id = seal.id
                    AND deletion.company_id = seal.company_id
                LEFT JOIN account_move move ON move.id = deletion.res_id
                    AND deletion.res_model = 'account.move'
                WHERE seal.company_id = %(company)s AND seal.sequence > %(after)s
                AND seal.kind = 'source_deleted'
                AND (%(since)s::date IS NULL OR seal.sealed_on >= %(since)s)
                ORDER BY seal.sequence, seal.id LIMIT %(limit)s""",
                company=run.company_id.id,
                after=after,
                since=run.since or None,
                limit=PAGE_SIZE,
            )
        )

    @api.model
    def _judge_line(self, sequence, payload, deletion_id, there):
        """Return what is wrong with a line, or None."""
        content = read_payload(payload)
        deletion = self.env["progbox.source.deletion"].sudo().browse(deletion_id)
        noted = deletion._sealed_content() if deletion else {}
        differing = [key for key in noted if noted[key] != content.get(key)]
        if not deletion:
            what = self.env._("Odoo has noted no such deletion.")
        elif there:
            what = self.env._("The invoice is still in Odoo.")
        elif differing:
            what = self.env._("Odoo has noted the deletion otherwise.")
        else:
            return None
        return Finding(
            "line_foreign",
            sequence,
            content,
            what=what,
            expected=listed(noted, differing) or None,
            actual=listed(content, differing) or None,
        )

    # ------------------------------------------------------------------
    # Invoices that are gone
    # ------------------------------------------------------------------

    @api.model
    def _gone_findings(self, run, after):
        rows = self._gone(run, after)
        return rows and (
            rows[-1][0],
            [
                Finding(
                    "source_gone",
                    document=document_id,
                    content={
                        "name": name,
                        "number": number,
                        "model": "account.move",
                        "record": record,
                    },
                )
                for record, document_id, name, number in rows
            ],
        )

    @api.model
    def _gone(self, run, after):
        """Return a page of invoices that are gone, while no line says so nor will.

        :param int after: id of the invoice before the first
        :return: list of (id, id of its newest document, file name, number)
        """
        return self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (document.res_id) document.res_id, document.id,
                    document.name, document.number
                FROM progbox_document document
                WHERE document.company_id = %(company)s
                AND document.res_model = 'account.move'
                AND document.res_id > %(after)s AND document.seal_id IS NOT NULL
                AND (%(since)s::date IS NULL OR document.create_date >= %(since)s)
                AND NOT EXISTS (
                    SELECT FROM account_move move WHERE move.id = document.res_id
                )
                AND NOT EXISTS (
                    SELECT FROM progbox_source_deletion deletion
                    LEFT JOIN progbox_seal seal ON seal.id = deletion.seal_id
                        AND seal.kind = 'source_deleted'
                    WHERE deletion.res_model = 'account.move'
                    AND deletion.res_id = document.res_id
                    AND (seal.id IS NOT NULL OR deletion.state IN %(open)s)
                )
                ORDER BY document.res_id, document.id DESC LIMIT %(limit)s""",
                company=run.company_id.id,
                after=after,
                since=run.since or None,
                open=OPEN_STATES,
                limit=PAGE_SIZE,
            )
        )
