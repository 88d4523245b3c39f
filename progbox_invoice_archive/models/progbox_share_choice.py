from odoo import fields, models


class ProgboxShareChoice(models.Model):
    """Which documents a share opens that holds what was there on its day.

    One line per document. A mark such as "up to number 120" would open what is moved
    into the folder later, and what another worker finishes after the mark was set.
    """

    _name = "progbox.share.choice"
    _inherit = "progbox.append.only"
    _description = "Document of a Share"
    _log_access = False

    share_id = fields.Many2one(
        "progbox.share", required=True, readonly=True, ondelete="cascade"
    )
    # No foreign key: its check would lock each row of the archive.
    document_ref = fields.Integer(
        string="Document ID", required=True, readonly=True, aggregator=None
    )

    _document_unique = models.UniqueIndex("(share_id, document_ref)")

    def _refusal(self):
        return self.env._("What a share holds is written by the server alone.")
