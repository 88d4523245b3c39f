"""The compiling server is killed again and again: one backup, whole, and no crumbs."""

import contextlib
import io
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from living_odoo import Client, Database, kill_hard, wait_for
from progbox_env import (
    ROOT,
    clone_database,
    drop_database,
    odoo_shell,
    sql,
    start_odoo,
)
from progbox_env.databases import filestore
from pypdf import PdfReader

NAME = "progbox_kill_compile"
SEED = int(os.environ.get("PROGBOX_SEED", "19"))
# In March, and in April.
BILLS, OTHER_BILLS, KILLS = 150, 30, 4
RESULTS = """
    SELECT a.store_fname, d.size FROM progbox_document d JOIN ir_attachment a
    ON a.res_model = 'progbox.document' AND a.res_id = d.id
    WHERE d.res_model = 'progbox.compilation' ORDER BY d.id"""
LONGEST_DELAY = 4  # seconds from the start of the work to the kill
PREPARE = f"""
import sys
from odoo import Command
sys.path.append("{ROOT}/progbox_invoice_archive/tests")
from pdf_collection import pdf_of
partner = env["res.partner"].create({{"name": "Toiture"}})
line = Command.create({{"name": "Tuiles", "quantity": 1, "price_unit": 10}})
bills = env["account.move"].create([{{
    "move_type": "in_invoice", "ref": f"K-{{number:03d}}", "partner_id": partner.id,
    "invoice_date": f"2026-0{{3 if number < {BILLS} else 4}}-10",
    "invoice_line_ids": [line],
}} for number in range({BILLS + OTHER_BILLS})])
files = env["ir.attachment"].create([
    {{"name": name, "raw": pdf_of(f"{{name}} {{number}}"),
     "res_model": "account.move", "res_id": bill.id}}
    for number, bill in enumerate(bills) for name in ("bill.pdf", "delivery.pdf")
])
for bill, received in zip(bills, files[::2], strict=True):
    bill.message_main_attachment_id = received
env["progbox.billing.period"]._run_company(env.company)
env.cr.commit()
"""


@pytest.fixture(scope="module")
def database():
    clone_database(NAME)
    sql(
        """UPDATE ir_cron SET active = FALSE WHERE id NOT IN (
            SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_compilation')""",
        NAME,
    )
    odoo_shell(NAME, PREPARE)
    yield Database(NAME)
    drop_database(NAME)


def state(database):
    return database.value("SELECT to_json(state) FROM progbox_compilation")


def attempts(database):
    return database.value("SELECT coalesce(sum(attempts), 0) FROM progbox_compilation")


def begin(client, first_day):
    """Ask for the backup of a month as a person does, with one click."""
    [period] = client(
        "progbox.billing.period", "search", [["date_from", "=", first_day]]
    )
    client("progbox.billing.period", "action_compile_bills", [period])


def let_the_lease_run_out():
    """The next server does not wait the minutes that a dead worker is given.

    Only while no server runs: a scheduled action at work holds its row.
    """
    sql(
        "UPDATE progbox_compilation SET lease_until = now() - interval '1 hour',"
        " next_try = now() - interval '1 hour' WHERE state IN ('running', 'pending')",
        NAME,
    )
    sql("UPDATE ir_cron SET nextcall = now() - interval '1 hour'", NAME)


def is_at_work(database, server):
    """Whether a server has begun an attempt, itself or in one of its processes."""
    holder = database.value("SELECT to_json(lease_holder) FROM progbox_compilation")
    process = psutil.Process(server.process.pid)
    family = [process, *process.children(recursive=True)]
    return bool(holder) and int(holder.split(":")[1]) in {each.pid for each in family}


