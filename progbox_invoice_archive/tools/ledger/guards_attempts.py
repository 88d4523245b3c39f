"""What a verification tries, to see that each guard refuses it.

By the name of a trigger of tools/ledger/guards_triggers.py: statements that nobody may
get through, each with the row that it needs. Values that no column would take stand
in them: were a guard gone, the statement would fail for that, and not be refused by
the guard. All of it is rolled back, whatever comes of it.

A row that another transaction has locked is passed over, and nothing waits for it.
Where there is no row, there is nothing that the guard would have to keep.
"""

from typing import NamedTuple

from .guards_triggers import TRIGGERS


class Attempt(NamedTuple):
    """One statement that must be refused.

    :param what: that it does, in the words of SQL
    :param table: on which table
    :param text: the statement; ``%(id)s`` is the row that was found
    :param row: query of that row, None for a statement that needs none
    """

    what: str
    table: str
    text: str
    row: str | None = None


TRUNCATE = "TRUNCATE"
# What is emptied is kept from then on.
ANY_LINE = "SELECT id FROM public.progbox_seal LIMIT 1"
SEALED = "seal_id IS NOT NULL"
# Of the attachment of a sealed document.
FILE = """SELECT file.id FROM progbox_document document
    JOIN ir_attachment file ON file.res_model = 'progbox.document'
        AND file.res_field = 'content' AND file.res_id = document.id
    WHERE document.seal_id IS NOT NULL LIMIT 1 FOR {lock} OF file SKIP LOCKED"""
LOCKED_FOLDER = "(SELECT id FROM progbox_folder WHERE locked LIMIT 1)"


def _row(table, condition, lock):
    where = f" WHERE {condition}" if condition else ""
    return f"SELECT id FROM public.{table}{where} LIMIT 1 FOR {lock} SKIP LOCKED"


def _update(table, assignment, condition="", row=None):
    return Attempt(
        "UPDATE",
        table,
        f"UPDATE public.{table} SET {assignment} WHERE id = %(id)s",
        row or _row(table, condition, "NO KEY UPDATE"),
    )


def _delete(table, condition="", row=None):
    return Attempt(
        "DELETE",
        table,
        f"DELETE FROM public.{table} WHERE id = %(id)s",
        row or _row(table, condition, "UPDATE"),
    )


def _insert(table, row=None, **values):
    # A number of its own: none is taken from the sequence.
    columns = ", ".join(["id", *values])
    values = ", ".join(["0", *values.values()])
    text = f"INSERT INTO public.{table} ({columns}) VALUES ({values})"
    return Attempt("INSERT", table, text, row)


def _kept(table, column="company_id", condition=""):
    """Return the attempts on a table whose rows are neither changed nor removed."""
    return [
        _update(table, f"{column} = NULL", condition),
        _delete(table, condition),
    ]


