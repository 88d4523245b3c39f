import base64
from unittest.mock import patch
from urllib.parse import quote

from odoo.tests import tagged

from ..exceptions import RenderError
from .report_common import ReportCase, picture

WEBP = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")


@tagged("post_install", "-at_install")
class TestReportPictures(ReportCase):
    def data_uri(self, url):
        return self.env["ir.binary"]._progbox_data_uri(url)

    def content(self, url):
        head, _sep, data = self.data_uri(url).partition(";base64,")
        return head, base64.b64decode(data)

    def test_pictures_of_this_server_are_read_without_it(self):
        logo = self.env["ir.attachment"].create({"name": "l.png", "raw": picture()})
        base_url = self.env["ir.config_parameter"].get_param("web.base.url")
        company = self.company.id
        for url in (
            "/web/static/img/logo.png",
            "/web/static/src/../img/logo.png",
            f"/web/image/{logo.id}",
            f"/web/image/{logo.id}-abc/logo.png",
            f"/web/content/{logo.id}",
            f"/web/image?model=ir.attachment&id={logo.id}&field=raw",
            f"/web/image/res.company/{company}/logo/120x50",
            f"{base_url}/web/image/res.company/{company}/logo?unique=1",
            f"/logo.png?company={company}",
            "/web/image/web.image_placeholder",
        ):
            with self.subTest(url=url):
                head, content = self.content(url)
                self.assertEqual(head, "data:image/png")
                self.assertTrue(content.startswith(b"\x89PNG"))

    def test_a_file_is_taken_as_it_is(self):
        logo = self.env["ir.attachment"].create({"name": "l.png", "raw": picture()})
        self.assertEqual(self.content(f"/web/image/{logo.id}")[1], picture())

    def test_barcodes_are_drawn(self):
        drawn = []

        def draw(reports, *args, **options):
            # reportlab draws with a library that Odoo does not require
            drawn.append((args, options))
            return picture()

        for url in (
            "/report/barcode/QR/" + quote("BCD 001/é"),
            "/report/barcode/?barcode_type=Code128&value=INV1&width=300&height=50",
            "/report/barcode/EAN13/4006381333931?humanreadable=1",
        ):
            with (
                self.subTest(url=url),
                patch.object(type(self.env["ir.actions.report"]), "barcode", draw),
            ):
                self.assertEqual(self.content(url)[1], picture())
        self.assertEqual(
            drawn,
            [
                (("QR", "BCD 001/é"), {}),
                (("Code128", "INV1"), {"width": "300", "height": "50"}),
                (("EAN13", "4006381333931"), {"humanreadable": "1"}),
            ],
        )

    def test_a_webp_picture_is_taken_as_the_jpeg_that_odoo_keeps_beside_it(self):
        webp = self.env["ir.attachment"].create({"name": "l.webp", "raw": WEBP})
        jpeg = picture(kind="JPEG")
        self.env["ir.attachment"].create(
            {
                "name": "l.jpg",
                "raw": jpeg,
                "res_model": "ir.attachment",
                "res_id": webp.id,
            }
        )
        data_uri = "data:image/webp;base64," + base64.b64encode(WEBP).decode()
        for url in (f"/web/image/{webp.id}", data_uri):
            self.assertEqual(self.content(url)[1], jpeg)

    def test_a_webp_logo_alone_is_refused_as_the_page_would_lack_it(self):
        self.company.logo = base64.b64encode(WEBP)
        with self.assertRaises(RenderError) as caught:
            self.render(self.invoice())
        self.assertIn("WebP", caught.exception.detail)

    def test_a_picture_that_cannot_be_read_is_named(self):
        empty = self.env["ir.attachment"].create({"name": "l.png"})
        for url in (
            "https://elsewhere.example/logo.png",
            "//elsewhere.example/logo.png",
            "/web/static/img/no_such_picture.png",
            "/web/static/../../../../etc/passwd",
            "/web/image/999999999",
            f"/web/image/{empty.id}",
            "/web/image/res.no_such_model/1/logo",
            "/web/image/res.company/1/no_such_field",
            "/some/page",
            "/report/barcode/QR",
        ):
            with self.subTest(url=url), self.assertRaises(RenderError) as caught:
                self.data_uri(url)
            self.assertIn(url, str(caught.exception))

    def test_an_invoice_is_never_made_without_one_of_its_pictures(self):
        self.company.report_footer = (
            '<p><img src="https://elsewhere.example/a.png"/></p>'
        )
        with self.assertRaises(RenderError) as caught:
            self.render(self.invoice())
        self.assertIn("https://elsewhere.example/a.png", str(caught.exception))
