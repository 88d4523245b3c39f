"""What models need to know of the web request that they work for.

The only file outside of the controllers that reads a request: a model asks for these
facts, and never sends an answer itself.
"""

from typing import NamedTuple

from odoo.http import request
from odoo.tools.misc import str2bool

# In the session of whoever is not logged in.
PERSON = "progbox_person"
# By share: the digest of the secret with which this visitor has opened it.
LINKS = "progbox_links"
# Where Odoo sends files that are only ever saved.
SAVED = ("/mail/attachment/zip",)


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
        str2bool(params.get("download") or "", False)
        or request.httprequest.path in SAVED,
        bool(request.session.uid or request.session.get(PERSON)),
    )


def note_person():
    """Remember that the browser of this session is used by a person."""
    request.session[PERSON] = True


def note_link(share_id, digest):
    """Remember that this visitor has opened a share by its link.

    From then on no address needs the secret of the link: addresses end up in logs of
    proxies, and in the headers of what a page loads.

    :param int share_id: the share
    :param str digest: of its secret; a session on the disk is no link either
    """
    links = request.session.get(LINKS) or {}
    if links.get(str(share_id)) != digest:
        request.session[LINKS] = {**links, str(share_id): digest}


def noted_link(share_id):
    """Return the digest of the secret that a visitor has opened a share with."""
    return (request.session.get(LINKS) or {}).get(str(share_id)) or ""
