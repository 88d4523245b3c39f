from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..exceptions import JobCancelled
from ..tools.ledger.copy import BadCopy, compare_copy, read_copy
from ..tools.ledger.verify import Finding, compare_anchors, listed, read_payload
from .progbox_verification_check import COPY


class ProgboxVerificationCheck(models.AbstractModel):
    """What the ledger is compared with: a copy kept outside, anchors, the closings."""

    _inherit = "progbox.verification.check"

    # ------------------------------------------------------------------
    # A copy of the ledger
    # ------------------------------------------------------------------

    @api.model
    def _check_copy(self, run):
        """Compare the ledger with the exported one that the run was given."""
        copy = run._ledger_attachment()
        if not copy:
            return
        after = (run.checkpoint or {}).get("after", 0)
        reader = self.env["progbox.verification.reader"]
        line = None
        try:
            for lines in read_copy(copy._progbox_blocks(), run.company_id.id):
                line = lines[-1]
                if line.sequence <= after:
                    continue
                sequences = [line.sequence for line in lines]
                hashes, last = reader._hashes(run.company_id, sequences)
                run._add_findings(compare_copy(lines, hashes, last))
                yield {"checkpoint": {"part": COPY, "after": line.sequence}}
        except BadCopy as error:
            raise JobCancelled(
                self.env._(
                    "Line %(line)s of the file is not a line of the exported ledger of "
                    "%(company)s, or the file has been changed: it proves nothing. "
                    "Take the file ledger.jsonl of an export of this company.",
                    line=error.number,
                    company=run.company_id.display_name,
                )
            ) from error
        # That it ends where it ends is one more thing to compare with.
        run._job_write({"anchors": [*(run.anchors or []), [line.sequence, line.hash]]})

    # ------------------------------------------------------------------
    # Anchors
    # ------------------------------------------------------------------

    @api.model
    def _anchor_findings(self, run, known):
        """Return where the ledger is not the one that was noted earlier.

        :param set known: sequences that have a finding already
        """
        anchors = run._anchors(run.company_id) + [
            (sequence, hash_, self.env._("given for this run"))
            for sequence, hash_ in run.anchors or []
        ]
        hashes, last = self.env["progbox.verification.reader"]._hashes(
            run.company_id, [anchor[0] for anchor in anchors]
        )
        return [
            finding
            for finding in compare_anchors(anchors, hashes, last)
            if finding.kind == "ledger_cut" or finding.sequence not in known
        ]

    # ------------------------------------------------------------------
    # Closings
    # ------------------------------------------------------------------

    @api.model
    def _check_closings(self, run):
        domain = Domain("company_id", "=", run.company_id.id)
        if run.since:
            domain &= Domain("closed_on", ">=", run.since)
        findings = []
        for closing in self.env["progbox.closing"].sudo().search(domain, order="id"):
            differing, sealed, row = closing._compared()
            if not sealed:
                findings.append(_closing_finding("closing_unsealed", row))
            elif differing:
                findings.append(
                    _closing_finding(
                        "closing_changed",
                        sealed,
                        what=", ".join(differing),
                        expected=listed(sealed, differing),
                        actual=listed(row, differing),
                    )
                )
        findings += [
            _closing_finding("closing_missing", read_payload(payload))
            for [payload] in self._closings_gone(run)
        ]
        run._add_findings(findings)

    @api.model
    def _closings_gone(self, run):
        """Return the texts of the ledger that say a month was closed, and no row."""
        return self.env.execute_query(
            SQL(
                """SELECT seal.payload FROM progbox_seal seal
                WHERE seal.company_id = %(company)s AND seal.kind = 'closing'
                AND (%(since)s::date IS NULL OR seal.sealed_on >= %(since)s)
                AND NOT EXISTS (
                    SELECT FROM progbox_closing WHERE seal_id = seal.id
                ) ORDER BY seal.sequence""",
                company=run.company_id.id,
                since=run.since or None,
            )
        )


def _closing_finding(kind, content, **values):
    name = f"{content.get('month')} ({content.get('number')})"
    sequence = content.get("sequence")
    return Finding(
        kind,
        sequence if isinstance(sequence, int) else None,
        {"name": name},
        **values,
    )
