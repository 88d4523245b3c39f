"""What tests with a real browser share: there is one in a process at a time."""

import resource

import pytest
from playwright.sync_api import sync_playwright
from progbox_env import forks

CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "timeout": 120_000,  # milliseconds; the machine may be busy with other tests
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
}

# Here Odoo is started again and again.
forks.enabled = True


# Not for the session: the tests of another file may end what this one has started.
@pytest.fixture(scope="module")
def chromium():
    # Odoo limits the memory of this process; Chromium reserves more than it uses.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**CHROMIUM)
        yield browser
        browser.close()
