"""The first page of an archived document, for its card."""

import tempfile
from pathlib import Path

from werkzeug.exceptions import NotFound

from odoo.exceptions import AccessError
from odoo.http import Controller, request, route

from odoo.addons.progbox_invoice_archive.controllers.zip_files import HEADERS
from odoo.addons.progbox_invoice_archive.tools.pdf.first_page import first_page_picture

# So small that nobody reads what is written there: a look at it is no opening of the
# document, and leaves no line in the access log.
WIDTH, HEIGHT = 200, 140
# A file never changes: a new one is a new document. Rights do.
KEPT_SECONDS = 24 * 3600


class FirstPage(Controller):
    @route(
        "/progbox/first_page/<int:document_id>",
        type="http",
        auth="user",
        readonly=True,
    )
    def first_page(self, document_id):
        """Send a small picture of the first page to whoever may read the document."""
        document = request.env["progbox.document"].browse(document_id).exists()
        try:
            document.ensure_one().check_access("read")
        except (AccessError, ValueError) as error:
            raise NotFound() from error
        attachment = document.sudo()._content_attachment()
        with tempfile.TemporaryDirectory() as folder:
            path = attachment._progbox_local_path(Path(folder) / "file.pdf")
            picture = first_page_picture(path, folder, WIDTH, HEIGHT)
        if not picture:
            raise NotFound()
        kept = {"Cache-Control": f"private, max-age={KEPT_SECONDS}"}
        headers = {**HEADERS, "Content-Type": "image/jpeg", **kept}
        return request.make_response(picture, list(headers.items()))
