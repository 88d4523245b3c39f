"""Several workers copy to one Dropbox: one refresh, each file there once."""

import json
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

sys.path.insert(0, str(ROOT / "progbox_dropbox/tests"))

from dropbox_server.alone import dropbox_alone  # noqa: E402

NAME = "progbox_dropbox_workers"
WORKERS, FILES = 4, 120
CONNECT = """
account = env["progbox.dropbox.account"]._make(env.company)
account.write({
    "state": "connected", "app_key": %(app_key)r, "app_secret": %(app_secret)r,
    "refresh_token": %(refresh_token)r,
})
folder = env["progbox.folder"].create({"name": "Plans"})
kind = env["progbox.document.type"]._of_codes("plan")
for number in range(%(files)s):
    staged = env["ir.attachment"]._progbox_stage([b"plan %%d" %% number])
    env["progbox.document"]._create_with_file({
        "name": "plan.pdf", "mimetype": "application/pdf", "folder_id": folder.id,
        "company_id": env.company.id, "type_id": kind.id,
    }, staged)
env.cr.commit()
"""
REFRESH = """
client = env["progbox.dropbox.account"].search([])._client()
print("token", client._oauth2_access_token)
"""
WORK = """
transfers = env["progbox.dropbox.transfer"]
type(transfers)._job_batch_size = 8
transfers._job_run()
"""
RETRY = """
transfers = env["progbox.dropbox.transfer"].search([("state", "!=", "done")])
transfers.action_retry()
env.cr.commit()
"""
OUTCOME = """
import json
transfers = env["progbox.dropbox.transfer"].search([])
print(json.dumps({
    "states": sorted(set(transfers.mapped("state"))),
    "paths": transfers.mapped("copied_path"),
    "hashes": transfers.mapped("content_hash"),
}))
"""


@pytest.fixture
def dropbox():
    with dropbox_alone(latency=0.05) as dropbox, pytest.MonkeyPatch.context() as patch:
        for name, value in dropbox.environment.items():
            patch.setenv(name, value)
        clone_database(NAME)
        odoo_shell(NAME, CONNECT % {**dropbox.ready, "files": FILES})
        yield dropbox
        drop_database(NAME)


def start(script):
    process = subprocess.Popen(
        [python(), "-m", "odoo", "shell", "-d", NAME, "--no-http"]
        + ["--log-level=error"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=odoo_environment(),
        cwd="/",
    )
    process.stdin.write(script)
    process.stdin.close()
    process.stdin = None
    return process


def results(processes):
    answers = [process.communicate(timeout=300) for process in processes]
    for output, errors in answers:
        assert "Traceback" not in errors, errors
        yield output


def assert_each_is_there_once(dropbox):
    counts = dropbox.counts()
    outcome = json.loads(odoo_shell(NAME, OUTCOME))
    assert outcome["states"] == ["done"]
    assert len(set(outcome["paths"])) == len(set(outcome["hashes"])) == FILES
    assert counts["files"] == FILES
    assert counts["max_concurrent_commits"] == 1


def test_of_four_workers_one_refreshes_the_token(dropbox):
    workers = [start(REFRESH) for _number in range(WORKERS)]
    assert len(set(results(workers))) == 1
    assert dropbox.counts()["by_route"]["oauth2/token"] == 1


def test_two_workers_share_the_files(dropbox):
    list(results([start(WORK), start(WORK)]))
    # What two of them wanted at the same moment comes again in a minute.
    odoo_shell(NAME, RETRY)
    odoo_shell(NAME, WORK)
    assert_each_is_there_once(dropbox)
