"""The invoices that Odoo makes, as PDF/A-3b: what sending and archiving share."""

import logging
import tempfile

from odoo import fields
from odoo.tools import file_open

from ..tools.pdf.factur_x import factur_x_problems
from ..tools.report import pdfa, xmp
from ..tools.sentinels import AS_IT_IS

_logger = logging.getLogger(__name__)

COLOUR_PROFILE = "tools/data/files/sRGB2014.icc"  # Odoo brings it along
FACTUR_X = "facturx"
DECLARATION = b"pdfaid"  # of a file that says to be a PDF/A


def prepare(invoice_data):
    """Keep Odoo from a conversion of its own, before it attaches the e-invoice."""
    values = _pdf_values(invoice_data)
    if values:
        try:
            values["raw"] = pdfa.with_binary_comment(values["raw"])
        except pdfa.NotPdfA:
            _logger.info("%s cannot be read", values.get("name"))


def finish(invoice, invoice_data):
    """Make the PDF that Odoo has collected a PDF/A-3b, with its attached files.

    What cannot be one keeps its pages and is not called so. That matters for a
    Factur-X, which is a PDF/A-3 by definition: the archiver says why it is none.
    """
    values = _pdf_values(invoice_data)
    if not values:
        return
    try:
        values["raw"] = pdfa.convert(values["raw"], _colour_profile(), _about(invoice))
    except pdfa.NotPdfA as error:
        _logger.info("%s is no PDF/A: %s", invoice, error.problems)
        if _must_be_pdfa(invoice.env, invoice_data):
            invoice_data["error"] = {
                "error_title": invoice.env._(
                    "The page cannot be kept as PDF/A-3, which every Factur-X is:"
                ),
                "errors": _reasons(invoice.env, error),
            }


def shortcomings(env, path):
    """Return why a Factur-X that was sent is no PDF/A-3, as texts.

    What could have been one, and was sent before this add-on made it so, has none.
    What cannot be looked at neither: it is what was sent.

    :param path: of the PDF
    """
    if DECLARATION in path.read_bytes():
        return []
    # Whoever may write to the invoice may have put any file there.
    with tempfile.TemporaryDirectory() as folder:
        problems = factur_x_problems(path, folder)
    return [_reason(env, *problem) for problem in problems]


def _pdf_values(invoice_data):
    values = invoice_data.get("pdf_attachment_values")
    return values if values and values["raw"].startswith(b"%PDF-") else None


def _must_be_pdfa(env, invoice_data):
    # Nobody's sending fails for it: the customer can read the file all the same.
    return (
        invoice_data.get("invoice_edi_format") == FACTUR_X
        and env["account.move.send"]._progbox_is_ahead()
        and env.context.get("progbox_as_it_is") is not AS_IT_IS
    )


def _colour_profile():
    with file_open(COLOUR_PROFILE, "rb") as file:
        return file.read()


def _about(invoice):
    return xmp.About(
        title=invoice.name,
        author=invoice.company_id.name,
        creator="Odoo",
        producer=invoice.env["ir.actions.report"]._progbox_renderer_version(),
        made_on=fields.Datetime.now(),
    )


def _reasons(env, error):
    return [_reason(env, *problem) for problem in error.problems]


def _reason(env, kind, detail):
    """Say what is wrong, and what to do."""
    if kind == "font":
        return env._(
            "the font %(font)s is not in the file. Take another font in the report.",
            font=detail,
        )
    if kind == "glyph":
        return env._("a character on the page has no font on the server.")
    if kind == "part":
        return env._(
            "it has something that such a file may not have (%(part)s). Look at what"
            " was changed in the report.",
            part=detail,
        )
    return env._("the file cannot be read (%(reason)s).", reason=detail)
