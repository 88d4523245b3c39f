"""Zips on their way to the browser: sent while they are made, or from the disk."""

from werkzeug.http import parse_content_range_header

from odoo.http import (
    Controller,
    Response,
    Stream,
    content_disposition,
    request,
    route,
)

from ..models.zip_handover import ZipHandover
from ..tools.filenames import clean_filename
from ..tools.web_request import current_request

# Out of caches, frames and search engines.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class ZipFiles(Controller):
    """Where the browser fetches zips: with plain GETs, whose progress it shows."""

    @route("/progbox/zip/<int:ticket_id>", type="http", auth="user")
    def zip_of_ticket(self, ticket_id):
        ticket = request.env["progbox.zip.ticket"].browse(ticket_id)
        with request.env["progbox.zip"]._refusals_logged(ticket):
            companies, domain, stem = ticket._redeem()
            zips = request.env["progbox.zip"]
            zips = zips.with_context(allowed_company_ids=companies.ids)
            package = zips._zip_package(companies, domain)
            return zip_response(zips, companies, package, stem)

    @route("/progbox/zip/folder/<int:folder_id>", type="http", auth="user")
    def zip_of_folder(self, folder_id):
        folder = request.env["progbox.folder"].browse(folder_id)
        with request.env["progbox.zip"]._refusals_logged(folder):
            return self._zip_of_folder(folder)

    def _zip_of_folder(self, folder):
        folder.check_access("read")
        company = folder.company_id or request.env.company
        domain = folder._documents_domain()
        zips = request.env["progbox.zip"].with_context(allowed_company_ids=company.ids)
        stem = folder._zip_stem()
        if zips._is_direct(zips._measure(company, domain)):
            package = zips._zip_package(company, domain, folder)
            return zip_response(zips, company, package, stem)
        export = zips._queue_zip(company, domain, stem, folder)
        return request.redirect(export._url())

    @route("/progbox/export/<int:export_id>", type="http", auth="user")
    def zip_of_export(self, export_id):
        export = request.env["progbox.export"].browse(export_id)
        with request.env["progbox.zip"]._refusals_logged(export):
            return built_zip_response(export)


def zip_response(zips, companies, package, stem, whole=None):
    """Return the response that streams a zip while it is made.

    :param zips: ``progbox.zip``, in the environment of whoever gets it
    :param res.company companies: whose documents are in it
    :param Package package: finished
    :param str stem: name of the zip, as people write it, without extension
    :param whole: function that is called with ``progbox.zip`` when all of it is sent
    :rtype: odoo.http.Response
    """

    def handed_over(zips):
        zips._handed_over(package)
        if whole:
            whole(zips)

    handover = ZipHandover(zips, companies, handed_over)
    is_head = current_request().is_head
    size = package.zip_size
    return Response(
        [] if is_head else handover.watch(package.zip_stream(), size),
        headers={
            **HEADERS,
            "Content-Type": "application/zip",
            "Content-Disposition": content_disposition(f"{clean_filename(stem)}.zip"),
            "Content-Length": size,
        },
        direct_passthrough=True,
    )


def built_zip_response(export):
    """Return the response that sends a built zip, or the range that is asked for.

    :param progbox.export export: with the rights of whoever fetches it
    :rtype: odoo.http.Response
    :raise AccessError: for anybody whom it was not built for
    :raise UserError: when it is not built yet, or not kept any more
    """
    path = export._fetch()
    found = path.stat()
    name = f"{clean_filename(export.name)}.zip"
    stream = Stream(
        type="path",
        path=str(path),
        mimetype="application/zip",
        download_name=name,
        etag=f"progbox-export-{export.id}-{found.st_mtime_ns}",
        last_modified=found.st_mtime,
        size=found.st_size,
    )
    response = stream.get_response(as_attachment=True)
    response.headers.update(HEADERS)
    response.headers["Content-Disposition"] = content_disposition(name)
    if not current_request().is_head:
        _watch(response, export, found.st_size)
    return response


def _watch(response, export, size):
    """Have it written down when the end of a built zip has been sent.

    :param odoo.http.Response response: of the zip, or of a part of it
    :param progbox.export export: that it is of
    :param int size: of the whole zip
    """
    zips = export.env["progbox.zip"]
    if "X-Accel-Redirect" in response.headers:
        # nginx sends the file: Odoo hears nothing of it any more.
        export._arrived(zips)
        return
    is_part = response.status_code == 206
    span = parse_content_range_header(response.headers.get("Content-Range"))
    has_end = not is_part or span.stop == size
    if response.status_code not in (200, 206) or not has_end:
        return
    handover = ZipHandover(zips, export.sudo().company_ids, export._arrived)
    handover.tells_break = not is_part
    response.response = handover.watch(response.response, response.content_length)
