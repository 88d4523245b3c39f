import base64
import mimetypes
import posixpath
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import urlopen

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import file_open
from odoo.tools.image import image_guess_size_from_field_name, image_process
from odoo.tools.mimetypes import guess_mimetype

from ..exceptions import RenderError

RECORDS = (
    "<string:xmlid>",
    "<int:id>",
    "<int:id>-<string:unique>",
    "<string:model>/<int:id>/<string:field>",
    "<string:model>/<int:id>-<string:unique>/<string:field>",
)
SIZES = ("", "/<string:filename>", "/<size>", "/<size>/<string:filename>")
SIZE = "<int:width>x<int:height>"


def _picture_routes():
    """The addresses of pictures, as the controllers of `web` and `report` have them."""
    yield Rule("/report/barcode", endpoint="barcode")
    yield Rule("/report/barcode/<barcode_type>/<path:value>", endpoint="barcode")
    for path in ("/logo", "/logo.png", "/web/binary/company_logo"):
        yield Rule(path, endpoint="company_logo")
    yield Rule("/<string:module>/static/<path:path>", endpoint="static")
    for prefix in ("/web/image", "/web/content"):
        yield Rule(prefix, endpoint="record")
        for record in RECORDS:
            for size in SIZES:
                size = size.replace("<size>", SIZE)
                yield Rule(f"{prefix}/{record}{size}", endpoint="record")


# what a wrong address leads to; errors of the database are not ours to hide
WEBP = "image/webp"
EXPECTED = (UserError, HTTPException, OSError, ValueError, TypeError, KeyError)
PICTURES = Map(list(_picture_routes()), strict_slashes=False).bind("")


class IrBinary(models.AbstractModel):
    _inherit = "ir.binary"

    def _progbox_data_uri(self, url):
        """The picture (or font) at an address of this Odoo, as a data URI.

        Nothing is fetched: it is read from the database, the file store or the
        add-ons. :raise RenderError: there is nothing to read at this address
        """
        try:
            content, mimetype = self._progbox_read_url(url)
        except EXPECTED as error:
            raise self._progbox_no_picture(url, str(error)) from error
        if not content:
            raise self._progbox_no_picture(url, "empty")
        if mimetype == WEBP:
            return self._progbox_readable_data_uri(url, content)
        return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"

    def _progbox_readable_data_uri(self, url, content):
        """The JPEG that Odoo keeps beside a WebP picture: wkhtmltopdf knows no WebP."""
        qweb = self.env["ir.qweb"].with_context(webp_as_jpg=True)
        uri = qweb._get_converted_image_data_uri(base64.b64encode(content))
        if uri.startswith(f"data:{WEBP}"):
            raise self._progbox_no_picture(url, "WebP: save it as PNG or JPEG")
        return uri

    def _progbox_no_picture(self, url, detail):
        message = self.env._(
            "The picture %(picture)s cannot be put into the page. Check that it still"
            " exists and is a PNG or JPEG, or take it out of the report, then try"
            " again.",
            picture=url[:80],
        )
        return RenderError(message, detail)

    def _progbox_read_url(self, url):
        if url.startswith("data:"):
            # Nothing is fetched: the data stands in the address.
            with urlopen(url, timeout=1) as data:
                return data.read(), data.headers.get_content_type()
        parts = urlsplit(url)
        if parts.netloc and parts.netloc not in self._progbox_own_hosts():
            raise ValueError("not on this server")
        endpoint, values = PICTURES.match(posixpath.normpath(unquote(parts.path)))
        values = {**dict(parse_qsl(parts.query)), **values}
        return getattr(self, f"_progbox_read_{endpoint}")(**values)

    def _progbox_own_hosts(self):
        get_param = self.env["ir.config_parameter"].sudo().get_param
        urls = (get_param("web.base.url"), get_param("report.url"))
        return {urlsplit(url or "").netloc for url in urls}

    def _progbox_read_static(self, module, path):
        name = f"{module}/static/{path}"
        with file_open(name, "rb") as file:
            return file.read(), self._progbox_mimetype(name)

    def _progbox_mimetype(self, name):
        return mimetypes.guess_type(name)[0] or "application/octet-stream"

    def _progbox_read_barcode(self, barcode_type, value, **options):
        try:
            barcode = self.env["ir.actions.report"].barcode
            return barcode(barcode_type, value, **options), "image/png"
        except Exception as error:  # the library has many, without a common ancestor
            raise ValueError(str(error)) from error

    def _progbox_read_company_logo(self, company=None, **_options):
        company = self.env["res.company"].sudo().browse(int(company or 0))
        logo = (company or self.env.company).logo_web
        if not logo:
            return self._progbox_read_static("web", "img/nologo.png")
        content = base64.b64decode(logo)
        return content, guess_mimetype(content)

    def _progbox_read_record(
        self, xmlid=None, model="ir.attachment", id=None, field="raw",  # noqa: A002
        width=0, height=0, crop=False, access_token=None, **_options,
    ):  # fmt: skip
        # streams, as the controllers use them, need a request
        record = self._find_record(xmlid, model, id and int(id), access_token, field)
        if record._name == "ir.attachment" and record.type == "url":
            return self._progbox_read_url(record.url)
        content = record.with_context(bin_size=False)[field] or b""
        if field != "raw":
            content = base64.b64decode(content)
        mimetype = guess_mimetype(content)
        size = (int(width), int(height))
        if size == (0, 0):
            size = image_guess_size_from_field_name(field)
        if any(size) and mimetype.startswith("image/"):
            content = image_process(content, size=size, crop=crop)
        return content, mimetype
