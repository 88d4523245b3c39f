"""Forms become part of their pages: what was filled in stays visible."""

import contextlib
import re

from pikepdf import Array, Dictionary, Name, String
from pikepdf.form import ExtendedAppearanceStreamGenerator
from reportlab.pdfbase import pdfmetrics

from .messages import Failure
from .page_copier import inner
from .ticking import show_value

FONT = re.compile(rb"/(\S+)\s+[\d.+-]+\s+Tf")
ENCODING = "cp1252"  # what WinAnsiEncoding can show


def flatten(pdf):
    """Paint all fields into the pages and remove the form.

    :return: what was changed, as in Inspection.changes
    :raise Failure: 'form_unreadable'
    """
    form = pdf.Root.AcroForm
    if pdf.Root.get("/NeedsRendering"):
        raise Failure("form_unreadable", "XFA form with NeedsRendering")
    changes = ["forms", "xfa"] if "/XFA" in form else ["forms"]
    _paint(pdf, bool(form.get("/NeedAppearances")))
    form.NeedAppearances = False
    pdf.flatten_annotations("screen")
    if "/AcroForm" in pdf.Root:
        del pdf.Root["/AcroForm"]
    return changes


def _paint(pdf, anew):
    """Give all fields that have none an appearance; all of them if `anew`."""
    painter = ExtendedAppearanceStreamGenerator(pdf, pdf.acroform)
    for field in pdf.acroform.fields:
        annotations = pdf.acroform.get_annotations_for_field(field)
        if field.is_checkbox or field.is_radio_button:
            show_value(pdf, field, [annotation.obj for annotation in annotations])
        if not (field.is_text or field.is_choice) or not field.value_as_string:
            continue
        painted = all("/AP" in annotation.obj for annotation in annotations)
        if painted and not (anew and _is_simple(field.value_as_string)):
            continue
        if not _is_simple(field.value_as_string):
            raise Failure("form_unreadable", field.value_as_string)
        _provide_font(pdf, field)
        _paint_field(painter, field, annotations)


def _paint_field(painter, field, annotations):
    if field.is_text:
        # an odd font stops it: the value in one line is better than none
        with contextlib.suppress(Exception):
            return painter.generate_text(field)
    for annotation in annotations:
        field.generate_appearance(annotation)


def _is_simple(value):
    try:
        value.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _provide_font(pdf, field):
    """See to it that the field's font exists, has accents and known widths."""
    form = pdf.Root.AcroForm
    match = FONT.search(bytes(field.default_appearance))
    if not match:
        field.obj.DA = String("/Helv 10 Tf 0 g")
    fonts = inner(inner(form, "/DR"), "/Font")
    name = Name("/" + (match[1].decode("latin-1") if match else "Helv"))
    font = fonts.get(name)
    if not isinstance(font, Dictionary):
        font = fonts[name] = pdf.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        )
    if "/FontDescriptor" not in font and font.get("/Subtype") != Name.Type0:
        font.Encoding = Name.WinAnsiEncoding
        _measure(font)


def _measure(font):
    """A standard font comes without measures, which breaking lines needs."""
    metrics = pdfmetrics.getFont("Helvetica")
    font.FirstChar, font.LastChar = 0, 255
    font.Widths = Array([int(width or 0) for width in metrics.widths])
    font.FontDescriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=font.BaseFont,
        Flags=32,
        FontBBox=[-166, -225, 1000, 931],
        ItalicAngle=0,
        Ascent=metrics.face.ascent,
        Descent=metrics.face.descent,
        CapHeight=metrics.face.ascent,
        StemV=88,
    )
