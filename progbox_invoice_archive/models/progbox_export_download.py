from odoo import fields, models
from odoo.exceptions import UserError
from odoo.http import Stream, content_disposition, request

from ..tools.filenames import clean_filename
from .ir_binary import ONE_OPENING
from .progbox_zip import HEADERS


class ProgboxExport(models.Model):
    """Telling that it is ready, and handing it out."""

    _inherit = "progbox.export"

    has_content = fields.Boolean(compute="_compute_has_content")

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
        self._check_download()
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

    def _serve(self):
        """Return the zip, or the range of it that is asked for.

        :rtype: odoo.http.Response
        :raise AccessError: see :meth:`_check_download`
        :raise UserError: when it is not built yet, or not kept any more
        """
        self._check_download()
        self._check_is_there()
        path = self._progbox_build().zip
        if request.httprequest.method != "HEAD":
            self._log_download(request.httprequest.headers.get("Range"))
        name = f"{clean_filename(self.name)}.zip"
        stream = Stream(
            type="path",
            path=str(path),
            mimetype="application/zip",
            download_name=name,
            etag=f"progbox-export-{self.id}-{path.stat().st_mtime_ns}",
            last_modified=path.stat().st_mtime,
            size=path.stat().st_size,
        )
        response = stream.get_response(as_attachment=True)
        response.headers.update(HEADERS)
        response.headers["Content-Disposition"] = content_disposition(name)
        return response

    def _log_download(self, requested_range):
        """Write down that the zip is fetched, unless it is a download that goes on.

        :param str requested_range: header of the request, if it asks for a part only
        """
        count = self.env._("%(count)s in a zip", count=self.document_count)
        note = f"{count}: {self.name}"
        companies = self.sudo().company_ids.with_env(self.env)
        if not requested_range or not self.env["progbox.access.log"]._has_recent(
            ("download",),
            ONE_OPENING,
            self.sudo().share_id,
            company_id=companies[:1].id,
            note=note,
        ):
            self.env["progbox.zip"]._log_zip(
                companies, self._wanted(), self.document_count, self.folder_id, note
            )
