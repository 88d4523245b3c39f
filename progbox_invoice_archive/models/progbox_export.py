import tempfile
from datetime import timedelta
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..exceptions import JobError
from ..tools.package.build import PackageBuild, partial_folder, remove_tree
from ..tools.package.entry import FileChanged
from ..tools.plural import counted, format_integer
from ..tools.web_request import current_request
from .export_audience import Requester, ShareVisitor
from .ir_binary import ONE_OPENING
from .progbox_job_mixin import OPEN_STATES

# A built file is a second copy of the documents: it does not stay for long.
KEPT_FOR = timedelta(days=7)

DIRECTORY_PARAMETER = "progbox_invoice_archive.export_directory"

# The screen shows this many problems, PROBLEMS.txt all of them.
SHOWN_PROBLEMS = 50


class ProgboxExport(models.Model):
    """Documents for somebody who takes them away: built in the background.

    What is built survives a killed worker; what a worker leaves is taken up by the
    next. For whom it is decides who may fetch it: see export_audience.py.
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
    has_content = fields.Boolean(compute="_compute_has_content")
    share_id = fields.Many2one(
        "progbox.share", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    share_part = fields.Char(readonly=True)

    @api.depends("position", "total", "state")
    @api.depends_context("lang")
    def _compute_progress(self):
        for export in self:
            share = export.position / export.total if export.total else 0
            export.progress = 100 if export.state == "done" else 100 * share
            export.progress_text = export.total and counted(
                self.env,
                self.env._(
                    "%(position)s of %(count)s file|%(position)s of %(count)s files"
                ),
                export.total,
                position=format_integer(self.env, export.position),
            )

    @api.depends("done_on", "target", "state")
    def _compute_expires_on(self):
        for export in self:
            is_zip = export.state == "done" and export.target == "zip"
            export.expires_on = is_zip and export.done_on + KEPT_FOR

    # ------------------------------------------------------------------
    # Asking for an export
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        exports = super().create(vals_list)
        for export in exports:
            # A database that was put back to an earlier day gives numbers again: what
            # is on the disk under this one was built for somebody else.
            remove_tree(export._progbox_build().folder)
        return exports

    @api.model
    def _request_export(self, folder, target, directory=None):
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
        return self._enqueue_request(
            {
                "kind": "evidence",
                "target": target,
                "name": folder._zip_stem(),
                "company_ids": (folder.company_id or self.env.company).ids,
                "folder_id": folder.id,
                "domain": [("folder_id", "child_of", folder.id)],
                "directory": target == "folder" and directory,
            }
        )

    # ------------------------------------------------------------------
    # For whom
    # ------------------------------------------------------------------

    def _audience(self):
        """Return for whom it is: what they may read, and how they are told.

        :rtype: Requester
        """
        self.ensure_one()
        return ShareVisitor(self) if self.sudo().share_id else Requester(self)

    def _requested_companies(self):
        return self.sudo().company_ids

    def _as_requester(self):
        share = self.sudo().share_id
        if not share:
            return super()._as_requester()
        # Whoever receives a share has no rights on any model: the share decides.
        return (
            self.with_user(self.create_uid)
            .sudo()
            .with_context(
                lang=share._language(),
                allowed_company_ids=share.company_id.ids,
                progbox_share=share,
            )
        )

    def _job_language(self):
        # What goes wrong is told to whoever shares.
        share = self.sudo().share_id
        return share.create_uid.lang if share else super()._job_language()

    def _notify(self, message, kind):
        if share := self.sudo().share_id:
            # Whoever shares can do something about it; whoever receives cannot.
            self = self.with_user(share.create_uid)
        return super()._notify(message, kind)

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

    # ------------------------------------------------------------------
    # Building: what a killed worker has written, or one whose time is up, stays
    # ------------------------------------------------------------------

    def _job_steps(self):
        requester = self._as_requester()
        requester._audience().check_requester()
        build = self._progbox_build()
        begin = self.position
        if not build.is_planned:
            requester._plan(build)
            begin = 0
            yield {**build.facts, "position": begin}
        # The worker that made the plan may have been killed before it wrote that down.
        facts = build.facts
        try:
            for position in self._write(build, facts, begin):
                yield {**facts, "position": position}
        except FileChanged as error:
            raise JobError(
                self.env._("A file changed while it was exported."), str(error)
            ) from error
        # Somebody may have lost the right since it began.
        requester._audience().check_requester()
        # Not yielded: nothing is left to do for another run.
        self._job_write({**facts, "position": facts["total"], **self._measured(build)})

    def _write(self, build, facts, position):
        reader = self.env["progbox.package"]._reader()
        if self.target == "zip":
            return build.write_zip(reader, position)
        folder = Path(facts["directory"])
        self._checked_directory(str(folder.parent))
        return build.write_folder(folder, reader, position)

    def _measured(self, build):
        if self.target == "zip":
            return {"size": build.zip.stat().st_size}
        return {}

    def _plan(self, build):
        """Write down what shall be in it, as its requester may read it.

        :param PackageBuild build: not planned yet
        """
        packages, zips = self.env["progbox.package"], self.env["progbox.zip"]
        companies = self.sudo().company_ids.with_env(self.env)
        wanted, is_evidence = self._audience().wanted(), self.kind == "evidence"
        package = packages._package(companies, wanted, hides=is_evidence)
        # In this transaction, both see the same documents.
        found = zips._found(companies, wanted).ids
        if not (found or is_evidence):
            # There were some when it was asked for: they are gone, or the right is.
            raise UserError(zips._nothing_text())
        build.list_documents(found=found, packed=[entry.key for entry in package.files])
        with tempfile.TemporaryDirectory(prefix="progbox-") as temporary:
            if is_evidence:
                packages._add_evidence(package, companies, Path(temporary))
            packages._finish(package)
            build.make_plan(
                package,
                {
                    "document_count": len(package.files),
                    "found_count": len(found),
                    "problem_count": len(package.problems),
                    "problems": "\n".join(package.problems[:SHOWN_PROBLEMS]),
                    "size": package.size,
                    "total": len(package.entries),
                    **self._place(),
                },
            )

    def _place(self):
        """Return where the folder will be, when it is to be one."""
        if self.target == "zip":
            return {}
        directory = self._checked_directory(self.directory)
        name, number = self.name, 1
        folder = directory / name
        while folder.exists() or partial_folder(folder).exists():
            number += 1
            folder = directory / f"{name} ({number})"
        return {"directory": str(folder)}

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
    # The end
    # ------------------------------------------------------------------

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        for export in self:
            if state == "done":
                self._progbox_after_commit(export._progbox_build().clean_up)
                requester = export._as_requester()
                requester._log_built()
                requester._audience().notify_ready()
            else:
                export._discard()
            export._audience().finished()
        return result

    def _job_on_error(self):
        # The next attempt begins anew, with what is there by then.
        self._discard()
        return super()._job_on_error()

    def _log_built(self):
        """Write down that the archive leaves Odoo; a zip of documents does not yet."""
        if self.kind == "evidence":
            self.env["progbox.access.log"]._log(
                "export",
                folder=self.folder_id,
                note=counted(
                    self.env,
                    self.env._(
                        "%(count)s document, %(target)s|%(count)s documents, %(target)s"
                    ),
                    self.document_count,
                    target=self.directory or "zip",
                ),
            )

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def _progbox_build(self):
        """Return what is being built, or has been.

        :rtype: PackageBuild
        """
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        return PackageBuild(staging / f"export-{self.id}")

    def _discard(self):
        """Remove what is on the disk, once nothing can come back to it."""
        build = self._progbox_build()
        if build.is_planned and self.target == "folder":
            partial = partial_folder(Path(build.facts["directory"]))
            self._progbox_after_commit(lambda: remove_tree(partial))
        self._progbox_after_commit(lambda: remove_tree(build.folder))

    @api.model
    def _progbox_after_commit(self, function):
        self.env.cr.postcommit.add(function)

    @api.autovacuum
    def _gc_exports(self):
        """Remove the built files that have been kept long enough."""
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        folders = {
            int(folder.name.removeprefix("export-")): folder
            for folder in staging.glob("export-*")
        }
        exports = self.sudo().browse(folders).exists()
        now = fields.Datetime.now()
        kept = exports.filtered(
            lambda export: (
                export.state in OPEN_STATES
                or (export.expires_on and export.expires_on > now)
            )
        )
        for export_id in set(folders) - set(kept.ids):
            remove_tree(folders[export_id])

    # ------------------------------------------------------------------
    # Telling that it is ready, and handing it out
    # ------------------------------------------------------------------

    def _compute_has_content(self):
        now = fields.Datetime.now()
        for export in self:
            export.has_content = (
                bool(export.expires_on)
                and export.expires_on > now
                and export._progbox_build().zip.exists()
            )

    def action_download(self):
        """Download the zip; an interrupted download can be taken up again."""
        self.ensure_one()
        self._audience().check_download()
        self._check_is_there()
        return {
            "type": "ir.actions.act_url",
            "url": f"/progbox/export/{self.id}",
            "target": "self",
        }

    def _check_is_there(self):
        if not self.has_content:
            raise UserError(
                self.env._("The zip is not there any more. Export again to have it.")
            )

    def _fetch(self):
        """Return the path of the zip for whoever fetches it, and write that down.

        :rtype: Path
        :raise AccessError: see :meth:`Requester.check_download`
        :raise UserError: when it is not built yet, or not kept any more
        """
        self._audience().check_download()
        self._check_is_there()
        asked = current_request()
        if not asked.is_head:
            self._audience().log_environment()._log_download(asked.has_range)
        return self._progbox_build().zip

    def _listed(self, name):
        """Return which documents it is about, None when that is not known.

        :param str name: "found" for those that were asked for, "packed" for those in it
        :return: set of ids
        """
        return self._progbox_build().listed(name)

    def _arrived(self, zips):
        """Remember that all of the zip has been fetched.

        :param zips: ``progbox.zip``, in the environment of whoever has it now
        """
        export = self.with_env(zips.env)
        share = zips.env["progbox.share"]._visited()
        if share and share == export.sudo().share_id:
            share._deliver(Domain("id", "in", list(export._listed("packed") or ())))

    def _log_download(self, has_range):
        """Write down that the zip is fetched, unless it is a download that goes on.

        :param bool has_range: whether a part of it is asked for
        """
        count = self.env._("%(count)s in a zip", count=self.document_count)
        note = f"{count}: {self.name}"
        companies = self.sudo().company_ids.with_env(self.env)
        if not has_range or not self.env["progbox.access.log"]._has_recent(
            ("download",),
            ONE_OPENING,
            self.sudo().share_id,
            company_id=companies[:1].id,
            note=note,
        ):
            self.env["progbox.zip"]._log_zip(
                companies,
                self._audience().wanted(),
                self.document_count,
                self.folder_id,
                note,
            )

    def _first_problems(self):
        """Return what a page says of the files that this zip lacks, or None."""
        return self.env["progbox.share"]._problems_shown(
            self.has_content and self.problem_count,
            (self.problems or "").splitlines(),
        )
