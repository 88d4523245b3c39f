"""The catalogue of what a PDF/A-3b must have, as far as no validator is needed."""

import io
import re
from contextlib import contextmanager
from datetime import datetime, timezone

import pikepdf
from lxml import etree

from odoo.tools import config

from .report_common import poppler

HEADER = re.compile(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4,}\n")
NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "fx": "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
# of the info dictionary, and where the XMP says the same
SAME = {
    "/Title": "dc:title/rdf:Alt/rdf:li[@xml:lang='x-default']",
    "/Author": "dc:creator/rdf:Seq/rdf:li",
    "/Creator": "xmp:CreatorTool",
    "/Producer": "pdf:Producer",
    "/CreationDate": "xmp:CreateDate",
    "/ModDate": "xmp:ModifyDate",
}
SILENT = ("/AA", "/JavaScript", "/XFA", "/OCProperties", "/StructTreeRoot")
TEXT = "Tf Tj TJ ' \""


@contextmanager
def outside_tests():
    """Odoo attaches no e-invoice while it is being tested."""
    before = config["test_enable"]
    config["test_enable"] = False
    try:
        yield
    finally:
        config["test_enable"] = before


def xmp_of(pdf):
    """The XMP of an open PDF."""
    packet = pdf.Root.Metadata.read_bytes()
    assert packet.startswith(b'<?xpacket begin="\xef\xbb\xbf"'), packet[:40]
    assert packet.endswith(b'<?xpacket end="w"?>'), packet[-40:]
    return etree.fromstring(packet)


def said(xmp, path):
    """The one text at a path of the XMP."""
    texts = xmp.xpath(f"//rdf:Description/{path}/text()", namespaces=NAMESPACES)
    return texts[0] if len(texts) == 1 else texts


def parts_of(pdf):
    """Every dictionary and every stream of a PDF."""
    waiting = [part for part in pdf.objects]
    while waiting:
        part = waiting.pop()
        if isinstance(part, pikepdf.Array):
            waiting += [child for child in part if _is_container(child)]
        elif isinstance(part, pikepdf.Dictionary | pikepdf.Stream):
            yield part
            waiting += [
                c for c in (value for _key, value in part.items()) if _is_container(c)
            ]


def _is_container(part):
    return (
        isinstance(part, pikepdf.Array | pikepdf.Dictionary | pikepdf.Stream)
        and not part.is_indirect
    )


