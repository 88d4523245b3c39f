from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ProgboxExportWizard(models.TransientModel):
    """Asks what to export, and as what."""

    _name = "progbox.export.wizard"
    _description = "Export the Archive"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    scope = fields.Selection(
        [
            ("month", "A Month"),
            ("year", "A Year"),
            ("all", "Everything"),
            ("folder", "This Folder"),
        ],
        string="What",
        required=True,
        default=lambda self: (
            "folder" if self.env.context.get("default_folder_id") else "month"
        ),
    )
    date = fields.Date(
        string="Month or Year",
        default=fields.Date.context_today,
        help="Any day of it.",
    )
    folder_id = fields.Many2one("progbox.folder")
    target = fields.Selection(
        [("zip", "Zip to download"), ("folder", "Folder on the server")],
        string="As",
        required=True,
        default="zip",
    )
    directory = fields.Char(
        string="In the Directory",
        help="Inside of the directory that the administrator has set up for exports. "
        "Empty: in that one.",
    )
    found_id = fields.Many2one("progbox.folder", compute="_compute_found")
    document_count = fields.Integer(string="Documents", compute="_compute_found")
    size = fields.Float(string="Size (bytes)", digits=(20, 0), compute="_compute_found")

    @api.depends("company_id", "scope", "date", "folder_id")
    def _compute_found(self):
        for wizard in self:
            wizard.found_id = folder = wizard._find_folder()
            found = self.env["progbox.zip"]._measure(
                folder.company_id, Domain("folder_id", "child_of", folder.ids)
            )
            wizard.document_count = found.documents
            wizard.size = found.size

    def _find_folder(self):
        """Return the folder that was asked for, empty when there is none."""
        self.ensure_one()
        if self.scope == "folder":
            return self.folder_id
        path = [self.company_id.progbox_archive_folder]
        if self.scope != "all":
            if not self.date:
                return self.folder_id.browse()
            path += [f"{self.date:%Y}", f"{self.date:%m}"][
                : 1 + (self.scope == "month")
            ]
        folders = folder = self.env["progbox.folder"]
        for name in path:
            folder = folders.search(
                Domain("company_id", "=", self.company_id.id)
                & Domain("parent_id", "=", folder.id)
                & Domain("name", "=", name),
                limit=1,
            )
            if not folder:
                break
        return folder

    def action_export(self):
        """Queue the export and open it."""
        self.ensure_one()
        self.env.user._check_archive_manager(self.company_id)
        folder = self._find_folder()
        if not folder:
            raise UserError(self.env._("The archive has nothing for that time."))
        export = self.env["progbox.export"]._request_export(
            folder, self.target, self.directory
        )
        return export._get_records_action()
