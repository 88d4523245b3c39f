"""Odoo with little time for a scheduled action, whose backups take long.

Ten seconds are two, and a minute is one second; each file, each page and each object of
a backup takes a while, in the process that looks at it.
"""

import os
import sys
from pathlib import Path

import odoo.cli
from odoo.service import server

SLOW = """
import time
from child import check, examine
from child.page_copier import Copier
def slow(holder, name, seconds):
    does = getattr(holder, name)
    def slowly(*arguments, **options):
        time.sleep(seconds)
        return does(*arguments, **options)
    setattr(holder, name, slowly)
slow(Copier, "copy_page", 0.2)
slow(examine, "examine", 0.1)
slow(check, "_is_page", 0.15)
check.SLICE = 10
"""
preload_registries = server.preload_registries


def preload(*arguments):
    """Load the databases, then change what is there by now."""
    status = preload_registries(*arguments)
    from odoo.addons.base.models import ir_cron
    from odoo.addons.progbox_invoice_archive.tools.pdf import limited_child

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