# Name of the trigger: attempts.
ATTEMPTS = {
    **{
        f"{table}_keep": _kept(table)
        for table in (
            "progbox_seal",
            "progbox_closing",
            "progbox_source_deletion",
            "progbox_access_log",
            "progbox_access_log_seal",
            "progbox_time_stamp",
        )
    },
    **{
        name: [Attempt(TRUNCATE, table, f"TRUNCATE public.{table} CASCADE", ANY_LINE)]
        for name, (table, event, _action) in TRIGGERS.items()
        if TRUNCATE in event
    },
    "progbox_seal_next": [_insert("progbox_seal")],
    "progbox_source_deletion_line": [
        _update("progbox_source_deletion", "seal_id = NULL", SEALED)
    ],
    "progbox_source_deletion_born": [
        _insert("progbox_source_deletion", state="'done'")
    ],
    "progbox_document_keep": _kept("progbox_document", condition=SEALED),
    "progbox_document_born": [_insert("progbox_document", seal_id="0")],
    "progbox_document_seal": [
        _update("progbox_document", "seal_id = 0", "seal_id IS NULL")
    ],
    "progbox_document_complete": [
        Attempt(
            "UPDATE",
            "progbox_document",
            f"UPDATE public.progbox_document SET folder_id = {LOCKED_FOLDER}"
            " WHERE id = %(id)s;"
            " SET CONSTRAINTS public.progbox_document_complete IMMEDIATE",
            _row(
                "progbox_document",
                f"seal_id IS NULL AND {LOCKED_FOLDER} IS NOT NULL",
                "NO KEY UPDATE",
            ),
        )
    ],
    "progbox_document_came": [
        _update(
            "progbox_document",
            "create_date = create_date - interval '1 day'",
            f"{SEALED} AND create_date IS NOT NULL",
        )
    ],
    "progbox_folder_keep": [
        _update("progbox_folder", "name = NULL", "locked"),
        _delete("progbox_folder", "locked"),
    ],
    "progbox_folder_path": [
        _update("progbox_folder", "parent_path = NULL", "locked AND parent_path > ''")
    ],
    "progbox_folder_add": [
        _update("progbox_folder", "locked = TRUE", "locked IS NOT TRUE"),
        _insert(
            "progbox_folder",
            _row("progbox_folder", "locked", "KEY SHARE"),
            parent_id="%(id)s",
        ),
    ],
    "progbox_attachment_insert": [
        _insert(
            "ir_attachment",
            _row("progbox_document", SEALED, "KEY SHARE"),
            res_model="'progbox.document'",
            res_id="%(id)s",
        )
    ],
    "progbox_attachment_update": [
        _update("ir_attachment", "name = NULL", row=FILE.format(lock="NO KEY UPDATE"))
    ],
    "progbox_attachment_delete": [
        _delete("ir_attachment", row=FILE.format(lock="UPDATE"))
    ],
    "progbox_attachment_token": [
        _update(
            "ir_attachment", "access_token = ''", row=FILE.format(lock="NO KEY UPDATE")
        )
    ],
    "progbox_access_log_seal_next": [_insert("progbox_access_log_seal")],
    "progbox_access_log_lines": [
        _insert(
            "progbox_access_log",
            "SELECT company_id FROM public.progbox_access_log LIMIT 1",
            company_id="%(id)s",
            accessed_on="now()",
            kind="'view'",
        )
    ],
    "progbox_time_stamp_born": [_insert("progbox_time_stamp", state="'done'")],
    "progbox_time_stamp_token": [
        _update("progbox_time_stamp", "stamped_on = NULL", "token IS NOT NULL")
    ],
    "progbox_verification_born": [_insert("progbox_verification", state="'done'")],
    "progbox_verification_stays": [_delete("progbox_verification", "state = 'done'")],
    "progbox_verification_keep": [
        _update(
            "progbox_verification",
            "create_date = create_date - interval '1 day'",
            "create_date IS NOT NULL",
        )
    ],
    "progbox_verification_done": [
        _update("progbox_verification", "state = NULL", "state = 'done'")
    ],
    "progbox_finding_born": [
        _insert("progbox_verification_finding", acknowledged_by="''")
    ],
    "progbox_finding_judged": [
        _update(
            "progbox_verification_finding",
            "acknowledged_on = '2000-01-01'",
            "acknowledged_on IS NULL",
        )
    ],
    "progbox_finding_stays": [_delete("progbox_verification_finding")],
    "progbox_finding_keep": [
        _update("progbox_verification_finding", "verification_id = NULL")
    ],
    "progbox_finding_acknowledged": [
        _update(
            "progbox_verification_finding",
            "acknowledged_on = NULL",
            "acknowledged_on IS NOT NULL",
        )
    ],
    "progbox_archive_job_born": [_insert("progbox_archive_job", state="'done'")],
    "progbox_archive_job_keep": [_update("progbox_archive_job", "company_id = NULL")],
    "progbox_archive_job_stays": [_delete("progbox_archive_job", "state = 'done'")],
    "progbox_share_closed": [_update("progbox_share", "company_id = NULL")],
    "progbox_share_stays": [_delete("progbox_share")],
    "progbox_share_choice_made": [
        _insert("progbox_share_choice", share_id="0"),
        _update("progbox_share_choice", "share_id = NULL"),
    ],
    "progbox_company_started": [
        _update(
            "res_company",
            "progbox_archive_started = NULL",
            "progbox_archive_started IS NOT NULL AND EXISTS ("
            "SELECT FROM progbox_seal WHERE progbox_seal.company_id = res_company.id)",
        )
    ],
}
