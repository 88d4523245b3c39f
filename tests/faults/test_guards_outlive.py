"""The guards through dump and restore, upgrade, neutralizing and uninstalling."""

import subprocess

import pytest
from progbox_env import (
    Stop,
    clone_database,
    drop_database,
    odoo_shell,
    paths,
    postgres,
    run_odoo,
    sql,
)

NAME = "progbox_outlive"
COPY = "progbox_outlive_copy"
DEPOSITED = "progbox_outlive_deposited"
ADDON = "progbox_invoice_archive"
# An update of it is quickly done: no other module stands on it.
LONELY = "privacy_lookup"
DEPOSIT = """
documents = env["progbox.document"]
for number in range(3):
    documents._deposit(
        {
            "name": f"OUT_{number}.pdf",
            "number": f"OUT/{number}",
            "folder_id": env["progbox.folder"]._archive_folder(
                env.company, datetime.date(2026, 11, 2)
            ).id,
            "company_id": env.company.id,
            "type_id": env.ref("progbox_invoice_archive.document_type_other").id,
            "mimetype": "application/pdf",
        },
        env["ir.attachment"]._progbox_stage([b"%PDF-1.4 " + bytes([number])]),
    )
env.cr.commit()
"""
STATES = """
guards = env["progbox.ledger.guards"]
print(sorted(set(guards._guards_state().values())))
seals = env["progbox.seal"].search([("kind", "like", "guards_")], order="sequence")
print([seal.payload for seal in seals])
"""
# A registry loads in a transaction that has seen the ledger before it goes on.
LATE = """
env.cr.execute("DROP TRIGGER progbox_seal_keep ON progbox_seal")
env.cr.commit()
company = env["progbox.seal"].search([], limit=1).company_id
env["ir.attachment"].search([], limit=1)
with env.registry.cursor() as cr:
    other = env(cr=cr)
    other["progbox.closing"]._close(
        other["res.company"].browse(company.id), datetime.date(2026, 11, 2)
    )
env["progbox.ledger.guards"]._register_hook()
env.cr.commit()
"""
UNINSTALL = f"""
module = env["ir.module.module"].search([("name", "=", "{ADDON}")])
try:
    module.button_immediate_uninstall()
except Exception as error:
    print(type(error).__name__, error)
"""
EXPORT = """
admin = env.ref("base.user_admin")
for company in env["progbox.seal"].search([]).company_id:
    admin.company_ids |= company
    exporter = env["progbox.export"].with_user(admin).with_context(
        allowed_company_ids=company.ids
    )
    root = exporter.env["progbox.folder"]._archive_folder(company, None)
    export = exporter._request_export(root, "zip").sudo()
    env.cr.commit()
    export._job_begin_attempt()
    export._job_process()
    env.cr.commit()
    print(export.state)
"""
CONFIRM = f"""
env["ir.config_parameter"].set_param("{ADDON}.uninstall_confirmed", env.cr.dbname)
env.cr.commit()
"""
READ_COPY = """
for document in env["progbox.document"].search([("number", "=", "OUT/0")]):
    print(document.number, b"".join(document._content_attachment()._progbox_blocks()))
print(env["progbox.package"]._check_text(env.company).splitlines()[0])
"""
ATTACKS = (
    "UPDATE progbox_document SET name = 'x' WHERE seal_id IS NOT NULL",
    "UPDATE ir_attachment SET store_fname = 'x' WHERE res_model = 'progbox.document'",
    "DELETE FROM progbox_seal",
    "SET client_min_messages TO error; TRUNCATE progbox_seal CASCADE",
)


@pytest.fixture(scope="module")
def deposited():
    clone_database(DEPOSITED)
    # Odoo gives up at once when PostgreSQL is just cleaning this table.
    sql("ALTER TABLE ir_module_module SET (autovacuum_enabled = false)", DEPOSITED)
    odoo_shell(DEPOSITED, "import datetime" + DEPOSIT)
    yield DEPOSITED
    drop_database(DEPOSITED)


@pytest.fixture
def database(deposited):
    clone_database(NAME, deposited)
    yield NAME
    drop_database(NAME)
    drop_database(COPY)


def evidence(database):
    return sql(
        "SELECT document::text, seal::text FROM progbox_document document"
        " JOIN progbox_seal seal ON seal.id = document.seal_id ORDER BY seal.id",
        database,
    )


