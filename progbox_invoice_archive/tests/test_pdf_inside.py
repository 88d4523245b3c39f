import os
from urllib.parse import unquote

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from ..tools.pdf import Limits
from ..tools.pdf.child.messages import Failure
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .pdf_common import PdfCase, poppler_image, poppler_texts

LONG = "x" * 300


class TestPdfInside(PdfCase):
    """What lies inside of a PDF beside its pages: files, signatures, scripts."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "file.pdf"
        self.plain_bytes = collection.pdf_of("one", "two")

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def found(self, path=None):
        """The names and the refusals of the files inside that are taken out."""
        inspection = self.inspect_one(path or self.path, extract=True)
        self.assertIsNone(inspection.refusal, inspection.detail)
        for file in inspection.embedded:
            self.assertNotEqual(bool(file.path), bool(file.refusal))
        return {file.name: file.refusal for file in inspection.embedded}

    def test_the_xml_of_an_e_invoice_is_found_and_extracted(self):
        collection.factur_x(self.path, "Invoice")
        [embedded] = self.assertReady(self.path, 1).embedded
        self.assertEqual(embedded.name, "factur-x.xml")
        self.assertEqual(embedded.mimetype, "text/xml")
        self.assertEqual(embedded.size, len(collection.XML))
        self.assertIsNone(embedded.path)
        [embedded] = self.inspect_one(self.path, extract=True).embedded
        self.assertEqual(embedded.path.read_bytes(), collection.XML)
        self.assertEqual(embedded.path.parent, self.work)

    def test_what_only_shows_something_is_taken_along(self):
        names = ["a.xml", "b.PDF", "c.jpg", "d.txt", "e.csv", "f.docx", "g.xlsx"]
        files = dict.fromkeys(names, self.plain_bytes)
        collection.containing(self.path, files)
        self.assertEqual(self.found(), dict.fromkeys(names))

    def test_what_may_contain_a_program_is_not(self):
        names = ["a.exe", "b.docm", "c.xls", "d.zip", "e.js", "f", "a.xml\0.exe"]
        collection.containing(self.path, dict.fromkeys(names, b"MZ"))
        found = self.found()
        self.assertEqual(len(found), len(names))
        self.assertEqual(set(found.values()), {"active"})

    def test_sounds_and_films_inside_come_along(self):
        names = ("call.wav", "call.amr", "site.mpg", "site.3gp", "site.wmv")
        collection.containing(self.path, dict.fromkeys(names, b"RIFF"))
        wanted = dict.fromkeys(names) | {"site.wmv": "active"}
        self.assertEqual(self.found(), wanted)

    def test_a_scripted_pdf_inside_is_not_taken_along(self):
        other = self.folder / "other.pdf"
        scripted = hostile.scripted(other, "evil").read_bytes()
        armed = collection.containing(other, {"b.exe": b"MZ"}).read_bytes()
        deep = collection.containing(other, {"b.pdf": scripted}).read_bytes()
        harmless = collection.factur_x(other, "good").read_bytes()
        locked = collection.encrypted(other, "secret", "password").read_bytes()
        files = {
            "scripted.pdf": scripted,
            "armed.pdf": armed,
            "deep.pdf": deep,
            "good.pdf": harmless,
            "locked.pdf": locked,
            "broken.pdf": b"%PDF-1.7",
        }
        collection.containing(self.path, files)
        self.assertEqual(
            self.found(),
            dict.fromkeys(("scripted.pdf", "armed.pdf", "deep.pdf"), "active")
            | {"good.pdf": None, "locked.pdf": "encrypted", "broken.pdf": "embedded"},
        )

    def test_a_file_that_hangs_on_a_page_is_found_and_does_not_stay_there(self):
        with collection.changed(self.path, "one", compress_streams=False) as pdf:
            file = pdf.make_stream(b"progbox-evil", Type=Name.EmbeddedFile)
            clip = Dictionary(Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9])
            clip.FS = Dictionary(F=String("evil.exe"), EF=Dictionary(F=file))
            pdf.pages[0].Annots = Array([clip])
        self.assertEqual(self.found(), {"evil.exe": "active"})
        self.assertReady(self.path, 1, ["icons"])
        with pikepdf.open(self.path, allow_overwriting_input=True) as pdf:
            drawing = pdf.make_stream(b"1 0 0 rg 0 0 9 9 re f", BBox=[0, 0, 9, 9])
            drawing.Type, drawing.Subtype = Name.XObject, Name.Form
            pdf.pages[0].Annots[0].AP = Dictionary(N=drawing)
            pdf.save(compress_streams=False)
        self.assertEqual(self.found(), {"evil.exe": "active"})
        self.assertReady(self.path, 1)
        self.compile(self.path)
        self.assertNotIn(b"progbox-evil", self.target.read_bytes())
        corner = poppler_image(self.target).getpixel((4, -5 % 842))
        self.assertEqual(corner, (255, 0, 0))

    def test_a_file_inside_that_cannot_be_read_is_named(self):
        collection.containing(self.path, {"a.xml": b"<a/>", "b.xml": b"<b/>"})
        with pikepdf.open(self.path, allow_overwriting_input=True) as pdf:
            file = pdf.Root.Names.EmbeddedFiles.Names[1].EF.F
            file.write(b"no such thing", filter=Name.FlateDecode)
            pdf.save()
        self.assertEqual(self.found(), {"a.xml": "embedded", "b.xml": None})

    def test_names_of_files_inside_are_fit_for_a_database(self):
        names = [b"a\0b.xml", b"\xfe\xff\xdc\x00\x00a", b"\xef\xbb\xbf\xff\n", LONG]
        files = dict.fromkeys(names, self.plain_bytes)
        for make in (collection.containing, collection.portfolio):
            make(self.path, files)
            inspection = self.inspect_one(self.path, extract=True)
            found = [file.name for file in inspection.embedded]
            self.assertEqual(len(found), 4)
            self.assertEqual((found[0], found[3]), ("a b.xml", LONG[:255]))
            for text in (*found, *(leaf.name for leaf in inspection.leaves())):
                text.encode()
                self.assertTrue(text.isprintable(), ascii(text))

    def test_what_a_form_says_is_fit_for_a_database(self):
        collection.form(self.path, "שלום\0\n" + LONG * 10)
        forms, said = self.inspect_one(self.path).changes
        self.assertEqual(forms, "forms")
        self.assertIn("שלום", unquote(said))
        self.assertTrue(unquote(said).isprintable())
        self.assertLessEqual(len(said), 500)

    def test_what_a_refusal_quotes_is_fit_for_a_database(self):
        detail = Failure("damaged", "Żółć\0\n" + LONG * 10).detail
        self.assertTrue(detail.startswith("Żółć "), detail)
        self.assertTrue(detail.isprintable(), ascii(detail))
        self.assertLessEqual(len(detail), 500)

    # ------------------------------------------------------------------
    # Portfolios
    # ------------------------------------------------------------------

    def test_a_portfolio_is_the_files_in_it(self):
        plain = self.plain_bytes
        inner = collection.portfolio(self.path, {"deep.pdf": plain}).read_bytes()
        files = {"a.pdf": plain, "b.txt": b"text", "c.pdf": inner}
        inspection = self.inspect_one(collection.portfolio(self.path, files))
        self.assertEqual((inspection.kind, inspection.ready), ("portfolio", None))
        self.assertEqual((inspection.pages, inspection.changes), (4, ["cover"]))
        self.assertEqual(
            [(leaf.name, leaf.pages, leaf.refusal) for leaf in inspection.leaves()],
            [("a.pdf", 2, None), ("b.txt", 0, "not_a_pdf"), ("deep.pdf", 2, None)],
        )

    def test_an_empty_portfolio_is_refused(self):
        self.assertRefused(collection.portfolio(self.path, {}), "portfolio_empty")

    def nested(self):
        """Two portfolios in one, each with a file of 60 kB."""
        large = self.plain_bytes + os.urandom(60_000)
        inner = collection.portfolio(self.path, {"large.pdf": large}).read_bytes()
        return collection.portfolio(self.path, {"a.pdf": inner, "b.pdf": inner})

    def test_portfolios_in_a_portfolio_share_its_room(self):
        path = self.nested()
        for size, refusals in ((260_000, [None] * 2), (230_000, [None, "too_large"])):
            inspection = self.inspect_one(path, limits=Limits(embedded=size))
            found = [leaf.refusal for leaf in inspection.leaves()]
            self.assertEqual(found, refusals)

    def test_a_portfolio_says_which_of_its_files_is_signed(self):
        signed = collection.signed(self.path, "signed").read_bytes()
        files = {"a.pdf": self.plain_bytes, "b.pdf": signed}
        inspection = self.inspect_one(collection.portfolio(self.path, files))
        self.assertFalse(inspection.signed)
        plain, other = inspection.leaves()
        self.assertEqual((plain.signed, other.signed), (False, True))
        self.assertEqual(other.path.read_bytes(), signed)

    # ------------------------------------------------------------------
    # Signatures and scripts
    # ------------------------------------------------------------------

    def test_a_signature_is_seen(self):
        self.assertTrue(self.inspect_one(collection.signed(self.path, "a")).signed)
        self.assertFalse(self.inspect_one(collection.plain(self.path, "a")).signed)

    def signature(self):
        return Dictionary(Type=Name.Sig, ByteRange=[0, 1, 2, 3])

    def test_a_signature_is_seen_wherever_it_stands(self):
        with collection.changed(self.path, "a") as pdf:
            field = pdf.make_indirect(Dictionary(T=String("kid")))
            field.Kids = Array([field])
            field.V = self.signature()
            above = Dictionary(FT=Name.Sig, T=String("above"), Kids=[field])
            pdf.Root.AcroForm = Dictionary(Fields=[above])
        self.assertTrue(self.inspect_one(self.path).signed)

    def test_what_opens_a_form_in_adobes_reader_is_no_signature(self):
        with collection.changed(self.path, "a") as pdf:
            rights = pdf.make_indirect(self.signature())
            pdf.Root.Perms = Dictionary(UR3=rights)
            empty = Dictionary(FT=Name.Sig, T=String("sign here"))
            pdf.Root.AcroForm = Dictionary(Fields=[empty])
        self.assertFalse(self.inspect_one(self.path).signed)

    def test_scripts_are_seen(self):
        hostile.scripted(self.path, "Invoice")
        inspection = self.assertReady(self.path, 1, ["scripts", "players", "forms"])
        self.assertEqual(poppler_texts(inspection.ready), ["Invoice"])

    def test_a_video_is_no_script(self):
        with collection.changed(self.path, "a") as pdf:
            video = Dictionary(Subtype=Name.Movie, Rect=[0, 0, 9, 9])
            pdf.pages[0].Annots = Array([video, 42])
        self.assertReady(self.path, 1, ["players"])
