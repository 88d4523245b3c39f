"""The whole suite, in groups of test files that run side by side.

Each group is one pytest with a database, a file store and a port of its own. A file is
never cut: its classes share what they set up. `setup/durations.json` says how long a
file takes (`setup/test --measure` writes it anew), so that the groups end together.
"""

import json
import os
import random
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from . import databases, paths
from .console import die_with_us, end, say, step

DURATIONS = paths.SETUP / "durations.json"
LINES_PER_SECOND = 20  # of a file that nobody has measured
# The files of these folders share a server, which the first of them starts.
TOGETHER = {"tests/journeys"}
RESULT = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")
CLOSING = re.compile(r"=+ (FAILURES|ERRORS|warnings summary|short test summary|\d)")


# Nearly every test class works in such a company, and some in two, which are then found
# instead of made: a chart of accounts takes two seconds
# (progbox_invoice_archive/tests/common.py).
SPARE_COMPANIES = """
charts = env["account.chart.template"]
for number in range(2):
    company = env["res.company"].create({"name": f"progbox_shared_company_{number}"})
    chart = charts._guess_chart_template(company.country_id)
    charts.try_loading(chart, company=company)
    if not company.account_fiscal_country_id:
        company.account_fiscal_country_id = env.ref("base.us")
    env.user.company_ids -= company
env.cr.commit()
"""


def prepare(groups, clean):
    """A database for each group, with what the tests share."""
    first = database(0)
    if clean or databases.content(first) != databases.wanted():
        with step(f"Preparing the test database {first}"):
            databases.drop_database(first)
            new = first + "_new"
            databases.clone_database(new)
            databases.odoo_shell(new, SPARE_COMPANIES)
            databases.rename_database(new, first)
    for group in range(1, groups):
        name = database(group)
        if clean or databases.content(name) != databases.content(first):
            with step(f"Preparing the test database {name}"):
                databases.clone_database(name, first)


def database(group):
    return "progbox_test" if group == 0 else f"progbox_test_{group + 1}"


def measured(group):
    return paths.LOG / f"durations-{group}.json"


def files(named=()):
    """The test files, or those that are named or in a named folder; their paths."""
    found = [
        *paths.ROOT.glob("progbox*/tests/**/test_*.py"),
        *paths.ROOT.glob("tests/**/test_*.py"),
    ]
    chosen = [(paths.ROOT / name).resolve() for name in named or [""]]
    return sorted(
        str(path.relative_to(paths.ROOT))
        for path in found
        if any(path.is_relative_to(place) for place in chosen)
    )


def seconds(file, known):
    if file in known:
        return known[file]
    return (paths.ROOT / file).read_text().count("\n") / LINES_PER_SECOND


def units(names):
    """The files, each in a list with those that have to stay with it."""
    together = {}
    for name in sorted(names):
        folder = os.path.dirname(name)
        together.setdefault(folder if folder in TOGETHER else name, []).append(name)
    return list(together.values())


def split(names, number, known):
    """`number` lists of files that take the same time, the longest files first."""
    weights = [
        (sum(seconds(name, known) for name in unit), unit) for unit in units(names)
    ]
    groups = [[0, []] for _number in range(number)]
    for weight, unit in sorted(weights, reverse=True):
        least = min(groups, key=lambda group: group[0])
        least[0] += weight
        least[1] += unit
    return [unit for _weight, unit in groups]


def shuffled(names, seed):
    """The files in an order that the seed decides; what shares a server in a row."""
    rng = random.Random(seed)
    order = units(names)
    rng.shuffle(order)
    for unit in order:
        rng.shuffle(unit)
    return [name for unit in order for name in unit]


def pytest(group, arguments, **options):
    """Start a pytest on the database of a group."""
    command = [paths.python(), "-m", "pytest"]
    command += ["-p", "progbox_env.strict_skips", "-p", "progbox_env.measure"]
    command += [f"--odoo-database={database(group)}", "--odoo-http", *arguments]
    return subprocess.Popen(
        die_with_us(command),
        env=paths.odoo_environment() | {"PROGBOX_DURATIONS": str(measured(group))},
        cwd=paths.ROOT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us alone; pytest then gets it once
        **options,
    )


def run_one(arguments):
    """One pytest, its output as it comes; its exit status."""
    process = pytest(0, arguments)
    try:
        return process.wait()
    except BaseException:
        end(process, signal.SIGINT)
        raise


class Group(threading.Thread):
    """A pytest whose progress is shown line by line, its failures in one piece."""

    printing = threading.Lock()

    def __init__(self, number, arguments):
        super().__init__(daemon=True)
        self.number = number
        self.process = pytest(
            number,
            ["--no-header", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.counts = None
        self.start()

    def run(self):
        closing = []
        for line in self.process.stdout:
            if result := RESULT.fullmatch(line.strip()):
                self.counts = [int(count or 0) for count in result.groups()]
            elif closing or CLOSING.match(line):
                closing.append(line)
            elif line.strip():
                with self.printing:
                    print(line, end="", flush=True)
        self.process.wait()
        with self.printing:
            print(f"\n--- group {self.number + 1} ---\n" + "".join(closing), flush=True)


def run_side_by_side(groups, options):
    """Run lists of test files at the same time; 0 if every test has passed."""
    running = []
    try:
        for number, names in enumerate(groups):
            running.append(Group(number, [*options, *names]))
        for group in running:
            while group.is_alive():
                group.join(1)
    except BaseException:
        with ThreadPoolExecutor() as pool:
            for group in running:
                pool.submit(end, group.process, signal.SIGINT)
        raise
    for group in running:
        if group.counts is None:
            say(f"Group {group.number + 1} ended before its time.")
            group.counts = [0, 1, 0]
    passed, failed, skipped = map(sum, zip(*(g.counts for g in running), strict=True))
    line = f"{passed} passed, {failed} failed"
    print(line + (f", {skipped} skipped" if skipped else ""), flush=True)
    return int(bool(failed) or any(group.process.returncode for group in running))


def known_durations():
    return json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}


def keep_durations(groups):
    """Write down what the files of a whole run took."""
    known = {}
    for group in range(groups):
        known |= json.loads(measured(group).read_text())
    DURATIONS.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n")
