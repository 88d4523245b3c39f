"""The PDF files people have, made for the tests. Each function writes one file."""

import io
from datetime import datetime

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, WebPImagePlugin  # noqa: F401  # Odoo leaves WebP out
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

XML = b"<rsm:CrossIndustryInvoice>\xc3\xa9</rsm:CrossIndustryInvoice>"
SIGNATURE_ROOM = 16_000  # hexadecimal digits


def plain(path, *texts, size=A4):
    """A page for each text."""
    _draw(str(path), texts, size)
    return path


def pdf_of(*texts):
    """The bytes of a file with a page for each text."""
    buffer = io.BytesIO()
    _draw(buffer, texts)
    return buffer.getvalue()


def _draw(target, texts, size=A4):
    sheet = canvas.Canvas(target, pagesize=size)
    for text in texts:
        sheet.drawString(72, size[1] - 72, text)
        sheet.showPage()
    sheet.save()


def changed(path, *texts, **options):
    """Context manager: a plain file as a pikepdf.Pdf, saved with options at the end."""
    return _Changed(plain(path, *texts), options)


class _Changed:
    def __init__(self, path, options):
        self._path, self._options = path, options

    def __enter__(self):
        self._pdf = pikepdf.open(self._path, allow_overwriting_input=True)
        return self._pdf

    def __exit__(self, *exc_info):
        self._pdf.save(self._path, **self._options)
        self._pdf.close()


def encrypted(path, text, user="", revision=6):
    """With a password to open it, or an empty one. Revision 3 is RC4, 6 is AES-256."""
    encryption = pikepdf.Encryption(
        owner="owner", user=user, R=revision, aes=revision > 3, metadata=revision > 3
    )
    with changed(path, text, encryption=encryption):
        return path


def form(path, value, name="client", anew=True, kid=False, AP=None, **entries):
    """A filled-in field that no program has painted yet.

    :param anew: the document says so itself
    :param kid: the value is that of a field, with a widget for a kid
    :param AP: what a program has painted before, as the drawing's content
    :param entries: of the field
    """
    with changed(path, "Form") as pdf:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        field = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T=String(name),
                V=String(value),
                **{"DA": String("/Helv 12 Tf 0 g"), "Rect": [72, 600, 400, 620]}
                | entries,
            )
        )
        pdf.pages[0].Annots = Array([field])
        fonts = Dictionary(Font=Dictionary(Helv=pdf.make_indirect(font)))
        if AP:
            drawing = pdf.make_stream(
                b"BT /Helv 12 Tf 2 4 Td %s ET" % AP if AP.endswith(b"Tj") else AP,
                Type=Name.XObject,
                Subtype=Name.Form,
                BBox=[0, 0, 328, 20],
                Resources=fonts,
            )
            field.AP = Dictionary(N=drawing)
        if kid:
            parent = Dictionary({key: field[key] for key in ("/FT", "/T", "/V")})
            for key in parent.keys():
                del field[key]
            parent.Kids = Array([field])
            field.Parent = pdf.make_indirect(parent)
        pdf.Root.AcroForm = Dictionary(
            Fields=[field.Parent if kid else field],
            NeedAppearances=anew,
            DR=fonts,
            DA=String("/Helv 12 Tf 0 g"),
        )
    return path


def _lose(holder, key, value=None):
    if value is None:
        del holder[key]
    else:
        holder[key] = value


# What programs do to the arrays of a form: called with the file and its widget.
BROKEN_FIELDS = {
    "null fields": lambda pdf, _widget: _lose(pdf.Root.AcroForm, "/Fields"),
    "fields of another type": lambda pdf, _widget: _lose(
        pdf.Root.AcroForm, "/Fields", 7
    ),
    "a null among the fields": lambda pdf, _widget: pdf.Root.AcroForm.Fields.insert(
        0, None
    ),
    "empty fields": lambda pdf, _widget: _lose(pdf.Root.AcroForm, "/Fields", Array()),
    "no form": lambda pdf, _widget: _lose(pdf.Root, "/AcroForm"),
    "a form of another type": lambda pdf, _widget: _lose(
        pdf.Root, "/AcroForm", Array()
    ),
    "null kids": lambda _pdf, widget: _lose(widget.Parent, "/Kids"),
    "kids of another type": lambda _pdf, widget: _lose(
        widget.Parent, "/Kids", Name.Kids
    ),
    "nulls and numbers among the kids": lambda _pdf, widget: _lose(
        widget.Parent, "/Kids", Array([None, 7, *widget.Parent.Kids, None])
    ),
    "kids that are their own": lambda _pdf, widget: widget.Parent.Kids.insert(
        0, widget.Parent
    ),
    "a parent that is its own": lambda _pdf, widget: _lose(
        widget.Parent, "/Parent", widget.Parent
    ),
    "a widget without its parent": lambda _pdf, widget: _lose(widget, "/Parent"),
    "nulls among the widgets of the page": lambda pdf, widget: _lose(
        pdf.pages[0].obj, "/Annots", Array([None, 7, widget])
    ),
}


def boxes(path, value, states, flags=0):
    """Boxes of one field, 20 points wide, in a row.

    :param states: for each box, the `states` that are painted and the one that shows
    """
    with changed(path, "Form") as pdf:
        field = pdf.make_indirect(Dictionary(FT=Name.Btn, T=String("box"), Ff=flags))
        if value:
            field.V = Name(f"/{value}")
        field.Kids = Array(
            _box(pdf, field, 100 + 50 * place, **each)
            for place, each in enumerate(states)
        )
        pdf.pages[0].Annots = field.Kids
        pdf.Root.AcroForm = Dictionary(Fields=[field])
    return path


