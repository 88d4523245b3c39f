"""What documents look like, for cards: a picture too small to read them by."""

import tempfile
from pathlib import Path
from threading import BoundedSemaphore

from odoo.exceptions import AccessError
from odoo.http import Controller, Response, request, route

from ..tools.pdf.first_page import first_page_picture
from .zip_files import HEADERS

# It never changes, and the address of another file is another one. Only for a day, and
# for the session that has asked: a right may be taken away.
KEPT = {"Cache-Control": "private, max-age=86400, immutable", "Vary": "Cookie"}
# A file that cannot be drawn is not tried again at each look; a server that was busy
# has time later.
NOT_NOW = {"Cache-Control": "private, max-age=600", "Vary": "Cookie"}
# Bytes: a first page is not worth reading more, for which some storages copy the file.
LARGEST = 20_000_000
# At a time, in a process: pictures must leave memory and processors to the work.
PAINTERS = BoundedSemaphore(2)
BUSY = {**HEADERS, "Retry-After": "5"}


class FirstPage(Controller):
    """No line of the access log: nobody has opened the document."""

    @route(
        "/progbox/document/<int:document_id>/first_page",
        type="http",
        auth="user",
        readonly=True,
    )
    def first_page(self, document_id, **_unique):
        """Send a JPEG of the first page of a PDF; no content where there is none.

        Where others are being drawn, the card keeps its icon.
        """
        if not request.env.user._is_internal():
            raise AccessError(request.env._("Only employees see first pages."))
        document = request.env["ir.binary"]._find_record(
            res_model="progbox.document", res_id=document_id, field="content"
        )
        if not PAINTERS.acquire(blocking=False):
            return Response(status=503, headers=BUSY)
        try:
            picture = self._picture(document)
        finally:
            PAINTERS.release()
        if not picture:
            return Response(status=204, headers={**HEADERS, **NOT_NOW})
        headers = {**HEADERS, **KEPT}
        return Response(picture, mimetype="image/jpeg", headers=headers)

    def _picture(self, document):
        attachment = document._content_attachment()
        is_small_pdf = (
            document.mimetype == "application/pdf" and document.size <= LARGEST
        )
        if not attachment or not is_small_pdf:
            return b""
        with tempfile.TemporaryDirectory() as folder:
            path = attachment._progbox_local_path(Path(folder) / "file.pdf")
            return first_page_picture(path, folder)
