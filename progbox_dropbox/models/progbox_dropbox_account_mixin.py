from odoo import fields, models


class ProgboxDropboxAccountMixin(models.AbstractModel):
    """What belongs to the Dropbox of one company."""

    _name = "progbox.dropbox.account.mixin"
    _description = "Belongs to a Dropbox Account"

    account_id = fields.Many2one(
        "progbox.dropbox.account",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
