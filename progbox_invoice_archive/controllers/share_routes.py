"""What all pages and files of a share have in common: two ways in, one way out."""

import functools
import logging
from urllib.parse import urlsplit

from odoo.http import SessionExpiredException, request, route

from ..exceptions import NotShared
from ..tools.share_token import MaskTokens
from ..tools.web_request import current_request, note_link, noted_link
from .share_problems import take_problems

# What is shared with a contact who has a login.
ARCHIVE = "/my/archive"
# The contact's own, the link, and where it leads: only the first address of a visit
# has the secret in it.
ROOTS = (
    f"{ARCHIVE}/<int:share_id>",
    "/archive/<string:token>",
    "/archive/of/<int:link_id>",
)
# Also of what Odoo answers when a handler fails: the address may have the secret.
REFERRER = ("Referrer-Policy", "no-referrer")
HEADERS = {
    "Cache-Control": "no-store, private",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Robots-Tag": "noindex, nofollow",
}
FRAMES = "frame-ancestors 'self'"
# A script of somebody else, such as the analytics of a website, would read the token
# in the address and send it home. Our own stand in the page.
PAGE_POLICY = (
    "default-src {hosts}; script-src {hosts} 'unsafe-inline';"
    " style-src {hosts} 'unsafe-inline'; img-src {hosts} data:; font-src {hosts} data:;"
    " object-src 'none'; base-uri 'self'; form-action 'self'"
)

_logger = logging.getLogger(__name__)

# Where the server writes down each address it is asked for.
logging.getLogger("werkzeug").addFilter(MaskTokens())


def kept_private(handler):
    """Keep what a handler returns out of caches, frames and search engines."""

    @functools.wraps(handler)
    def private(*args, **kwargs):
        request.future_response.headers.set(*REFERRER)
        response = handler(*args, **kwargs)
        response.headers.update(HEADERS)
        policy = response.headers.get("Content-Security-Policy")
        policy = policy or PAGE_POLICY.format(hosts=_own_hosts())
        response.headers["Content-Security-Policy"] = f"{policy}; {FRAMES}"
        return response

    return private


def _own_hosts():
    """Return where a page may load from: here, or the CDN that a website has."""
    website = getattr(request, "website", None)
    cdn = website and website.cdn_activated and urlsplit(website.cdn_url or "").netloc
    return f"'self' {cdn}" if cdn else "'self'"


def share_route(*pages, methods=("GET",)):
    """Make a method the handler of pages of a share, for both ways in.

    A GET changes nothing but the access log: mail scanners and previews follow every
    link, up to the largest zip.

    The method gets the open share as its first argument, and what the address holds
    by name; whoever may not open the share never reaches it.

    :param str pages: ends of its addresses
    :param methods: that it answers
    """

    def decorate(method):
        @kept_private
        def handler(controller, /, share_id=None, token=None, link_id=None, **values):
            try:
                share = _open(share_id, token, link_id)
            except NotShared as refused:
                return _refuse(refused)
            return _answer(method, controller, share, values)

        # Not wraps(): Odoo would pass what is in the query as the share.
        del handler.__wrapped__
        handler.__name__ = method.__name__
        handler.__doc__ = method.__doc__
        return route(
            [f"{root}{page}" for root in ROOTS for page in pages],
            type="http",
            auth="public",
            methods=list(methods),
            website=True,
            multilang=False,
            sitemap=False,
        )(handler)

    return decorate


def render_page(share, template, **values):
    """Return a page of a share.

    :param progbox.share share: open, as its visitor sees it
    :param str template: name of the template in this add-on
    :param values: what else it shows
    """
    return request.render(
        f"progbox_invoice_archive.{template}",
        {
            "share": share,
            "root": share.env.context["progbox_root"],
            "res_company": share.company_id,
            "title": share._label(),
            "crumbs": [],
            "search": "",
            "date_from": None,
            "date_to": None,
            "problems": take_problems(share),
            "is_seen": current_request().is_seen,
            **values,
        },
    )


def _open(share_id, token, link_id):
    shares = request.env["progbox.share"]
    if token is not None:
        share = shares._open_link(token)
        note_link(share.id, share.token_hash)
        root = f"/archive/of/{share.id}"
    elif link_id is not None:
        share = shares._open_noted(link_id, noted_link(link_id))
        root = f"/archive/of/{share.id}"
    elif request.env.user._is_public():
        raise SessionExpiredException("Log in to open a share")
    else:
        share = shares._open_own(share_id)
        root = f"{ARCHIVE}/{share_id}"
    # Text in the language of the page, dates in the zone of the visitor.
    share = share.with_context(
        lang=request.env.lang, tz=request.env.context.get("tz"), progbox_root=root
    )
    return share.with_context(progbox_share=share)


def _answer(method, controller, share, values):
    try:
        return method(controller, share, **values)
    except NotShared as refused:
        return _refuse(refused)
    except FileNotFoundError:
        return _render_refusal(404, missing=share)
    except OSError as error:
        _logger.warning("%s: a file cannot be read: %s", share, error)
        return _render_refusal(503, unreadable=share)


def _refuse(refused):
    request.env["progbox.share"]._log_refusal(refused)
    # Of a link nobody learns more than that it opens nothing; whoever holds one that
    # was right may know whom to ask.
    expired = refused.share if refused.reason == "expired" else None
    return _render_refusal(
        410 if expired else 404, expired=expired, forgotten=refused.reason == "session"
    )


def _render_refusal(status, **values):
    return request.render(
        "progbox_invoice_archive.portal_archive_refused",
        {
            "expired": None,
            "forgotten": None,
            "missing": None,
            "unreadable": None,
            **values,
        },
        status=status,
    )
