"""Files of every kind that people and programs send, and what becomes of each."""

import email.message
import io
import random
import struct
from typing import NamedTuple

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import (
    BmpImagePlugin,  # noqa: F401  # Odoo loads a few kinds alone
    GifImagePlugin,  # noqa: F401
    Image,
    ImageOps,
    Jpeg2KImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
)

from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .compilation_common import with_signature
from .pdf_collection import pdf_of

EXIF_ORIENTATION = 0x0112
NEWER = (b"/FlateDecode", b"/BrotliDecode")
NOISE = random.Random(2026).randbytes(3000).hex()


class Kind(NamedTuple):
    """What is expected of a file in a backup.

    :param make: function that writes it to a path
    :param texts: of its pages; a picture says nothing
    :param notes: codes of what has to be known of it
    :param refusal: why it stays out
    :param alike: whether Poppler paints the original as it paints the result
    """

    make: object
    texts: tuple = ()
    notes: tuple = ()
    refusal: str = ""
    alike: bool = True


def written(make, *args, **options):
    return lambda path: make(path, *args, **options)


def content(function):
    return lambda path: path.write_bytes(function())


def fixed(path, change, *texts):
    """Write a file whose bytes were changed."""
    path.write_bytes(change(collection.plain(path, *texts).read_bytes()))


def replaced(old, new, *texts):
    return lambda path: fixed(path, lambda all_: all_.replace(old, new, 1), *texts)


def saved(*texts, **options):
    def make(path):
        with collection.changed(path, *texts, **options):
            pass

    return make


def edited(change, *texts):
    def make(path):
        with collection.changed(path, *texts) as pdf:
            change(pdf)

    return make


