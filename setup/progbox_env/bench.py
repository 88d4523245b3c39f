"""The frame of the benchmarks in `tests/bench/bench_NAME.py`.

A benchmark is a module with

    "A docstring whose first line says what is compared with what."

    GOALS = {"overhead_ratio": "<= 1.03", "queries_10": "= queries_100"}

    def run(tools, quick):
        database = tools.clone("post")               # dropped at the end
        with tools.environment(database) as env:     # Odoo, in this process
            times = tools.interleaved({"with": …, "without": …}, rounds=9)
        return {"overhead_ratio": times.ratio("with", "without")}

`run` returns the figures, by name; `quick` asks for a tenth of the size. Both sides are
measured in turn in the same run, so that what disturbs one disturbs the other too.
"""

import argparse
import contextlib
import gc
import importlib.util
import json
import operator
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from . import databases, paths
from .console import say

FOLDER = paths.ROOT / "tests/bench"
COMPARE = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


class Timings(dict):
    """{side: seconds of each round}"""

    def median(self, side):
        return statistics.median(self[side])

    def ratio(self, side, beside):
        """The median of the rounds' ratios: what slows a whole round does not count."""
        pairs = zip(self[side], self[beside], strict=True)
        return statistics.median(one / other for one, other in pairs)


class Tools:
    """What a benchmark works with."""

    def __init__(self):
        self._databases = []

    def clone(self, name, with_addons=True):
        """A database of its own, with demo data; with our add-ons or without."""
        database = f"progbox_bench_{name}"
        template = databases.ADDONS if with_addons else databases.BASE
        databases.clone_database(database, template)
        self._databases.append(database)
        return database

    @contextlib.contextmanager
    def environment(self, database):
        """An Odoo environment of the superuser, in this process."""
        import odoo
        from odoo.modules.registry import Registry
        from odoo.tools import config

        options = ["-c", str(paths.CONFIG), "-d", database, "--log-level=error"]
        config.parse_config(options, setup_logging=True)
        with Registry(database).cursor() as cursor:
            yield odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})

    def interleaved(self, sides, rounds=9, after=None):
        """Time the sides in turn. Each is called without arguments, once per round.

        One more round at the start is not counted: it fills the caches. The side that
        begins changes with every round. `after` is called after each side, and is not
        timed.
        """
        timings = Timings({name: [] for name in sides})
        for number in range(rounds + 1):
            for name, function in list(sides.items())[:: -1 if number % 2 else 1]:
                gc.collect()  # else one side tidies up after the other
                start = time.perf_counter()
                function()
                seconds = time.perf_counter() - start
                if number:
                    timings[name].append(seconds)
                if after:
                    after()
        return timings

    def note(self, text):
        say(f"  {text}")

    def close(self):
        if "odoo" in sys.modules:
            from odoo.sql_db import close_all

            close_all()
        for database in self._databases:
            databases.drop_database(database)


def processor_seconds(backends):
    """Return the seconds that this process and its PostgreSQL have computed so far.

    :param backends: process ids of its connections with PostgreSQL
    """
    spent = time.process_time()
    for pid in backends:
        running, *_ = Path(f"/proc/{pid}/schedstat").read_text().split()
        spent += int(running) / 1e9
    return spent


def machine():
    """What the figures were measured on."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "python": platform.python_version(),
        "postgresql": databases.sql("SHOW server_version")[0].split()[0],
        "wkhtmltopdf": _version_of("wkhtmltopdf"),
    }


def _version_of(program):
    answer = subprocess.run([program, "--version"], capture_output=True, text=True)
    return answer.stdout.strip().removeprefix(program).strip()


def load(name):
    sys.path.insert(0, str(FOLDER))  # for what several benchmarks share
    path = FOLDER / f"bench_{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names():
    return sorted(
        path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py")
    )


def reached(goal, figures, value):
    sign, wanted = goal.split()
    return COMPARE[sign](value, figures[wanted] if wanted in figures else float(wanted))


def table(module, figures):
    width = max(map(len, figures))
    for name, value in figures.items():
        line = f"  {name:{width}}  {value:>12,.4g}"
        if goal := module.GOALS.get(name):
            verdict = "reached" if reached(goal, figures, value) else "MISSED"
            line += f"   goal {goal}: {verdict}"
        print(line)


def main():
    """Runs in Odoo's Python; `setup/bench` has prepared the databases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=names())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    module, tools = load(options.name), Tools()
    try:
        figures = module.run(tools, options.quick)
    finally:
        tools.close()
    if options.json:
        result = {"name": options.name, "machine": machine(), "figures": figures}
        print(json.dumps(result))
        return
    print(f"{options.name}: {module.__doc__.strip().splitlines()[0]}")
    print("  " + ", ".join(f"{key} {value}" for key, value in machine().items()))
    table(module, figures)


if __name__ == "__main__":
    main()
