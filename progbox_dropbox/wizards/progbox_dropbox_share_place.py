from odoo import fields, models


class ProgboxDropboxSharePlace(models.TransientModel):
    """A folder of Dropbox that can be shared."""

    _name = "progbox.dropbox.share.place"
    _description = "Folder of Dropbox to Share"
    _order = "id"
    _rec_name = "path"

    wizard_id = fields.Many2one(
        "progbox.dropbox.share.wizard", required=True, ondelete="cascade", readonly=True
    )
    path = fields.Char(required=True, readonly=True)
    document_count = fields.Integer(string="Documents", readonly=True)
    other_count = fields.Integer(
        readonly=True, help="Copies in it of documents that are in other folders."
    )
