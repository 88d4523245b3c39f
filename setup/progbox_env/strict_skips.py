"""A pytest plugin: a skipped test is a failed one, unless it is listed with a reason.

The list is `setup/allowed_skips.txt`: a node id, spaces, the reason. The run ends with
a line on its own: "N passed, N failed", and ", N skipped" if there are any.
"""

import pytest

from .paths import SETUP

ALLOWED = {
    line.split(maxsplit=1)[0]
    for line in (SETUP / "allowed_skips.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
}


def _refuse(report):
    unexpected = report.skipped and not hasattr(report, "wasxfail")
    if unexpected and report.nodeid not in ALLOWED:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        report.outcome = "failed"
        report.longrepr = f"{reason}\nNot in setup/allowed_skips.txt: make it run."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _refuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _refuse((yield))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not reporter:
        return
    count = {name: len(reports) for name, reports in reporter.stats.items()}
    failed = count.get("failed", 0) + count.get("error", 0)
    line = f"{count.get('passed', 0)} passed, {failed} failed"
    if skipped := count.get("skipped", 0):
        line += f", {skipped} skipped"
    reporter.ensure_newline()
    reporter.write_line(line)
