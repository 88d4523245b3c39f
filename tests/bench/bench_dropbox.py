"""Copying 1,000 documents to Dropbox beside one upload after the other.

Both use Dropbox's own client, against a local Dropbox in a process of its own that
takes 50 ms for each call. Then one file of 2 GB, in pieces.
"""

import os
import sys
import time

from memory import memory_growth
from progbox_env import paths

LATENCY = 0.05
DOCUMENTS, SIZE = 1_000, 30_000
LARGE = 2_000_000_000
TYPE = "plan"
sys.path.insert(0, str(paths.ROOT / "progbox_dropbox/tests"))
GOALS = {
    "speedup": ">= 25",
    "calls": "<= 60",
    "max_concurrent_commits": "<= 1",
    "calls_when_unchanged": "<= 3",
    "memory_growth_mb": "<= 64",
    "large_memory_growth_mb": "<= 64",
}


def run(tools, quick):
    number = DOCUMENTS // 10 if quick else DOCUMENTS
    contents = [os.urandom(SIZE) for _number in range(number)]
    from dropbox_server.alone import dropbox_alone

    with dropbox_alone(LATENCY) as dropbox:
        # The SDK reads it when it is imported, with the add-on.
        os.environ.update(dropbox.environment)
        with tools.environment(tools.clone("dropbox")) as env:
            figures = measure(env, dropbox, contents)
            large = LARGE // 10 if quick else LARGE
            return {**figures, **measure_large(env, large)}


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


def measure_large(env, size):
    """One large file: only some pieces of it are in memory at a time."""
    from odoo.fields import Domain

    block = os.urandom(1 << 20)
    blocks = (block[: size - start] for start in range(0, size, len(block)))
    make_document(env, "large.pdf", blocks)
    transfers = env["progbox.dropbox.transfer"]
    seconds = []

    def send():
        unfinished = Domain("state", "!=", "done")
        while transfers.search_count(unfinished):
            # What has not come to its end in one run goes on where it was.
            transfers.search(unfinished).action_retry()
            env.cr.commit()
            seconds.append(timed(transfers._job_run))

    growth = memory_growth(send)
    return {
        "large_mb_per_second": size / 1e6 / sum(seconds),
        "large_memory_growth_mb": growth,
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
            "type_ids": env["progbox.document.type"]._of_codes(TYPE).ids,
        }
    )
    return account


def make_documents(env, contents):
    """Documents outside of the archive: sealing them is measured elsewhere."""
    for number, content in enumerate(contents):
        make_document(env, f"plan {number}.pdf", [content])


def make_document(env, name, blocks):
    folder = env["progbox.folder"].search([("name", "=", "Bench")], limit=1)
    folder = folder or env["progbox.folder"].create({"name": "Bench"})
    values = {
        "name": name,
        "folder_id": folder.id,
        "company_id": env.company.id,
        "type_id": env["progbox.document.type"]._of_codes(TYPE).id,
        "mimetype": "application/pdf",
    }
    staged = env["ir.attachment"]._progbox_stage(blocks)
    env["progbox.document"]._create_with_file(values, staged)
    env.cr.commit()
