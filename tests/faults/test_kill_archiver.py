"""The archiver is killed again and again: nothing is lost, done twice or stuck."""

import hashlib
import os
import random
import re
import time

import psutil
import pytest
from living_odoo import Client, Database, cron_workers, kill_hard, wait_for
from progbox_env import clone_database, drop_database, sql, start_odoo
from progbox_env.databases import filestore

NAME = "progbox_kill"
SEED = int(os.environ.get("PROGBOX_SEED", "19"))
WORKER_KILLS, SERVER_KILLS = 16, 4  # of a cron worker, of the whole server
FIRST_INVOICES, INVOICES_PER_KILL = 10, 3
LONGEST_DELAY = 1.2  # seconds from the begin of an attempt to the kill

OURS = "account_move move WHERE move.ref = 'killed' AND move.state = 'posted'"
OPEN = "progbox_archive_job WHERE state NOT IN ('done', 'cancelled')"


class Survival:
    """Posts invoices, kills who archives them, counts what that has hit."""

    def __init__(self):
        self.database = Database(NAME)
        self.random = random.Random(SEED)
        self.as_posted = {}
        self.logs = []
        print(f"\nPROGBOX_SEED={SEED}")

    def start(self, **how):
        server = start_odoo(NAME, **how)
        self.client = Client(server)
        self.logs.append(server.log)
        return server

    def post(self, number):
        line = [0, 0, {"name": "Tuiles", "quantity": 3, "price_unit": 40}]
        values = {
            "move_type": "out_invoice",
            "ref": "killed",
            "partner_id": self.partner,
            "invoice_date": "2026-11-02",
            "invoice_line_ids": [line],
        }
        ids = self.client("account.move", "create", [values] * number)
        self.client("account.move", "action_post", ids)
        for row in self.moves():
            self.as_posted.setdefault(row["id"], row["digest"])

    def moves(self):
        return self.database.rows(
            f"SELECT id, md5(to_jsonb(move)::text) AS digest FROM {OURS}"
        )

    def attempts(self):
        return self.database.value("SELECT sum(attempts) FROM progbox_archive_job")

    def kill_in_the_middle(self, victim):
        """Kill what `victim()` returns, some time after an attempt has begun."""
        before = self.attempts()
        self.post(INVOICES_PER_KILL)
        wait_for(
            lambda: self.attempts() > before,
            120,
            "the archiver takes up its work",
            self.database.wake_crons,
        )
        delay = self.random.uniform(0, LONGEST_DELAY)
        time.sleep(delay)
        kill_hard(victim())
        print(f"killed {delay:.3f} s after the begin of an attempt")

    def finish(self):
        self.post(1)
        wait_for(
            lambda: not self.database.value(f"SELECT count(*) FROM {OPEN}"),
            600,
            "the queue is empty",
            self.database.wake_crons,
            interval=0.5,
        )


@pytest.fixture(scope="module")
def survival(tmp_path_factory):
    """What is left when a server has been killed twenty times and worked on."""
    clone_database(NAME)
    sql(
        """UPDATE ir_cron SET active = FALSE WHERE id NOT IN (
            SELECT res_id FROM ir_model_data
            WHERE model = 'ir.cron' AND module = 'progbox_invoice_archive')""",
        NAME,
    )
    survival = Survival()
    survival.files_before = stored_files()
    survival.temporary = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(survival.temporary))
        go_through_it(survival)
    yield survival
    drop_database(NAME)


def go_through_it(survival):
    with survival.start(workers=2, cron_threads=2) as server:
        client = survival.client
        survival.partner = client("res.partner", "create", {"name": "Toiture"})
        # Two scheduled actions archive side by side.
        client("res.config.settings", "create", {"progbox_workers": 2})
        survival.post(FIRST_INVOICES)
        for _kill in range(WORKER_KILLS):
            # The server starts another one by itself.
            survival.kill_in_the_middle(lambda: a_cron_worker(survival, server))
    for _kill in range(SERVER_KILLS):
        with survival.start(cron_threads=2) as server:
            survival.kill_in_the_middle(lambda: psutil.Process(server.process.pid))
    with survival.start(cron_threads=2):
        survival.finish()


def a_cron_worker(survival, server):
    workers = wait_for(lambda: cron_workers(server), 60, "there is a cron worker")
    return survival.random.choice(workers)


def stored_files():
    return {path for path in filestore(NAME).glob("??/*") if path.is_file()}


def test_the_kills_have_cut_attempts_short(survival):
    cut_short = survival.attempts() - len(survival.moves())
    assert cut_short >= (WORKER_KILLS + SERVER_KILLS) / 2


