"""Why a foreign Factur-X is no PDF/A-3. Runs in a child process."""

import sys
from importlib import import_module
from pathlib import Path


def factur_x_problems(_report, path, tools):
    # What Odoo's own pages are mended with does not lie in this folder.
    sys.path.append(tools)
    pdfa = import_module("report.pdfa")
    return pdfa.factur_x_problems(Path(path).read_bytes())
