"""Several processes seal for one company at once: no gap, no fork, no deadlock.

Others do the same meanwhile, until they are killed in the middle of it.
"""

import hashlib
import json
import random
import time

import pytest
from living_odoo import Database
from progbox_env import clone_database, drop_database, sql
from progbox_env.databases import filestore
from progbox_env.forks import Job

NAME = "progbox_parallel_seals"
PROCESSES, DOCUMENTS = 4, 500
KILLS, ENDLESS = 6, 100_000

# What one archiver does with the files it has found, again and again. A lock that
# came too late shows as a taken number: the engine would do the work again.
DEPOSITS = """
import psycopg2.errors
from odoo.tools import config
stage = env["ir.attachment"]._progbox_stage
deposited = conflicts = 0
env.cr.commit()
while deposited < {count}:
    staged = stage([b"%PDF-1.4 {worker} " + str(deposited).encode()])
    try:
        env["progbox.seal"]._lock()
        folder = env["progbox.folder"]._archive_folder(
            env.company, datetime.date(2026, 1 + deposited % 12, 1)
        )
        env["progbox.document"]._deposit(
            {{
                "name": "{worker}-%d.pdf" % deposited,
                "number": "{worker}/%d" % deposited,
                "folder_id": folder.id,
                "company_id": env.company.id,
                "type_id": env.ref(
                    "progbox_invoice_archive.document_type_other"
                ).id,
                "mimetype": "application/pdf",
            }},
            staged,
        )
        env.cr.commit()
        deposited += 1
    except (psycopg2.errors.SerializationFailure, psycopg2.errors.UniqueViolation):
        env.cr.rollback()
        conflicts += 1
    assert conflicts < 100
print("conflicts", conflicts)
"""


@pytest.fixture(scope="module")
def ledger():
    """The lines that the processes have written together."""
    clone_database(NAME)
    workers = [start(f"W{number}", DOCUMENTS) for number in range(PROCESSES)]
    for number in range(KILLS):
        kill_in_the_middle(f"K{number}")
    for worker in workers:
        output, errors = worker.communicate(timeout=600)
        assert worker.returncode == 0 and "Traceback" not in errors, errors[-3000:]
        print(output.strip())
    [lines] = sql(
        """SELECT json_agg(json_build_object(
            'sequence', sequence, 'previous', previous_hash, 'hash', hash,
            'payload', payload, 'document', document_id) ORDER BY sequence)
        FROM progbox_seal WHERE company_id = 1""",
        NAME,
    )
    yield json.loads(lines)
    drop_database(NAME)


def kill_in_the_middle(name):
    """Let a process seal some documents, and kill it while it seals the next."""
    victim = start(name, ENDLESS)
    deadline = time.monotonic() + 120
    while sealed_by(name) < 5:
        assert victim.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(random.uniform(0, 0.2))
    victim.kill()
    victim.communicate()


def sealed_by(name):
    return Database(NAME).value(
        f"SELECT count(*) FROM progbox_document WHERE number LIKE '{name}/%'"
    )


def start(name, count):
    script = "import datetime\n" + DEPOSITS.format(worker=name, count=count)
    return Job(["shell", "-d", NAME, "--no-http", "--log-level=error"], script)


def test_every_document_has_its_line_and_there_is_no_gap(ledger):
    for number in range(PROCESSES):
        assert sealed_by(f"W{number}") == DOCUMENTS
    killed = sum(sealed_by(f"K{number}") for number in range(KILLS))
    assert killed >= 5 * KILLS
    assert len(ledger) == PROCESSES * DOCUMENTS + killed
    assert [line["sequence"] for line in ledger] == list(range(1, len(ledger) + 1))
    assert len({line["document"] for line in ledger}) == len(ledger)


def test_every_line_follows_the_one_before(ledger):
    previous = ""
    for line in ledger:
        assert (line["previous"] or "") == previous
        text = previous + line["payload"]
        assert line["hash"] == "$1$" + hashlib.sha256(text.encode()).hexdigest()
        previous = line["hash"]


def test_who_was_killed_has_left_whole_documents_only(ledger):
    rows = sql(
        """SELECT json_build_array(document.sha256, content.store_fname)
        FROM progbox_document document LEFT JOIN ir_attachment content
            ON content.res_model = 'progbox.document'
            AND content.res_field = 'content' AND content.res_id = document.id
        WHERE document.seal_id IS NOT NULL AND document.number LIKE 'K%'""",
        NAME,
    )
    [documents] = sql(
        "SELECT count(*) FROM progbox_document WHERE company_id = 1", NAME
    )
    assert int(documents) == len(ledger)
    for digest, name in map(json.loads, rows):
        content = (filestore(NAME) / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest


def test_the_company_has_one_folder_for_each_month(ledger):
    [twice] = sql(
        "SELECT count(*) - count(DISTINCT (parent_id, name)) FROM progbox_folder", NAME
    )
    assert twice == "0"
