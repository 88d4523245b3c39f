import base64
import io
import subprocess
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import lxml.html
from PIL import Image

from odoo.fields import Command

from ..tools.report import wkhtmltopdf
from ..tools.sentinels import SELF_CONTAINED
from . import style_memory, template_memory
from .common import SpareCompanies

REPORT = "account.report_invoice_with_payments"
LAYOUTS = ("standard", "boxed", "bold", "striped", "bubble", "wave", "folder")
SELLER = "Société Générale de Bâtiment"
FOOTER = "RCS Paris 123 456 789 · contact@exemple.fr"


def poppler(command, pdf):
    """Run a tool on a PDF given as bytes ("FILE" in the command); what it prints."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        command = [file.name if part == "FILE" else part for part in command.split()]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def images_of(pdf):
    """The list of the pictures in a PDF, with their sizes."""
    return poppler("pdfimages -list FILE", pdf)


def pages_of(pdf):
    """The text of each page, letters in their usual form."""
    text = poppler("pdftotext -layout FILE -", pdf)
    return unicodedata.normalize("NFKC", text).split("\f")[:-1]


def words_of(pdf, page):
    """(left, right, word) of all words of a page, in points."""
    root = poppler(f"pdftotext -bbox -f {page} -l {page} FILE -", pdf)
    return [
        (float(word.get("xmin")), float(word.get("xmax")), word.text_content())
        for word in lxml.html.fromstring(root.encode()).iter("word")
    ]


def pixels(pdf):
    """The picture of each page, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.pdf"
        file.write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-r", "60", str(file), str(Path(folder) / "page")], check=True
        )
        return [page.read_bytes() for page in sorted(Path(folder).glob("*.ppm"))]


def picture(size=(240, 100), kind="PNG"):
    output = io.BytesIO()
    Image.new("RGB", size, (113, 75, 103)).save(output, kind)
    return output.getvalue()


class ReportCase(SpareCompanies):
    """Invoices of a French company, made into pages by the real renderer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for patcher in [*style_memory.patches(), *template_memory.patches()]:
            cls.startClassPatcher(patcher)
        for code in ("fr_FR", "ro_RO", "ar_001"):
            cls.env["res.lang"]._activate_lang(code)
        cls.company = cls.company_data["company"]
        cls.company.write(
            {
                "name": SELLER,
                "logo": base64.b64encode(picture()),
                "paperformat_id": cls.env.ref("base.paperformat_euro").id,
                "primary_color": "#714B67",
                "secondary_color": "#2b7a78",
                "report_footer": f"<p>{FOOTER}</p>",
                "company_details": f"<p>{SELLER}<br/>12 rue de l'Église<br/>"
                "75001 Paris<br/>TVA FR40303265045</p>",
            }
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Hélène Müller-Lefèvre", "city": "Lyon", "lang": "fr_FR"}
        )

    @classmethod
    def invoice(cls, lines=("Fenêtre à double vitrage",), partner=None):
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or cls.customer).id,
                "invoice_date": "2026-11-02",
                "invoice_line_ids": [
                    Command.create({"name": name, "quantity": 1, "price_unit": 123.45})
                    for name in lines
                ],
            }
        )
        move.action_post()
        return move

    def use_layout(self, name):
        self.company.external_report_layout_id = self.env.ref(
            f"web.external_layout_{name}"
        )
        self.styles_have_changed()

    def styles_have_changed(self):
        """What the next transaction does: Odoo dates the styles by transaction."""
        sheet = self.env.ref("web.asset_styles_company_report")
        sheet.flush_recordset()
        self.env.cr.execute(
            "UPDATE ir_attachment SET write_date = write_date + interval '1 second'"
            " WHERE id = %s",
            [sheet.id],
        )
        sheet.invalidate_recordset()
        self.env.registry.clear_cache("assets")

    def reports(self, **context):
        return self.env["ir.actions.report"].with_context(
            progbox_self_contained=SELF_CONTAINED,
            force_report_rendering=True,
            **context,
        )

    def render(self, move):
        streams, _type = self.reports()._pre_render_qweb_pdf(REPORT, res_ids=move.ids)
        return streams[move.id]["stream"].getvalue()

    @contextmanager
    def calls_to_renderer(self, result=None):
        """List the (args, body, header, footer) that go to wkhtmltopdf.

        :param result: what it gives, instead of running it
        """
        calls, run = [], wkhtmltopdf.to_pdf

        def record(binary, args, body, timeout, header=None, footer=None):
            calls.append((args, body, header, footer))
            return result or run(binary, args, body, timeout, header, footer)

        with patch.object(wkhtmltopdf, "to_pdf", record):
            yield calls
