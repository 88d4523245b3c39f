from odoo.fields import Domain
from odoo.http import Controller, request
from odoo.tools.misc import str2bool

from ..exceptions import NotShared
from ..models.progbox_job_mixin import OPEN_STATES
from ..models.share_parts import part_of
from ..tools.web_request import note_person
from .share_pages import PDF, PICTURES
from .share_problems import keep_problems
from .share_routes import render_page, share_route
from .zip_files import built_zip_response, zip_response

# Seconds after which the page of a zip that is not ready looks again.
LOOK_AGAIN = 10


class ShareFiles(Controller):
    """The files of a share: one document, or a zip of many."""

    @share_route("/file/<int:document_id>")
    def file(self, share, /, document_id, download=False, **_query):
        document = share._document(document_id)
        stream = share.env["ir.binary"]._get_stream_from(document, "content")
        # Whatever could run in a browser is only ever downloaded.
        is_shown = document.mimetype in (PDF, *PICTURES)
        if is_shown:
            stream.mimetype = document.mimetype
        is_saved = not is_shown or str2bool(download or "", False)
        share._log_file(document, "download" if is_saved else "view")
        return stream.get_response(as_attachment=is_saved)

    @share_route("/zip/<string:part>", methods=("GET", "POST"))
    def zip_of_part(self, share, /, part, **_query):
        """Send a zip, or have a large one prepared: that is for the page's button.

        Whoever follows the address gets a zip that can be sent at once, and nothing
        else happens: what is new stays new.
        """
        domain, name = part_of(share, part)
        stem = share._file_stem(name)
        zips = share.env["progbox.zip"]
        inside = share._documents_domain() & domain
        measure = zips._measure(share.company_id, inside)
        is_button = request.httprequest.method == "POST"
        if is_button:
            note_person()
        is_direct = zips._is_direct(measure)
        if not measure.documents or (not is_direct and not is_button):
            return request.redirect(share.env.context["progbox_root"])
        if not is_direct:
            export = share._request_zip(part, stem)
            return request.redirect(
                f"{share.env.context['progbox_root']}/prepared/{export.id}"
            )
        package = zips._zip_package(share.company_id, inside)
        session = request.session

        def arrived(zips):
            visited = zips.env["progbox.share"]._visited()
            if package.problems:
                keep_problems(session, visited, package.problems)
            if is_button:
                visited._deliver(Domain("id", "in", package.sent_keys))

        return zip_response(zips, share.company_id, package, stem, arrived)

    @share_route("/opened", methods=("POST",))
    def opened(self, share, /, **_query):
        """Take note that a browser shows the share to a person."""
        share._confirm_opening()
        return request.make_response("", status=204)

    @share_route("/prepared/<int:export_id>")
    def prepared(self, share, /, export_id, **_query):
        export = self._export(share, export_id)
        is_waiting = export.state in OPEN_STATES
        response = render_page(
            share,
            "portal_archive_prepared",
            export=export,
            is_waiting=is_waiting,
            problems=export._first_problems(),
            title=export.name,
            crumbs=[(export.name, None)],
        )
        if is_waiting:
            response.headers["Refresh"] = LOOK_AGAIN
        return response

    @share_route("/prepared/<int:export_id>/file")
    def prepared_file(self, share, /, export_id, **_query):
        export = self._export(share, export_id)
        if not export.has_content:
            # The page of the zip says why.
            return request.redirect(
                f"{share.env.context['progbox_root']}/prepared/{export.id}"
            )
        return built_zip_response(export)

    def _export(self, share, export_id):
        export = share.env["progbox.export"].browse(export_id).exists()
        if not export or export.share_id != share:
            raise NotShared(share, "zip", export_id)
        return export
