"""Copying 1,000 documents to Dropbox beside one upload after the other.

Both use Dropbox's own client, against a local Dropbox in a process of its own that
takes 50 ms for each call.
"""

import os
import sys
import time

from memory import memory_growth
from progbox_env import paths

LATENCY = 0.05
DOCUMENTS, SIZE = 1_000, 30_000
sys.path.insert(0, str(paths.ROOT / "progbox_dropbox/tests"))
GOALS = {
    "speedup": ">= 25",
    "calls": "<= 60",
    "max_concurrent_commits": "<= 1",
    "calls_when_unchanged": "<= 3",
    "memory_growth_mb": "<= 64",
}


def run(tools, quick):
    number = DOCUMENTS // 10 if quick else DOCUMENTS
    contents = [os.urandom(SIZE) for _number in range(number)]
    from dropbox_server.alone import dropbox_alone

    with dropbox_alone(LATENCY) as dropbox:
        # The SDK reads it when it is imported, with the add-on.
        os.environ.update(dropbox.environment)
        with tools.environment(tools.clone("dropbox")) as env:
            return measure(env, dropbox, contents)


def measure(env, dropbox, contents):
    one_by_one = timed(lambda: upload_one_by_one(dropbox, contents))
    transfers = env["progbox.dropbox.transfer"]
    account = connect(env, dropbox)
    make_documents(env, contents)
    before = dropbox.counts()["calls"]
    seconds = []
    growth = memory_growth(lambda: seconds.append(timed(transfers._job_run)))
    calls = dropbox.counts()["calls"] - before
    states = transfers._read_group([], ["state"], ["__count"])
    assert states == [("done", len(contents))], states
    account.action_sync()
    account._run_sync()
    transfers._job_run()
    counts = dropbox.counts()
    return {
        "one_by_one_seconds": one_by_one,
        "seconds": seconds[0],
        "speedup": one_by_one / seconds[0],
        "calls": calls,
        "max_concurrent_commits": counts["max_concurrent_commits"],
        "calls_when_unchanged": counts["calls"] - before - calls,
        "memory_growth_mb": growth,
    }


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def upload_one_by_one(dropbox, contents):
    import dropbox as sdk

    client = sdk.Dropbox(dropbox.ready["access_token"])
    for number, content in enumerate(contents):
        client.files_upload(content, f"/one by one/{number}.pdf")


def connect(env, dropbox):
    account = env["progbox.dropbox.account"]._make(env.company)
    account.write(
        {
            "state": "connected",
            "app_key": dropbox.ready["app_key"],
            "app_secret": dropbox.ready["app_secret"],
            "refresh_token": dropbox.ready["refresh_token"],
        }
    )
    return account


def make_documents(env, contents):
    """Documents outside of the archive: sealing them is measured elsewhere."""
    folder = env["progbox.folder"].create({"name": "Bench"})
    values = {
        "folder_id": folder.id,
        "company_id": env.company.id,
        "type_id": env["progbox.document.type"]._of_codes("plan").id,
        "mimetype": "application/pdf",
    }
    for number, content in enumerate(contents):
        staged = env["ir.attachment"]._progbox_stage([content])
        env["progbox.document"]._create_with_file(
            {**values, "name": f"plan {number}.pdf"}, staged
        )
    env.cr.commit()
