"""A pytest plugin: the seconds of each test file, into the file PROGBOX_DURATIONS."""

import collections
import json
import os

SECONDS = collections.Counter()


def pytest_runtest_logreport(report):
    SECONDS[report.nodeid.split("::")[0]] += report.duration


def pytest_unconfigure():
    if path := os.environ.get("PROGBOX_DURATIONS"):
        rounded = {file: round(value, 1) for file, value in SECONDS.items()}
        with open(path, "w") as file:
            json.dump(rounded, file)
