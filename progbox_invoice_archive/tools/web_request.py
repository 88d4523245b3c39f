"""What models need to know of the web request that they work for.

The only file outside of the controllers that reads a request: a model asks for these
facts, and never sends an answer itself.
"""

from typing import NamedTuple

from odoo.http import request
from odoo.tools.misc import str2bool

# In the session of whoever is not logged in.
PERSON = "progbox_person"


class WebRequest(NamedTuple):
    """Facts about a request.

    :param address: of whoever asks
    :param user_id: id of the user who is logged in, None for nobody
    :param is_head: whether only the headers are asked for
    :param has_range: whether a part of a file is asked for
    :param is_download: whether the file shall be saved rather than shown
    :param is_seen: whether a person is known to be there: somebody who is logged in, or
        whose browser has said so, see :func:`note_person`
    """

    address: str
    user_id: int | None
    is_head: bool
    has_range: bool
    is_download: bool
    is_seen: bool


def current_request():
    """Return the facts about the current request.

    :rtype: WebRequest, or None outside of one: in a cron, on the command line
    """
    if not request:
        return None
    # Odoo sets the parameters once it has found the route.
    params = getattr(request, "params", {})
    return WebRequest(
        request.httprequest.remote_addr,
        request.env.uid,
        request.httprequest.method == "HEAD",
        "Range" in request.httprequest.headers,
        str2bool(params.get("download") or "", False),
        bool(request.session.uid or request.session.get(PERSON)),
    )


def note_person():
    """Remember that the browser of this session is used by a person."""
    request.session[PERSON] = True
