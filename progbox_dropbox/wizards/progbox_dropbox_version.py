from odoo import fields, models


class ProgboxDropboxVersion(models.TransientModel):
    """One revision of a copy, as Dropbox keeps it."""

    _name = "progbox.dropbox.version"
    _description = "Version of a Copy in Dropbox"
    _order = "id"
    _rec_name = "rev"

    versions_id = fields.Many2one(
        "progbox.dropbox.versions", required=True, ondelete="cascade", readonly=True
    )
    rev = fields.Char(string="Revision", required=True, readonly=True)
    modified_on = fields.Datetime(string="Date", readonly=True)
    size = fields.Float(string="Size (bytes)", digits=(20, 0), readonly=True)
    is_current = fields.Boolean(string="In Dropbox Now", readonly=True)
    is_archived = fields.Boolean(
        string="As Archived",
        readonly=True,
        help="It is, byte for byte, what was sent from the archive.",
    )

    def action_download(self):
        """Download this version, through Odoo."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/progbox/dropbox/version/{self.id}",
            "target": "self",
        }

    def action_restore(self):
        """Make this version the current one in Dropbox."""
        self.ensure_one()
        return self.versions_id._restore(self.rev)

    def _blocks(self):
        """Return the name, the size and the bytes of this version.

        :raise AccessError:
        :raise UserError: when Dropbox does not give it
        """
        self.ensure_one()
        return self.versions_id._blocks(self.rev)
