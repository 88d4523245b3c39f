from odoo import fields, models


class ProgboxShareDelivery(models.Model):
    """Which documents a recipient has taken along, so that the next are "new".

    One line per document. A mark such as "up to number 120" would lose a document
    that another worker began before the mark was set and finished after it.
    """

    _name = "progbox.share.delivery"
    _inherit = "progbox.append.only"
    _description = "Document Taken Along"
    _log_access = False

    share_id = fields.Many2one(
        "progbox.share", required=True, readonly=True, ondelete="cascade"
    )
    # No foreign key: its check would lock each row of the archive.
    document_ref = fields.Integer(
        string="Document ID", required=True, readonly=True, aggregator=None
    )
    taken_on = fields.Datetime(required=True, readonly=True)

    _document_unique = models.UniqueIndex("(share_id, document_ref)")
    _taken_idx = models.Index("(share_id, taken_on)")

    def _refusal(self):
        return self.env._("What was taken along is written by the server alone.")