def test_no_run_of_the_archiver_has_failed(survival):
    # "Timed out" is what Odoo says of a run that was killed before its first attempt.
    failed = r"Job 'ProGBox: .* failed \(.*"
    logs = "".join(path.read_text() for path in survival.logs)
    assert "Job 'ProGBox: archive posted invoices'" in logs
    assert re.findall(failed, logs) == []


def test_every_posted_invoice_has_one_document_of_version_one(survival):
    documents = survival.database.rows(
        f"""SELECT move.id, array_agg(document.version) AS versions
            FROM progbox_document document RIGHT JOIN account_move move
            ON document.res_model = 'account.move' AND document.res_id = move.id
            WHERE move.id IN (SELECT id FROM {OURS}) GROUP BY move.id"""
    )
    assert len(documents) >= FIRST_INVOICES + INVOICES_PER_KILL * WORKER_KILLS
    assert [row for row in documents if row["versions"] != [1]] == []


def test_every_document_has_its_file_whole(survival):
    files = survival.database.rows(
        """SELECT document.id, sha256, size, checksum, file_size, store_fname
        FROM progbox_document document LEFT JOIN ir_attachment content
        ON content.res_model = 'progbox.document' AND content.res_id = document.id
        AND content.res_field = 'content'"""
    )
    assert len({row["id"] for row in files}) == len(files), "two files of one document"
    for row in files:
        content = (filestore(NAME) / row["store_fname"]).read_bytes()
        assert content.startswith(b"%PDF-")
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert hashlib.sha1(content).hexdigest() == row["checksum"]
        assert len(content) == row["size"] == row["file_size"]


def test_every_document_is_sealed_once_and_the_ledger_has_no_gap(survival):
    ledger = survival.database.rows(
        """SELECT sequence, document_id, previous_hash,
            lag(hash) OVER (PARTITION BY company_id ORDER BY sequence) AS hash_before,
            row_number() OVER (PARTITION BY company_id ORDER BY sequence) AS position
        FROM progbox_seal"""
    )
    assert [row for row in ledger if row["sequence"] != row["position"]] == []
    assert [
        row for row in ledger[1:] if row["previous_hash"] != row["hash_before"]
    ] == []
    documents = survival.database.rows("SELECT id FROM progbox_document")
    sealed = [row["document_id"] for row in ledger if row["document_id"]]
    assert sorted(sealed) == sorted(row["id"] for row in documents)


def test_every_job_is_done_and_none_says_an_error(survival):
    jobs = survival.database.rows(
        """SELECT state, error, count(DISTINCT move_id) AS moves, count(*) AS jobs
        FROM progbox_archive_job GROUP BY state, error"""
    )
    number = len(survival.moves())
    done = {"state": "done", "error": None, "moves": number, "jobs": number}
    assert jobs == [done]


def test_nothing_is_locked_any_more(survival):
    open_transactions = survival.database.value(
        f"""SELECT count(*) FROM pg_stat_activity
        WHERE datname = '{NAME}' AND pid != pg_backend_pid()
        AND xact_start < now() - interval '5 seconds'"""
    )
    assert open_transactions == 0
    for table in ("progbox_archive_job", "ir_cron"):
        # Raises when somebody holds a row.
        sql(f"BEGIN; SELECT FROM {table} FOR UPDATE NOWAIT; ROLLBACK", NAME)


def test_nothing_of_the_invoices_has_changed(survival):
    assert {row["id"]: row["digest"] for row in survival.moves()} == survival.as_posted
    attachments = f"""SELECT count(*) FROM ir_attachment
        WHERE res_model = 'account.move' AND res_id IN (SELECT id FROM {OURS})"""
    assert survival.database.value(attachments) == 0
    assert survival.database.value(f"SELECT count(*) FROM {OURS} AND is_move_sent") == 0


def test_a_kill_leaves_one_unfinished_file_at_most(survival):
    kills = WORKER_KILLS + SERVER_KILLS
    workers = 2
    assert len(list(filestore(NAME).glob("progbox/*"))) <= kills * workers
    renders = list(survival.temporary.glob("progbox.render.*"))
    assert len(renders) <= kills * workers


def test_the_garbage_collection_knows_every_file_without_a_document(survival):
    known = sql("SELECT DISTINCT store_fname FROM ir_attachment", NAME)
    store = filestore(NAME)
    marked = {path.relative_to(store / "checklist") for path in marks()}
    lost = [
        path
        for path in stored_files() - survival.files_before
        if str(path.relative_to(store)) not in known
        and path.relative_to(store) not in marked
    ]
    assert lost == []


def marks():
    return (filestore(NAME) / "checklist").glob("??/*")
