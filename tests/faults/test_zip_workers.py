"""Zips on a real server: prefork and threaded, slow clients, killed workers."""

import json
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from living_odoo import Client, Database, cron_workers, kill_hard, wait_for
from progbox_env import clone_database, drop_database, odoo_shell, sql, start_odoo
from progbox_env.databases import filestore

NAME = "progbox_zip"
# Seconds of a request. A worker that rests gives a sign of life every four seconds.
TIME_LIMIT = 10
CRON_TIME_LIMIT = 60  # a busy machine takes longer for the large zip
LARGE_MB, SMALL_MB = 300, 4
TRIGGER = (
    "SELECT call.id FROM ir_cron_trigger call JOIN ir_cron ON ir_cron.id = cron_id"
    " WHERE active"
)
PREPARE = f"""
import os
from odoo import fields
folders = env["progbox.folder"]
def fill(date, count, **more):
    folder = folders._archive_folder(env.company, fields.Date.to_date(date))
    for number in range(count):
        staged = env["ir.attachment"]._progbox_stage([os.urandom(10**6)])
        env["progbox.document"]._deposit({{
            "name": f"INV_{{date}}_{{number:05}}.pdf", "number": f"{{date}}/{{number}}",
            "folder_id": folder.id, "company_id": env.company.id,
            "type_id": env.ref(
                "progbox_invoice_archive.document_type_customer_invoice").id,
            "mimetype": "application/pdf", "document_date": date}}, staged)
    return folder.id
env["ir.config_parameter"].set_param("progbox_invoice_archive.zip_limit", "20")
large = fill("2026-11-02", {LARGE_MB})
small = fill("2025-01-02", {SMALL_MB})
env["ir.config_parameter"].set_param("ir_attachment.location", "db")
database = fill("2024-01-02", {SMALL_MB})
env["ir.config_parameter"].set_param("ir_attachment.location", "file")
env.cr.commit()
print("folders", large, small, database)
"""


class Zips:
    """The archive, and a client that downloads with curl."""

    def __init__(self, folder):
        self.folder = folder
        self.database = Database(NAME)
        output = odoo_shell(NAME, PREPARE).split("folders", 1)[1].split()
        self.large, self.small, self.in_database = map(int, output[:3])

    def connect(self, server):
        self.server = server
        self.client = Client(server)
        cookies = self.client.opener.handlers
        jar = next(h.cookiejar for h in cookies if hasattr(h, "cookiejar"))
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)

    def curl(self, path, name, *options):
        """Download to a file; curl's exit status and the file."""
        target = self.folder / name
        done = subprocess.run(
            ["curl", "-sS", "-b", self.cookie, "-o", target, *options]
            + [self.server.url + path]
        )
        return done.returncode, target

    def leave_half_way(self, path):
        """Begin a download, with room for little of it, and go away."""
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            client.connect(("127.0.0.1", self.server.port))
            head = f"GET {path} HTTP/1.1\r\nHost: zips\r\nCookie: {self.cookie}\r\n\r\n"
            client.sendall(head.encode())
            assert client.recv(1 << 15).startswith(b"HTTP/1.1 200")
            assert client.recv(1 << 15)

    def request(self):
        """Ask for the large zip, which is built in the background."""
        answer = self.client("progbox.zip", "start", [], self.large)
        assert "url" not in answer
        assert answer["documents"] == LARGE_MB
        return answer["export"]["res_id"]

    def export(self, export_id):
        [row] = self.database.rows(
            "SELECT state, position, total, size, error, attempts, lease_holder"
            f" FROM progbox_export WHERE id = {export_id}"
        )
        return row

    def build(self, export_id):
        return wait_for(
            lambda: self.export(export_id)["state"] == "done",
            300,
            "the zip is built",
            self.database.wake_crons,
            interval=0.5,
        )


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    clone_database(NAME)
    sql(
        """UPDATE ir_cron SET active = FALSE WHERE id != (
            SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_export'
            AND module = 'progbox_invoice_archive')""",
        NAME,
    )
    yield Zips(tmp_path_factory.mktemp("zips"))
    drop_database(NAME)


@pytest.fixture(scope="module")
def prefork(zips):
    limits = [
        f"--limit-time-real={TIME_LIMIT}",
        f"--limit-time-real-cron={CRON_TIME_LIMIT}",
    ]
    with start_odoo(NAME, workers=2, cron_threads=1, options=limits) as server:
        zips.connect(server)
        yield zips


