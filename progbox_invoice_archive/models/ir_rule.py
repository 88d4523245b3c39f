import logging

from odoo import models

from .ir_default import OURS

_logger = logging.getLogger(__name__)


class IrRule(models.Model):
    """Keeps names of what is refused out of the refusal.

    In debug mode, which anybody can switch on, Odoo lists what a user may not see: the
    name of a contract, or of a folder, is all that some want to know.
    """

    _inherit = "ir.rule"

    def _make_access_error(self, operation, records):
        names = self.env.user.has_group("base.group_no_one")
        if names and records._name.startswith(OURS):
            # Odoo writes the same line, of the records that it gets.
            _logger.info(
                "Access denied by record rules for operation: %s on record ids: %r, "
                "uid: %s, model: %s",
                operation,
                records.ids[:6],
                self.env.uid,
                records._name,
            )
            records = records.browse()
        return super()._make_access_error(operation, records)
