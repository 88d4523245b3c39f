"""The server's half of resumable uploads (tus 1.0): takes in the bytes of one file.

Nothing is written to the database here: Odoo repeats a request that has met another
transaction, and of a repeated request the body is gone.
"""

import errno

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from odoo.http import Controller, request, route

from odoo.addons.progbox_invoice_archive.models.ir_attachment import FILE_LIMIT

from ..tools.upload_parts import PartBusy, WrongOffset, receive, synced_size

VERSION = "1.0.0"
CONTENT_TYPE = "application/offset+octet-stream"
DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


class Upload(Controller):
    """Where the browser sends files to, piece by piece.

    Open to everybody for Odoo, since it would answer an expired session with the
    login page, which the browser takes for a success: who asks is checked here. The
    header `Tus-Resumable` is demanded of every request that does something: no form
    of another site can send it, so that Odoo's own token is not needed.
    """

    @route(
        "/progbox/upload/<int:upload_id>",
        type="http",
        auth="public",
        methods=["HEAD", "PATCH", "DELETE", "OPTIONS"],
        csrf=False,
        max_content_length=FILE_LIMIT,
    )
    def upload(self, upload_id):
        method = request.httprequest.method
        if method == "OPTIONS":
            return _answer(204, **{"Tus-Extension": "termination"})
        if request.httprequest.headers.get("Tus-Resumable") != VERSION:
            return _answer(412, "This address speaks tus 1.0.0.")
        if not request.session.uid:
            return _answer(401, request.env._("Log in again: the upload goes on."))
        upload = request.env["progbox.upload"]._of_user(upload_id)
        if not upload:
            return _answer(
                404, request.env._("This upload is not known any more: begin again.")
            )
        return {"HEAD": _head, "PATCH": _patch, "DELETE": _delete}[method](upload)


def _head(upload):
    try:
        offset = upload.size if upload.state == "done" else synced_size(upload._path())
    except PartBusy:
        return _busy()
    return _answer(200, **{"Upload-Offset": offset, "Upload-Length": upload.size})


def _patch(upload):
    headers = request.httprequest.headers
    if headers.get("Content-Type") != CONTENT_TYPE:
        return _answer(415, f"Send {CONTENT_TYPE}.")
    offset = headers.get("Upload-Offset", "")
    if not (offset.isascii() and offset.isdecimal()):
        return _answer(400, "Upload-Offset is a number.")
    if not upload._takes_bytes():
        return _answer(409, "All of it is here.")
    path, size, offset = upload._path(), upload.size, int(offset)
    if offset + (request.httprequest.content_length or 0) > size:
        return _answer(413, "This is more than the file has.")
    # No transaction is kept open while a slow client sends.
    request.env.cr.rollback()
    try:
        offset = receive(raw_stream(), path, offset, size)
    except PartBusy:
        return _busy()
    except WrongOffset:
        return _answer(409, "The bytes do not continue what is here.")
    except (ClientDisconnected, ConnectionError, TimeoutError):
        # Or it stood still for longer than Odoo's workers wait: no refusal, then.
        return _answer(408, "The connection was cut.")
    except RequestEntityTooLarge:
        return _answer(413, "This is more than the file has.")
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        return _answer(507, request.env["progbox.upload"]._disk_full_text())
    return _answer(204, **{"Upload-Offset": offset})


def _delete(upload):
    upload._forget()
    return _answer(204)


def _busy():
    return _answer(423, "Another request still writes this file.")


def _answer(status, text="", **headers):
    return request.make_response(
        text,
        headers={
            "Content-Type": "text/plain; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Max-Size": FILE_LIMIT,
            **headers,
        }.items(),
        status=status,
    )


def raw_stream():
    """Return the body of the current request as it comes in.

    Odoo hides it, and offers `get_data()` instead, which holds all of a request in
    memory and loses all of one that is cut.
    """
    # pylint: disable-next=protected-access
    return request.httprequest._HTTPRequest__wrapped.stream
