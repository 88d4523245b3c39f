"""One PDF of many files, whatever the files are. Pure Python; needs no Odoo.

    with tempfile.TemporaryDirectory() as folder:
        inspections = list(inspect_files(paths, folder))
        parts = [
            Part(leaf.ready, leaf.pages, title=leaf.name, group=("INV/2026/0001",))
            for inspection in inspections
            for leaf in inspection.leaves()
            if not leaf.refusal
        ]
        assembled = assemble(parts, target, folder=folder, title="Invoice backup")

Foreign files are only ever opened in child processes with limits of memory and time:
no file takes the others or the server down. What is left out has a code that says why
(`REFUSALS`, `ERRORS`): the words are the caller's.

The modules beside this one run in the parent, those of `child` in the child process.
"""

from .assembly import Assembled, assemble
from .check import check
from .child.messages import Attached, Embedded, Inspection, Limits, Part
from .errors import ERRORS, REFUSALS, Cancelled, CompileError, PartRefused, Paused
from .inspection import Item, inspect_files
