from odoo import models


class ProgboxFolder(models.Model):
    """Folders of records: one for each, which appears with its first document."""

    _inherit = "progbox.folder"

    # ------------------------------------------------------------------
    # Folders of records
    # ------------------------------------------------------------------

    def _progbox_of_record(self, record):
        """Return the folder of a record, made with its first document.

        :param record: of a model with the ProGBox tab
        :rtype: progbox.folder
        """
        # A first, plain version, so that the others can work.
        known = self.search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], limit=1
        )
        return known or self.create(
            {
                "name": f"{record._name} {record.id}",
                "res_model": record._name,
                "res_id": record.id,
            }
        )
