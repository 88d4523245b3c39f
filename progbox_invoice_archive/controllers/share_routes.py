"""What all pages and files of a share have in common: two ways in, one way out."""

import functools
import logging

from odoo.http import SessionExpiredException, request, route

from ..exceptions import FileMissing, NotShared
from ..tools.share_token import MaskTokens

# The contact's own, and the link's.
ROOTS = ("/my/archive/<int:share_id>", "/archive/<string:token>")
HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Robots-Tag": "noindex, nofollow",
}
FRAMES = "frame-ancestors 'self'"

# Where the server writes down each address it is asked for.
logging.getLogger("werkzeug").addFilter(MaskTokens())


def kept_private(handler):
    """Keep what a handler returns out of caches, frames and search engines."""

    @functools.wraps(handler)
    def private(*args, **kwargs):
        response = handler(*args, **kwargs)
        response.headers.update(HEADERS)
        policy = response.headers.get("Content-Security-Policy")
        response.headers["Content-Security-Policy"] = (
            f"{policy}; {FRAMES}" if policy else FRAMES
        )
        return response

    return private


def share_route(page=""):
    """Make a method the handler of a page of a share, for both ways in.

    The method gets the open share as its first argument, and what the address holds
    by name; whoever may not open the share never reaches it.

    :param str page: end of the address
    """

    def decorate(method):
        @kept_private
        def handler(controller, /, share_id=None, token=None, **values):
            try:
                share = _open(share_id, token)
                return method(controller, share, **values)
            except NotShared as refused:
                return _refuse(refused)
            except FileMissing as missing:
                return _render_refusal(404, missing=str(missing))

        # Not wraps(): Odoo would pass what is in the query as the share.
        del handler.__wrapped__
        handler.__name__ = method.__name__
        handler.__doc__ = method.__doc__
        return route(
            [f"{root}{page}" for root in ROOTS],
            type="http",
            auth="public",
            methods=["GET"],
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
            "page_name": "archive",
            "no_breadcrumbs": True,
            "share": share,
            "root": share.env.context["progbox_root"],
            "res_company": share.company_id,
            "title": share._label(),
            "crumbs": [],
            "search": "",
            "date_from": None,
            "date_to": None,
            **values,
        },
    )


def _open(share_id, token):
    shares = request.env["progbox.share"]
    if token is not None:
        share = shares._open_link(token)
        root = f"/archive/{token}"
    elif request.env.user._is_public():
        raise SessionExpiredException("Log in to open a share")
    else:
        share = shares._open_own(share_id)
        root = f"/my/archive/{share_id}"
    # Text in the language of the page, dates in the zone of the visitor.
    share = share.with_context(
        lang=request.env.lang, tz=request.env.context.get("tz"), progbox_root=root
    )
    return share.with_context(progbox_share=share)


def _refuse(refused):
    request.env["progbox.share"]._log_refusal(refused)
    # Of a link nobody learns more than that it opens nothing; whoever holds one that
    # was right may know whom to ask.
    expired = refused.share if refused.reason == "expired" else None
    return _render_refusal(410 if expired else 404, expired=expired)


def _render_refusal(status, **values):
    return request.render(
        "progbox_invoice_archive.portal_archive_refused",
        {"expired": None, "missing": None, **values},
        status=status,
    )
