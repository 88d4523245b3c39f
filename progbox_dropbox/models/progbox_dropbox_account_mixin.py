from odoo import api, fields, models
from odoo.fields import Domain


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

    @api.model
    def _of_sending_accounts(self):
        """Return the domain of what belongs to accounts that may send now."""
        accounts = self.env["progbox.dropbox.account"]
        return Domain("account_id", "in", accounts._sending(fields.Datetime.now()).ids)
