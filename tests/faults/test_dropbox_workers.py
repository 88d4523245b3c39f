"""Several workers copy to one Dropbox: one refresh, each file there once."""

import json
import sys

import pytest
from progbox_env import (
    ROOT,
    clone_database,
    drop_database,
    odoo_shell,
)
from progbox_env.forks import Job

sys.path.insert(0, str(ROOT / "progbox_dropbox/tests"))

from dropbox_server.alone import dropbox_alone  # noqa: E402

NAME = "progbox_dropbox_workers"
WORKERS, FILES = 4, 120
KILLS, MANY = 50, 500
CONNECT = """
account = env["progbox.dropbox.account"]._make(env.company)
account.write({
    "state": "connected", "app_key": %(app_key)r, "app_secret": %(app_secret)r,
    "refresh_token": %(refresh_token)r,
    "type_ids": env["progbox.document.type"]._of_codes("plan").ids,
})
folder = env["progbox.folder"].create({"name": "Plans"})
kind = env["progbox.document.type"]._of_codes("plan")
for number in range(%(files)s):
    staged = env["ir.attachment"]._progbox_stage([b"plan %%d" %% number])
    env["progbox.document"]._create_with_file({
        "name": %(name)r %% number, "mimetype": "application/pdf",
        "folder_id": folder.id, "company_id": env.company.id, "type_id": kind.id,
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
# The ledger beside the copies, time and again.
LEDGER = """
account = env["progbox.dropbox.account"].search([])
anchors = env["progbox.dropbox.anchor"]
anchor = anchors._job_new(account, first_line=1, last_line=0)
for number in range(15):
    anchor._send_again()
    env.cr.commit()
    anchors._job_run()
    print(anchor.state)
"""
RETRY = """
transfers = env["progbox.dropbox.transfer"].search([("state", "!=", "done")])
transfers.action_retry()
env.cr.commit()
"""
# A worker that is killed at any moment, time and again: each is a fork of a process
# that has Odoo loaded, as the workers of a server are.
KILL = """
import os, random, signal, time
from odoo.modules.registry import Registry
from odoo.sql_db import close_all

registry = Registry(env.cr.dbname)
transfers = env["progbox.dropbox.transfer"]
type(transfers)._job_batch_size = 5
env.cr.rollback()
close_all()

def work():
    with registry.cursor() as cr:
        env(cr=cr)["progbox.dropbox.transfer"]._job_run()

kills, finished = 0, False
while kills < %(kills)s and not finished:
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(random.uniform(0.05, 0.4))
    os.kill(pid, signal.SIGKILL)
    finished = not os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    kills += not finished
print("kills", kills, flush=True)
os._exit(0)
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
        yield dropbox
        drop_database(NAME)


def connect(dropbox, files=FILES, name="plan.pdf%.0s"):
    """Connect a database, and give it documents to copy."""
    odoo_shell(NAME, CONNECT % {**dropbox.ready, "files": files, "name": name})


def start(script):
    return Job(["shell", "-d", NAME, "--no-http", "--log-level=error"], script)


def results(processes):
    answers = [process.communicate(timeout=600) for process in processes]
    for output, errors in answers:
        assert "Traceback" not in errors, errors
        yield output


def assert_each_is_there_once(dropbox, files=FILES):
    counts = dropbox.counts()
    outcome = json.loads(odoo_shell(NAME, OUTCOME))
    assert outcome["states"] == ["done"]
    assert len(set(outcome["paths"])) == len(set(outcome["hashes"])) == files
    assert counts["files"] == files
    assert counts["max_concurrent_commits"] == 1


def test_of_four_workers_one_refreshes_the_token(dropbox):
    connect(dropbox, 0)
    workers = [start(REFRESH) for _number in range(WORKERS)]
    assert len(set(results(workers))) == 1
    assert dropbox.counts()["by_route"]["oauth2/token"] == 1


def test_two_hosts_share_the_files(dropbox):
    connect(dropbox)
    list(results([start(WORK), start(WORK)]))
    # What two of them wanted at the same moment comes again in a minute.
    odoo_shell(NAME, RETRY)
    odoo_shell(NAME, WORK)
    assert_each_is_there_once(dropbox)


def test_the_ledger_waits_for_the_copies(dropbox):
    connect(dropbox)
    _copies, states = results([start(WORK), start(LEDGER)])
    assert set(states.split()) == {"done"}
    assert dropbox.counts()["max_concurrent_commits"] == 1


def test_a_worker_that_is_killed_fifty_times(dropbox):
    connect(dropbox, MANY, "plan %d.pdf")
    assert odoo_shell(NAME, KILL % {"kills": KILLS}) == f"kills {KILLS}\n"
    # Those that were cut short time and again come after a while.
    odoo_shell(NAME, RETRY)
    odoo_shell(NAME, WORK.replace("= 8", "= 500"))
    assert_each_is_there_once(dropbox, MANY)
