import io
from unittest.mock import patch

import pikepdf

from ..tools.pdf import Limits
from ..tools.pdf.child import examine
from ..tools.pdf.child.messages import Failure
from ..tools.pdf.limited_child import Child
from . import pdf_collection as collection
from .pdf_common import PdfCase, poppler_texts


def saved(pdf, **options):
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(buffer, **options)
    return buffer.getvalue()


class TestPdfOtherReaders(PdfCase):
    """Where QPDF gives up, other readers are asked, and reasons are exact."""

    def inspect_all(self, contents):
        """Return what inspecting files shows, by the names of their contents."""
        paths = [self.folder / name for name in contents]
        for path in paths:
            path.write_bytes(contents[path.name])
        return {each.name: each for each in self.inspect(*paths)}

    def test_a_file_of_which_a_process_died_is_shown_to_others(self):
        ask = Child.ask

        def fragile(child, task, arguments, *others, **options):
            if "has_died" not in arguments:
                raise Failure("crashed", "as QPDF would")
            return ask(child, task, arguments, *others, **options)

        folder = self.folder / "made"
        collection.containing(folder, {"notes.txt": b"notes"}, "seen")
        contents = {"one": folder.read_bytes(), "two.jpg": b"\xff\xd8\xff" + bytes(99)}
        with patch.object(Child, "ask", fragile):
            found = self.inspect_all(contents)
        self.assertEqual(found["one"].changes, ["by_pdfium"])
        self.assertEqual(poppler_texts(found["one"].ready), ["seen"])
        # QPDF has not read which files are inside.
        self.assertEqual([each.refusal for each in found["one"].embedded], ["embedded"])
        self.assertIsNotNone(found["two.jpg"].refusal)

    def test_why_it_stays_out(self):
        plain = collection.pdf_of("one", "two")
        locked = pikepdf.Encryption(user="u", owner="o", R=4)
        secret = saved(plain, encryption=locked)
        packed = saved(
            plain,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
        drawn = saved(plain, compress_streams=True)
        newer = (b"/FlateDecode", b"/BrotliDecode")
        cases = {
            "certificate": (
                secret.replace(b"/Filter /Standard", b"/Filter /Adobe.PubSec"),
                "encrypted_otherwise",
            ),
            "method": (secret.replace(b"/V 4", b"/V 9"), "encrypted_otherwise"),
            "revision": (secret.replace(b"/R 4", b"/R 9"), "encrypted_otherwise"),
            "password": (secret, "encrypted"),
            "structure": (packed.replace(*newer), "newer_compression"),
            "drawing": (drawn.replace(*newer), "newer_compression"),
            "nothing": (b"%PDF-1.4\nnothing\nstartxref\n9\n%%EOF\n", "damaged"),
        }
        found = self.inspect_all({name: case[0] for name, case in cases.items()})
        self.assertEqual(
            {name: each.refusal for name, each in found.items()},
            {name: code for name, (_content, code) in cases.items()},
        )
        for each in found.values():
            self.assertEqual((each.ready, each.changes, each.pages), (None, [], 0))

    def test_what_another_reader_opens_goes_in(self):
        content = collection.pdf_of("one", "two", "three")
        content = content.replace(b"/Type /Catalog", b"/[ype /Catalog")
        with self.assertRaises(pikepdf.PdfError):
            pikepdf.open(io.BytesIO(content))
        [inspection] = self.inspect_all({"odd.pdf": content}).values()
        self.assertIsNone(inspection.refusal, inspection.detail)
        self.assertEqual((inspection.pages, inspection.changes), (3, ["by_pdfium"]))
        self.assertEqual(poppler_texts(inspection.ready), ["one", "two", "three"])

    def test_what_poppler_alone_opens_goes_in(self):
        """PDFium looks for the beginning in the first thousand bytes."""
        content = collection.pdf_of("one", "two")
        content = content.replace(b"/Type /Catalog", b"/[ype /Catalog")
        content = b"HTTP/1.1 200 OK\r\n" + b"X-Way: a\r\n" * 120 + content
        [inspection] = self.inspect_all({"gateway.pdf": content}).values()
        self.assertEqual(inspection.changes, ["by_poppler"], inspection.detail)
        self.assertEqual(poppler_texts(inspection.ready), ["one", "two"])

    def test_what_was_inside_stays_when_another_reader_writes_the_pages(self):
        path = collection.factur_x(self.folder / "bill.pdf", "with XML")
        path.write_bytes(path.read_bytes().replace(b"startxref", b"startxxxx"))
        room = examine.Room(1 << 20)
        with patch.object(examine.Examiner, "_clean", side_effect=Failure("damaged")):
            inspection = examine.examine(
                path, path.name, self.work, Limits(), extract=True, room=room
            )
        self.assertEqual(inspection.changes, ["by_pdfium"], inspection.detail)
        self.assertEqual([each.name for each in inspection.embedded], ["factur-x.xml"])

    def test_bad_metadata_costs_nothing(self):
        path = collection.factur_x(self.folder / "bad.pdf", "with XML")
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            pdf.Root.Metadata = pdf.make_stream(b"", Type=pikepdf.Name.Metadata)
            pdf.Root.Metadata.write(b"no stream", filter=pikepdf.Name.FlateDecode)
            locked = pikepdf.Encryption(owner="owner")
            pdf.save(path, encryption=locked, fix_metadata_version=False)
        inspection = self.inspect_one(path)
        self.assertEqual(inspection.changes, ["decrypted"], inspection.detail)
        self.assertEqual([each.name for each in inspection.embedded], ["factur-x.xml"])

    def test_lost_pages_are_counted(self):
        content = collection.pdf_of("one", "two", "three")
        found = self.inspect_all(
            {
                "kids.pdf": content.replace(b"/Kids [ 3 0 R", b"/Kids [ 3 0 3"),
                "gone.pdf": content.replace(b"4 0 obj", b"4 0 abj"),
            }
        )
        for each in found.values():
            self.assertEqual(each.changes, ["repaired", "pages_lost/2/3"])
