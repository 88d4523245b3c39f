from odoo import fields, models


class ProgboxDocumentEvent(models.Model):
    """What happened to a document outside of the archive, and by whom."""

    _name = "progbox.document.event"
    _description = "History of a Document"
    _order = "id desc"

    document_id = fields.Many2one(
        "progbox.document", required=True, index=True, ondelete="cascade"
    )
