"""Odoo's program, as a file: a server with workers starts itself once more by its name.

With `python -m odoo` that is a file of a package, which does not run alone: the server
would try again several times a second, for as long as it lives.
"""

import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
