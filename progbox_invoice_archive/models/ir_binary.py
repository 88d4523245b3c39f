import base64
import logging
import mimetypes
import posixpath
from contextlib import nullcontext
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import urlopen

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open
from odoo.tools.image import image_guess_size_from_field_name, image_process
from odoo.tools.mimetypes import guess_mimetype

from ..exceptions import RenderError
from ..tools.sentinels import STREAMER
from ..tools.web_request import current_request

_logger = logging.getLogger(__name__)

# A viewer fetches a long file piece by piece; all of it is one opening.
ONE_OPENING = timedelta(hours=1)
# Many attempts at one closed door are one line: they shall not fill the disk.
ONE_REFUSAL = timedelta(minutes=1)
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


WEBP = "image/webp"
# What a wrong address leads to. Errors of the database are not hidden.
EXPECTED = (
    UserError, HTTPException, OSError, ValueError, TypeError, KeyError, RecursionError,
)  # fmt: skip
# Every customer gets these of the seller on paper.
LETTERHEAD = ("logo", "logo_web", "layout_background_image")
PICTURES = Map(list(_picture_routes()), strict_slashes=False).bind("")


class IrBinary(models.AbstractModel):
    """Files of the archive are opened with a line in its log; pictures are inlined."""

    _inherit = "ir.binary"

    def _find_record(
        self, xmlid=None, res_model="ir.attachment", res_id=None, *args, **kwargs
    ):
        try:
            token = args[0] if args else kwargs.get("access_token")
            if token and self._progbox_is_sealed_file(xmlid, res_model, res_id):
                # A token of whichever kind opens nothing of the archive: rights do.
                raise AccessError(
                    self.env._("There is no key to a file of the archive.")
                )
            return super()._find_record(xmlid, res_model, res_id, *args, **kwargs)
        except AccessError:
            if current_request() and not xmlid:
                record = self.env[res_model].sudo().browse(res_id)
                self._progbox_log_refusal(record.exists())
            raise

    def _progbox_is_sealed_file(self, xmlid, res_model, res_id):
        """Whether a request is about the file of an archived document."""
        if xmlid:
            record = self.env.ref(xmlid, raise_if_not_found=False)
        elif res_id and res_model in ("ir.attachment", "progbox.document"):
            record = self.env[res_model].browse(res_id)
        else:
            return False
        if not record or record._name not in ("ir.attachment", "progbox.document"):
            return False
        record = record.sudo().exists()
        if record._name == "ir.attachment":
            return bool(record._progbox_archived())
        return bool(record._progbox_in_archive())

    def _record_to_stream(self, record, field_name):
        opening = {"progbox_streamer": STREAMER}
        asked = current_request()
        try:
            stream = super(IrBinary, self.with_context(**opening))._record_to_stream(
                record.with_context(**opening), field_name
            )
        except FileNotFoundError as error:
            # The pages of a share have words of their own for it.
            is_ours = record._name == "progbox.document" and field_name == "content"
            if not asked or not is_ours or self.env["progbox.share"]._visited():
                raise
            _logger.warning("%s: %s", record, error)
            attachment = record.sudo()._content_attachment()
            raise NotFound(attachment._progbox_missing_text()) from error
        # What the browser shows and what it saves of a share, its route alone knows.
        if asked and not asked.is_head and not self.env["progbox.share"]._visited():
            self._progbox_log_opening(record, field_name, asked.is_download)
        return stream

    # ------------------------------------------------------------------
    # Access log
    # ------------------------------------------------------------------

    def _progbox_log_opening(self, record, field_name, is_download):
        document = self._progbox_archived_document(record, field_name)
        if not document:
            return
        with self._progbox_writing_cursor() as cr:
            log = self.with_env(self.env(cr=cr)).env["progbox.access.log"]
            kind = "download" if is_download else "view"
            if not log._is_continued(kind, document):
                log._log(kind, documents=document.with_env(log.env))

    def _progbox_log_refusal(self, record):
        document = self._progbox_archived_document(record, "content")
        if not document:
            return
        # The transaction of the request is about to be rolled back.
        with self._progbox_writing_cursor(own=True) as cr:
            log = self.with_env(self.env(cr=cr)).env["progbox.access.log"]
            if not log._has_recent(("refused",), ONE_REFUSAL, document_ref=document.id):
                log._log("refused", documents=document.with_env(log.env))

    def _progbox_archived_document(self, record, field_name):
        """Return the document to watch whose file this is, or an empty one."""
        documents = self.env["progbox.document"].sudo()
        record = record.sudo()
        if record._name == "ir.attachment" and record.res_field == "content":
            if record.res_model != documents._name:
                return documents
            record, field_name = documents.browse(record.res_id), "content"
        if record._name != documents._name or field_name != "content":
            return documents
        return documents.browse(record.ids)._progbox_logged()

    def _progbox_writing_cursor(self, own=False):
        """Return a cursor that can write, as a context manager.

        The routes of files are read-only. With a replica of the database, writing
        there would make Odoo run the whole request a second time.

        :param bool own: to write what stays when the request fails
        """
        if self.env.cr.readonly:
            # As the routes of the assets do: nothing is lost, and the lock that the
            # tests hold on the reading cursor is released.
            self.env.cr.rollback()
        elif not own:
            return nullcontext(self.env.cr)
        return self.env.registry.cursor()

    # ------------------------------------------------------------------
    # Pictures of a page
    # ------------------------------------------------------------------

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

    def _progbox_read_static(self, module, path, **_options):
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

    def _progbox_as_reader(self):
        """Read with the rights of a person, as Odoo's own rendering does.

        The archiver may read everything, but those who write the text of an invoice
        choose its pictures, and customers get to see them.
        """
        users = self.env["res.users"].sudo()
        user = users.browse(self.env.context.get("progbox_reader_id") or self.env.uid)
        if user._is_superuser():
            user = self.env.ref("base.public_user").sudo()
        companies = self.env.company & user.company_ids or user.company_id
        return self.with_user(user).with_context(allowed_company_ids=companies.ids)

    def _progbox_read_record(
        self, xmlid=None, model="ir.attachment", field="raw",
        width=0, height=0, crop=False, access_token=None, **options,
    ):  # fmt: skip
        # Streams, as the controllers use them, need a request.
        binary = self._progbox_as_reader()
        res_id = options.get("id")
        res_id = res_id and int(res_id)
        if (model, res_id) == ("res.company", self.env.company.id):
            binary = self.sudo() if field in LETTERHEAD else binary
        record = binary._find_record(xmlid, model, res_id, access_token, field)
        if record._fields[field].type != "binary":
            raise ValueError("no file")
        record._check_field_access(record._fields[field], "read")
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
