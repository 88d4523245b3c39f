"""The pages of archived invoices as pictures."""

import subprocess
import tempfile
from pathlib import Path
from unittest.mock import patch

from PIL import Image, ImageChops

RESOLUTION = "100"  # dots per inch


def pages_of(invoice):
    """The pictures of an invoice's archived PDF."""
    [document] = invoice._progbox_documents()[invoice.id]
    return pictures(b"".join(document._content_attachment()._progbox_blocks()))


def pages_at_stock_delay(invoice):
    """The pictures of the same pages, made with the delay that Odoo waits."""
    from odoo.addons.progbox_invoice_archive.models import (
        ir_actions_report,
    )

    send = invoice.env["account.move.send"]
    parameters = invoice.env["ir.config_parameter"].sudo()
    delay = parameters.get_param("report.print_delay") or "1000"
    with patch.object(ir_actions_report, "NO_DELAY", delay):
        made = send._progbox_generate(invoice, send._progbox_settings(invoice))
    return pictures(made["pdf_attachment_values"]["raw"])


def pictures(pdf):
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-r", RESOLUTION, "-", f"{folder}/page"]
        subprocess.run(command, input=pdf, check=True)
        pages = sorted(Path(folder).iterdir())
        return [Image.open(path).convert("RGB") for path in pages]


def pixel_difference(pages, others):
    """How many colour values differ; all of a page that only one side has."""
    longer, shorter = sorted((pages, others), key=len, reverse=True)
    extra = sum(len(page.tobytes()) for page in longer[len(shorter) :])
    return extra + sum(
        len(values) - values.count(0)
        for one, other in zip(pages, others, strict=False)
        for values in [ImageChops.difference(one, other).tobytes()]
    )
