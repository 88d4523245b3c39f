"""Odoo's own tests, with our add-ons and without: what do we break?"""

import re

from . import databases
from .console import Stop, say, step

MODULES = ["account", "sale", "sale_project", "l10n_fr_account"]


def compare():
    """Print the tests that fail in one database only; 0 if there are none."""
    without = failures("without", databases.BASE)
    with_addons = failures("with", databases.ADDONS)
    for title, names in (
        ("Fails with our add-ons only", with_addons - without),
        ("Fails without our add-ons only", without - with_addons),
    ):
        for name in sorted(names):
            print(f"{title}: {name}")
    say(f"{len(with_addons & without)} tests fail with and without our add-ons.")
    return 1 if with_addons != without else 0


def failures(title, template):
    database = f"progbox_core_{title}"
    databases.clone_database(database, template)
    tags = ",".join(f"/{module}" for module in MODULES)
    with step(f"Odoo's tests of {', '.join(MODULES)}, {title} our add-ons"):
        log = databases.run_odoo(
            database,
            f"--test-tags={tags}",
            log=f"core-{title}",
            http=True,
            accept=(0, 1),  # 1: some tests failed
        )
    databases.drop_database(database)
    if not (summary := re.search(r"\d+ failed, \d+ error\(s\) of \d+ tests", log)):
        raise Stop(f"the tests did not end: read core-{title}.log in .progbox/log.")
    say(f"    {summary[0]}")
    return set(re.findall(r"(odoo\.addons\.\S+: (?:FAIL|ERROR): \S+)", log))
