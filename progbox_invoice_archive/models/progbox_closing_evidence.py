import json

from odoo import api, models
from odoo.fields import Domain

from ..tools.ledger.verify import read_payload


class ProgboxClosing(models.Model):
    """What closings testify, and whether they still say what was sealed."""

    _inherit = "progbox.closing"

    def _export_lines(self):
        """Return these closings as an export keeps them: their sealed texts."""
        return [
            {"hash": closing.seal_id.hash, **json.loads(closing.seal_id.payload)}
            for closing in self.sorted(lambda closing: closing.seal_id.sequence)
        ]

    @api.model
    def _anchors(self, company):
        """Return what the closings of a company know of its ledger.

        :return: list of (sequence, hash, display name)
        """
        closings = self.sudo().search(Domain("company_id", "=", company.id))
        return [
            (closing.last_sequence, closing.last_hash, closing.display_name)
            for closing in closings
            if closing.last_sequence and not closing._is_altered()
        ]

    def _is_altered(self):
        """Whether the closing is not what was sealed: then it is no witness."""
        differing, sealed, _row = self._compared()
        return bool(sealed and differing)

    def _compared(self):
        """Compare a closing with the line of the ledger that was written with it.

        :return: the keys that differ, the sealed values (empty when there is no such
            line), and the values of the row
        """
        self.ensure_one()
        seal = self.seal_id.exists()
        ours = seal.kind == "closing" and seal.company_id == self.company_id
        sealed = read_payload(seal.payload) if ours else {}
        row = self._sealed_content()
        if sealed:
            # Odoo keeps no empty dictionary.
            sealed = {**sealed, "totals": sealed.get("totals") or {}}
        row["sealed_on"] = self.closed_on and f"{self.closed_on.isoformat()}Z"
        return [key for key in row if row[key] != sealed.get(key)], sealed, row
