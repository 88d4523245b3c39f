from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

# A built file is a second copy of the documents: it does not stay for long.
KEPT_FOR = timedelta(days=7)


class ProgboxExport(models.Model):
    """Documents for somebody who takes them away: built in the background.

    How it is built is in progbox_export_build.py, how it is fetched in
    progbox_export_download.py. To extend: :meth:`_as_requester`,
    :meth:`_check_requester`, :meth:`_check_download`, :meth:`_notify_ready`.
    """

    _name = "progbox.export"
    _inherit = "progbox.requested.job.mixin"
    _description = "Export of Documents"
    _order = "id desc"
    _job_cron = "progbox_invoice_archive.ir_cron_export"

    name = fields.Char(required=True, readonly=True)
    kind = fields.Selection(
        [("zip", "Documents"), ("evidence", "Documents and evidence")],
        required=True,
        readonly=True,
        help="With evidence: the ledger, the closings and how to check them.",
    )
    target = fields.Selection(
        [("zip", "Zip to download"), ("folder", "Folder on the server")],
        required=True,
        readonly=True,
    )
    company_ids = fields.Many2many(
        "res.company", string="Companies", required=True, readonly=True
    )
    folder_id = fields.Many2one(
        "progbox.folder",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Set when it is all that is in and under this folder.",
    )
    domain = fields.Json(required=True, readonly=True, groups="base.group_system")
    directory = fields.Char(
        string="Directory on the Server",
        readonly=True,
        help="Where the folder is made; when it is done, the folder itself.",
    )
    position = fields.Integer(string="Files Written", readonly=True, aggregator=None)
    total = fields.Integer(string="Files to Write", readonly=True, aggregator=None)
    progress = fields.Float(compute="_compute_progress")
    progress_text = fields.Char(string="Files So Far", compute="_compute_progress")
    # No integer: it would end at 2 GB.
    size = fields.Float(
        string="Size (bytes)", digits=(20, 0), readonly=True, aggregator=None
    )
    document_count = fields.Integer(string="Documents", readonly=True, aggregator=None)
    # Those whose files are lost included: what was asked for has not changed as long as
    # it is the same.
    found_count = fields.Integer(
        string="Documents Found", readonly=True, aggregator=None
    )
    problem_count = fields.Integer(string="Problems", readonly=True, aggregator=None)
    problems = fields.Text(
        string="What Is Missing", readonly=True, help="All of it is in PROBLEMS.txt."
    )
    expires_on = fields.Datetime(
        string="Kept Until",
        compute="_compute_expires_on",
        help="Afterwards the zip is removed from the server. Ask again to have it.",
    )

    @api.depends("position", "total", "state")
    @api.depends_context("lang")
    def _compute_progress(self):
        for export in self:
            share = export.position / export.total if export.total else 0
            export.progress = 100 if export.state == "done" else 100 * share
            export.progress_text = export.total and self.env._(
                "%(position)s of %(total)s files",
                position=f"{export.position:,}",
                total=f"{export.total:,}",
            )

    @api.depends("done_on", "target", "state")
    def _compute_expires_on(self):
        for export in self:
            is_zip = export.state == "done" and export.target == "zip"
            export.expires_on = is_zip and export.done_on + KEPT_FOR

    # ------------------------------------------------------------------
    # Asking for an export
    # ------------------------------------------------------------------

    @api.model
    def _request(self, folder, target, directory=None):
        """Queue the export of a folder and all that is under it, with evidence.

        :param progbox.folder folder: of a company of the user
        :param str target: a key of the field ``target``
        :param str directory: on the server, for the target "folder"
        :rtype: progbox.export
        :raise AccessError: for anybody but an archive manager of the company
        :raise UserError: when there is no such directory, or it is not allowed
        """
        self.env.user._check_archive_manager()
        folder.check_access("read")
        if target == "folder":
            directory = str(self._checked_directory(directory))
        return self._enqueue(
            {
                "kind": "evidence",
                "target": target,
                "name": folder._zip_stem(),
                "company_ids": folder.company_id.ids,
                "folder_id": folder.id,
                "domain": [("folder_id", "child_of", folder.id)],
                "directory": target == "folder" and directory,
            }
        )

    # ------------------------------------------------------------------
    # To extend
    # ------------------------------------------------------------------

    def _wanted(self):
        """Return which documents are wanted, as a domain."""
        return Domain(self.sudo().domain)

    def _requested_companies(self):
        return self.sudo().company_ids

    def _check_requester(self):
        """Check that the user of the environment may have these documents, still.

        :raise AccessError: when he has left, lost the right or one of the companies
        """
        user = self.env.user
        if not user.active or self.sudo().company_ids - user.sudo().company_ids:
            raise AccessError(
                self.env._("You may not read the documents of this company any more.")
            )
        self.env["progbox.document"].check_access("read")
        if self.kind == "evidence":
            user._check_archive_manager()

    def _check_download(self):
        """Check that the user of the environment may fetch the zip, now.

        :raise AccessError: for anybody but the person who asked for it, as long as
            he may read the documents
        """
        self.check_access("read")
        if self.env.user != self.create_uid:
            raise AccessError(
                self.env._(
                    "This zip holds what %(user)s may read. Ask for one of your own.",
                    user=self.create_uid.name,
                )
            )
        self._check_requester()

    def _notify_ready(self):
        """Tell the user of the environment that it is there to be fetched."""
        if self.problem_count:
            text = self.env["progbox.zip"]._problems_text(self.problem_count)
            self._notify(text, "warning")
        else:
            self._notify(self.env._("The export is ready."), "success")

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def _job_check_manager(self):
        """Let people steer what they have asked for themselves, too."""
        self.check_access("read")
        others = self.filtered(lambda export: export.create_uid != self.env.user)
        return super()._job_check_manager() if others else None

    def _url(self):
        return f"/odoo/archive-exports/{self.id}"