def assert_guarded(database):
    before = evidence(database)
    assert len(before) >= 3
    for attack in ATTACKS:
        with pytest.raises(Stop, match="kept as evidence"):
            sql(attack, database)
    assert evidence(database) == before


def state(database):
    query = f"SELECT state FROM ir_module_module WHERE name = '{ADDON}'"
    return sql(query, database)


def test_a_restored_dump_is_guarded_before_odoo_starts(database):
    before = evidence(database)
    drop_database(COPY)
    sql(f'CREATE DATABASE "{COPY}" TEMPLATE template0')
    access = ["-h", postgres.socket(), "-U", postgres.ROLE]
    dump = subprocess.run(
        [postgres.program("pg_dump"), *access, "-Fc", database],
        check=True,
        capture_output=True,
    ).stdout
    subprocess.run(
        [postgres.program("pg_restore"), *access, "--no-owner", "--exit-on-error"]
        + ["-d", COPY],
        input=dump,
        check=True,
    )
    assert evidence(COPY) == before
    assert_guarded(COPY)
    assert odoo_shell(COPY, STATES).split("\n")[:2] == ["['active']", "[]"]


def test_an_upgrade_leaves_evidence_and_guards(database):
    before = evidence(database)
    run_odoo(database, "-u", ADDON)
    assert evidence(database) == before
    assert odoo_shell(database, STATES).split("\n")[:2] == ["['active']", "[]"]
    assert_guarded(database)


def test_a_lifted_guard_is_back_at_the_next_start(database):
    sql("DROP TRIGGER progbox_seal_keep ON progbox_seal", database)
    states, repaired, *_rest = odoo_shell(database, STATES).split("\n")
    assert states == "['active']"
    assert "progbox_seal_keep missing" in repaired
    assert "guards_restored" in repaired
    assert_guarded(database)


def test_a_lifted_guard_is_back_although_the_ledger_goes_on(database):
    answer = odoo_shell(database, "import datetime" + LATE + STATES)
    states, repaired, *_rest = answer.split("\n")
    assert states == "['active']"
    assert repaired.count("guards_lifted") == 1
    assert "guards_restored" in repaired
    assert_guarded(database)


def test_a_neutralized_copy_can_be_read_and_says_what_it_is(database):
    subprocess.run(
        [paths.python(), "-m", "odoo", "neutralize", "-d", database],
        check=True,
        env=paths.odoo_environment(),
        cwd="/",
    )
    [copied_on] = sql(
        f"SELECT value FROM ir_config_parameter WHERE key = '{ADDON}.copied_on'",
        database,
    )
    assert copied_on
    answer = odoo_shell(database, READ_COPY)
    assert "OUT/0 b'%PDF-1.4 \\x00'" in answer
    assert f"neutralized on {copied_on}" in answer
    assert not sql(
        "SELECT cron_name FROM ir_cron WHERE active AND cron_name LIKE 'ProGBox%'",
        database,
    )
    assert_guarded(database)


def test_uninstalling_is_refused_twice_and_then_leaves_nothing(database):
    before = evidence(database)
    assert "UserError" in odoo_shell(database, UNINSTALL)
    assert state(database) == ["installed"]
    # Past the button: the state is written, and the next update would uninstall.
    sql(
        f"UPDATE ir_module_module SET state = 'to remove' WHERE name = '{ADDON}'",
        database,
    )
    with pytest.raises(Stop):
        run_odoo(database, "-u", LONELY)
    assert state(database) == ["installed"]
    assert evidence(database) == before
    assert_guarded(database)

    assert "everything up to" in odoo_shell(database, CONFIRM + UNINSTALL)
    assert "done" in odoo_shell(database, EXPORT)
    odoo_shell(database, UNINSTALL)
    assert state(database) == ["uninstalled"]
    for left in (
        "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'progbox%'",
        "SELECT proname FROM pg_proc WHERE proname LIKE 'progbox%'",
        "SELECT relname FROM pg_class WHERE relname LIKE '%progbox%'",
        "SELECT name FROM ir_attachment WHERE res_model LIKE 'progbox%'",
        "SELECT key FROM ir_config_parameter WHERE key LIKE 'progbox%'",
    ):
        assert sql(left, database) == []
    sql("UPDATE ir_attachment SET name = name", database)
