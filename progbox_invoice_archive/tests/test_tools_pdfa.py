import base64
import io
from datetime import datetime
from unittest import skipUnless

import pikepdf
from PIL import Image

from odoo.tests import BaseCase
from odoo.tools import file_open

from ..tools.report import pdfa, xmp
from ..tools.report.wkhtmltopdf import to_pdf
from .pdfa_common import CatalogueMixin, said, xmp_of
from .pdfa_validator import IS_THERE, WHAT_IS_MISSING, validation_errors

ABOUT = xmp.About(
    title="INV/2026/00001 <&> \x0b株",
    author="Société  Générale & Cie",
    creator="Odoo",
    producer="wkhtmltopdf 0.12.6 (unpatched Qt)",
    made_on=datetime(2026, 11, 28, 11, 5, 9),
)
PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"/><style>
body { font-family: Lato } p { background: rgba(10, 20, 30, .4) }
</style></head><body><h1>Facture n° 1</h1>%s</body></html>"""
LINK = '<a href="https://exemple.fr">Payer</a>'
CII = """<CrossIndustryInvoice><ExchangedDocumentContext>
<GuidelineSpecifiedDocumentContextParameter><ID>%s</ID>
</GuidelineSpecifiedDocumentContextParameter></ExchangedDocumentContext>
</CrossIndustryInvoice>"""
FONT = pikepdf.Dictionary(
    Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
)


def clear_picture():
    """Return a picture through which the page is seen."""
    output = io.BytesIO()
    Image.new("RGBA", (90, 60), (113, 75, 103, 120)).save(output, "PNG")
    return output.getvalue()


class TestToolsPdfA(CatalogueMixin, BaseCase):
    """What the renderer makes becomes PDF/A-3b; what cannot says why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with file_open("tools/data/files/sRGB2014.icc", "rb") as file:
            cls.profile = file.read()
        cls.page = cls.rendered("<p>Fenêtre à double vitrage</p>" + LINK)

    @staticmethod
    def rendered(body):
        return to_pdf("wkhtmltopdf", ["--quiet"], PAGE % body, 60)

    def changed(self, change):
        """The page, after `change` was called with it open."""
        with pikepdf.open(io.BytesIO(self.page)) as pdf:
            change(pdf)
            output = io.BytesIO()
            pdf.save(output)
        return output.getvalue()

    def convert(self, content):
        return pdfa.convert(content, self.profile, ABOUT)

    def test_a_page_of_the_renderer_is_pdfa(self):
        self.assert_pdfa(self.convert(self.page))

    def test_the_pages_look_as_before(self):
        converted = self.convert(self.page)
        with (
            pikepdf.open(io.BytesIO(self.page)) as before,
            pikepdf.open(io.BytesIO(converted)) as after,
        ):
            self.assertEqual(
                before.pages[0].Contents.read_bytes(),
                after.pages[0].Contents.read_bytes(),
            )

    def test_it_says_what_it_is_without_what_xml_cannot_hold(self):
        with pikepdf.open(io.BytesIO(self.convert(self.page))) as pdf:
            xmp_packet = xmp_of(pdf)
            title = said(xmp_packet, "dc:title/rdf:Alt/rdf:li")
            author = said(xmp_packet, "dc:creator/rdf:Seq/rdf:li")
            marked = pdf.Root.MarkInfo.Marked
        self.assertEqual(title, "INV/2026/00001 <&> 株")
        self.assertEqual(author, "Société Générale & Cie")
        self.assertIs(marked, False)

    def test_the_same_page_gives_the_same_file(self):
        self.assertEqual(self.convert(self.page), self.convert(self.page))

    def test_what_is_pdfa_can_be_converted_again(self):
        self.assert_pdfa(self.convert(self.convert(self.page)))

    def test_a_claim_to_be_tagged_without_tags_goes(self):
        def claim(pdf):
            pdf.Root.StructTreeRoot = pikepdf.Dictionary()
            pdf.Root.MarkInfo = pikepdf.Dictionary(Marked=True)

        self.assert_pdfa(self.convert(self.changed(claim)))

    def test_pictures_are_not_smoothed_by_the_reader(self):
        def smooth(pdf):
            picture = pdf.make_stream(
                b"\0",
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                Width=1,
                Height=1,
                BitsPerComponent=8,
                ColorSpace=pikepdf.Name.DeviceGray,
                Interpolate=True,
            )
            pdf.pages[0].Resources.XObject = pikepdf.Dictionary(Im1=picture)

        self.assert_pdfa(self.convert(self.changed(smooth)))

    def test_widths_are_those_of_the_font(self):
        """The Qt of older renderers rounds each of them down."""
        good = self.widths(self.page)

        def shrink(pdf):
            for font in self.fonts(pdf):
                font.W = pikepdf.Array([0, pikepdf.Array([1] * len(good))])

        shrunk = self.changed(shrink)
        self.assertNotEqual(self.widths(shrunk), good)
        self.assertEqual(self.widths(self.convert(shrunk)), good)
        self.assertEqual(self.widths(self.convert(self.page)), good)

    @staticmethod
    def fonts(pdf):
        return [
            part
            for part in pdf.objects
            if isinstance(part, pikepdf.Dictionary)
            and part.get("/Subtype") == "/CIDFontType2"
            and "Bold" in str(part.BaseFont)
        ]

    def widths(self, content):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            (font,) = self.fonts(pdf)
            return [int(width) for width in font.W[1]]

    # ------------------------------------------------------------------
    # What a validator says
    # ------------------------------------------------------------------

    @skipUnless(IS_THERE, WHAT_IS_MISSING)
    def test_a_validator_finds_nothing(self):
        scripts = "Ελλάδα 株式会社テスト ภาษาไทย हिन्दी السلام"
        picture = base64.b64encode(clear_picture()).decode()
        rich = self.rendered(
            f'<p>{scripts}</p><img src="data:image/png;base64,{picture}"/>{LINK}'
            '<p style="page-break-before: always">2</p>'
        )
        with pikepdf.open(io.BytesIO(rich)) as pdf:
            self.attach(pdf, "plan.png", clear_picture(), "image/png")
            self.attach(pdf, "factur-x.xml", (CII % next(iter(pdfa.LEVELS))).encode())
            output = io.BytesIO()
            pdf.save(output)
        files = [self.convert(self.page), self.convert(output.getvalue())]
        self.assertEqual(validation_errors(*files), [[], []])

    @skipUnless(IS_THERE, WHAT_IS_MISSING)
    def test_a_validator_would_find_something(self):
        def claim_another_title(pdf):
            pdf.docinfo["/Title"] = "Another"

        def lose_its_colours(pdf):
            del pdf.Root.OutputIntents

        def lose_its_font(pdf):
            for font in self.fonts(pdf):
                del font.FontDescriptor.FontFile2

        good = self.convert(self.page)
        files = []
        for change in (claim_another_title, lose_its_colours, lose_its_font):
            with pikepdf.open(io.BytesIO(good)) as pdf:
                change(pdf)
                output = io.BytesIO()
                pdf.save(output)
            files.append(output.getvalue())
        for errors, code in zip(
            validation_errors(*files), ("7.", "2.4", "3.1"), strict=True
        ):
            self.assertTrue([e for e in errors if e.startswith(code)], errors)

    # ------------------------------------------------------------------
    # Attached files
    # ------------------------------------------------------------------

    @staticmethod
    def attach(pdf, name, content, mimetype=""):
        pdf.attachments[name] = pikepdf.AttachedFileSpec(
            pdf, content, filename=name, mime_type=mimetype
        )

    def test_attached_files_are_declared(self):
        def attach(pdf):
            self.attach(pdf, "plan.png", b"not even a picture")
            self.attach(pdf, "factur-x.xml", b"<no-invoice/>")

        converted = self.convert(self.changed(attach))
        with pikepdf.open(io.BytesIO(converted)) as pdf:
            self.assert_attachments(pdf)
            self.assertEqual(set(pdf.attachments), {"factur-x.xml", "plan.png"})
            plan = pdf.attachments["plan.png"].get_file().read_bytes()
            self.assertEqual(plan, b"not even a picture")
            # What is no Factur-X is not called so.
            self.assertEqual(said(xmp_of(pdf), "fx:ConformanceLevel"), [])

    def test_a_factur_x_says_the_level_of_its_xml(self):
        for guideline, level in pdfa.LEVELS.items():
            with self.subTest(level=level):

                def attach(pdf, guideline=guideline):
                    self.attach(pdf, "factur-x.xml", (CII % guideline).encode())

                converted = self.convert(self.changed(attach))
                if level in pdfa.PARTS_OF_AN_INVOICE:
                    with pikepdf.open(io.BytesIO(converted)) as pdf:
                        spec = pdf.attachments["factur-x.xml"].obj
                        self.assertEqual(spec.AFRelationship, "/Data")
                else:
                    self.assert_pdfa(converted, level)

    # ------------------------------------------------------------------
    # What cannot be mended
    # ------------------------------------------------------------------

    def assert_problem(self, content, *problem):
        with self.assertRaises(pdfa.NotPdfA) as caught:
            self.convert(content)
        self.assertIn(problem, [tuple(p) for p in caught.exception.problems])

    def test_a_character_that_the_font_lacks(self):
        def write(code):
            def change(pdf):
                name = next(iter(pdf.pages[0].Resources.Font.keys()))
                pdf.pages[0].contents_add(f"BT {name} 9 Tf {code} ET".encode())

            return self.changed(change)

        for code in (
            "<0000> Tj",
            "<00010000> Tj",
            "[<0001> 9 <0000>] TJ",
            r"(\0\0) Tj",
        ):
            with self.subTest(code=code):
                self.assert_problem(write(code), "glyph", "")
        for code in ("<0001> Tj", "<00010002> Tj", "<01000001> Tj"):
            with self.subTest(code=code):
                self.assert_pdfa(self.convert(write(code)))

    def test_a_character_that_a_drawn_part_lacks(self):
        def stamp(pdf):
            fonts = pdf.pages[0].Resources.Font
            name = next(iter(fonts.keys()))
            pdf.pages[0].Resources.XObject = pikepdf.Dictionary(
                Fx=pdf.make_stream(
                    f"BT {name} 9 Tf <0000> Tj ET".encode(),
                    Type=pikepdf.Name.XObject,
                    Subtype=pikepdf.Name.Form,
                    BBox=[0, 0, 9, 9],
                    Resources=pikepdf.Dictionary(Font=fonts),
                )
            )

        self.assert_problem(self.changed(stamp), "glyph", "")

    def test_a_font_that_is_not_in_the_file(self):
        def name_it(pdf):
            pdf.pages[0].Resources.Font.F99 = pdf.make_indirect(FONT)

        self.assert_problem(self.changed(name_it), "font", "Helvetica")

    def test_scripts_and_actions(self):
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")

        def on_opening(pdf):
            pdf.Root.OpenAction = script

        def by_itself(pdf):
            pdf.pages[0].AA = pikepdf.Dictionary(O=script)

        def launch(pdf):
            pdf.pages[0].Annots = pikepdf.Array(
                [
                    pikepdf.Dictionary(
                        Type=pikepdf.Name.Annot,
                        Subtype=pikepdf.Name.Link,
                        Rect=[0, 0, 9, 9],
                        A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F="x.exe"),
                    )
                ]
            )

        self.assert_problem(self.changed(on_opening), "part", "/JavaScript")
        self.assert_problem(self.changed(by_itself), "part", "/AA")
        self.assert_problem(self.changed(launch), "part", "/Launch")

    def test_notes_that_are_not_printed(self):
        for flags in (1, 2, 4 | 2, 4 | 32, 4 | 256):

            def hide(pdf, flags=flags):
                link = pikepdf.Dictionary(
                    Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], F=flags
                )
                pdf.pages[0].Annots = pikepdf.Array([link])

            with self.subTest(flags=flags):
                self.assert_problem(self.changed(hide), "part", f"/Link /F {flags}")

    def test_colours_of_a_printing_press(self):
        def colour_space(pdf):
            pdf.pages[0].Resources.ColorSpace.CSx = pikepdf.Name.DeviceCMYK

        def operator(pdf):
            pdf.pages[0].contents_add(b"0 0 0 1 k 0 0 9 9 re f")

        self.assert_problem(self.changed(colour_space), "part", "/DeviceCMYK")
        self.assert_problem(self.changed(operator), "part", "/DeviceCMYK")

    def test_a_state_that_is_saved_too_deep(self):
        def nest(pdf):
            pdf.pages[0].contents_add(b"q " * 29 + b"Q " * 29)

        self.assert_problem(self.changed(nest), "part", "q")

    def test_what_is_no_pdf(self):
        with self.assertRaises(pdfa.NotPdfA) as caught:
            self.convert(b"%PDF-1.4\nnothing\n%%EOF\n")
        self.assertEqual(caught.exception.problems[0].kind, "broken")

    def test_bytes_in_the_second_line(self):
        comment = self.page[9 : self.page.index(b"\n", 9)]
        bare = self.page.replace(comment, b"%" * len(comment), 1)
        for content in (self.page, bare):
            marked = pdfa.with_binary_comment(content)
            self.assertRegex(marked, rb"^%PDF-1\.\d\n%[\x80-\xff]{4}")
        self.assertEqual(pdfa.with_binary_comment(marked), marked)