def _box(pdf, field, left, states=(), AS=None, MK=None):
    box = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        F=4,
        Parent=field,
        Rect=[left, 100, left + 20, 120],
    )
    if MK:
        box.MK = Dictionary({f"/{key}": Array(value) for key, value in MK.items()})
    if AS:
        box.AS = Name(f"/{AS}")
    if states:
        box.AP = Dictionary(N=Dictionary())
    for state in states:
        drawing = b"" if state == "Off" else b"0 0 20 20 re f"
        box.AP.N[f"/{state}"] = pdf.make_stream(
            drawing, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 20, 20]
        )
    return pdf.make_indirect(box)


def xfa(path):
    """A form that only Adobe's programs can show; the page asks to wait."""
    with changed(path, "Please wait...") as pdf:
        pdf.Root.NeedsRendering = True
        pdf.Root.AcroForm = Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))
    return path


def portfolio(path, files):
    """A collection of files, as {name: bytes}, behind a page that says so."""
    containing(path, files, "Open this in Acrobat")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.Root.Collection = Dictionary(Type=Name.Collection)
        pdf.save()
    return path


def containing(path, files, text="Text"):
    """With files inside, as {name: bytes}, whatever their names are."""
    with changed(path, text) as pdf:
        pairs = Array()
        for name, content in files.items():
            file = pdf.make_stream(content, Type=Name.EmbeddedFile)
            specification = Dictionary(UF=String(name), EF=Dictionary(F=file))
            pairs.extend([String(name), specification])
        pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=pairs))
    return path


def factur_x(path, text):
    """An e-invoice with its XML inside."""
    with changed(path, text) as pdf:
        file = pikepdf.AttachedFileSpec(
            pdf, XML, filename="factur-x.xml", mime_type="text/xml"
        )
        file.obj.AFRelationship = Name.Data
        pdf.attachments["factur-x.xml"] = file
        pdf.Root.AF = Array([file.obj])
    return path


def layered(path, shown, hidden):
    """Two texts in layers; one layer is off."""
    with changed(path, "Plan") as pdf:
        on, off = (
            pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(name)))
            for name in ("on", "off")
        )
        pdf.Root.OCProperties = Dictionary(
            OCGs=[on, off], D=Dictionary(OFF=[off], Order=[on, off])
        )
        page = pdf.pages[0]
        page.Resources.Properties = Dictionary(On=on, Off=off)
        page.contents_add(
            b"BT /F1 12 Tf 72 500 Td /OC /On BDC (%s) Tj EMC"
            b" 0 -20 Td /OC /Off BDC (%s) Tj EMC ET" % (shown.encode(), hidden.encode())
        )
    return path


def linked(path, *texts):
    """A link on the first page leads to the last one."""
    with changed(path, *texts) as pdf:
        target = pdf.pages[-1].obj
        pdf.pages[0].Annots = Array(
            [
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.Link,
                    Rect=[72, 700, 200, 720],
                    Dest=[target, Name.Fit],
                )
            ]
        )
    return path


def signed(path, text):
    """With a real detached signature over all other bytes, by a fresh certificate."""
    with changed(path, text) as pdf:
        signature = pdf.make_indirect(
            Dictionary(
                Type=Name.Sig,
                Filter=Name("/Adobe.PPKLite"),
                SubFilter=Name("/adbe.pkcs7.detached"),
                ByteRange=[0, 1111111111, 1111111112, 1111111113],
                Contents=String(b"\xff" * (SIGNATURE_ROOM // 2)),
            )
        )
        field = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Sig,
                T=String("Signature"),
                V=signature,
                Rect=[0, 0, 0, 0],
                P=pdf.pages[0].obj,
            )
        )
        pdf.pages[0].Annots = Array([field])
        pdf.Root.AcroForm = Dictionary(Fields=[field], SigFlags=3)
    content = path.read_bytes()
    start = content.index(b"<" + b"ff" * (SIGNATURE_ROOM // 2))
    end = start + SIGNATURE_ROOM + 2
    for old, new in (
        (b"1111111111", start),
        (b"1111111112", end),
        (b"1111111113", len(content) - end),
    ):
        content = content.replace(old, b"%010d" % new)
    digits = _sign(content[:start] + content[end:]).hex().encode()
    padded = b"<" + digits.ljust(SIGNATURE_ROOM, b"0") + b">"
    path.write_bytes(content[:start] + padded + content[end:])
    return path


def _sign(content):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Signer")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2026, 1, 1))
        .not_valid_after(datetime(2036, 1, 1))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, options)


def picture(path, kind="JPEG", mode="RGB", size=(60, 40), frames=1, **options):
    """A picture whose pixels differ from corner to corner."""
    images = [
        Image.linear_gradient("L").resize(size).rotate(90 * number).convert(mode)
        for number in range(frames)
    ]
    if frames > 1:
        options |= {"save_all": True, "append_images": images[1:]}
    images[0].save(path, kind, **options)
    return path


CORNERS = {
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "black": (0, 0, 0),
}
# How the pixels of an upright picture lie for each orientation that EXIF knows.
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def corners(size=(96, 64)):
    """A picture with a colour in each corner, as CORNERS has them line by line."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for number, colour in enumerate(CORNERS):
        corner = (number % 2 * half[0], number // 2 * half[1])
        image.paste(Image.new("RGB", half, colour), corner)
    return image


def nearest(pixel):
    """The name of the colour that a painted pixel comes closest to."""
    return min(
        CORNERS,
        key=lambda name: sum(
            (one - other) ** 2 for one, other in zip(pixel, CORNERS[name], strict=True)
        ),
    )


def picture_bytes(**options):
    buffer = io.BytesIO()
    picture(buffer, **options)
    return buffer.getvalue()
