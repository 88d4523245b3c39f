"""What documents look like, for cards: a picture too small to read them by."""

import tempfile
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.http import Controller, Response, request, route

from ..tools.pdf.first_page import first_page_picture
from .zip_files import HEADERS

# It never changes, and the address of another file is another one.
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}


class FirstPage(Controller):
    """No line of the access log: nobody has opened the document."""

    @route(
        "/progbox/document/<int:document_id>/first_page",
        type="http",
        auth="user",
        readonly=True,
    )
    def first_page(self, document_id, **_unique):
        """Send a JPEG of the first page of a PDF; no content where there is none."""
        if not request.env.user._is_internal():
            raise AccessError(request.env._("Only employees see first pages."))
        document = request.env["ir.binary"]._find_record(
            res_model="progbox.document", res_id=document_id, field="content"
        )
        if picture := self._picture(document):
            return Response(picture, mimetype="image/jpeg", headers={**HEADERS, **KEPT})
        return Response(status=204, headers=HEADERS)

    def _picture(self, document):
        attachment = document._content_attachment()
        if not attachment or document.mimetype != "application/pdf":
            return b""
        with tempfile.TemporaryDirectory() as folder:
            path = attachment._progbox_local_path(Path(folder) / "file.pdf")
            return first_page_picture(path, folder)
