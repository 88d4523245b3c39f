"""A verification tries what each guard must refuse, and takes all of it back.

The statements are in tools/ledger/guards_attempts.py. Each is undone at once, with its
locks: nobody else waits for them longer than for one statement.
"""

import psycopg2
import psycopg2.errors

from odoo.tools import SQL

from ..tools.ledger.guards_attempts import ATTEMPTS, TRUNCATE

# To empty a table is to lock it and those that refer to it against everybody, readers
# too: only where it is free, and only the archive's own.
NO_PATIENCE = "5ms"
OURS = "progbox_"
BUSY = (psycopg2.errors.LockNotAvailable, psycopg2.errors.ObjectInUse)


def not_refused(env, wanted):
    """Return which guards let through what they must refuse.

    :param dict wanted: SQL of the guards by (table, name); of others nothing is tried
    :return: list of texts, technical
    """
    passed = []
    cr = env.cr
    with cr.savepoint(flush=False) as savepoint:
        patient = cr.savepoint(flush=False)
        alone = _emptied_alone(env, {table for table, _name in wanted if table})
        for name, attempt in _attempts(wanted):
            if attempt.what == TRUNCATE:
                # The others are tried on their copies: see copies_emptied().
                refused = attempt.table not in alone or _is_emptying_refused(
                    env, attempt, patient
                )
            else:
                refused = _is_refused(cr, attempt, patient)
            if not refused:
                passed.append(_text(name, attempt))
        patient.close(rollback=True)
        savepoint.rollback()
    return passed


def copies_emptied(env, wanted):
    """Return which guards let a table be emptied, tried on the copies of pg_temp.

    The tables themselves may be in use: here nobody has to wait.

    :param dict wanted: SQL of the guards by (table, name)
    :return: list of texts, technical
    """
    passed = []
    with env.cr.savepoint(flush=False) as savepoint:
        for name, attempt in _attempts(wanted):
            if attempt.what == TRUNCATE:
                text = f"TRUNCATE pg_temp.{attempt.table}"
                if not _is_refused(env.cr, attempt._replace(text=text), savepoint):
                    passed.append(_text(name, attempt))
    return passed


def _attempts(wanted):
    return [
        (name, attempt) for table, name in wanted if table for attempt in ATTEMPTS[name]
    ]


def _text(name, attempt):
    return f"{name}: {attempt.what} on {attempt.table} was not refused"


def _is_refused(cr, attempt, savepoint):
    """Try a statement, and take it back.

    :return: whether the guard refused it, or there is nothing to try it on
    :raise psycopg2.OperationalError: of a server that is busy
    """
    try:
        row = _find_row(cr, attempt)
        if not row:
            return True
        [id_] = row
        # A constant of this add-on.
        cr.execute(  # pylint: disable=sql-injection
            attempt.text, {"id": id_}, log_exceptions=False
        )
    except psycopg2.errors.RestrictViolation as error:
        return error.diag.constraint_name == "progbox_guard"
    except (psycopg2.OperationalError, psycopg2.errors.ObjectInUse):
        raise
    except psycopg2.errors.InsufficientPrivilege:
        # The role of Odoo may not even do it.
        return True
    except psycopg2.Error:
        return False
    finally:
        savepoint.rollback()
    return False


def _find_row(cr, attempt):
    """Return the row that a statement is tried on, None when there is none to have."""
    if not attempt.row:
        return (None,)
    try:
        # A constant of this add-on.
        cr.execute(attempt.row, log_exceptions=False)  # pylint: disable=sql-injection
    except psycopg2.errors.SerializationFailure:
        # Somebody has changed it since this transaction began.
        return None
    return cr.fetchone()


def _is_emptying_refused(env, attempt, savepoint):
    """Try to empty a table, unless somebody would have to wait for it."""
    env.cr.execute(SQL("SET LOCAL lock_timeout TO %s", NO_PATIENCE))
    try:
        return _is_refused(env.cr, attempt, savepoint)
    except BUSY:
        return True


def _emptied_alone(env, tables):
    """Return those tables with which none is emptied that is not the archive's.

    :param set tables: names
    """
    rows = env.execute_query(
        SQL(
            """WITH RECURSIVE emptied AS (
                SELECT relname AS first, oid AS id FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s)
                UNION
                SELECT first, conrelid FROM pg_constraint
                JOIN emptied ON confrelid = emptied.id WHERE contype = 'f'
            )
            SELECT first FROM emptied JOIN pg_class ON pg_class.oid = emptied.id
            GROUP BY first HAVING bool_and(relname ^@ %s)""",
            list(tables),
            OURS,
        )
    )
    return {table for [table] in rows}
