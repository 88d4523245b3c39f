from odoo.fields import Domain
from odoo.http import Controller, request, route


class ProgboxZipController(Controller):
    """Where the browser fetches zips: with plain GETs, whose progress it shows."""

    @route("/progbox/zip/<int:ticket_id>", type="http", auth="user")
    def zip_of_ticket(self, ticket_id):
        ticket = request.env["progbox.zip.ticket"].browse(ticket_id)
        with request.env["progbox.zip"]._refusals_logged(ticket):
            return ticket._serve()

    @route("/progbox/zip/folder/<int:folder_id>", type="http", auth="user")
    def zip_of_folder(self, folder_id):
        folder = request.env["progbox.folder"].browse(folder_id)
        with request.env["progbox.zip"]._refusals_logged(folder):
            return self._zip_of_folder(folder)

    def _zip_of_folder(self, folder):
        folder.check_access("read")
        company = folder.company_id
        domain = Domain("folder_id", "child_of", folder.id)
        zips = request.env["progbox.zip"].with_context(allowed_company_ids=company.ids)
        stem = folder._zip_stem()
        if zips._is_direct(zips._measure(company, domain)):
            return zips._serve(company, domain, stem, folder)
        export = zips._request(company, domain, stem, folder)
        return request.redirect(export._url())

    @route("/progbox/export/<int:export_id>", type="http", auth="user")
    def zip_of_export(self, export_id):
        export = request.env["progbox.export"].browse(export_id)
        with request.env["progbox.zip"]._refusals_logged(export):
            return export._serve()
