"""Whether a foreign PDF that begins with another one still has its pages."""

from .child.messages import Failure
from .limited_child import Child

MEMORY = 512 << 20
SECONDS = 30


def has_same_pages(path, original, folder, cancelled=None):
    """Whether what was added to a PDF has left its pages as they were.

    What cannot be read, or takes too long, has not.

    :param folder: for temporary files
    :param cancelled: asked a few times a second; true raises Cancelled
    """
    with Child(folder, MEMORY) as child:
        try:
            arguments = {"path": path, "original": original}
            return child.ask("has_same_pages", arguments, SECONDS, cancelled=cancelled)
        except Failure:
            return False
