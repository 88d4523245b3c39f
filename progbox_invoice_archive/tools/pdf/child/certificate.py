"""Which lines of the ledger a certificate names; runs in a child process.

A PDF says them in its text, a scan of it in its QR code.
"""

import re

PDF = b"%PDF-"
# A certificate has one page, the report of a verification a few.
MAX_PAGES = 20
# Dots per inch at which a QR code of 3.5 cm is read, and the longest side in dots.
RESOLUTION, LONGEST_SIDE = 200, 4000
# As reports print it; a long hash goes over the end of a line.
LINE = re.compile(r"(?<!\d)(\d{1,10}):\s*(\$1\$(?:\s*[0-9a-f]){64})(?![0-9a-f])")


def read_certificate(_report, path):
    """Return the lines that a certificate, or a scan of it, names.

    :param str path: of a PDF or a picture
    :return: list of [number, hash], each once
    """
    with open(path, "rb") as file:
        is_pdf = PDF in file.read(1024)
    texts = _of_pdf(path) if is_pdf else _of_picture(path)
    found = []
    for text in texts:
        for number, digest in LINE.findall(text):
            line = [int(number), "".join(digest.split())]
            if line not in found:
                found.append(line)
    return found


def _of_pdf(path):
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    for page in (document[number] for number in range(min(len(document), MAX_PAGES))):
        text = page.get_textpage().get_text_bounded()
        yield text
        if not LINE.search(text):
            scale = min(RESOLUTION / 72, LONGEST_SIDE / max(page.get_size()))
            yield from _codes(page.render(scale=scale, grayscale=True).to_pil())


def _of_picture(path):
    from PIL import Image

    from .images import KINDS, MAX_PIXELS

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses twice as many
    with Image.open(path, formats=KINDS) as picture:
        # A JPEG is read smaller at once; nothing larger than that has to be.
        picture.draft("L", (LONGEST_SIDE, LONGEST_SIDE))
        picture = picture.convert("L")
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        yield from _codes(picture)


def _codes(picture):
    import zxingcpp

    for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode):
        yield code.text
