"""Where the guards of tools/ledger/guards_sql.py stand: each trigger, on its table."""

from .guards_log import log_triggers
from .sealed_columns import guarded_columns

# Tables whose lines are never changed nor removed, and the columns that count.
APPEND_ONLY = {
    "progbox_seal": (
        "id, company_id, sequence, kind, document_id, payload, previous_hash, hash,"
        " sealed_on"
    ),
    "progbox_closing": (
        "id, company_id, month, number, document_count, new_document_count, totals,"
        " last_sequence, last_hash, seal_id, closed_on, closed_by"
    ),
    "progbox_source_deletion": (
        "id, company_id, res_model, res_id, number, document_ids, deleted_by,"
        " deleted_on"
    ),
}
DOCUMENT_COLUMNS = ", ".join(guarded_columns())
FOLDER_COLUMNS = "id, name, parent_id, company_id, locked, res_model, res_id"
OURS = "NEW.res_model = 'progbox.document'"
WAS_OURS = "OLD.res_model = 'progbox.document'"


def _call(function, columns=""):
    arguments = ", ".join(f"'{name.strip()}'" for name in columns.split(",") if name)
    return f"EXECUTE FUNCTION public.progbox_guard_{function}({arguments})"


def _each_row(event, table, condition, call):
    when = f" WHEN ({condition})" if condition else ""
    return table, f"{event} ON public.{table}", f"FOR EACH ROW{when} {call}"


def _keep(table, columns, condition=""):
    call = _call("keep", columns)
    return _each_row("BEFORE UPDATE OR DELETE", table, condition, call)


def _truncate(table):
    event = f"BEFORE TRUNCATE ON public.{table}"
    return table, event, f"FOR EACH STATEMENT {_call('truncate')}"


# Name: (table, event, what happens).
TRIGGERS = {
    **{f"{table}_keep": _keep(table, names) for table, names in APPEND_ONLY.items()},
    "progbox_seal_next": _each_row(
        "BEFORE INSERT", "progbox_seal", "", _call("next_line")
    ),
    # The line is written by a job, later, and stays from then on.
    "progbox_source_deletion_line": _keep(
        "progbox_source_deletion", "seal_id", "OLD.seal_id IS NOT NULL"
    ),
    "progbox_document_keep": _keep(
        "progbox_document", DOCUMENT_COLUMNS, "OLD.seal_id IS NOT NULL"
    ),
    "progbox_document_born": _each_row(
        "BEFORE INSERT",
        "progbox_document",
        "NEW.seal_id IS NOT NULL",
        _call("sealing"),
    ),
    "progbox_document_seal": _each_row(
        "BEFORE UPDATE",
        "progbox_document",
        "OLD.seal_id IS NULL AND NEW.seal_id IS NOT NULL",
        _call("sealing"),
    ),
    "progbox_document_complete": (
        "progbox_document",
        "AFTER INSERT OR UPDATE ON public.progbox_document",
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        f" WHEN (NEW.seal_id IS NULL) {_call('complete')}",
    ),
    "progbox_folder_keep": _keep("progbox_folder", FOLDER_COLUMNS, "OLD.locked"),
    # The ORM sets the path in a second step, once.
    "progbox_folder_path": _keep(
        "progbox_folder", "parent_path", "OLD.locked AND OLD.parent_path IS NOT NULL"
    ),
    "progbox_folder_add": _each_row(
        "BEFORE INSERT OR UPDATE", "progbox_folder", "", _call("folder")
    ),
    "progbox_attachment_insert": _each_row(
        "BEFORE INSERT", "ir_attachment", OURS, _call("attachment")
    ),
    "progbox_attachment_update": _each_row(
        "BEFORE UPDATE", "ir_attachment", f"{OURS} OR {WAS_OURS}", _call("attachment")
    ),
    "progbox_attachment_delete": _each_row(
        "BEFORE DELETE", "ir_attachment", WAS_OURS, _call("attachment")
    ),
    "progbox_access_log_keep": _each_row(
        "BEFORE UPDATE OR DELETE", "progbox_access_log", "", _call("purge")
    ),
    "progbox_access_log_truncate": _truncate("progbox_access_log"),
    **{f"{table}_truncate": _truncate(table) for table in APPEND_ONLY},
    "progbox_document_truncate": _truncate("progbox_document"),
    "progbox_folder_truncate": _truncate("progbox_folder"),
    "progbox_attachment_truncate": _truncate("ir_attachment"),
    **log_triggers(_each_row, _keep, _truncate, _call),
}
