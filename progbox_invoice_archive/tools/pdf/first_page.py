"""What the first pages of a foreign PDF say and look like, asked of a child process."""

from pathlib import Path

from .child.messages import Failure
from .limited_child import Child

MEMORY = 512 << 20
SECONDS = 30
# Of a picture: nobody has asked for it, and somebody waits for the whole server.
PICTURE_MEMORY = 256 << 20
PICTURE_SECONDS = 5
MOST_PAGES = 20


def first_page_text(path, folder):
    """Return the text of the first page, line by line.

    A scan has none, and neither has a file that cannot be read as a PDF.

    :param folder: for temporary files
    """
    with Child(folder, MEMORY) as child:
        try:
            return child.ask("first_page_text", {"path": path}, SECONDS)
        except Failure:
            return ""


def page_texts(paths, folder, cancelled=None):
    """Return the texts of the first pages of some files, page by page.

    Nothing of all of them where one cannot be read.

    :param folder: for temporary files
    :param cancelled: asked a few times a second; true raises Cancelled
    :return: list of lists of texts
    """
    with Child(folder, MEMORY) as child:
        try:
            arguments = {"paths": paths, "pages": MOST_PAGES}
            return child.ask("page_texts", arguments, SECONDS, cancelled=cancelled)
        except Failure:
            return [[] for _path in paths]


def first_page_picture(path, folder):
    """Return a small JPEG of the first page, or nothing where none can be drawn.

    :param folder: for temporary files
    :rtype: bytes
    """
    picture = Path(folder) / "first_page.jpg"
    with Child(folder, PICTURE_MEMORY) as child:
        try:
            arguments = {"path": path, "picture": picture}
            child.ask("draw_first_page", arguments, PICTURE_SECONDS)
        except Failure:
            return b""
    return picture.read_bytes()
