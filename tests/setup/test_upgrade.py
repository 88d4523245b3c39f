"""`-u` from an older version: nothing of what people keep in the archive is lost.

The old add-ons come out of the history of the repository; they make a database and
data in it, and then the add-on of today takes over. The oldest version, the last one,
and one with all that an archive may hold, are always tried. The others take more
minutes:

    PROGBOX_UPGRADES=all setup/test tests/setup/test_upgrade.py
"""

import hashlib
import json
import os
import re
import subprocess
import urllib.request

import pytest
from progbox_env import (
    ROOT,
    clone_database,
    drop_database,
    ensure_base,
    odoo_shell,
    run_odoo,
    sql,
    start_odoo,
)
from progbox_env.databases import BASE

ADDON = "progbox_invoice_archive"
FIRST = ("19.0.1.0.0", "17c24b8")
OTHERS = [
    ("19.0.1.1.0", "4b5e2ff"),
    ("19.0.1.2.0", "9206030"),
    ("19.0.1.4.0", "65f4342"),
    ("19.0.1.5.0", "17fea2e"),
    ("19.0.1.6.0", "89b1814"),
]
FULL = ("19.0.1.3.0", "268f9e1")
ALL = os.environ.get("PROGBOX_UPGRADES") == "all"
OLD = [FIRST, *(OTHERS if ALL else OTHERS[-1:])]
NAME = "progbox_upgrade"

COUNT = 20
# Invoices that are archived, as all old versions do it.
INVOICES = (
    f"COUNT = {COUNT}"
    + """
import json

admin = env.ref("base.user_admin")
company = env.company
env = env(user=admin)
partner = env["res.partner"].create({"name": "Toiture", "email": "t@example.com"})


def invoice(text):
    line = [0, 0, {"name": text, "quantity": 3, "price_unit": 40, "tax_ids": []}]
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": "2026-11-02",
            "invoice_line_ids": [line],
        }
    )
    move.action_post()
    return move


def archive():
    env["progbox.archive.job"].sudo()._job_run()


kept, other, *more = [invoice(f"roof {number}") for number in range(COUNT)]
archive()
env.cr.commit()
"""
)
# What else there is in the archive of the version 1.3.0.
EVERYTHING = (
    INVOICES
    + """
deleted = invoice("deleted")
archive()
deleted.button_draft()
deleted.unlink()
env["progbox.source.deletion"].sudo()._job_run()
# Deleted in the database itself: found, and acknowledged by a person.
gone = invoice("gone")
archive()
env.flush_all()
env.cr.execute("DELETE FROM account_move WHERE id = %s", [gone.id])
env.invalidate_all()
first = env["progbox.verification"].sudo()._start_here(company, {"door": "command"})
env.cr.commit()
first._job_process(lambda: env.cr.commit() or float("inf"))
first.finding_ids.with_env(env).action_acknowledge()
env.cr.commit()
env["progbox.closing"].sudo()._close(company, datetime.date(2026, 11, 1))

documents = env["progbox.document"].sudo()
folder = env["progbox.folder"].sudo().create(
    {"name": "Cheques", "company_id": company.id}
)
# A later version than the archived one, of the same type: before there were series,
# it made the sealed document "superseded".
dropped = documents.create(
    {
        "name": "cheque.pdf",
        "folder_id": folder.id,
        "company_id": company.id,
        "type_id": env.ref(
            "progbox_invoice_archive.document_type_customer_invoice"
        ).id,
        "res_model": "account.move",
        "res_id": kept.id,
        "version": 7,
    }
)
root = env["progbox.folder"].sudo()._archive_folder(company, None)
root = root.with_env(env)
share, token = env["progbox.share"]._share(
    root, {"kind": "link", "lang": "en_US", "include_future": True}
)
export = env["progbox.export"]._request(root, "zip").sudo()
backup = env["progbox.compilation"]._request(kept | other).sudo()
run = env["progbox.verification"].sudo()._start_here(company, {"door": "command"})
env.cr.commit()
for job in (export, backup):
    job._job_begin_attempt()
    env.cr.commit()
    job._job_process(lambda: env.cr.commit() or float("inf"))
    env.cr.commit()
run._job_process(lambda: env.cr.commit() or float("inf"))
waiting = invoice("waiting")
env.cr.commit()
print(
    json.dumps(
        {
            "company": company.id,
            "states": [export.state, backup.state, run.state],
            "findings": run.finding_counts,
            "acknowledged": first.finding_counts,
            "kept": kept.id,
            "waiting": waiting.id,
            "dropped": dropped.id,
            "share": share.id,
            "token": token,
            "backup": backup.id,
        }
    )
)
"""
)
EVERYTHING = "import datetime\n" + EVERYTHING
SEALED = COUNT + 2  # with the two that were deleted
# What the version of today says of all of it.
CHECK = """
import hashlib, json

env = env(context={"lang": "en_US"})
documents = env["progbox.document"].search([])
files = {
    document.id: hashlib.sha256(
        b"".join(document._content_attachment()._progbox_blocks())
    ).hexdigest()
    for document in documents
    if document.sha256
}
findings, acknowledged = {}, {}
for company in env["progbox.seal"].search([]).company_id:
    run = env["progbox.verification"]._start_here(company, {"door": "command"})
    run._job_process()
    findings[company.id] = [run.state, run.error_detail, run.finding_counts or {}]
    acknowledged[company.id] = run.acknowledged_count
models = env["ir.model"].search([("model", "=like", "progbox.%")]).mapped("model")
print(json.dumps({
    "files": files,
    "findings": findings,
    "acknowledged": acknowledged,
    "guards": sorted(set(env["progbox.ledger.guards"]._guards_state().values())),
    "models_without_code": [name for name in models if name not in env],
    "superseded": documents.filtered("superseded").ids,
    "archive_states": env["account.move"].search([
        ("progbox_archive_state", "=", "archived")]).ids,
}))
"""
LATER = """
import json

job = env["progbox.archive.job"]
job._job_run()
env.cr.commit()
print(json.dumps(env["progbox.archive.job"].search_read(
    [("move_id", "=", {waiting})], ["state", "error"])))
"""


