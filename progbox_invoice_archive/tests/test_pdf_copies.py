import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pikepdf

from odoo.tests import tagged

from ..tools.pdf import Part
from ..tools.pdf.child import byte_copies
from ..tools.pdf.child.byte_copies import BATCH, Copies, Piece, Unreadable
from ..tools.pdf.child.join import join
from ..tools.pdf.child.messages import Failure
from ..tools.pdf.child.raw_streams import LARGE, RawStreams
from ..tools.pdf.child.writer import Writer
from . import pdf_collection as collection
from .pdf_common import PdfCase, poppler_image, qpdf_check


@tagged("post_install", "-at_install")
class TestPdfCopies(PdfCase):
    """Large streams go from file to file, past the reader, and only where they are."""

    def photo(self, name="photo.pdf", **entries):
        """Write a page with a picture of more than a hundred kilobytes."""
        path = self.folder / name
        pixels = os.urandom(200 * 200 * 3)
        with pikepdf.new() as pdf:
            page = pdf.add_blank_page(page_size=(200, 200))
            image = pdf.make_stream(
                pixels,
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                Width=200,
                Height=200,
                ColorSpace=pikepdf.Name.DeviceRGB,
                BitsPerComponent=8,
                **entries,
            )
            page.Resources = pikepdf.Dictionary(XObject={"/P": image})
            page.Contents = pdf.make_stream(b"200 0 0 200 0 0 cm /P Do")
            pdf.save(path, compress_streams=False)
        return path, pixels

    def pieces(self, path):
        with pikepdf.open(path) as pdf:
            raw = RawStreams(pdf, path)
            streams = [o for o in pdf.objects if isinstance(o, pikepdf.Stream)]
            return [raw.piece(stream.objgen, stream) for stream in streams]

    def test_a_large_stream_is_found_in_its_file(self):
        path, pixels = self.photo()
        [piece] = filter(None, self.pieces(path))
        content = path.read_bytes()[piece.offset : piece.offset + piece.size]
        self.assertEqual(content, pixels)

    def test_pictures_come_out_as_they_went_in(self):
        paths = [self.photo(f"{number}.pdf")[0] for number in range(3)]
        self.assemble([Part(path, 1) for path in paths], numbers="{page}")
        self.assertEqual(qpdf_check(self.target)[0], 0)
        for number, path in enumerate(paths, 1):
            before, after = poppler_image(path), poppler_image(self.target, number)
            above = (0, 0, 200, 150)  # the number stands below
            self.assertEqual(before.crop(above), after.crop(above))

    def test_what_may_be_something_else_is_read_by_qpdf(self):
        small = collection.plain(self.folder / "small.pdf", "text")
        self.assertFalse(any(self.pieces(small)))
        texts, _pixels = self.photo("texts.pdf", Note=pikepdf.String(">>stream\n"))
        self.assertFalse(any(self.pieces(texts)), "a text that looks like the start")
        locked, _pixels = self.photo("locked.pdf")
        with pikepdf.open(locked, allow_overwriting_input=True) as pdf:
            pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user=""))
        self.assertFalse(any(self.pieces(locked)), "encrypted bytes")
        moved, _pixels = self.photo("moved.pdf")
        moved.write_bytes(b"%junk\n" * 10 + moved.read_bytes())
        self.assertFalse(any(self.pieces(moved)), "places that are not from the start")

    def test_a_wrong_length_is_not_believed(self):
        path, _pixels = self.photo()
        content = path.read_bytes()
        self.assertEqual(content.count(b"/Length 120000"), 1)
        path.write_bytes(content.replace(b"/Length 120000", b"/Length 119000"))
        self.assertFalse(any(self.pieces(path)), "QPDF had to look for its end")
        with pikepdf.open(path) as pdf:
            [image] = pdf.pages[0].Resources.XObject.values()
            shorter = SimpleNamespace(stream_dict={"/Length": LARGE})
            self.assertIsNone(RawStreams(pdf, path).piece(image.objgen, shorter))

    def put(self, source):
        with open(self.target, "wb") as file, Copies(file) as copying:
            Writer(file, copying).put_stream(0, b"", Piece(source, 10, LARGE))

    def test_a_file_that_became_shorter_is_noticed(self):
        source = self.folder / "source"
        source.write_bytes(b"x" * LARGE)
        with self.assertRaisesRegex(Unreadable, "source: it has become shorter"):
            self.put(source)

    def test_the_file_may_be_on_another_file_system(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            source = Path(folder) / "source"
            content = os.urandom(LARGE + 10)
            source.write_bytes(content)
            self.put(source)
        self.assertIn(content[10:], self.target.read_bytes())

    def test_what_cannot_be_read_is_blamed_and_not_what_follows(self):
        paths = [self.photo(f"{number}.pdf")[0] for number in range(BATCH + 2)]
        lost = BATCH // 2
        parts = [Part(str(path), 1) for path in paths]
        find = RawStreams.piece

        def piece(raw, *arguments):
            found = find(raw, *arguments)
            if found and raw._path == str(paths[lost]):
                found.offset += 1 << 30
            return found

        with (
            patch.object(RawStreams, "piece", piece),
            patch.object(byte_copies, "MOST_WAITING", 0),
            self.assertRaises(Failure) as caught,
        ):
            join(lambda _progress: None, parts, self.target, "")
        self.assertEqual(caught.exception.index, lost)
        self.assertEqual(caught.exception.code, "part_refused")