def reload_itself(server, workers):
    """Have a server start itself anew, as after a run that took too long."""
    begins = "Reloading server" if workers else "Initiating server reload"
    before = server.log.read_text().count("HTTP service")
    os.kill(server.process.pid, signal.SIGHUP)
    for line, count in ((begins, 1), ("HTTP service", before + 1)):
        wait_for(
            lambda line=line, count=count: server.log.read_text().count(line) >= count,
            60,
            line,
        )
    server.wait_until_ready()


def reload_and_ask(server, workers):
    """Have a server reload: it is there again, for whoever was logged in."""
    client = Client(server)
    reload_itself(server, workers)
    assert client("progbox.compilation", "search_count", []) == 1
    return client


def go_on(client, database):
    """Press Retry on a backup that has given up, and says why; wake who does it."""
    if state(database) == "failed":
        [job] = database.rows("SELECT id, error FROM progbox_compilation")
        assert "2 times in a row during the step" in job["error"]
        # A server that reloads does not answer for a moment.
        with contextlib.suppress(OSError):
            client("progbox.compilation", "action_retry", [job["id"]])
    database.wake_crons()


def test_a_backup_survives_its_killed_servers(database):
    print(f"\nPROGBOX_SEED={SEED}")
    dice = random.Random(SEED)
    for kill in range(KILLS):
        let_the_lease_run_out()
        # In turn with threads, and with processes.
        with start_odoo(NAME, workers=kill % 2, cron_threads=1) as server:
            client = Client(server)
            if not kill:
                begin(client, "2026-03-01")
            wait_for(
                lambda server=server: (
                    is_at_work(database, server) or state(database) == "done"
                ),
                120,
                "the work has begun",
                lambda client=client: go_on(client, database),
            )
            time.sleep(dice.uniform(0, LONGEST_DELAY))
            print("killed in state", state(database))
            kill_hard(psutil.Process(server.process.pid))
        if state(database) == "done":
            break
    with start_odoo(NAME, workers=1) as server:
        reload_and_ask(server, workers=1)
    let_the_lease_run_out()
    with start_odoo(NAME, cron_threads=1) as server:
        client = reload_and_ask(server, workers=0)
        wait_for(
            lambda: state(database) == "done",
            600,
            "the backup is done",
            lambda: go_on(client, database),
            interval=0.5,
        )
    files = database.rows(RESULTS)
    assert len(files) == 1, "one backup, not one per server"
    check_result(files[0])
    check_disk()


@pytest.mark.parametrize("workers", [0, 1], ids=["threads", "processes"])
def test_a_backup_that_takes_longer_than_a_run_may(database, workers):
    """Each run has two seconds, and may take ten; its pages alone take twelve."""
    sql("DELETE FROM progbox_compilation", NAME)
    limit = "--limit-time-real-cron=10"
    program = Path(__file__).with_name("slow_odoo.py")
    with start_odoo(
        NAME, workers=workers, cron_threads=1, options=[limit], program=program
    ) as server:
        client = Client(server)
        begin(client, "2026-04-01")
        wait_for(
            lambda: state(database) == "done",
            600,
            "the backup is done",
            database.wake_crons,
            interval=0.5,
        )
        said = server.log.read_text()
    assert said.count(") starting") > 5, "it took several runs"
    for complaint in ("time limit", "timeout after", "reload"):
        assert complaint not in said
    assert attempts(database) == 1, "each run has come to its end"
    check_result(database.rows(RESULTS)[-1], range(BILLS, BILLS + OTHER_BILLS))
    check_disk()


def check_result(file, numbers=range(BILLS)):
    path = filestore(NAME) / file["store_fname"]
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
    content = path.read_bytes()
    assert len(content) == file["size"]
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    names = ("bill.pdf", "delivery.pdf")
    wanted = [f"{name} {number}" for number in numbers for name in names]
    found = [text.splitlines()[0] for text in pages if ".pdf " in text]
    assert sorted(found) == sorted(wanted)


def check_disk():
    left = [path.name for path in (filestore(NAME) / "progbox").glob("compilation-*")]
    assert not left, "the cleaned copies are gone"
