"""What a person reads of the renderer of pages: why it failed, and how it is."""

from odoo.tools.translate import LazyTranslate

from ..tools.report import fonts

_lt = LazyTranslate(__name__)

TIMEOUT_PARAMETER = "progbox_invoice_archive.render_timeout"
# Why the renderer failed, and what to do; keys of :class:`RendererFailure`.
FAILURES = {
    "missing": _lt(
        "wkhtmltopdf does not start: it is not installed on the server, or a library"
        " of it is missing. Install it again, then restart Odoo."
    ),
    "timeout": _lt(
        "Making the page took too long and was stopped. Try again when the"
        " server has less to do, or raise the time in the system parameter"
        " %(parameter)s.",
        parameter=TIMEOUT_PARAMETER,
    ),
    "server_limit": _lt(
        "Making the page took longer than the server allows a scheduled action, and"
        " was stopped. Try again when the server has less to do, or raise"
        " limit_time_real_cron in its configuration."
    ),
    "network": _lt(
        "The page asked for something that is not on this server. Look in the"
        " report for a picture, a frame or a font with an address."
    ),
    "output": _lt(
        "wkhtmltopdf ended without a complete page. Try again; if it comes"
        " back, install wkhtmltopdf again."
    ),
    "disk": _lt(
        "The page could not be written: the server's disk for temporary files"
        " is full or cannot be written to. Make room, then try again."
    ),
    "crash": _lt(
        "wkhtmltopdf broke off while making the page. The server may have too"
        " little memory for it. Try again; if it comes back, show the technical"
        " detail to your administrator."
    ),
}


def state_text(env, state, patched):
    """Return what the settings page says of the renderer, and what to do.

    :param str state: "ok", "missing", "upgrade", "broken" or "workers"
    :param bool patched: whether its Qt is the patched one
    """
    if state == "missing":
        return env._(
            "wkhtmltopdf is not installed on the server: invoices wait to be"
            " archived. Install it, then restart Odoo."
        )
    if state == "upgrade":
        return env._(
            "wkhtmltopdf is too old. Install version 0.12.0 or newer, then restart"
            " Odoo."
        )
    if state == "broken":
        return env._(
            "wkhtmltopdf does not answer. Install it again, then restart Odoo."
        )
    if not fonts.are_known():
        return env._(
            "The server cannot tell which characters have a font: invoices could be"
            " archived with gaps. Install fontconfig, then reload this page."
        )
    if patched:
        return env._("Archived invoices look exactly as Odoo prints them.")
    return env._(
        "Archived invoices are complete. This wkhtmltopdf has no patched Qt, so the"
        " header stands on the first page and the footer after the last line."
    )
