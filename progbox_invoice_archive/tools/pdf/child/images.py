"""Pictures become pages: a JPEG stays the JPEG it is, bit for bit."""

import re
import tempfile
from pathlib import Path

import img2pdf
from PIL import ExifTags, Image, ImageOps, ImageSequence, UnidentifiedImageError

from .mail_parts import PICTURE_HEADS
from .messages import Failure, is_disk_full

MAX_PIXELS = 200_000_000  # A1 at 600 dpi
A4 = (img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297))
# Pillow knows more; some of them run programs.
KINDS = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP")
# What phones and designers use, and PDF does not: HEIC, AVIF, JPEG 2000 and XL,
# Photoshop, SVG.
OTHER_KINDS = re.compile(
    rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1|avi[fs])"
    rb"|\0\0\0\x0c(jP  |JXL )|8BPS|.*<svg[\s>]",
    re.DOTALL,
)
HEAD_SIZE = 1024
ORIENTATION = ExifTags.Base.Orientation
MIRRORED = {2, 4, 5, 7}
PLAIN_MODES = {"1", "L", "RGB"}
LOSSY = {"JPEG", "MPO", "WEBP"}
JPEG_QUALITY = 92


def to_pdf(path, target):
    """Write a PDF with a page for a picture, or for each frame of a TIFF.

    Pages are A4, upright or across as the picture is; a larger picture is scaled down.

    :raise Failure: 'not_a_pdf' if it is no picture either, 'picture_kind', 'too_large',
        'picture_damaged', 'truncated'
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses twice as many
    try:
        with Image.open(path, formats=KINDS) as image:
            upright = _stand_as_they_are(image)
            image.load()  # half a picture does not pass for a whole one
            if not upright or not _embed(path, image, target):
                _repaint(image, target)
    except UnidentifiedImageError as error:
        raise Failure(_code_of(path), str(error)) from error
    except Image.DecompressionBombError as error:
        raise Failure("too_large", str(error)) from error
    except (MemoryError, Failure):
        raise
    except Exception as error:  # each format has its own ways to be broken
        if is_disk_full(error):
            raise
        code = "truncated" if "truncated" in str(error) else "picture_damaged"
        raise Failure(code, repr(error)) from error


def _code_of(path):
    with open(path, "rb") as file:
        head = file.read(HEAD_SIZE)
    if PICTURE_HEADS.match(head):
        return "picture_damaged"
    return "picture_kind" if OTHER_KINDS.match(head) else "not_a_pdf"


def _stand_as_they_are(image):
    """Whether img2pdf can put all frames upright: it cannot mirror, nor turn a TIFF."""
    if image.format != "TIFF":
        return image.getexif().get(ORIENTATION, 1) not in MIRRORED
    kept = all(
        frame.getexif().get(ORIENTATION, 1) == 1
        for frame in ImageSequence.Iterator(image)
    )
    image.seek(0)
    return kept


def _embed(path, image, target):
    """Put a picture into a PDF as it is, where PDF knows its form."""
    kind = image.format
    # Of colours that are transparent img2pdf makes a mask that hides the others, too.
    if kind not in ("JPEG", "PNG", "TIFF") or "transparency" in image.info:
        return False
    try:
        _write([path], target, all_frames=kind == "TIFF")
    except Exception as error:  # transparent, 16 bits deep, broken
        if is_disk_full(error):
            raise
        return False
    return True


def _repaint(image, target):
    """Paint a picture on white, as it is shown, and put that into a PDF."""
    lossy = image.format in LOSSY
    frames = ImageSequence.Iterator(image) if image.format == "TIFF" else [image]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        paths = []
        for frame in frames:
            paths.append(Path(folder) / str(len(paths)))
            frame.load()  # a TIFF turns itself
            paper = _on_white(ImageOps.exif_transpose(frame))
            options = {"quality": JPEG_QUALITY} if lossy else {}
            dpi = {"dpi": image.info["dpi"]} if "dpi" in image.info else {}
            paper.info.clear()  # what says how it is to be turned would turn it again
            paper.save(paths[-1], "JPEG" if lossy else "PNG", **options, **dpi)
        _write(paths, target)


def _on_white(image):
    if image.mode in PLAIN_MODES and "transparency" not in image.info:
        return image.copy()
    layer = image.convert("RGBA")
    paper = Image.new("RGB", layer.size, "white")
    paper.paste(layer, mask=layer)
    return paper


def _write(paths, target, all_frames=False):
    layout = img2pdf.get_layout_fun(
        pagesize=A4, fit=img2pdf.FitMode.shrink, auto_orient=True
    )
    with open(target, "wb") as file:
        img2pdf.convert(
            [str(path) for path in paths],
            layout_fun=layout,
            rotation=img2pdf.Rotation.ifvalid,
            first_frame_only=not all_frames,
            outputstream=file,
            engine=img2pdf.Engine.pikepdf,
        )