def linear(share, *texts):
    """A file for the web that ends too early."""

    def make(path):
        saved(*(f"{text} {NOISE}" for text in texts), linearize=True)(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * share // 100])

    return make


def garbled(place, *texts):
    """The drawing of one page cannot be unfolded."""

    def change(all_):
        start = -1
        for _number in range(place + 1):
            start = all_.index(b"\nstream\n", start + 1)
        start += len(b"\nstream\n")
        return all_[:start] + b"garbage!" + all_[start + 8 :]

    return lambda path: fixed(path, change, *texts)


def turned(number, kind):
    """A picture on its side, and what says so."""

    def make(path):
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = number
        collection.corners().save(path, kind, exif=exif)

    return make


def turn(degrees):
    def change(pdf):
        pdf.pages[0].Rotate = degrees

    return change


def turned_pages(path):
    """A TIFF, of which each page lies in another way."""
    frames = [collection.corners() for _number in range(8)]
    for number, frame in enumerate(frames, 1):
        frame.encoderinfo = {"tiffinfo": {EXIF_ORIENTATION: number}}
    first, *others = frames
    options = {**first.encoderinfo, "append_images": others}
    first.save(path, "TIFF", save_all=True, **options)


def see_through(path):
    """A picture with a palette, of which one colour is transparent."""
    image = collection.corners()
    image.paste((255, 255, 255), (30, 20, 66, 44))
    image = image.quantize(8)
    image.save(path, "PNG", transparency=image.getpixel((48, 32)))


def with_entries(**entries):
    def change(pdf):
        for key, value in entries.items():
            pdf.pages[0].obj[f"/{key}"] = value

    return change


def inherit(pdf):
    """What a page needs stands above it."""
    for key in ("/MediaBox", "/Resources"):
        pdf.Root.Pages[key] = pdf.pages[0].obj[key]
        for page in pdf.pages:
            del page.obj[key]
    pdf.Root.Pages.Rotate = 90


def show_again(pdf):
    first, second = pdf.Root.Pages.Kids
    pdf.Root.Pages.Kids, pdf.Root.Pages.Count = Array([first, second, first]), 3


def cut_up(pdf):
    """The drawing of a page is in pieces, which are no words."""
    drawing = pdf.pages[0].Contents.read_bytes()
    middle = drawing.index(b"Tj") - 3
    # Not an empty one: Poppler 25 takes it for the end of the page.
    pieces = (drawing[:middle], drawing[middle:], b"\n")
    pdf.pages[0].Contents = Array([pdf.make_stream(piece) for piece in pieces])


def drawn(make):
    """A page with a picture packed in some way."""

    def change(pdf):
        size, packed, entries = make(collection.corners())
        picture = pdf.make_stream(packed, Width=size[0], Height=size[1], **entries)
        picture.Type, picture.Subtype = Name.XObject, Name.Image
        pdf.pages[0].Resources.XObject = Dictionary(P=picture)
        pdf.pages[0].contents_add(b"q 192 0 0 128 72 300 cm /P Do Q")

    return change


def wavelets(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG2000")
    return image.size, buffer.getvalue(), {"Filter": Name.JPXDecode}


def two_levels(image):
    """What scanners write: a page of JBIG2 that has one region."""
    buffer = io.BytesIO()
    image.convert("1").save(buffer, "TIFF", compression="group4")
    tags = Image.open(buffer).tag_v2
    start, [length] = tags[273][0], tags[279]
    content = buffer.getvalue()[start : start + length]
    sizes = struct.pack(">II", *image.size)
    page = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + sizes + bytes(11)
    region = sizes + bytes(9) + b"\1" + content
    head = struct.pack(">IBBBI", 1, 38, 0, 1, len(region))
    entries = {
        "Filter": Name.JBIG2Decode,
        "ColorSpace": Name.DeviceGray,
        "BitsPerComponent": 1,
    }
    return image.size, page + head + region, entries


def dynamic(path):
    """A form with the fields of both kinds."""
    collection.form(path, "both")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp:xdp/>")
        pdf.save()


def crop(pdf):
    pdf.pages[0].CropBox = Array([50, 600, 500, 800])


def stamped(subtype, drawn=True):
    def change(pdf):
        annotation = Dictionary(Subtype=subtype, Rect=[72, 600, 172, 640], F=4)
        drawing = pdf.make_stream(b"0.5 g 0 0 100 40 re f", BBox=[0, 0, 100, 40])
        drawing.Type, drawing.Subtype = Name.XObject, Name.Form
        if drawn:
            annotation.AP = Dictionary(N=drawing)
        if subtype == Name.FileAttachment:
            file = pdf.make_stream(b"notes", Type=Name.EmbeddedFile)
            annotation.FS = Dictionary(F="notes.txt", EF=Dictionary(F=file))
        pdf.pages[0].Annots = Array([annotation])

    return change


def mail(path):
    message = email.message.EmailMessage()
    message["Subject"] = "Your invoice"
    message.set_content("see below")
    message.add_attachment(
        pdf_of("in an e-mail"),
        maintype="application",
        subtype="pdf",
        filename="paper.pdf",
    )
    path.write_bytes(message.as_bytes())


def form(value, **options):
    return written(collection.form, value, **options)


def old_reader(path):
    """One wrong reference has QPDF look for objects, and find an empty one."""
    saved("seen", "by PDFium", object_stream_mode=pikepdf.ObjectStreamMode.disable)(
        path
    )
    all_ = path.read_bytes()
    with pikepdf.open(path) as pdf:
        first, second = (page.obj.Contents.objgen[0] for page in pdf.pages)
    start = all_.index(b"0000000000 65535 f") + 20 * first
    all_ = all_[:start] + b"0000000011" + all_[start + 10 :]
    empty = b"%d 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n" % second
    path.write_bytes(all_ + empty + all_[all_.rindex(b"startxref") :])


def far_in(path):
    """A gateway has put so much in front that Poppler alone finds the beginning."""
    fixed(path, swap(b"/Type /Catalog", b"/[ype /Catalog"), "far in")
    path.write_bytes(b"X-Way: a gateway\r\n" * 100 + path.read_bytes())


def bad_metadata(path):
    options = {"encryption": pikepdf.Encryption(owner="o")}
    with collection.changed(
        path, "bad XMP", fix_metadata_version=False, **options
    ) as pdf:
        pdf.Root.Metadata = pdf.make_stream(b"", Type=Name.Metadata)
        pdf.Root.Metadata.write(b"no stream", filter=Name.FlateDecode)


def locked(change=lambda all_: all_, **options):
    def make(path):
        saved("locked", encryption=pikepdf.Encryption(owner="o", **options))(path)
        path.write_bytes(change(path.read_bytes()))

    return make


def swap(old, new):
    return lambda all_: all_.replace(old, new)


BOX = {"states": ["Yes", "Off"]}
KINDS = {
    # As they should be
    "plain.pdf": Kind(written(collection.plain, "plain"), ("plain",)),
    "two pages.pdf": Kind(written(collection.plain, "p1", "p2"), ("p1", "p2")),
    "blank back.pdf": Kind(written(collection.plain, "front", ""), ("front", "")),
    "small paper.pdf": Kind(
        written(collection.plain, "receipt", size=(200, 300)), ("receipt",)
    ),
    "turned.pdf": Kind(edited(turn(90), "turned"), ("turned",)),
    "upside down.pdf": Kind(edited(turn(180), "upside"), ("upside",)),
    "odd turn.pdf": Kind(edited(turn(-90), "odd turn"), ("odd turn",)),
    "cropped.pdf": Kind(edited(crop, "cropped"), ("cropped",)),
    "beside zero.pdf": Kind(
        edited(with_entries(MediaBox=Array([-100, -50, 595, 842])), "beside zero"),
        ("beside zero",),
    ),
    "backwards.pdf": Kind(
        edited(with_entries(MediaBox=Array([595, 842, 0, 0])), "backwards"),
        ("backwards",),
    ),
    "large unit.pdf": Kind(edited(with_entries(UserUnit=2), "unit"), ("unit",)),
    "no right angle.pdf": Kind(edited(turn(45), "45 degrees"), ("45 degrees",)),
    "inherited.pdf": Kind(edited(inherit, "h1", "h2"), ("h1", "h2")),
    "again.pdf": Kind(
        edited(show_again, "a1", "a2"), ("a1", "a2", "a1"), ("repaired",)
    ),
    "cut up.pdf": Kind(edited(cut_up, "cut up"), ("cut up",)),
    "wavelets.pdf": Kind(edited(drawn(wavelets), "wavelets"), ("wavelets",)),
    "two levels.pdf": Kind(edited(drawn(two_levels), "two levels"), ("two levels",)),
    "second edition.pdf": Kind(saved("2.0", force_version="2.0"), ("2.0",)),
    "packed.pdf": Kind(
        saved("packed", object_stream_mode=pikepdf.ObjectStreamMode.generate),
        ("packed",),
    ),
    "web.pdf": Kind(saved("web", linearize=True), ("web",)),
    "layers.pdf": Kind(written(collection.layered, "on", "off"), ("Plan on",)),
    "links.pdf": Kind(written(collection.linked, "l1", "l2"), ("l1", "l2")),
    "factur-x.pdf": Kind(written(collection.factur_x, "with XML"), ("with XML",)),
    "signed.pdf": Kind(
        written(collection.signed, "contract"), ("contract",), ("forms",)
    ),
    "late signature.pdf": Kind(
        content(lambda: with_signature(pdf_of("signed late"))),
        ("signed late",),
        ("forms",),
    ),
    "gateway.pdf": Kind(
        content(lambda: b"HTTP/1.1 200 OK\r\n\r\n" + pdf_of("from a gateway")),
        ("from a gateway",),
    ),
    "stamp.pdf": Kind(edited(stamped(Name.Stamp), "stamp"), ("stamp",)),
    "voice.pdf": Kind(
        written(collection.containing, {"call.wav": b"RIFF"}, "a voice"), ("a voice",)
    ),
    f"{'long ' * 50}.pdf": Kind(written(collection.plain, "long"), ("long",)),
    "icon.pdf": Kind(edited(stamped(Name.FileAttachment), "icon"), ("icon",)),
    "no icon.pdf": Kind(
        edited(stamped(Name.FileAttachment, drawn=False), "no icon"),
        ("no icon",),
        ("icons",),
        alike=False,
    ),
    "film.pdf": Kind(
        edited(stamped(Name.Screen), "film"), ("film",), ("players",), alike=False
    ),
    # Locked
    "owner RC4.pdf": Kind(
        written(collection.encrypted, "owner 3", revision=3),
        ("owner 3",),
        ("decrypted",),
    ),
    "owner AES.pdf": Kind(
        written(collection.encrypted, "owner 6"), ("owner 6",), ("decrypted",)
    ),
    "password.pdf": Kind(locked(user="u", R=6), refusal="encrypted"),
    "certificate.pdf": Kind(
        locked(swap(b"/Standard", b"/Adobe.PubSec"), user="u", R=4),
        refusal="encrypted_otherwise",
    ),
    "method.pdf": Kind(
        locked(swap(b"/V 4", b"/V 9"), user="v", R=4), refusal="encrypted_otherwise"
    ),
    # What acts by itself
    "scripts.pdf": Kind(
        written(hostile.scripted, "scripts"),
        ("scripts",),
        ("forms", "players", "scripts"),
        alike=False,
    ),
    # Forms
    "form.pdf": Kind(form("1 240,00"), ("Form 1 240,00",), ("forms",)),
    "romanian.pdf": Kind(
        form("Ștefan Țepeș"), ("Form Ștefan Țepeș",), ("forms",), alike=False
    ),
    "polish.pdf": Kind(form("Łódź"), ("Form Łódź",), ("forms",), alike=False),
    "japanese.pdf": Kind(form("東京"), ("Form 東京",), ("forms",), alike=False),
    "old value.pdf": Kind(
        form("Țepeș 2", AP=b"(old) Tj"), ("Form Țepeș 2",), ("forms",), alike=False
    ),
    "kept value.pdf": Kind(
        form("new value", AP=b"(shown) Tj", anew=False),
        ("Form shown",),
        ("forms", "unseen"),
    ),
    # Poppler takes what is said of a picture for what stands there from the left.
    "hebrew.pdf": Kind(
        form("שלום"), ("Form \u202bםולש\u202c",), ("forms",), alike=False
    ),
    "hindi.pdf": Kind(form("क्षत्रिय"), ("Form क्षत्रिय",), ("forms",), alike=False),
    "adlam.pdf": Kind(form("\U0001e900"), ("Form",), ("forms", "unseen"), alike=False),
    "dots.pdf": Kind(
        form("Łódź 2", name="a.b..c."), ("Form Łódź 2",), ("forms",), alike=False
    ),
    "dynamic.pdf": Kind(dynamic, ("Form both",), ("forms", "xfa")),
    "broken fields.pdf": Kind(
        lambda path: edit_form(path, "a null among the fields", "first"),
        ("Form first",),
        ("forms",),
    ),
    "broken kids.pdf": Kind(
        lambda path: edit_form(path, "nulls and numbers among the kids", "second"),
        ("Form second",),
        ("forms",),
    ),
    "no form.pdf": Kind(
        lambda path: edit_form(path, "no form", "third"),
        ("Form third",),
        ("forms",),
        alike=False,
    ),
    "boxes.pdf": Kind(
        written(collection.boxes, "Yes", [BOX | {"AS": "Yes"}]), ("Form",), ("forms",)
    ),
    "empty box.pdf": Kind(
        written(
            collection.boxes,
            "Off",
            [{"states": ["Yes"], "AS": "Off", "MK": {"BC": [0]}}],
        ),
        ("Form",),
        ("forms",),
        alike=False,
    ),
    "xfa.pdf": Kind(written(collection.xfa), refusal="form_unreadable"),
    # Damaged
    "moved.pdf": Kind(written(hostile.broken_xref, "moved"), ("moved",), ("repaired",)),
    "no table.pdf": Kind(
        written(hostile.without_table, "no table"), ("no table",), ("repaired",)
    ),
    "no size.pdf": Kind(
        replaced(b"/Size", b"/Sise", "no size"), ("no size",), ("repaired",)
    ),
    "no catalog.pdf": Kind(
        replaced(b"/Type /Catalog", b"/[ype /Catalog", "by another"),
        ("by another",),
        ("by_pdfium",),
        alike=False,
    ),
    "lost page.pdf": Kind(
        replaced(b"4 0 obj", b"4 0 abj", "k1", "k2", "k3"),
        ("k1", "k3"),
        ("pages_lost/2/3", "repaired"),
        alike=False,
    ),
    "taken page.pdf": Kind(
        old_reader, ("seen", "by PDFium"), ("by_pdfium", "repaired"), alike=False
    ),
    "garbled page.pdf": Kind(
        garbled(1, "g1", "g2"), ("g1", ""), ("blank/2",), alike=False
    ),
    "garbled.pdf": Kind(garbled(0, "all garbled"), refusal="damaged"),
    "half of the web.pdf": Kind(
        linear(50, "one", "two", "three"),
        ("one",),
        ("pages_lost/1/3", "repaired"),
        alike=False,
    ),
    "most of the web.pdf": Kind(
        linear(80, "four", "five", "six"),
        ("four", "five"),
        ("pages_lost/2/3", "repaired"),
        alike=False,
    ),
    "cut off.pdf": Kind(linear(20, "seven"), refusal="truncated"),
    "newer.pdf": Kind(
        lambda path: fixed(path, swap(*NEWER), "newer"), refusal="newer_compression"
    ),
    "nothing.pdf": Kind(
        content(lambda: b"%PDF-1.4\nnothing\nstartxref\n9\n%%EOF\n"), refusal="damaged"
    ),
    "far in.pdf": Kind(far_in, ("far in",), ("by_poppler",), alike=False),
    "bad metadata.pdf": Kind(bad_metadata, ("bad XMP",), ("decrypted",)),
    "no page.pdf": Kind(written(hostile.without_pages), refusal="no_pages"),
    "page loop.pdf": Kind(written(hostile.page_loop), refusal="recursive"),
    "seen loop.pdf": Kind(
        written(hostile.page_loop, b"9 9 50 50 re f"),
        ("", ""),
        ("blank/2", "by_poppler"),
        alike=False,
    ),
    "crowd.pdf": Kind(written(hostile.crowd, 20_000), refusal="unshowable"),
    "emptied.pdf": Kind(form("", AP=b"(old value) Tj"), ("Form",), ("forms",)),
    "empty.pdf": Kind(content(lambda: b""), refusal="empty"),
    "web page.pdf": Kind(
        content(lambda: b"<html><body>Log in first</body></html>"),
        refusal="not_a_pdf",
    ),
    # Pictures, which say nothing
    **{
        f"photo.{kind.lower()}": Kind(
            written(collection.picture, kind, size=(300, 200 + place)),
            ("",),
            ("image",),
        )
        for place, kind in enumerate(("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP"))
    },
    "fax.tiff": Kind(
        written(collection.picture, "TIFF", frames=3), ("", "", ""), ("image",)
    ),
    "turned.tiff": Kind(turned_pages, ("",) * 8, ("image",)),
    "see-through.png": Kind(see_through, ("",), ("image",)),
    **{
        f"turned {number}.{kind.lower()}": Kind(turned(number, kind), ("",), ("image",))
        for kind in ("JPEG", "PNG", "WEBP")
        for number in range(2, 9)
    },
    "broken.tiff": Kind(
        content(lambda: b"II*\0" + b"\xff" * 200), refusal="picture_damaged"
    ),
    # In something else
    "portfolio.pdf": Kind(
        written(
            collection.portfolio,
            {"a.pdf": pdf_of("member a"), "b.pdf": pdf_of("member b")},
        ),
        ("member a", "member b"),
        ("cover",),
        alike=False,
    ),
    "mail.eml": Kind(mail, ("in an e-mail",), alike=False),
}


def edit_form(path, spoil, value):
    collection.form(path, value, kid=True)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        collection.BROKEN_FIELDS[spoil](pdf, pdf.pages[0].Annots[0])
        pdf.save()


def upright(path):
    """A picture as a person sees it, each page of it."""
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            yield ImageOps.exif_transpose(image).convert("L")
