from odoo import fields, models


class ProgboxGeneralFolder(models.TransientModel):
    """Sets up a general folder: what it is called, and who sees it."""

    _name = "progbox.general.folder"
    _description = "General Folder"

    folder_id = fields.Many2one("progbox.folder", readonly=True, ondelete="cascade")
    name = fields.Char(required=True)
    group_ids = fields.Many2many(
        "res.groups",
        string="Open To",
        help="Who reads and changes what is in the folder. Empty for everybody inside "
        "the company.",
    )

    def action_apply(self):
        """Make the folder, or change it."""
        self.ensure_one()
        if self.folder_id:
            self.folder_id.progbox_rename(self.name)
            self.folder_id.progbox_open_to(self.group_ids.ids)
        else:
            self.env["progbox.folder"].progbox_add_general(
                self.name, self.group_ids.ids
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}
