from odoo import api, models

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..exceptions import RenderError
from ..tools.report import wkhtmltopdf

TIMEOUT_PARAMETER = "progbox_invoice_archive.render_timeout"
DEFAULT_TIMEOUT = 60  # seconds


class IrActionsReport(models.Model):
    """wkhtmltopdf: the call, what it is, and what to say when it fails."""

    _inherit = "ir.actions.report"

    def _progbox_to_pdf(self, body, args, header=None, footer=None):
        get_param = self.env["ir.config_parameter"].sudo().get_param
        timeout = float(get_param(TIMEOUT_PARAMETER) or DEFAULT_TIMEOUT)
        try:
            return wkhtmltopdf.to_pdf(
                _wkhtml().bin, args, body, timeout, header, footer
            )
        except wkhtmltopdf.RendererFailure as failure:
            message = self._progbox_failure_message(failure.reason)
            raise RenderError(message, failure.detail) from failure

    @api.model
    def _progbox_renderer_version(self):
        """What made the pages, for the seal: "wkhtmltopdf 0.12.6 (unpatched Qt)"."""
        info = _wkhtml()
        patched = "patched" if info.is_patched_qt else "unpatched"
        return f"wkhtmltopdf {info.version} ({patched} Qt)"

    @api.model
    def _progbox_renderer_state(self):
        """What the settings page shows about the renderer.

        :return: dict of `version`, `patched`, `state` ('ok', 'missing', 'upgrade',
            'broken' or 'workers') and `message`: what it means and what to do
        """
        info = _wkhtml()
        state = "missing" if info.state == "install" else info.state
        return {
            "version": info.version,
            "patched": info.is_patched_qt,
            "state": state,
            "message": self._progbox_state_message(state, info.is_patched_qt),
        }

    def _progbox_state_message(self, state, patched):
        if state == "missing":
            return self.env._(
                "wkhtmltopdf is not installed on the server: invoices wait to be"
                " archived. Install it, then restart Odoo."
            )
        if state == "upgrade":
            return self.env._(
                "wkhtmltopdf is too old. Install version 0.12.0 or newer, then restart"
                " Odoo."
            )
        if state == "broken":
            return self.env._(
                "wkhtmltopdf does not answer. Install it again, then restart Odoo."
            )
        if patched:
            return self.env._("Archived invoices look exactly as Odoo prints them.")
        return self.env._(
            "Archived invoices are complete. This wkhtmltopdf has no patched Qt, so the"
            " header stands on the first page and the footer after the last line."
        )

    def _progbox_failure_message(self, reason):
        return {
            "missing": self.env._(
                "wkhtmltopdf is not installed on the server. Install it, then restart"
                " Odoo."
            ),
            "timeout": self.env._(
                "Making the page took too long and was stopped. Try again when the"
                " server has less to do, or raise the time in the system parameter"
                " %(parameter)s.",
                parameter=TIMEOUT_PARAMETER,
            ),
            "network": self.env._(
                "The page asked for something that is not on this server. Look in the"
                " report for a picture, a frame or a font with an address."
            ),
            "output": self.env._(
                "wkhtmltopdf ended without a complete page. Try again; if it comes"
                " back, install wkhtmltopdf again."
            ),
            "disk": self.env._(
                "The page could not be written: the server's disk for temporary files"
                " is full or cannot be written to. Make room, then try again."
            ),
            "crash": self.env._(
                "wkhtmltopdf broke off while making the page. The server may have too"
                " little memory for it. Try again; if it comes back, show the technical"
                " detail to your administrator."
            ),
        }[reason]
