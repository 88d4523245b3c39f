"""Odoo with little time for a scheduled action, whose backups take long.

Ten seconds are two, and a minute is one second; each file, each page and each object of
a backup takes a while, in the process that looks at it, and so does each print.
"""

import os
import sys
import time
from pathlib import Path

import odoo.cli
from odoo.service import server

SLOW = """
import time
from child import check, examine
from child.page_copier import Copier
def slow(holder, name, seconds):
    does = getattr(holder, name)
    def slowly(*arguments):
        time.sleep(seconds)
        return does(*arguments)
    setattr(holder, name, slowly)
slow(Copier, "copy_page", 0.2)
slow(examine, "examine", 0.1)
slow(check, "_is_page", 0.15)
check.SLICE = 10
"""
PRINTING_SECONDS = 2
preload_registries = server.preload_registries


def preload(*arguments):
    """Load the databases, then change what is there by now."""
    status = preload_registries(*arguments)
    from odoo.addons.base.models import ir_cron
    from odoo.addons.progbox_invoice_archive.models.compilation_pages import OwnPages
    from odoo.addons.progbox_invoice_archive.models.progbox_compilation import (
        ProgboxCompilation,
    )
    from odoo.addons.progbox_invoice_archive.tools.pdf import limited_child

    sys.path.append(str(Path(__file__).parents[2] / "progbox_invoice_archive/tests"))
    from pdf_collection import pdf_of

    def print_slowly(_job, line):
        time.sleep(PRINTING_SECONDS)
        return pdf_of(f"print {line.number}")

    ProgboxCompilation._rendered = print_slowly
    # The first true print of a process takes long where much else is going on.
    OwnPages.print_note = lambda _pages, _text: False
    OwnPages.write_on_first_page = lambda _pages, _path, _text: None

    ir_cron.MIN_TIME_PER_JOB = 2
    begin, _import, rest = limited_child.BOOT.partition("from child.main")
    limited_child.BOOT = f"{begin}\n{SLOW}\n{_import}{rest}"
    return status


if __name__ == "__main__":
    server.SLEEP_INTERVAL = 1
    server.preload_registries = preload
    folders = str(Path(sys.executable).parent), os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join(folders)
    odoo.cli.main()