@pytest.fixture(scope="module")
def old_addons(tmp_path_factory):
    """A function that returns the folder of the add-ons as they were once."""

    def extract(version, commit):
        folder = tmp_path_factory.mktemp(version)
        archive = subprocess.run(
            ["git", "-C", ROOT, "archive", commit, ADDON], capture_output=True
        )
        assert not archive.returncode, (
            f"The history of the repository lacks {commit}, the version {version}:"
            " this test needs a full clone (git fetch --unshallow)."
            f" git says: {archive.stderr.decode()}"
        )
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        manifest = (folder / ADDON / "__manifest__.py").read_text()
        assert f'"version": "{version}"' in manifest
        return folder

    return extract


class Upgraded:
    """A database of an old version, with data, after `-u`."""

    def __init__(self, name, folder, script):
        self.name = name
        clone_database(name, BASE)
        # Odoo gives up at once when PostgreSQL is just cleaning this table.
        sql("ALTER TABLE ir_module_module SET (autovacuum_enabled = false)", name)
        path = f"--addons-path={folder}"
        run_odoo(name, "-i", ADDON, path, log=f"{name}-old")
        printed = odoo_shell(name, script, path)
        self.data = json.loads(printed.splitlines()[-1]) if printed.strip() else None
        self.before = self.sealed()
        self.log = run_odoo(name, "-u", ADDON, log=f"{name}-new")
        self.checked = json.loads(odoo_shell(name, CHECK).splitlines()[-1])

    def sealed(self):
        if sql("SELECT to_regclass('progbox_seal')", self.name) == [""]:
            return []  # the first version had no ledger
        return sql(
            "SELECT sequence, hash, payload, document_id FROM progbox_seal"
            " ORDER BY company_id, sequence",
            self.name,
        )


@pytest.fixture(scope="module")
def upgraded(old_addons):
    ensure_base()
    yield Upgraded(NAME, old_addons(*FULL), EVERYTHING)
    drop_database(NAME)


def test_the_old_version_has_made_all_of_it(upgraded):
    assert upgraded.data["states"] == ["done"] * 3
    assert not upgraded.data["findings"]
    # The invoices, a deletion and a closing.
    assert len(upgraded.before) >= SEALED + 2


def test_the_ledger_is_the_same_line_by_line(upgraded):
    assert upgraded.sealed()[: len(upgraded.before)] == upgraded.before


def test_the_log_of_the_upgrade_says_nothing_bad_of_us(upgraded):
    loud = re.compile(r" (WARNING|ERROR|CRITICAL) ")
    lines = [line for line in upgraded.log.splitlines() if loud.search(line)]
    assert [line for line in lines if "progbox" in line.split(" ", 5)[-1]] == []
    assert not [line for line in lines if " ERROR " in line or " CRITICAL " in line]
    assert "Traceback" not in upgraded.log


def test_the_verification_finds_nothing(upgraded):
    assert str(upgraded.data["company"]) in upgraded.checked["findings"]
    assert set(map(str, upgraded.checked["findings"].values())) == {
        str(["done", False, {}])
    }


def test_what_a_person_has_acknowledged_is_not_repeated(upgraded):
    assert upgraded.data["acknowledged"] == {"source_gone": 1}
    assert upgraded.checked["acknowledged"][str(upgraded.data["company"])] == 1


