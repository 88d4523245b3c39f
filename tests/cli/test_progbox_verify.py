"""`odoo-bin progbox verify` as a script calls it: real processes, exit statuses."""

import contextlib
import json
import os
import subprocess

import pytest
from progbox_env import (
    ROOT,
    clone_database,
    drop_database,
    odoo_command,
    odoo_environment,
    odoo_shell,
    python,
    sql,
)
from progbox_env.databases import filestore

NAME = "progbox_cli"
INTACT, FINDINGS, COULD_NOT_RUN = 0, 1, 2
OLDER = f"{NAME}_older"
ARCHIVE = """
folder = env["progbox.folder"]._archive_folder(env.company, env.cr.now().date())
for number in range(%s, %s):
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
        },
        env["ir.attachment"]._progbox_stage([b"%%PDF " + bytes([number])]),
    )
env.cr.commit()
print(env.company.id, env["progbox.seal"]._last(env.company).hash)
"""
OTHER_COMPANY = """
company = env["res.company"].create({"name": "Other Archive"})
env["progbox.document"]._deposit(
    {
        "name": "OTHER_1.pdf",
        "number": "OTHER/1",
        "folder_id": env["progbox.folder"]._archive_folder(
            company, env.cr.now().date()
        ).id,
        "company_id": company.id,
        "type_id": env.ref("progbox_invoice_archive.document_type_other").id,
    },
    env["ir.attachment"]._progbox_stage([b"%PDF other"]),
)
env.cr.commit()
print(company.id)
"""
LEDGER = """
from pathlib import Path
package = env["progbox.package"]
package._write_ledger(env["res.company"].browse({company}), Path("{path}"))
"""


@pytest.fixture(scope="module")
def archive():
    """The id of the company that has an archive, and the hash of its last line."""
    clone_database(NAME)
    yield odoo_shell(NAME, ARCHIVE % (1, 6)).split()[-2:]
    drop_database(NAME)


@pytest.fixture
def company(archive):
    return archive[0]


def verify(*arguments, database=NAME):
    return odoo_command("progbox", "verify", "-d", database, *arguments)


def verify_in_a_process(*arguments, before=(), environment=None):
    """Verify as a person's shell starts it."""
    return subprocess.run(
        [python(), "-m", "odoo", *before, "progbox", "verify", "-d", NAME]
        + [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        env=environment or odoo_environment(),
        cwd="/",
    )


def last_line():
    [line] = sql(
        "SELECT sequence || ':' || hash FROM progbox_seal WHERE document_id IN"
        " (SELECT id FROM progbox_document WHERE number = 'CLI/5')",
        NAME,
    )
    return line


def path_of(number):
    [name] = sql(
        f"""SELECT store_fname FROM ir_attachment
        WHERE res_model = 'progbox.document' AND res_field = 'content' AND res_id =
            (SELECT id FROM progbox_document WHERE number = '{number}')""",
        NAME,
    )
    return filestore(NAME) / name


def test_an_intact_archive(company):
    answer = verify_in_a_process("--company", company)
    assert answer.returncode == INTACT, answer.stdout + answer.stderr
    assert "intact" in answer.stdout
    assert "lines" in answer.stderr, "progress belongs to stderr"


def test_the_other_way_of_calling_it(company):
    environment = odoo_environment()
    config = environment.pop("ODOO_RC")
    answer = verify_in_a_process(
        "-c",
        config,
        "--company",
        company,
        before=[f"--addons-path={ROOT}"],
        environment=environment,
    )
    assert answer.returncode == INTACT, answer.stdout + answer.stderr


def test_a_program_reads_the_result(company):
    answer = verify("--json", "--company", company, "--since", "2026-01-01")
    [run] = json.loads(answer.stdout)["runs"]
    assert run["result"] == "intact"
    assert run["files"] >= 5
    assert f"{run['last_line']}:{run['last_hash']}" == last_line()
    assert run["findings"] == []


def test_a_changed_file_is_a_finding(company):
    path = path_of("CLI/3")
    data = path.read_bytes()
    path.write_bytes(b"forged")
    try:
        answer = verify("--json", "--company", company)
    finally:
        path.write_bytes(data)
    assert answer.returncode == FINDINGS, answer.stderr
    [run] = json.loads(answer.stdout)["runs"]
    assert [(f["kind"], f["number"]) for f in run["findings"]] == [
        ("file_changed", "CLI/3")
    ]
    assert verify("--company", company).returncode == INTACT


def test_a_part_that_cannot_be_checked_is_a_finding(company):
    rename = "ALTER TABLE progbox_closing RENAME {} TO {}"
    sql(rename.format("seal_id", "hidden"), NAME)
    try:
        answer = verify("--json", "--company", company)
        text = verify("--company", company)
    finally:
        sql(rename.format("hidden", "seal_id"), NAME)
    assert answer.returncode == FINDINGS, answer.stderr
    [run] = json.loads(answer.stdout)["runs"]
    assert run["result"] == "findings"
    # The other parts were checked all the same.
    assert run["files"] >= 5
    assert [(f["kind"], f["what"]) for f in run["findings"]] == [
        ("unchecked", "closings")
    ]
    assert text.returncode == FINDINGS, text.stderr
    assert "could not be checked" in text.stdout


def test_a_ledger_that_was_renamed_is_a_finding(company):
    rename = "ALTER TABLE {} RENAME TO {}"
    sql(rename.format("progbox_seal", "aside"), NAME)
    try:
        # Which companies have an archive, the other tables say.
        answer = verify("--json")
    finally:
        sql(rename.format("aside", "progbox_seal"), NAME)
    assert answer.returncode == FINDINGS, answer.stderr
    assert 'progbox verify: relation "progbox_seal" does not exist' in answer.stderr
    runs = json.loads(answer.stdout)["runs"]
    [run] = [run for run in runs if str(run["company_id"]) == company]
    found = {(f["kind"], f["actual"]) for f in run["findings"]}
    assert ("guard_missing", "progbox_seal: no table of its own") in found
    assert verify("--company", company).returncode == INTACT


def test_a_cut_ledger_is_found_by_an_anchor(archive):
    company, _hash = archive
    anchor = last_line()
    assert verify("--company", company, "--anchor", anchor).returncode == INTACT
    other = f"9{anchor}"
    answer = verify("--company", company, "--anchor", other)
    assert answer.returncode == FINDINGS
    assert "ledger_cut" in answer.stdout


def test_an_older_dump_is_found_by_an_exported_ledger(archive, tmp_path):
    company, _hash = archive
    ledger = tmp_path / "ledger.jsonl"
    clone_database(OLDER, template=NAME)
    try:
        odoo_shell(OLDER, ARCHIVE % (6, 8))
        odoo_shell(OLDER, LEDGER.format(company=company, path=ledger))
        answer = verify("--company", company, "--ledger", ledger, database=OLDER)
        assert answer.returncode == INTACT, answer.stdout + answer.stderr
    finally:
        drop_database(OLDER)
    assert verify("--company", company).returncode == INTACT
    answer = verify("--json", "--company", company, "--ledger", ledger)
    assert answer.returncode == FINDINGS, answer.stderr
    [run] = json.loads(answer.stdout)["runs"]
    assert {(f["kind"], f["number"]) for f in run["findings"]} == {
        ("ledger_cut", None),
        ("document_missing", "CLI/6"),
        ("document_missing", "CLI/7"),
    }


def test_a_ledger_that_proves_nothing(archive, tmp_path):
    company, _hash = archive
    ledger = tmp_path / "ledger.jsonl"
    odoo_shell(NAME, LEDGER.format(company=company, path=ledger))
    ledger.write_text(ledger.read_text().replace("CLI_2", "CLI_3"))
    answer = verify("--company", company, "--ledger", ledger)
    assert answer.returncode == COULD_NOT_RUN
    assert "Line 2 of the file" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["--company", "Nobody"], "no company Nobody"),
        (["--company", "99999"], "no company 99999"),
        (["--anchor", "1:abc"], "LINE:HASH"),
        (["--since", "yesterday"], "YYYY-MM-DD"),
        (["--ledger", "/nowhere/ledger.jsonl"], "/nowhere/ledger.jsonl"),
        (["--unknown"], "--unknown"),
    ],
)
def test_what_cannot_be_verified(archive, arguments, reason):
    answer = verify(*arguments)
    assert answer.returncode == COULD_NOT_RUN
    assert reason in answer.stderr
    assert not answer.stdout


