"""Make a finished page a PDF/A-3b, the form that is readable in ten years.

ISO 19005-3, level B: the page looks the same everywhere, and files may be attached
to it. A file with ``factur-x.xml`` also says which Factur-X it is. Nothing of what is
on the pages changes; what cannot be mended is told, see :mod:`.pdfa_check`.
"""

import io
import re
import struct
from datetime import UTC, datetime

import pikepdf
from lxml import etree

from . import pdfa_check, xmp

EINVOICE = "factur-x.xml"
# the levels as Factur-X writes them in XMP, by what the XML says of itself
LEVELS = {
    "urn:factur-x.eu:1p0:minimum": "MINIMUM",
    "urn:factur-x.eu:1p0:basicwl": "BASIC WL",
    "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic": "BASIC",
    "urn:cen.eu:en16931:2017": "EN 16931",
    "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended": "EXTENDED",
}
# these levels do not say all that the page says
PARTS_OF_AN_INVOICE = ("MINIMUM", "BASIC WL")
GUIDELINE = (
    "/*[local-name() = 'CrossIndustryInvoice']"
    "//*[local-name() = 'GuidelineSpecifiedDocumentContextParameter']"
    "/*[local-name() = 'ID']/text()"
)
BINARY_COMMENT = re.compile(rb"%PDF-\d\.\d\s*%[\x80-\xff]{4}")
PRINTED = 4  # of the flags of a link or a note
WIDTH_TOLERANCE = 1  # thousandths of the font's size
UNKNOWN_TYPE = "application/octet-stream"


class NotPdfA(Exception):
    """The file cannot become a PDF/A.

    :param problems: as :func:`.pdfa_check.problems` gives them
    """

    def __init__(self, problems):
        super().__init__(problems)
        self.problems = problems


def convert(content, profile, about):
    """The file as PDF/A-3b, as bytes.

    :param content: the PDF, as bytes
    :param profile: an ICC profile of sRGB, as bytes: what the colours mean
    :param about: a :class:`.xmp.About`
    :raise NotPdfA: something in it cannot be
    """
    with _open(content) as pdf:
        level = _mend(pdf, about.made_on)
        _name_colours(pdf, profile)
        _describe(pdf, about, level)
        if problems := pdfa_check.problems(pdf):
            raise NotPdfA(problems)
        return _to_bytes(pdf)


def factur_x_problems(content):
    """What keeps a Factur-X from being a PDF/A-3; nothing of any other file.

    :param content: a PDF, as bytes
    :raise NotPdfA: it cannot be read
    """
    with _open(content) as pdf:
        if not _mend(pdf, datetime.now(UTC)):
            return ()
        return pdfa_check.problems(pdf)


def with_binary_comment(content):
    """The same file with bytes above 127 in its second line, as a PDF/A has them.

    Odoo takes a file with them for a PDF/A and attaches files without touching the
    rest. Else its own conversion would try, and leave half of it behind.
    """
    if BINARY_COMMENT.match(content):
        return content
    with _open(content) as pdf:
        return _to_bytes(pdf)


def _open(content):
    try:
        return pikepdf.open(io.BytesIO(content))
    except pikepdf.PdfError as error:
        raise NotPdfA((pdfa_check.Problem("broken", str(error)),)) from error


def _to_bytes(pdf):
    output = io.BytesIO()
    # the same content gives the same file, with its /ID
    pdf.save(
        output, min_version="1.7", deterministic_id=True, fix_metadata_version=False
    )
    return output.getvalue()


def _mend(pdf, date):
    """Mend what can be.

    :return: the level of the Factur-X, or None
    """
    level = _mend_attachments(pdf, xmp.pdf_date(date))
    for part in pdfa_check.dictionaries(pdf):
        _mend_part(part)
    _mend_catalog(pdf)
    return level


def _name_colours(pdf, profile):
    intent = pikepdf.Dictionary(
        Type=pikepdf.Name.OutputIntent,
        S=pikepdf.Name.GTS_PDFA1,
        OutputConditionIdentifier=pikepdf.String("sRGB"),
        Info=pikepdf.String("sRGB"),
        DestOutputProfile=pdf.make_stream(profile, N=3),
    )
    pdf.Root.OutputIntents = pikepdf.Array([pdf.make_indirect(intent)])


def _describe(pdf, about, level):
    """Say the same in the XMP and in the old info dictionary."""
    factur_x = xmp.FacturX(EINVOICE, level) if level else None
    packet = xmp.packet(about, factur_x)
    pdf.Root.Metadata = pdf.make_stream(
        packet, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
    )
    info = {name: pikepdf.String(text) for name, text in xmp.info(about).items()}
    pdf.trailer.Info = pdf.make_indirect(pikepdf.Dictionary(info))


