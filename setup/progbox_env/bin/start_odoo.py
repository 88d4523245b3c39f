"""Odoo's program, as a file: a server starts itself once more by its name.

It does so when it has workers, and when it reloads, as after a run that took too long.
With `python -m odoo` that is a file of a package, which does not run alone: the server
would try again several times a second, or stay down.
"""

import os
import sys
from pathlib import Path

import odoo.cli

if __name__ == "__main__":
    # Python looks there for what it was started as, and so finds its packages again:
    # Odoo tells the next one the name of the program only, without its folder.
    folders = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join(folders)
    odoo.cli.main()
