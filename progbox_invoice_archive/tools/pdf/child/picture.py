"""What the first page of a PDF looks like; runs in a child process."""

import base64
import io

import pypdfium2


def first_page_picture(_report, path, width, height):
    """Return the top of the first page as a JPEG, in the letters of JSON."""
    with pypdfium2.PdfDocument(path) as document:
        page = document[0]
        scale = width / page.get_width()
        # What is below would be drawn for nothing, however long the page is.
        below = max(0, page.get_height() - height / scale)
        picture = page.render(scale=scale, crop=(0, below, 0, 0)).to_pil()
        output = io.BytesIO()
        picture.convert("RGB").save(output, "JPEG", quality=80)
    return base64.b64encode(output.getvalue()).decode()