def _mend_catalog(pdf):
    root = pdf.Root
    # a claim to be tagged that holds no tags
    if "/K" not in root.get("/StructTreeRoot", {}):
        _drop(root, "/StructTreeRoot")
        root.MarkInfo = pikepdf.Dictionary(Marked=False)


# ----------------------------------------------------------------------
# Fonts, pictures, links
# ----------------------------------------------------------------------


def _mend_part(part):
    kind = part.get("/Subtype")
    if kind == "/CIDFontType2" and "/FontDescriptor" in part:
        _mend_font(part)
    elif kind == "/Image":
        _drop(part, "/Interpolate")
    elif kind == "/Link" or part.get("/Type") == "/Annot":
        if not int(part.get("/F", 0)) & ~PRINTED:
            part.F = PRINTED


def _mend_font(font):
    _drop(font.FontDescriptor, "/CIDSet")  # may be left out, may not be wrong
    if "/CIDToGIDMap" not in font:
        font.CIDToGIDMap = pikepdf.Name.Identity
    if "/FontFile2" in font.FontDescriptor and font.CIDToGIDMap == "/Identity":
        widths = _true_widths(font.FontDescriptor.FontFile2.read_bytes())
        if not _says_widths(font, widths):
            font.W = pikepdf.Array([0, pikepdf.Array(widths)])


def _true_widths(font_file):
    """The width of each glyph in thousandths, as the TrueType font itself has it.

    :return: an empty list when it cannot be read
    """
    try:
        tables = {
            tag: offset
            for tag, _checksum, offset, _length in struct.iter_unpack(
                ">4s3I", font_file[12 : 12 + 16 * _number(font_file, 4)]
            )
        }
        scale = 1000 / _number(font_file, tables[b"head"] + 18)
        glyphs = _number(font_file, tables[b"maxp"] + 4)
        # the last one stands for all glyphs that follow
        given = _number(font_file, tables[b"hhea"] + 34)
        advances = [
            _number(font_file, tables[b"hmtx"] + 4 * min(glyph, given - 1))
            for glyph in range(glyphs)
        ]
    except (KeyError, struct.error, ZeroDivisionError):
        return []
    return [round(advance * scale) for advance in advances]


def _number(content, offset):
    return struct.unpack_from(">H", content, offset)[0]


def _says_widths(font, widths):
    said = [float(font.get("/DW", 1000))] * len(widths)
    entries = list(font.get("/W", []))
    while entries:
        first, second = int(entries.pop(0)), entries.pop(0)
        if isinstance(second, pikepdf.Array):
            values = [float(width) for width in second]
        else:
            values = [float(entries.pop(0))] * (int(second) + 1 - first)
        said[first : first + len(values)] = values
    return all(
        abs(ours - theirs) <= WIDTH_TOLERANCE
        for ours, theirs in zip(widths, said, strict=False)
    )


def _drop(dictionary, key):
    if key in dictionary:
        del dictionary[key]


# ----------------------------------------------------------------------
# Attached files
# ----------------------------------------------------------------------


def _mend_attachments(pdf, date):
    """Attach each file as PDF/A wants it.

    :return: the level of the Factur-X among them, or None
    """
    level = None
    for name, spec in list(pdf.attachments.items()):
        file = spec.get_file()
        content, mimetype = file.read_bytes(), file.mime_type or UNKNOWN_TYPE
        relationship = spec.obj.get("/AFRelationship", pikepdf.Name.Unspecified)
        if name == EINVOICE:
            level = _level(content)
            mimetype, relationship = "text/xml", _relationship(level)
        del pdf.attachments[name]
        spec = pikepdf.AttachedFileSpec(
            pdf,
            content,
            filename=name,
            description=name,
            mime_type=mimetype,
            mod_date=date,
        )
        spec.obj.AFRelationship = relationship
        pdf.attachments[name] = spec
    attached = [spec.obj for spec in pdf.attachments.values()]
    if attached:
        pdf.Root.AF = pdf.make_indirect(pikepdf.Array(attached))
    return level


def _level(content):
    """The level of an e-invoice; None when it is no Factur-X."""
    try:
        found = etree.fromstring(content).xpath(GUIDELINE)
    except etree.XMLSyntaxError:
        return None
    return LEVELS.get(found[0].strip()) if found else None


def _relationship(level):
    whole = level and level not in PARTS_OF_AN_INVOICE
    return pikepdf.Name.Alternative if whole else pikepdf.Name.Data
