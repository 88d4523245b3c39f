"""`odoo-bin progbox_dropbox`: a server is rebuilt from the copies."""

import sys

import pytest
from progbox_env import (
    ROOT,
    clone_database,
    drop_database,
    odoo_command,
    odoo_shell,
)
from progbox_env.databases import filestore

sys.path.insert(0, str(ROOT / "progbox_dropbox/tests"))

from dropbox_server.alone import dropbox_alone  # noqa: E402

NAME = "progbox_dropbox_cli"
NEW = "progbox_dropbox_new"
FILES = 20
WHOLE, PROBLEMS = 0, 1
COPIED = """
account = env["progbox.dropbox.account"]._make(env.company)
account.write({
    "state": "connected", "app_key": %(app_key)r, "app_secret": %(app_secret)r,
    "refresh_token": %(refresh_token)r,
})
folder = env["progbox.folder"]._archive_folder(env.company, env.cr.now().date())
for number in range(%(files)s):
    env["progbox.document"]._deposit(
        {
            "name": f"CLI_{number}.pdf",
            "number": f"CLI/{number}",
            "folder_id": folder.id,
            "company_id": env.company.id,
            "type_id": env.ref(
                "progbox_invoice_archive.document_type_customer_invoice"
            ).id,
            "currency_name": "EUR",
            "amount_total": 12.5,
            "document_date": env.cr.now().date(),
        },
        env["ir.attachment"]._progbox_stage([b"%%PDF " + bytes([number])]),
    )
env.cr.commit()
env["progbox.dropbox.transfer"]._job_run()
print(env["progbox.dropbox.transfer"].search_count([("state", "=", "done")]))
"""
# What is copied daily, and how the ledger stands.
CLOSED = """
env["progbox.closing"]._close(env.company, env.cr.now().date())
env["progbox.dropbox.anchor"]._queue_account(env["progbox.dropbox.account"].search([]))
env.cr.commit()
env["progbox.dropbox.anchor"]._job_run()
print(env["progbox.seal"].search([], order="sequence desc", limit=1)._anchor_text())
"""
CONNECTED = """
env["progbox.dropbox.account"]._make(env.company).write({
    "state": "connected", "app_key": %(app_key)r, "app_secret": %(app_secret)r,
    "refresh_token": %(refresh_token)r,
})
env.cr.commit()
"""
FORGOTTEN = """
client = env["progbox.dropbox.account"].search([])._client()
copy = env["progbox.dropbox.transfer"].search([], limit=1)
print(copy.copied_path)
client.files_delete_v2(copy.copied_path)
copy._job_write({"content_hash": "0" * 64})
env.cr.commit()
"""


@pytest.fixture
def dropbox():
    with dropbox_alone() as dropbox, pytest.MonkeyPatch.context() as patch:
        for name, value in dropbox.environment.items():
            patch.setenv(name, value)
        clone_database(NAME)
        answer = odoo_shell(NAME, COPIED % {**dropbox.ready, "files": FILES})
        assert int(answer.split()[-1]) == FILES
        yield dropbox
    drop_database(NAME)


@pytest.fixture
def new_server(dropbox):
    """A database that knows nothing but where the copies are."""
    clone_database(NEW)
    odoo_shell(NEW, CONNECTED % dropbox.ready)
    yield NEW
    drop_database(NEW)


def command(*arguments, database=NAME):
    return odoo_command(*arguments, "-d", database)


def lose_all_files():
    """Do what a dump of the database alone leaves of a server."""
    for path in filestore(NAME).rglob("*"):
        if path.is_file():
            path.unlink()


def test_an_empty_file_store_and_a_new_server_are_rebuilt(dropbox, new_server):
    lose_all_files()
    assert command("progbox", "verify").returncode != WHOLE
    done = command("progbox_dropbox", "restore")
    assert done.returncode == WHOLE, done.stdout + done.stderr
    assert f"{FILES} fetched, 0 not" in done.stdout
    verified = command("progbox", "verify")
    assert verified.returncode == WHOLE, verified.stdout + verified.stderr
    anchor = odoo_shell(NAME, CLOSED).split()[-1]
    rebuild = ("progbox_dropbox", "rebuild", "--anchor")
    done = command(*rebuild, anchor, database=new_server)
    assert done.returncode == WHOLE, done.stdout + done.stderr
    assert f"{FILES + 1} lines of the copy, 0 files not" in done.stdout
    assert f"Last line: {anchor}" in done.stdout
    verified = command("progbox", "verify", "--anchor", anchor, database=new_server)
    assert verified.returncode == WHOLE, verified.stdout + verified.stderr


def test_a_file_that_dropbox_lost_is_named_and_stops_nothing(dropbox):
    path = odoo_shell(NAME, FORGOTTEN).splitlines()[-1]
    lose_all_files()
    done = command("progbox_dropbox", "restore")
    assert done.returncode == PROBLEMS, done.stdout + done.stderr
    assert f"{FILES - 1} fetched, 1 not" in done.stdout
    assert path in done.stdout