def test_every_file_is_what_it_was(upgraded):
    rows = sql("SELECT id, sha256 FROM progbox_document WHERE sha256 <> ''", NAME)
    digests = dict(row.split("|") for row in rows)
    assert len(digests) >= SEALED + 1  # the invoices and the backup
    assert upgraded.checked["files"] == digests


def test_the_guards_are_those_of_this_version(upgraded):
    assert upgraded.checked["guards"] == ["active"]


def test_no_model_is_left_without_its_code(upgraded):
    assert upgraded.checked["models_without_code"] == []


def test_a_dropped_file_has_a_series_and_supersedes_nothing(upgraded):
    rows = sql(
        "SELECT document.series = document.id::text FROM progbox_document document"
        " JOIN progbox_folder folder ON folder.id = folder_id"
        " WHERE NOT coalesce(folder.locked, FALSE)",
        NAME,
    )
    assert len(rows) >= 2  # the cheque and the backup
    assert set(rows) == {"t"}
    assert sql("SELECT series FROM progbox_document WHERE seal_id > 0", NAME) == [
        "" for _document in range(SEALED)
    ]
    assert upgraded.checked["superseded"] == []
    assert upgraded.data["kept"] in upgraded.checked["archive_states"]


def test_the_index_of_the_queue_is_that_of_this_version(upgraded):
    indexes = sql(
        "SELECT tablename, indexdef FROM pg_indexes"
        " WHERE indexname LIKE 'progbox_%_ready_idx'",
        NAME,
    )
    assert len(indexes) >= 5  # of every kind of job
    for index in indexes:
        for state in ("pending", "waiting", "running"):
            assert state in index


def test_the_archive_is_open_to_those_who_had_access(upgraded):
    rows = sql(
        "SELECT document.id, document.sha256, folder.locked FROM progbox_document"
        " document JOIN progbox_folder folder ON folder.id = document.folder_id"
        " WHERE document.sha256 <> ''",
        NAME,
    )
    with start_odoo(NAME) as server:
        cookies = urllib.request.HTTPCookieProcessor()
        admin = urllib.request.build_opener(cookies)
        user = {"db": NAME, "login": "admin", "password": "admin"}
        admin.open(
            urllib.request.Request(
                f"{server.url}/web/session/authenticate",
                json.dumps({"params": user}).encode(),
                {"Content-Type": "application/json"},
            )
        ).close()
        link = f"{server.url}/archive/{upgraded.data['token']}"
        with urllib.request.urlopen(link) as page:
            assert "2026" in page.read().decode()
        for document, sha256, locked in (row.split("|") for row in rows):
            url = f"{server.url}/web/content/progbox.document/{document}/content"
            with admin.open(url) as answer:
                assert hashlib.sha256(answer.read()).hexdigest() == sha256
            if locked == "t":
                with urllib.request.urlopen(f"{link}/file/{document}") as answer:
                    assert hashlib.sha256(answer.read()).hexdigest() == sha256
    views = "SELECT count(*) > 0 FROM progbox_access_log WHERE share_ref = {share}"
    assert sql(views.format(**upgraded.data), NAME) == ["t"]


def test_closing_export_and_backup_are_there(upgraded):
    [closing] = sql("SELECT month, document_count FROM progbox_closing", NAME)
    assert closing == f"2026-11-01|{SEALED}"
    for table in ("progbox_compilation", "progbox_export", "progbox_source_deletion"):
        assert sql(f"SELECT state FROM {table}", NAME) == ["done"]
    assert sql(
        "SELECT count(*) FROM progbox_document WHERE res_model = 'progbox.compilation'"
        f" AND res_id = {upgraded.data['backup']}",
        NAME,
    ) == ["1"]


def test_an_invoice_that_was_queued_before_is_archived_afterwards(upgraded):
    printed = odoo_shell(
        NAME, LATER.replace("{waiting}", str(upgraded.data["waiting"]))
    )
    [job] = json.loads(printed.splitlines()[-1])
    assert (job["state"], job["error"]) == ("done", False)


@pytest.mark.parametrize(("version", "commit"), OLD)
def test_an_older_version_is_upgraded_as_well(old_addons, version, commit):
    ensure_base()
    name = "progbox_upgrade_older"
    try:
        upgraded = Upgraded(name, old_addons(version, commit), INVOICES)
        assert upgraded.sealed()[: len(upgraded.before)] == upgraded.before
        assert bool(upgraded.before) == (version != FIRST[0])
        assert set(map(str, upgraded.checked["findings"].values())) == {
            str(["done", False, {}])
        }
        assert len(upgraded.checked["files"]) == COUNT
        assert upgraded.checked["guards"] == ["active"]
        assert " ERROR " not in upgraded.log
    finally:
        drop_database(name)