def test_a_database_that_is_not_there(archive):
    answer = verify(database="progbox_nowhere")
    assert answer.returncode == COULD_NOT_RUN
    assert "progbox_nowhere" in answer.stderr
    assert "Traceback" not in answer.stderr


@contextlib.contextmanager
def verified_elsewhere(company):
    """Another host is at work on the archive of a company."""
    sql(
        f"""INSERT INTO progbox_verification (
            company_id, door, state, priority, lease_until, lease_holder
        ) VALUES (
            {company}, 'cron', 'running', 0,
            now() AT TIME ZONE 'UTC' + interval '1 hour', 'elsewhere:1:1'
        )""",
        NAME,
    )
    try:
        yield
    finally:
        sql(
            "UPDATE progbox_verification SET state = 'cancelled'"
            " WHERE lease_holder ~ '^elsewhere' AND state = 'running'",
            NAME,
        )


def test_another_run_is_at_work(company):
    with verified_elsewhere(company):
        answer = verify("--company", company)
    assert answer.returncode == COULD_NOT_RUN
    assert "elsewhere:1:1" in answer.stderr


def test_a_killed_run_is_taken_over(company):
    """Its lease has run out: whoever comes next starts, and says what he found."""
    sql(
        f"""INSERT INTO progbox_verification (
            company_id, door, state, priority, lease_until, lease_holder
        ) VALUES (
            {company}, 'command', 'running', 0,
            now() AT TIME ZONE 'UTC' - interval '1 second', 'dead:{os.getpid()}:1'
        )""",
        NAME,
    )
    assert verify("--company", company).returncode == INTACT
    [open_runs] = sql(
        "SELECT count(*) FROM progbox_verification WHERE state = 'running'", NAME
    )
    assert open_runs == "0"


def test_what_was_found_is_said_although_another_company_is_busy(archive):
    busy, _hash = archive
    [other] = odoo_shell(NAME, OTHER_COMPANY).split()[-1:]
    path = path_of("OTHER/1")
    path.write_bytes(b"forged")
    with verified_elsewhere(busy):
        answer = verify()
    assert answer.returncode == COULD_NOT_RUN
    assert "elsewhere:1:1" in answer.stderr
    assert "Other Archive: findings." in answer.stdout
    assert "OTHER_1.pdf is not the one that was archived" in answer.stdout
    # An archived company is still there to be checked, by number and by name.
    sql(f"UPDATE res_company SET active = false WHERE id = {other}", NAME)
    for name in (other, "Other Archive"):
        answer = verify("--json", "--company", name)
        assert answer.returncode == FINDINGS, answer.stderr
        [run] = json.loads(answer.stdout)["runs"]
        assert run["finding_counts"] == {"file_changed": 1}