@pytest.fixture
def threaded(zips):
    with start_odoo(NAME) as server:
        zips.connect(server)
        yield zips


def unpacks(path):
    subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)
    return True


def test_a_zip_below_the_limit_is_sent_while_it_is_made(prefork):
    for folder in (prefork.small, prefork.in_database):
        answer = prefork.client("progbox.zip", "start", [], folder)
        status, path = prefork.curl(answer["url"], f"direct{folder}.zip")
        assert status == 0
        assert unpacks(path)
        assert path.stat().st_size > SMALL_MB * 10**6


def test_a_large_one_survives_its_worker_and_a_slow_client(prefork):
    export_id = prefork.request()
    wait_for(
        lambda: prefork.export(export_id)["state"] == "running",
        30,
        "a worker takes it up",
        prefork.database.wake_crons,
        interval=0.01,
    )
    [worker] = cron_workers(prefork.server)
    kill_hard(worker)
    assert prefork.export(export_id)["state"] == "running"
    # The next worker sees that, and notes when the dead one has lost its claim.
    wait_for(
        lambda: prefork.database.rows(TRIGGER + " AND call_at > now() + '1 minute'"),
        60,
        "a look is planned",
        prefork.database.wake_crons,
        interval=0.2,
    )
    sql("UPDATE progbox_export SET lease_until = lease_until - '1h'::interval", NAME)
    sql("UPDATE ir_cron_trigger SET call_at = call_at - '1h'::interval", NAME)
    prefork.build(export_id)
    export = prefork.export(export_id)
    assert export["position"] == export["total"] > LARGE_MB

    url = f"/progbox/export/{export_id}"
    status, whole = prefork.curl(url, "whole.zip")
    assert status == 0
    assert whole.stat().st_size == export["size"]
    assert unpacks(whole)
    interruptions = 0
    # Odoo ends a request that takes too long, whoever is slow.
    slowly = ("-C", "-", "--limit-rate", "12M")
    while status := prefork.curl(url, "slow.zip", *slowly)[0]:
        assert status == 18, "curl: the transfer ended before its end"
        interruptions += 1
        assert interruptions < 30
    assert interruptions
    print(f"interrupted {interruptions} times")
    slow = prefork.folder / "slow.zip"
    assert slow.read_bytes() == whole.read_bytes()


def test_what_was_built_goes_when_its_time_is_over(prefork):
    [folder] = (filestore(NAME) / "progbox").glob("export-*")
    left = {path.name for path in folder.iterdir()}
    assert left == {"package.zip", "documents.json"}
    for days, is_there in ((6, True), (2, False)):
        sql(f"UPDATE progbox_export SET done_on = done_on - '{days}d'::interval", NAME)
        odoo_shell(NAME, "env['progbox.export']._gc_exports()")
        assert folder.exists() == is_there


def open_things(server):
    """What a process holds that a download could have left behind."""
    process = psutil.Process(server.process.pid)
    links = [Path(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    names = []
    for link in links:
        try:
            names.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    waiting = sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = "
        f"'{NAME}' AND state LIKE 'idle in transaction%'"
        # The other server works on the same database.
        f" AND application_name = 'odoo-{process.pid}'"
    )
    return {
        "files": [name for name in names if str(filestore(NAME)) in name],
        "sockets": sum(
            connection.status == "ESTABLISHED"
            for connection in process.net_connections("tcp")
        ),
        "threads": process.num_threads(),
        "transactions": int(waiting[0]),
    }


def at_rest(server):
    """What a process holds when that has not changed for a while."""
    before = open_things(server)
    time.sleep(1)
    return open_things(server) == before and before


def test_an_interrupted_download_leaves_nothing_open(threaded):
    folders = (threaded.small, threaded.in_database)
    urls = [threaded.client("progbox.zip", "start", [], f)["url"] for f in folders]
    for url in urls:
        assert threaded.curl(url, "warm.zip")[0] == 0
    # The threads of these requests may be about to end.
    before = wait_for(lambda: at_rest(threaded.server), 60, "the server rests")
    assert before["files"] == []
    for _time in range(10):
        for url in urls:
            threaded.leave_half_way(url)
    wait_for(
        lambda: open_things(threaded.server) == before,
        60,
        f"{json.dumps(before)} again",
    )
    time.sleep(0.5)
    assert open_things(threaded.server) == before
