"""Odoo with little time for a scheduled action, whose backups take long.

Ten seconds are two, and a minute is one second; each page of a backup takes a while, in
the process that writes it.
"""

import os
import sys
from pathlib import Path

import odoo.cli
from odoo.service import server

SLOW = """
import time
from child.page_copier import Copier
copy_page = Copier.copy_page
def slowly(*arguments):
    time.sleep(0.2)
    return copy_page(*arguments)
Copier.copy_page = slowly
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
