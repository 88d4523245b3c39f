import os

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ..tools.pdf import Part
from . import pdf_collection as collection
from .pdf_common import PdfCase, poppler_image, poppler_texts, qpdf_check

LARGE, SMALL = 200, 60  # pixels: 120,000 and 10,800 bytes


class TestPdfShared(PdfCase):
    """What many files have in common is in the result once; nothing else is."""

    def picture(self, pdf, pixels, **entries):
        side = {120_000: LARGE, 10_800: SMALL}[len(pixels)]
        return pdf.make_stream(
            pixels,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=side,
            Height=side,
            BitsPerComponent=8,
            **({"ColorSpace": Name.DeviceRGB} | entries),
        )

    def page(self, name, fill):
        """Write a page of its own text, and of what a function adds to it."""
        path = collection.plain(self.folder / f"{name}.pdf", name, size=(200, 200))
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            page = pdf.pages[0]
            page.add_resource(fill(pdf), Name.XObject, Name.Logo)
            page.contents_add(b"q 90 0 0 90 0 0 cm /Logo Do Q")
            pdf.save(path, compress_streams=False)
        return path

    def compile_all(self, paths):
        """Assemble them, and compare each page with its file."""
        self.assemble([Part(path, 1) for path in paths])
        self.assertEqual(qpdf_check(self.target)[0], 0)
        self.assertEqual(
            poppler_texts(self.target),
            [text for path in paths for text in poppler_texts(path)],
        )
        for number, path in enumerate(paths, 1):
            self.assertEqual(
                poppler_image(self.target, number), poppler_image(path), path
            )

    def streams(self, **entries):
        """The streams of the result whose dictionaries say so."""
        with pikepdf.open(self.target) as pdf:
            return [
                each.objgen
                for each in pdf.objects
                if isinstance(each, Stream)
                and all(each.get(f"/{key}") == value for key, value in entries.items())
            ]

    def test_logos_with_all_that_they_need(self):
        logo, mask = os.urandom(120_000), os.urandom(120_000)
        small, profile = os.urandom(10_800), os.urandom(5_000)

        def transparent(pdf):
            alpha = self.picture(pdf, mask, Matte=Array([0, 0, 0]))
            return self.picture(pdf, logo, SMask=alpha)

        def profiled(pdf):
            colours = pdf.make_indirect(
                Array([Name.ICCBased, pdf.make_stream(profile, N=3)])
            )
            return self.picture(pdf, small, ColorSpace=colours)

        def drawn(pdf):
            # Each file has them under other numbers.
            for _number in range(len(pdf.pages[0].Contents.read_bytes()) % 5):
                pdf.make_indirect(Dictionary())
            font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Courier)
            fonts = pdf.make_indirect(Dictionary(F=pdf.make_indirect(font)))
            return pdf.make_stream(
                b"BT /F 0.2 Tf (LOGO) Tj ET" + b" " * 9_000,
                Type=Name.XObject,
                Subtype=Name.Form,
                BBox=Array([0, 0, 1, 1]),
                Resources=pdf.make_indirect(Dictionary(Font=fonts)),
            )

        kinds = (transparent, profiled, drawn)
        self.compile_all(
            [
                self.page(f"{kind.__name__}{'i' * number}", kind)
                for kind in kinds
                for number in range(3)
            ]
        )
        self.assertEqual(len(self.streams(Width=LARGE)), 2, "the logo and its mask")
        self.assertEqual(len(self.streams(Width=SMALL)), 1)
        self.assertEqual(len(self.streams(N=3)), 1)
        self.assertEqual(len(self.streams(Subtype=Name.Form)), 1)

    def test_what_is_not_quite_equal_stays_apart(self):
        pixels = os.urandom(120_000)
        other = pixels[:60_000] + os.urandom(1) * 3 + pixels[60_003:]
        changed = pixels[:10_797] + b"!!!"
        blue = {"Decode": Array([1, 0, 0, 1, 0, 1])}
        self.compile_all(
            [
                self.page("one", lambda pdf: self.picture(pdf, pixels)),
                self.page("two", lambda pdf: self.picture(pdf, other)),
                self.page("three", lambda pdf: self.picture(pdf, pixels, **blue)),
                self.page("four", lambda pdf: self.picture(pdf, pixels[:10_800])),
                self.page("five", lambda pdf: self.picture(pdf, changed)),
            ]
        )
        self.assertEqual(len(self.streams(Subtype=Name.Image)), 5)

    def test_what_refers_to_itself(self):
        def endless(pdf):
            logo = self.picture(pdf, b"x" * 10_800)
            logo.PieceInfo = Dictionary(Logo=logo, Page=pdf.pages[0].obj)
            return logo

        self.compile_all([self.page("one", endless), self.page("two", endless)])

    def test_layers_and_annotations_are_each_files_own(self):
        layers = [
            collection.layered(self.folder / f"{number}.pdf", "shown", "hidden")
            for number in range(2)
        ]
        links = []
        for number in range(2):
            links.append(collection.plain(self.folder / f"link{number}.pdf", "link"))
            with pikepdf.open(links[-1], allow_overwriting_input=True) as pdf:
                link = Dictionary(
                    Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9])
                )
                pdf.pages[0].Annots = Array([pdf.make_indirect(link)])
                pdf.save(links[-1])
        self.assemble([self.part(path) for path in layers + links])
        with pikepdf.open(self.target) as pdf:
            groups = {group.objgen for group in pdf.Root.OCProperties.OCGs}
            self.assertEqual(len(groups), 4)
            first, second = (
                {annotation.objgen for annotation in pdf.pages[index].Annots}
                for index in (2, 3)
            )
            self.assertFalse(first & second)
