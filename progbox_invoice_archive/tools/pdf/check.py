"""Is a finished PDF what it should be? Asked of two readers."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
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
        Check([child], path, pages, lambda: seconds).go_on()


class Check:
    """Goes through a PDF, in children that are there already; each does its share.

    :param children: list of Child
    :param seconds: function that returns how many are left
    :param options: cancelled and paused, as of Child.ask
    """

    def __init__(self, children, path, pages, seconds, **options):
        # Each child remembers where every object stands.
        self._children = children[:1] if pages > MOST_SHARED else children
        self._path = path
        self._pages = pages
        self._seconds = seconds
        self._options = options

    def go_on(self, state=None):
        """Go on from a state.

        :return: the next state, for JSON, when it pauses; None when the PDF has passed
        :raise CheckFailed: or another CompileError, as :func:`check`
        """
        state = state or self._begin()
        number = len(state["shares"])
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(self._work, [state] * number, range(number)))
        if state["loaded"] is not None or any(state["shares"]):
            return state
        if (found := sum(state["found"])) != self._pages:
            raise CheckFailed(f"QPDF: {found} pages, not {self._pages}")
        return None

    def _begin(self):
        end, number = self._ask(0, "count_objects"), len(self._children)
        edges = [1, *(end * share // number for share in range(1, number)), end]
        return {
            # Pages that the second reader has loaded; None: all.
            "loaded": 0,
            # Objects that each child has to read; None: nothing more.
            "shares": [list(share) for share in pairwise(edges)],
            "found": [0] * number,
        }

    def _work(self, state, number):
        if not number and state["loaded"] is not None:
            # First: it starts a process, and the child is small until now.
            state["loaded"] = self._ask(
                number,
                "check_with_second_reader",
                pages=self._pages,
                start=state["loaded"],
            )
            if state["loaded"] is not None:
                return
        if share := state["shares"][number]:
            start, end = share
            found, start = self._ask(
                number, "check_with_qpdf", pages=self._pages, start=start, end=end
            )
            state["found"][number] += found
            state["shares"][number] = [start, end] if start else None

    def _ask(self, number, task, **arguments):
        child, arguments = self._children[number], {"path": self._path, **arguments}
        try:
            return child.ask(task, arguments, self._seconds(), **self._options)
        except Failure as error:
            if error.code == "check_failed":
                raise CheckFailed(error.detail, error.index) from error
            raise CompileError(error.code, error.detail) from error
