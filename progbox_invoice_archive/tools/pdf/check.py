"""Is a finished PDF what it should be? Asked of two readers."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .child.messages import Failure
from .errors import CompileError
from .limited_child import Child

MEMORY = 1 << 30
# Each child remembers where every object stands: of more pages than this one is enough.
MOST_SHARED = 5_000


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
    :raise CompileError: 'timeout', 'out_of_memory' or 'crashed': without an answer
        the check has not passed
    """
    with Child(Path(path).parent, MEMORY) as child:
        check_in([child], path, pages, seconds)


def check_in(children, path, pages, seconds, cancelled=None):
    """The same, in children that are there already; each does its share."""
    arguments = {"path": path, "pages": pages}
    children = children[:1] if pages > MOST_SHARED else children

    def ask(child, task, **more):
        try:
            return child.ask(task, arguments | more, seconds, cancelled=cancelled)
        except Failure as error:
            if error.code == "check_failed":
                raise CheckFailed(error.detail, error.index) from error
            raise CompileError(error.code, error.detail) from error

    def work(number, child):
        if not number:  # first: it starts a process, and the child is small until now
            ask(child, "check_with_second_reader")
        return ask(child, "check_with_qpdf", share=[number, len(children)])

    with ThreadPoolExecutor(len(children)) as pool:
        found = sum(pool.map(work, range(len(children)), children))
    if found != pages:
        raise CheckFailed(f"QPDF: {found} pages, not {pages}")
