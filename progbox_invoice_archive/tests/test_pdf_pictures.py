import pikepdf
from PIL import Image, ImageChops, ImageStat

from ..tools.pdf import Limits
from . import pdf_collection as collection
from .pdf_common import PdfCase, poppler_image

A4 = (595.3, 841.9)
EXIF_ORIENTATION = 0x0112


class TestPdfPictures(PdfCase):
    """Pictures become pages."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "photo"

    def pages(self, pages=1):
        """Each page with its image."""
        inspection = self.assertReady(self.path, pages, ["image"])
        self.assertEqual(inspection.kind, "image")
        pdf = pikepdf.open(inspection.ready)
        self.addCleanup(pdf.close)
        for page in pdf.pages:
            [image] = page.Resources.XObject.values()
            yield page, image

    def test_every_usual_kind_goes_in(self):
        for kind in ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP"):
            collection.picture(self.path, kind)
            [_page] = self.pages()

    def test_a_jpeg_stays_bit_for_bit_what_it_is(self):
        for mode in ("RGB", "L", "CMYK"):
            collection.picture(self.path, "JPEG", mode)
            [(_page, image)] = self.pages()
            self.assertEqual(image.read_raw_bytes(), self.path.read_bytes())

    def test_pixels_of_a_png_are_not_changed(self):
        for mode in ("RGB", "L", "P"):
            collection.picture(self.path, "PNG", mode)
            [(_page, image)] = self.pages()
            found = pikepdf.PdfImage(image).as_pil_image().convert("RGB")
            with Image.open(self.path) as wanted:
                self.assertEqual(found.tobytes(), wanted.convert("RGB").tobytes())

    def test_a_wide_picture_lies_on_a_wide_page(self):
        for size in ((4000, 3000), (3000, 4000)):
            collection.picture(self.path, size=size)
            [(page, _image)] = self.pages()
            shape = tuple(round(float(edge), 1) for edge in page.mediabox[2:])
            self.assertEqual(shape, A4 if size[0] < size[1] else A4[::-1])

    def test_a_photo_taken_on_its_side_stands_upright(self):
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = 6
        collection.picture(self.path, size=(400, 300), exif=exif)
        [(page, _image)] = self.pages()
        self.assertEqual(page.obj.Rotate, 90)

    def test_every_way_to_hold_a_camera(self):
        upright, paths = collection.corners(), []
        for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
            for orientation, turn in collection.TURNS.items():
                stored = upright.transpose(turn) if turn is not None else upright
                exif = Image.Exif()
                exif[EXIF_ORIENTATION] = orientation
                paths.append(self.folder / f"{kind} {orientation}")
                stored.save(paths[-1], kind, exif=exif)
        for inspection in self.inspect(*paths):
            with self.subTest(inspection.name):
                self.assertUpright(inspection.ready)

    def test_each_page_of_a_tiff_stands_upright(self):
        upright, frames = collection.corners(), []
        for orientation, turn in collection.TURNS.items():
            frame = upright.transpose(turn) if turn is not None else upright.copy()
            frame.encoderinfo = {"tiffinfo": {EXIF_ORIENTATION: orientation}}
            frames.append(frame)
        for first in (0, 5):
            others = frames[:first] + frames[first + 1 :]
            options = {**frames[first].encoderinfo, "append_images": others}
            frames[first].save(self.path, "TIFF", save_all=True, **options)
            inspection = self.inspect_one(self.path)
            self.assertEqual(inspection.pages, 8)
            for page in range(1, 9):
                self.assertUpright(inspection.ready, page)

    def assertUpright(self, path, page=1):
        painted = poppler_image(path, page).convert("RGB")
        box = ImageChops.difference(
            painted, Image.new("RGB", painted.size, "white")
        ).getbbox()
        found = painted.crop(box)
        width, height = found.size
        self.assertGreater(width, height)
        self.assertEqual(
            [
                collection.nearest(found.getpixel((width * x // 4, height * y // 4)))
                for x, y in ((1, 1), (3, 1), (1, 3), (3, 3))
            ],
            list(collection.CORNERS),
        )

    def test_a_picture_that_is_broken_is_called_a_picture(self):
        for content in (
            b"II*\0\x08\0\0\0 nothing of the kind",
            b"MM\0*\xff\xff\xff\xff",
            b"\x89PNG\r\n\x1a\n nothing",
            b"\xff\xd8\xff\xe0 nothing",
        ):
            self.path.write_bytes(content)
            self.assertRefused(self.path, "picture_damaged")

    def test_every_page_of_a_fax_goes_in(self):
        collection.picture(self.path, "TIFF", "1", frames=3)
        images = [image.read_raw_bytes() for _page, image in self.pages(3)]
        self.assertEqual(len(set(images)), 3)

    def test_transparent_parts_become_white(self):
        Image.new("RGBA", (90, 90), (255, 0, 0, 0)).save(self.path, "PNG")
        inspection = self.assertReady(self.path, 1, ["image"])
        painted = poppler_image(inspection.ready).convert("L")
        self.assertEqual(painted.getextrema(), (255, 255))

    def test_a_transparent_colour_hides_no_other(self):
        coloured = collection.corners((600, 400))
        coloured.paste((255, 255, 255), (200, 100, 400, 300))
        picture = coloured.quantize(16)
        numbers = picture.getpalette()
        colours = [tuple(numbers[at : at + 3]) for at in range(0, len(numbers), 3)]
        white = colours.index((255, 255, 255))
        for name, image, options in (
            *((f"{bits} bits", picture, {"bits": bits}) for bits in (4, 8)),
            ("grey", picture.convert("L"), {}),
        ):
            transparent = 255 if image.mode != "P" else white
            shown = []
            for more in ({}, {"transparency": transparent}):
                image.save(self.path, "PNG", **options, **more)
                ready = self.assertReady(self.path, 1, ["image"]).ready
                shown.append(poppler_image(ready).convert("L"))
            with self.subTest(name):
                self.assertLess(shown[0].getextrema()[0], 128)
                difference = ImageChops.difference(*shown)
                self.assertLess(ImageStat.Stat(difference).mean[0], 0.1)

    def test_a_picture_that_has_no_place_in_a_pdf_is_called_a_picture(self):
        for content in (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
            b"\0\0\0\x0cjP  \r\n\x87\n",
            b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
        ):
            self.path.write_bytes(content)
            self.assertRefused(self.path, "picture_kind")

    def test_half_a_picture_is_refused(self):
        collection.picture(self.path, size=(400, 3000))
        content = self.path.read_bytes()
        self.path.write_bytes(content[: len(content) // 2])
        self.assertRefused(self.path, "truncated")

    def test_a_picture_with_too_many_pixels_is_refused(self):
        Image.new("1", (20_000, 20_000)).save(self.path, "PNG")
        self.assertRefused(self.path, "too_large")

    def test_memory_is_limited_and_the_next_file_does_not_feel_it(self):
        Image.new("RGB", (9000, 9000)).save(self.path, "PNG")
        good = collection.plain(self.folder / "good.pdf", "good")
        found = self.inspect(
            self.path, good, self.path, good, limits=Limits(memory=100 << 20)
        )
        self.assertEqual(
            [each.refusal for each in found],
            ["out_of_memory", None, "out_of_memory", None],
        )

    def test_a_picture_that_is_called_pdf_goes_in(self):
        collection.picture(self.path.with_suffix(".pdf"), "PNG")
        self.assertEqual(self.compile(self.path.with_suffix(".pdf")), [""])
