from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date


class ProgboxFolder(models.Model):
    """What a folder has to do with its shares."""

    _inherit = "progbox.folder"

    share_count = fields.Integer(
        string="Shares", compute="_compute_share_count", help="Those that are open."
    )

    def _compute_share_count(self):
        counts = dict(
            self.env["progbox.share"]
            .sudo()
            ._read_group(
                Domain("folder_id", "in", self.ids) & Domain("state", "=", "active"),
                ["folder_id"],
                ["__count"],
            )
        )
        for folder in self:
            folder.share_count = counts.get(folder, 0)

    @api.ondelete(at_uninstall=False)
    def _revoke_shares(self):
        self.env["progbox.share"].sudo().search(
            Domain("folder_id", "in", self.ids)
        )._revoke()

    def _recipient_name(self):
        """Return what somebody outside calls this folder.

        Neither the folders above it nor the numbers of the archive's months.
        """
        self.ensure_one()
        path = self._path()
        if not self.locked or not all(name.isdigit() for name in path[1:]):
            return path[-1]
        if len(path) == 1:
            return self.env._("All archived documents")
        if len(path) == 2:
            return path[1]
        month = fields.Date.to_date(f"{path[1]}-{path[2]}-01")
        return format_date(self.env, month, date_format="LLLL y").capitalize()

    def action_share(self):
        """Open the wizard that shares this folder."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_share_wizard_action"
        )
        return {**action, "context": {"default_folder_id": self.id}}

    def action_shares(self):
        """Show the shares of these folders."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_share_action"
        )
        domain = Domain("folder_id", "in", self.ids)
        return {**action, "domain": list(domain), "context": {}}
