"""The lowest versions of the packages that the installation's page names do work."""

import json
import os
import re
import subprocess
import sys

import pytest
from progbox_env import (
    ROOT,
    clone_database,
    drop_database,
    odoo_environment,
    odoo_shell,
    python,
)

ADDON = ROOT / "progbox_invoice_archive"
NAME = "progbox_lowest"
# What uses these packages, and writes nothing.
TOOLS = (
    "test_package_tool",
    "test_tools_style_sheets",
)
WORK = """
import json
import pikepdf

admin = env.ref("base.user_admin")
env = env(user=admin)
partner = env["res.partner"].create({"name": "Toiture", "email": "t@example.com"})
line = [0, 0, {"name": "Roof", "quantity": 3, "price_unit": 40, "tax_ids": []}]
move = env["account.move"].create(
    {"move_type": "out_invoice", "partner_id": partner.id, "invoice_line_ids": [line]}
)
move.action_post()
env["progbox.archive.job"].sudo()._job_run()
job = env["progbox.archive.job"].sudo().search([("move_id", "=", move.id)])
document = move._progbox_documents().get(move.id)
print(json.dumps({
    "state": job.state,
    "error": job.error or "",
    "size": document and document.size,
    "pikepdf": pikepdf.__file__,
}))
"""


def lowest():
    """{package: version} as the page says it."""
    text = (ADDON / "readme/INSTALL.md").read_text()
    [sentence] = re.findall(r"tested from these versions on: ([^:]*?)\.\s", text)
    return dict(re.findall(r"([\w-]+)\s([\d.]*\d)", sentence))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The environment of an Odoo that finds the lowest versions first."""
    if sys.version_info >= (3, 13):
        pytest.skip("they are those of Debian 12, and have no wheels for this Python")
    folder = tmp_path_factory.mktemp("lowest")
    pins = [f"{name}=={version}" for name, version in lowest().items()]
    pip = [python(), "-m", "pip", "--disable-pip-version-check", "install"]
    answer = subprocess.run(
        [*pip, "--quiet", "--no-deps", "--target", folder, *pins],
        capture_output=True,
        text=True,
    )
    assert not answer.returncode, answer.stderr
    return {**odoo_environment(), "PYTHONPATH": str(folder)}


def test_every_package_of_the_manifest_has_a_lowest_version():
    manifest = (ADDON / "__manifest__.py").read_text()
    [packages] = re.findall(r'"python": \[(.*?)\]', manifest, re.DOTALL)
    assert set(lowest()) == set(re.findall(r'"([\w-]+)"', packages))


@pytest.fixture(scope="module")
def database():
    clone_database(NAME)
    yield NAME
    drop_database(NAME)


def test_the_tools_work_with_them(environment, database):
    answer = subprocess.run(
        [python(), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + [f"--odoo-database={database}"]
        + [f"progbox_invoice_archive/tests/{name}.py" for name in TOOLS],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert not answer.returncode, answer.stdout[-4000:] + answer.stderr[-1000:]


def test_an_invoice_is_archived_with_them(environment, database, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    result = json.loads(odoo_shell(database, WORK).splitlines()[-1])
    assert result["state"] == "done", result["error"]
    assert result["size"] > 5_000
    assert result["pikepdf"].startswith(environment["PYTHONPATH"] + os.sep)
