"""What the running request says of who asks, for the models.

Models know nothing of HTTP: they ask here, and this imports none of them.
"""

from typing import NamedTuple

from odoo.http import request
from odoo.tools.misc import str2bool


class Visit(NamedTuple):
    """One request.

    :param int uid: the user of the session, None for a stranger
    :param str address: the IP address that it comes from
    :param bool is_look: it asks for the headers alone
    :param bool is_piece: it asks for a part of a file
    :param bool is_download: it asks for the file to be saved, not to be shown
    """

    uid: int | None
    address: str
    is_look: bool
    is_piece: bool
    is_download: bool


def current_visit():
    """Return the visit that is being answered, None outside of a request."""
    if not request:
        return None
    # Odoo sets the parameters when it has found the route.
    params = getattr(request, "params", {})
    return Visit(
        uid=request.env.uid,
        address=request.httprequest.remote_addr,
        is_look=request.httprequest.method == "HEAD",
        is_piece="Range" in request.httprequest.headers,
        is_download=str2bool(params.get("download") or "", False),
    )
