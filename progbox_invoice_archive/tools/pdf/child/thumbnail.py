"""A small picture of the first page of a PDF; runs in a child process."""

# Pixels across a page, and for each point of it: too few to read the lines of an
# invoice by, also on the narrow paper of a receipt.
WIDTH, PER_POINT = 200, 0.34
# As high as a card shows at most, of a page as long as a roll.
HEIGHT = 300
QUALITY = 80


def draw_first_page(_report, path, picture):
    """Draw the top of the first page.

    :param str path: of the PDF
    :param str picture: path of the JPEG to write
    """
    import pypdfium2

    page = pypdfium2.PdfDocument(path)[0]
    width, height = page.get_size()
    scale = min(WIDTH / width, PER_POINT)
    below = max(0, height - HEIGHT / scale)
    drawn = page.render(scale=scale, crop=(0, below, 0, 0)).to_pil()
    drawn.convert("RGB").save(picture, "JPEG", quality=QUALITY)