class CatalogueMixin:
    """``assert_pdfa``: what ISO 19005-3 asks of a file, at level B."""

    def assert_pdfa(self, content, level=None):
        """
        :param level: of the Factur-X that must be attached; None for none
        """
        self.assertRegex(content, HEADER)
        self.assertTrue(content.endswith(b"%%EOF\n"))
        self.assertIn("No syntax or stream", poppler("qpdf --check FILE", content))
        with pikepdf.open(io.BytesIO(content)) as pdf:
            self.assertEqual([len(bytes(part)) for part in pdf.trailer.ID], [16, 16])
            self.assertNotIn("/Encrypt", pdf.trailer)
            self.assert_colours(pdf)
            self.assert_description(pdf)
            self.assert_parts(pdf)
            self.assert_attachments(pdf)
            self.assert_factur_x(pdf, level)
        self.assert_fonts(content)

    def assert_colours(self, pdf):
        (intent,) = pdf.Root.OutputIntents
        self.assertEqual(intent.S, "/GTS_PDFA1")
        self.assertTrue(str(intent.OutputConditionIdentifier))
        profile = intent.DestOutputProfile
        self.assertEqual(profile.N, 3)
        self.assertEqual(profile.read_bytes()[16:20], b"RGB ")
        self.assertEqual(profile.read_bytes()[36:40], b"acsp")
        self.assertNotIn("/DeviceCMYK", repr([repr(part) for part in parts_of(pdf)]))
        # With an intent, what is seen through needs no group (ISO 19005-3, 6.2.10);
        # one that is there blends in colours of the intent.
        for part in parts_of(pdf):
            if part.get("/S") == "/Transparency":
                self.assertIn(
                    part.get("/CS", "/DeviceRGB"), ("/DeviceRGB", "/DeviceGray")
                )

    def assert_description(self, pdf):
        xmp = xmp_of(pdf)
        self.assertEqual(pdf.Root.Metadata.Type, "/Metadata")
        self.assertEqual(pdf.Root.Metadata.Subtype, "/XML")
        self.assertEqual(said(xmp, "pdfaid:part"), "3")
        self.assertEqual(said(xmp, "pdfaid:conformance"), "B")
        self.assertEqual(set(pdf.docinfo.keys()), set(SAME))
        for key, path in SAME.items():
            expected = str(pdf.docinfo[key])
            if key.endswith("Date"):
                self.assertTrue(expected.endswith("+00'00'"))
                moment = datetime.strptime(expected[2:16], "%Y%m%d%H%M%S")
                expected = moment.replace(tzinfo=timezone.utc).isoformat()
            self.assertEqual(said(xmp, path), expected)

    def assert_parts(self, pdf):
        for part in parts_of(pdf):
            self.assertFalse(set(SILENT) & set(part.keys()))
            if part.get("/Type") == "/Annot":
                self.assertEqual(part.Subtype, "/Link")
                self.assertEqual(int(part.F), 4)
                self.assertIn(part.get("/A", {}).get("/S", "/GoTo"), ("/URI", "/GoTo"))
            if part.get("/Subtype") == "/Image":
                self.assertFalse({"/Interpolate", "/Alternates"} & set(part.keys()))
            if part.get("/Subtype") == "/CIDFontType2":
                self.assertEqual(part.CIDToGIDMap, "/Identity")
                self.assertNotIn("/CIDSet", part.FontDescriptor)
            if isinstance(part, pikepdf.Stream):
                self.assertNotIn("LZW", repr(part.get("/Filter")))
                self.assertNotIn("/FFilter", part)
                if part.get("/Subtype") == "/Form":
                    self.assert_glyphs(part)
        for page in pdf.pages:
            self.assert_glyphs(page)

    def assert_glyphs(self, drawing):
        """No text asks for the glyph that stands for what the font lacks."""
        for operands, _operator in pikepdf.parse_content_stream(drawing, TEXT):
            for text in operands:
                if isinstance(text, pikepdf.String):
                    self.assertNotEqual(bytes(text), b"\0\0")

    def assert_attachments(self, pdf):
        specs = [spec.obj for spec in pdf.attachments.values()]
        attached = [spec.objgen for spec in pdf.Root.AF] if specs else []
        self.assertEqual([spec.objgen for spec in specs], attached)
        for spec in specs:
            self.assertEqual(spec.Type, "/Filespec")
            self.assertEqual(str(spec.F), str(spec.UF))
            file = spec.EF.F
            self.assertIn("/", str(file.Subtype)[1:])
            self.assertEqual(int(file.Params.Size), len(file.read_bytes()))
            self.assertTrue(str(file.Params.ModDate).startswith("D:"))

    def assert_factur_x(self, pdf, level):
        xmp = xmp_of(pdf)
        self.assertEqual(said(xmp, "fx:ConformanceLevel"), level or [])
        self.assertEqual("factur-x.xml" in pdf.attachments, bool(level))
        if not level:
            return
        spec = pdf.attachments["factur-x.xml"]
        self.assertEqual(spec.obj.AFRelationship, "/Alternative")
        self.assertEqual(spec.get_file().mime_type, "text/xml")
        self.assertEqual(said(xmp, "fx:DocumentFileName"), "factur-x.xml")
        self.assertEqual(said(xmp, "fx:DocumentType"), "INVOICE")
        self.assertEqual(said(xmp, "fx:Version"), "1.0")
        schema = "pdfaExtension:schemas/rdf:Bag/rdf:li/"
        namespace = said(xmp, f"{schema}pdfaSchema:namespaceURI")
        self.assertEqual(namespace, NAMESPACES["fx"])
        names = said(
            xmp, f"{schema}pdfaSchema:property/rdf:Seq/rdf:li/pdfaProperty:name"
        )
        used = xmp.xpath("//fx:*", namespaces=NAMESPACES)
        self.assertEqual(sorted(names), sorted(etree.QName(e).localname for e in used))

    def assert_fonts(self, content):
        table = poppler("pdffonts FILE", content).splitlines()
        embedded = table[0].index("emb")
        for line in table[2:]:
            self.assertEqual(line[embedded : embedded + 3], "yes", line)
