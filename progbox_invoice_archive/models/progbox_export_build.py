import tempfile
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..exceptions import JobError
from ..tools.package.build import PackageBuild, partial_folder, remove_tree
from ..tools.package.package import FileChanged
from .progbox_job_mixin import OPEN_STATES

DIRECTORY_PARAMETER = "progbox_invoice_archive.export_directory"
# The screen shows this many problems, PROBLEMS.txt all of them.
SHOWN_PROBLEMS = 50


class ProgboxExport(models.Model):
    """Building: what a killed worker has written, or one whose time is up, stays."""

    _inherit = "progbox.export"

    def _job_steps(self):
        requester = self._as_requester()
        requester._check_requester()
        build = self._progbox_build()
        begin = self.position
        if not build.is_planned:
            requester._plan(build)
            begin = 0
            yield {**build.facts, "position": begin}
        # Whoever has made the plan may have died before he could tell.
        facts = build.facts
        try:
            for position in self._write(build, facts, begin):
                yield {**facts, "position": position}
        except FileChanged as error:
            raise JobError(
                self.env._("A file changed while it was exported."), str(error)
            ) from error
        # Somebody may have lost the right since it began.
        requester._check_requester()
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
        wanted, is_evidence = self._wanted(), self.kind == "evidence"
        package = packages._package(companies, wanted, hides=is_evidence)
        with tempfile.TemporaryDirectory(prefix="progbox-") as temporary:
            if is_evidence:
                packages._add_evidence(package, companies, Path(temporary))
            packages._finish(package)
            build.make_plan(
                package,
                {
                    "document_count": len(package.files),
                    "found_count": zips._measure(companies, wanted).documents,
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
                requester._notify_ready()
            else:
                export._discard()
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
                note=self.env._(
                    "%(count)s documents, %(target)s",
                    count=self.document_count,
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
