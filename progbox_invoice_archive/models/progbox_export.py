import tempfile
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..exceptions import JobError
from ..tools.filenames import clean_filename
from ..tools.package import FileChanged
from ..tools.staging import StagedFile

CRON = "progbox_invoice_archive.ir_cron_export"
DIRECTORY_PARAMETER = "progbox_invoice_archive.export_directory"
MANAGER_GROUP = "progbox_invoice_archive.group_archive_manager"
# A built file is a second copy of the archive: it does not stay for long.
KEPT_FOR = timedelta(days=7)
# The screen shows this many problems, PROBLEMS.txt all of them.
SHOWN_PROBLEMS = 50


class Built(NamedTuple):
    """What an export has become: a staged zip, or the name of a folder."""

    staged: StagedFile | None
    folder: str | None
    values: dict


class ProgboxExport(models.Model):
    """One export of the archive: built in the background, kept for some days."""

    _name = "progbox.export"
    _inherit = "progbox.job.mixin"
    _description = "Export of the Archive"
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    folder_id = fields.Many2one(
        "progbox.folder", required=True, readonly=True, index=True, ondelete="cascade"
    )
    target = fields.Selection(
        [("zip", "Zip to download"), ("folder", "Folder on the server")],
        required=True,
        readonly=True,
    )
    directory = fields.Char(
        string="Directory on the Server",
        readonly=True,
        help="Where the folder is made; when it is done, the folder itself.",
    )
    content = fields.Binary(string="Zip", attachment=True, readonly=True)
    has_content = fields.Boolean(compute="_compute_has_content")
    # No integer: it would end at 2 GB.
    size = fields.Float(
        string="Size (bytes)", digits=(20, 0), readonly=True, aggregator=None
    )
    document_count = fields.Integer(string="Documents", readonly=True, aggregator=None)
    problem_count = fields.Integer(string="Problems", readonly=True, aggregator=None)
    problems = fields.Text(
        string="What Is Missing", readonly=True, help="All of it is in PROBLEMS.txt."
    )
    expires_on = fields.Datetime(
        string="Kept Until",
        compute="_compute_expires_on",
        help="Afterwards the zip is removed from the server. Export again to have it.",
    )

    def _compute_has_content(self):
        files = (
            self.env["ir.attachment"]
            .sudo()
            ._read_group(
                self._content_domain() & Domain("res_id", "in", self.ids), ["res_id"]
            )
        )
        with_content = {res_id for [res_id] in files}
        for export in self:
            export.has_content = export.id in with_content

    @api.depends("done_on", "target", "state")
    def _compute_expires_on(self):
        for export in self:
            is_zip = export.state == "done" and export.target == "zip"
            export.expires_on = is_zip and export.done_on + KEPT_FOR

    @api.model
    def _content_domain(self):
        return Domain("res_model", "=", self._name) & Domain(
            "res_field", "=", "content"
        )

    # ------------------------------------------------------------------
    # Asking for an export
    # ------------------------------------------------------------------

    @api.model
    def _request(self, folder, target, directory=None):
        """Queue the export of a folder and all that is under it.

        :param progbox.folder folder: of a company of the user
        :param str target: a key of the field ``target``
        :param str directory: on the server, for the target "folder"
        :rtype: progbox.export
        :raise AccessError: for anybody but an archive manager of the company
        :raise UserError: when there is no such directory, or it is not allowed
        """
        self._check_manager()
        folder.check_access("read")
        if target == "folder":
            directory = str(self._checked_directory(directory))
        export = self.sudo().create(
            {
                "name": f"{folder.company_id.name}, {folder.display_name}",
                "company_id": folder.company_id.id,
                "folder_id": folder.id,
                "target": target,
                "directory": target == "folder" and directory,
            }
        )
        self._job_trigger()
        return export.with_env(self.env)

    def _check_manager(self):
        if not self.env.user.has_group(MANAGER_GROUP):
            raise AccessError(
                self.env._("Only an archive manager exports the archive.")
            )

    @api.model
    def _checked_directory(self, directory):
        """Return a directory of the server that exports may be written to.

        :param str directory: as a person typed it; relative to the allowed one
        :rtype: Path
        :raise UserError: for everything outside of the one the parameter names
        """
        allowed = self.env["ir.config_parameter"].sudo().get_param(DIRECTORY_PARAMETER)
        if not allowed or not Path(allowed).is_absolute():
            raise UserError(
                self.env._(
                    "No directory is set up for exports. An administrator names it, "
                    "with its full path, in the system parameter %(parameter)s.",
                    parameter=DIRECTORY_PARAMETER,
                )
            )
        # Resolved: neither ".." nor a symbolic link leads out.
        base = Path(allowed).resolve()
        path = (base / (directory or "").strip()).resolve()
        if not path.is_relative_to(base):
            raise UserError(
                self.env._(
                    "Exports are written inside of %(directory)s only.", directory=base
                )
            )
        if not path.is_dir():
            raise UserError(
                self.env._("There is no directory %(directory)s.", directory=path)
            )
        return path

    # ------------------------------------------------------------------
    # Building
    # ------------------------------------------------------------------

    @api.model
    def _job_leader(self):
        return self.env.ref(CRON).sudo()

    def _job_language(self):
        return self.create_uid.lang

    def _job_prepare(self):
        with tempfile.TemporaryDirectory(prefix="progbox-") as temporary:
            try:
                return self._as_requester()._build(Path(temporary))
            except FileChanged as error:
                raise JobError(
                    self.env._("A file changed while it was exported."), str(error)
                ) from error

    def _as_requester(self):
        """Return the export as the person sees it who asked for it."""
        return self.with_user(self.create_uid).with_context(
            lang=self.create_uid.lang, allowed_company_ids=self.company_id.ids
        )

    def _build(self, temporary):
        """Write the zip or the folder.

        :param Path temporary: folder that is gone afterwards
        :rtype: Built
        """
        self._check_manager()
        packages = self.env["progbox.package"]
        package = packages._package(
            self.company_id, Domain("folder_id", "child_of", self.folder_id.id)
        )
        packages._add_evidence(package, self.company_id, temporary)
        packages._finish(package)
        values = {
            "document_count": len(package.files),
            "problem_count": len(package.problems),
            "problems": "\n".join(package.problems[:SHOWN_PROBLEMS]),
        }
        if self.target == "folder":
            folder = self._free_folder(self._checked_directory(self.directory))
            package.write_to(folder)
            values |= {"size": package.size, "directory": str(folder)}
            return Built(None, str(folder), values)
        staged = self.env["ir.attachment"]._progbox_stage(package.zip_stream())
        return Built(staged, None, {**values, "size": staged.size})

    def _free_folder(self, directory):
        """Return the path of a folder that is not there yet."""
        name = folder = self._file_stem()
        number = 1
        while (directory / folder).exists():
            number += 1
            folder = f"{name} ({number})"
        return directory / folder

    def _file_stem(self):
        path = " ".join(self.folder_id._path()).lstrip(".")
        return clean_filename(f"{self.company_id.name} {path}")

    def _job_discard(self, prepared):
        if prepared.staged:
            prepared.staged.path.unlink(missing_ok=True)

    def _job_execute(self, prepared):
        if prepared.staged:
            self.env["ir.attachment"]._progbox_adopt(
                prepared.staged,
                {
                    "name": f"{self._file_stem()}.zip",
                    "mimetype": "application/zip",
                    "res_model": self._name,
                    "res_id": self.id,
                    "res_field": "content",
                    "company_id": self.company_id.id,
                },
            )
        self._job_write(prepared.values)
        requester = self._as_requester()
        requester.env["progbox.access.log"]._log(
            "export",
            folder=self.folder_id,
            note=self.env._(
                "%(count)s documents, %(target)s",
                count=self.document_count,
                target=prepared.folder or "zip",
            ),
        )
        requester._notify_ready()

    # ------------------------------------------------------------------
    # Telling
    # ------------------------------------------------------------------

    def _notify_ready(self):
        message = (
            self.env._("%(count)s problems: see the export.", count=self.problem_count)
            if self.problem_count
            else self.env._("The export is ready.")
        )
        self._notify(message, "warning" if self.problem_count else "success")

    def _job_on_error(self):
        if self.state == "failed":
            self._as_requester()._notify(self.error, "danger")

    def _notify(self, message, kind):
        """Tell the requester: on his screen, and in his inbox or by e-mail."""
        user = self.env.user
        user._bus_send(
            "simple_notification",
            {"type": kind, "title": self.name, "message": message, "sticky": True},
        )
        body = Markup('<p>%s</p><p><a href="/odoo/archive-exports/%s">%s</a></p>') % (
            message, self.id, self.name,
        )  # fmt: skip
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=user.partner_id.ids, subject=self.name, body=body
        )

    # ------------------------------------------------------------------
    # Actions, clean-up
    # ------------------------------------------------------------------

    def action_download(self):
        """Download the zip; an interrupted download can be taken up again."""
        self.ensure_one()
        self.check_access("read")
        if not self.has_content:
            raise UserError(
                self.env._("The zip is not there any more. Export again to have it.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/content?download=1",
            "target": "download",
        }

    @api.autovacuum
    def _gc_exports(self):
        """Remove the built files that have been kept long enough."""
        limit = fields.Datetime.now() - KEPT_FOR
        self.env["ir.attachment"].sudo().search(
            self._content_domain() & Domain("create_date", "<", limit)
        ).unlink()
