from odoo import fields, models


class ProgboxDropboxShareMember(models.TransientModel):
    """Somebody who has access to a folder of Dropbox."""

    _name = "progbox.dropbox.share.member"
    _description = "Access to a Folder of Dropbox"
    _order = "id"

    wizard_id = fields.Many2one(
        "progbox.dropbox.share.wizard", required=True, ondelete="cascade", readonly=True
    )
    name = fields.Char(readonly=True)
    email = fields.Char(string="E-mail", readonly=True)
    access = fields.Selection(
        [
            ("owner", "Owner"),
            ("editor", "May change"),
            ("viewer", "May look"),
        ],
        readonly=True,
    )
    is_pending = fields.Boolean(string="Invited", readonly=True)
    can_revoke = fields.Boolean(readonly=True)

    def action_revoke(self):
        """Take the access away."""
        self.ensure_one()
        return self.wizard_id._revoke(self.email)
