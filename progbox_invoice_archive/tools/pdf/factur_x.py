"""Why a Factur-X that anybody may have made is no PDF/A-3."""

import logging
from pathlib import Path

from .child.messages import Failure
from .errors import CompileError
from .limited_child import Child

_logger = logging.getLogger(__name__)

TOOLS = Path(__file__).resolve().parent.parent
MEMORY = 512 << 20
SECONDS = 30


def factur_x_problems(path, folder):
    """Return what keeps a Factur-X from being a PDF/A-3.

    Nothing for any other file, and for what cannot be read.

    :param folder: for temporary files
    :return: list of pairs, see :class:`..report.pdfa_check.Problem`
    """
    with Child(folder, MEMORY) as child:
        try:
            arguments = {"path": path, "tools": TOOLS}
            return child.ask("factur_x_problems", arguments, SECONDS)
        except (Failure, CompileError) as error:
            _logger.info("%s cannot be looked at: %s", path, error)
            return []
