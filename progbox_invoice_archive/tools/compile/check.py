"""Is a finished PDF what it should be? Asked of two readers."""

from pathlib import Path

from .child import Child
from .errors import CompileError
from .failure import Failure

MEMORY = 1 << 30
# The one that starts a process of its own comes first: the child is small until then.
READERS = ("check_with_second_reader", "check_with_qpdf")


class CheckFailed(CompileError):
    """A reader found fault with a PDF.

    :param page: index of the page it stumbled over, if it was a page
    """

    def __init__(self, detail, page=None):
        super().__init__("check_failed", detail)
        self.page = page


def check(path, pages, seconds=600):
    """Have QPDF and a second reader go through a PDF, in a limited child.

    :param pages: how many it must have
    :raise CheckFailed: the detail says what they found
    :raise CompileError: 'timeout', 'out_of_memory' or 'crashed': no answer is no yes
    """
    with Child(Path(path).parent, MEMORY) as child:
        check_in(child, path, pages, seconds)


def check_in(child, path, pages, seconds, cancelled=None):
    """The same, in a child that is there already."""
    for reader in READERS:
        arguments = {"path": path, "pages": pages}
        try:
            child.ask(reader, arguments, seconds, cancelled=cancelled)
        except Failure as error:
            if error.code == "check_failed":
                raise CheckFailed(error.detail, error.index) from error
            raise CompileError(error.code, error.detail) from error
