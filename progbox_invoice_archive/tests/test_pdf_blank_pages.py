import io
import random
import zlib
from unittest.mock import patch

import pikepdf

from ..tools.pdf.child import blank_pages, other_readers
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .pdf_common import PdfCase, poppler_texts

TEXTS = ["one", "two", "three"]


def spoilt(content, place, by=b"garbage!", streams=b"stream\n"):
    """The bytes of a file whose stream at a place cannot be unfolded."""
    start = -1
    for _number in range(place + 1):
        start = content.index(b"\n" + streams, start + 1)
    start += 1 + len(streams)
    return content[:start] + by + content[start + len(by) :]


def flat(*texts):
    """A file whose drawings are not packed, so that its bytes can be changed."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(collection.pdf_of(*texts))) as pdf:
        pdf.save(buffer, stream_decode_level=pikepdf.StreamDecodeLevel.generalized)
    return buffer.getvalue()


def unpacked(content):
    """A file whose second drawing unfolds to nothing, without a word."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        packed = zlib.compress(b"") + b"lost " * 20
        pdf.pages[1].Contents.write(packed, filter=pikepdf.Name.FlateDecode)
        pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()


def spaced(content):
    """A file whose second drawing unfolds to nothing but spaces."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        packed = zlib.compress(b" " * 100_000)
        pdf.pages[1].Contents.write(packed, filter=pikepdf.Name.FlateDecode)
        pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()


class TestPdfBlankPages(PdfCase):
    """A page that another reader sees is not lost, and one that nobody sees is told."""

    def inspect_all(self, contents):
        paths = [self.folder / f"{name}.pdf" for name in contents]
        for path, content in zip(paths, contents.values(), strict=True):
            path.write_bytes(content)
        return dict(zip(contents, self.inspect(*paths), strict=True))

    def test_pages_that_nobody_sees_are_told(self):
        plain = collection.pdf_of(*TEXTS)
        found = self.inspect_all(
            {
                "unreadable": spoilt(plain, 1),
                "repaired": spoilt(plain, 1).replace(b"startxref", b"startxxxx"),
                "all": spoilt(spoilt(spoilt(plain, 0), 1), 2),
                "empty": collection.pdf_of("one", "", "three"),
                "unpacked": unpacked(plain),
                "blanks": spaced(plain),
            }
        )
        changes = {name: each.changes for name, each in found.items()}
        self.assertEqual(changes.pop("unreadable"), ["blank/2"])
        self.assertEqual(changes.pop("repaired"), ["repaired", "blank/2"])
        self.assertEqual(found["all"].refusal, "damaged")
        self.assertEqual(changes.pop("unpacked"), ["blank/2"])
        # A page without anything on it is nothing that was lost.
        self.assertEqual((changes.pop("empty"), changes.pop("blanks")), ([], []))
        self.assertEqual(found["empty"].pages, 3)

    def test_a_page_comes_from_the_reader_that_sees_it(self):
        """One wrong reference has QPDF look for objects; PDFium goes on without it."""
        content = flat(*TEXTS)
        with pikepdf.open(io.BytesIO(content)) as pdf:
            first, second = (page.obj.Contents.objgen[0] for page in pdf.pages[:2])
        entries = content.index(b"0000000000 65535 f")
        start = entries + 20 * first
        content = content[:start] + b"0000000011" + content[start + 10 :]
        empty = b"%d 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n" % second
        table = content[content.rindex(b"startxref") :]
        found = self.inspect_all({"file": content + empty + table})["file"]
        self.assertEqual(found.changes, ["repaired", "by_pdfium"], found.detail)
        self.assertEqual(poppler_texts(found.ready), TEXTS)

    def test_pages_are_not_mistaken_for_one_another(self):
        """Where one reader has lost a page, the others have other numbers."""
        texts = ["1", "lost", "three " * 20, "4"]
        content = collection.pdf_of(*texts).replace(b"4 0 obj", b"4 0 abj")
        found = self.inspect_all({"file": content})["file"]
        self.assertEqual(found.changes, ["repaired", "pages_lost/3/4"], found.detail)
        words = [text.split()[0] for text in poppler_texts(found.ready)]
        self.assertEqual(words, ["1", "three", "4"])

    def test_poppler_is_asked_where_pdfium_sees_nothing(self):
        path, blank = self.plain("good", *TEXTS), self.plain("blank", "", "", "")
        unread = {1: blank_pages.Drawing(empty=False, unreadable=True)}
        none = patch.object(other_readers, "inks", side_effect=[{1: 0}, {1: 0}, {1: 9}])
        with none:
            ready, changes = self.mended(path, blank, unread)
        self.assertEqual(changes, ["by_poppler"])
        self.assertEqual(poppler_texts(ready), ["", "two", ""])
        ready, changes = self.mended(blank, blank, unread)
        self.assertEqual((ready, changes), (blank, ["blank/2"]))

    def mended(self, original, ready, unread, prepare=lambda *_page: None):
        return blank_pages.mend(original, ready, unread, False, self.new_path, prepare)

    def test_a_page_of_another_reader_goes_in_as_clean_as_the_file(self):
        """PDFium takes the page of the table, QPDF the empty one that comes later."""
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800]"
        field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /DA (/Helv 12 Tf 0 g)"
        script = b"<< /S /JavaScript /JS (evil) >>"
        objects = {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 2 /Kids [3 0 R 5 0 R] >>",
            3: page + b" /Contents 4 0 R >>",
            4: hostile.stream(b"9 9 50 50 re f"),
            5: page + b" /Contents 10 0 R /Annots [6 0 R 7 0 R 8 0 R 11 0 R] >>",
            6: field + b" /Rect [9 400 300 420] /T (client) /V (shown) >>",
            7: field + b" /Rect [9 300 300 320] /T (name) /V <FEFFDBFFDFEE> >>",
            8: b"<< /Type /Annot /Subtype /FileAttachment /Rect [9 9 20 20]"
            b" /FS << /F (a.xml) /EF << /F 9 0 R >> >> >>",
            9: hostile.stream(b"<a/>", b"/Type /EmbeddedFile"),
            10: hostile.stream(b"9 9 90 90 re f"),
            11: b"<< /Type /Annot /Subtype /Link /Rect [9 9 99 99] /A %b >>" % script,
        }
        content = hostile.raw(self.folder / "made.pdf", objects).read_bytes()
        start = content.index(b"0000000000 65535 f") + 20 * 3
        content = content[:start] + b"0000000011" + content[start + 10 :]
        table = content[content.rindex(b"startxref") :]
        content += b"5 0 obj\n%b >>\nendobj\n%b" % (page, table)
        found = self.inspect_all({"file": content})["file"]
        changes = ["scripts", "icons", "forms", "by_pdfium"]
        said = "unseen/name%3A%20%F4%8F%BF%AE"
        self.assertEqual(found.changes, ["repaired", *changes, said], found.detail)
        self.assertEqual([each.name for each in found.embedded], ["a.xml"])
        self.assertEqual(poppler_texts(found.ready), ["", "shown"])
        with pikepdf.open(found.ready) as pdf:
            self.assertFalse([each for each in pdf.pages[1].Annots if "/A" in each])

    def new_path(self):
        return self.folder / f"new-{len(list(self.folder.iterdir()))}.pdf"

    def test_whole_pages_of_a_file_for_the_web_go_in(self):
        """Its first page is in front, and what leads to the pages is at the end."""
        chance = random.Random(2026)
        texts = [f"{text} {chance.randbytes(3000).hex()}" for text in TEXTS]
        with pikepdf.open(io.BytesIO(collection.pdf_of(*texts))) as pdf:
            pdf.save(self.folder / "whole.pdf", linearize=True)
        content = (self.folder / "whole.pdf").read_bytes()
        shares = {30: 0, 50: 1, 80: 2, 95: 3}
        found = self.inspect_all(
            {share: content[: len(content) * share // 100] for share in shares}
        )
        self.assertEqual(found.pop(30).refusal, "truncated")
        self.assertEqual(found[95].changes, ["repaired"])
        for share in (50, 80):
            lost = f"pages_lost/{shares[share]}/3"
            self.assertEqual(found[share].changes, ["repaired", lost])
        for share, each in found.items():
            words = [text.split()[0] for text in poppler_texts(each.ready)]
            self.assertEqual(words, TEXTS[: shares[share]])

    def test_a_page_whose_picture_ends_in_its_middle_is_lost(self):
        box = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100]"
        name = b"/Resources << /XObject << /Noise 7 0 R >> >> /Contents 6 0 R >>"
        size = b"/Width 90 /Height 90 /ColorSpace /DeviceGray /BitsPerComponent 8"
        noise = random.Random(2026).randbytes(8100)
        objects = {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 2 /Kids [3 0 R 5 0 R] >>",
            3: box + b" /Resources << >> /Contents 4 0 R >>",
            4: hostile.stream(b"9 9 50 50 re f"),
            5: box + name,
            6: hostile.stream(b"90 0 0 90 0 0 cm /Noise Do"),
            7: hostile.stream(noise, b"/Subtype /Image " + size),
        }
        content = hostile.raw(self.folder / "whole.pdf", objects).read_bytes()
        found = self.inspect_all({"whole": content, "cut": content[:-6000]})
        self.assertEqual((found["whole"].changes, found["whole"].pages), ([], 2))
        self.assertEqual(found["cut"].changes, ["repaired", "pages_lost/1/2"])
