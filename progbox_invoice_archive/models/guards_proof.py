"""What a verification asks PostgreSQL about the guards, believing no name or comment.

What they do is tried, see guards_trial.py. What they are is looked at here.

The functions are compared with their text here. So are the triggers: PostgreSQL writes
a trigger in words of its own, therefore each is made once more, on an empty temporary
table of the same columns, and what it says of the two must be the same.

All of it is asked with nothing in sight but what PostgreSQL brings along: an ``=`` of
somebody's own, for the very types of our columns, is taken before that of PostgreSQL,
wherever it stands. Whether there is one, guards_shadows.py says.
"""

import re
from contextlib import contextmanager

from odoo.tools import SQL

from ..tools.ledger.guards_sql import FUNCTIONS
from ..tools.ledger.guards_triggers import TRIGGERS
from . import guards_shadows, guards_trial

# Settings that switch triggers off, or hide rows.
SETTINGS = "^(session_replication_role|row_security)="
PLACE = re.compile(r" ON (?:public|pg_temp\w*)\.")


def problems(env, wanted):
    """Return what is wrong with the guards and the tables they stand on.

    :param dict wanted: SQL of the guards by (table, name)
    :return: list of texts, technical
    """
    # Also those that are gone: something else may stand in their place.
    tables = sorted({table for table, _event, _action in TRIGGERS.values()})
    path = guards_shadows.search_path(env)
    with _nothing_else_in_sight(env.cr):
        found = [
            *_changed_functions(env),
            *_changed_triggers(env, wanted),
            *_foreign(env, tables),
            *_settings(env, tables),
            *guards_shadows.problems(env, path),
        ]
    return found + guards_trial.not_refused(env, wanted)


@contextmanager
def _nothing_else_in_sight(cr):
    """Let names mean what PostgreSQL itself has under them, for a few statements."""
    with cr.savepoint(flush=False) as savepoint:
        # A command, which no function or operator of somebody else's can change.
        cr.execute("SET LOCAL search_path TO pg_catalog, pg_temp")
        yield
        savepoint.rollback()


def _changed_functions(env):
    rows = env.execute_query(
        SQL(
            """SELECT proname, prosrc, lanname, prosecdef, proconfig
            FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
            WHERE pronamespace = 'public'::regnamespace AND proname = ANY(%s)""",
            list(FUNCTIONS),
        )
    )
    found = {}
    for name, *what in rows:
        found.setdefault(name, []).append(what)
    path = ["search_path=pg_catalog, pg_temp"]
    return [
        f"{name} (changed)"
        for name, (_arguments, _result, body) in FUNCTIONS.items()
        if name in found and found[name] != [[body, "plpgsql", False, path]]
    ]


def _changed_triggers(env, wanted):
    found = _definitions(env, "public")
    tables = sorted({table for table, _name in wanted if table})
    with env.cr.savepoint(flush=False) as savepoint:
        for table in tables:
            env.cr.execute(
                SQL(
                    "CREATE TEMPORARY TABLE %(table)s (LIKE public.%(table)s)",
                    table=SQL.identifier(table),
                )
            )
        for (table, _name), text in wanted.items():
            if table:
                # A constant of this add-on, without parameters.
                copy = text.replace(f" ON public.{table}", f" ON pg_temp.{table}", 1)
                env.cr.execute(copy)  # pylint: disable=sql-injection
        right = _definitions(env, "pg_temp")
        passed = guards_trial.copies_emptied(env, wanted)
        savepoint.rollback()
    changed = [
        f"{name} (changed)"
        for name in TRIGGERS
        if name in found and name in right and found[name] != right[name]
    ]
    return changed + passed


def _definitions(env, schema):
    """Return what PostgreSQL says of the triggers of a schema, by name."""
    space = SQL("'public'::regnamespace")
    if schema == "pg_temp":
        space = SQL("pg_my_temp_schema()")
    rows = env.execute_query(
        SQL(
            """SELECT tgname, pg_get_triggerdef(pg_trigger.oid)
            FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
            WHERE relnamespace = %s AND tgname = ANY(%s)""",
            space,
            list(TRIGGERS),
        )
    )
    return {name: PLACE.sub(" ON ", text, count=1) for name, text in rows}


def _foreign(env, tables):
    """Return what stands on the tables of evidence and is not the archive's."""
    rows = env.execute_query(
        SQL(
            """WITH kept AS (
                SELECT oid, relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace
                AND relname = ANY(%(tables)s)
            )
            SELECT format('%%s: trigger %%s', relname, tgname)
            FROM pg_trigger JOIN kept ON kept.oid = tgrelid
            WHERE NOT tgisinternal AND NOT tgname = ANY(%(ours)s)
            UNION ALL
            SELECT format('%%s: rule %%s', relname, rulename)
            FROM pg_rewrite JOIN kept ON kept.oid = ev_class
            UNION ALL
            SELECT format('%%s: inheritance %%s', kept.relname, heir.relname)
            FROM pg_inherits JOIN kept ON kept.oid IN (inhparent, inhrelid)
            JOIN pg_class heir ON heir.oid = inhrelid
            UNION ALL
            SELECT format('%%s: row security %%s', relname, polname)
            FROM pg_policy JOIN kept ON kept.oid = polrelid
            UNION ALL
            SELECT format('%%s: no table of its own', name)
            FROM unnest(%(tables)s) name
            WHERE NOT EXISTS (
                SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace
                AND relname = name AND relkind = 'r' AND relpersistence = 'p'
            )
            ORDER BY 1""",
            tables=tables,
            ours=list(TRIGGERS),
        )
    )
    return [text for [text] in rows]


def _settings(env, tables):
    """Return what is set for all sessions, or for those that may write evidence."""
    rows = env.execute_query(
        SQL(
            """SELECT format('%%s for %%s', setting, coalesce(
                nullif(concat_ws(', ', datname, rolname), ''), 'everybody'))
            FROM pg_db_role_setting
            CROSS JOIN LATERAL unnest(setconfig) setting
            LEFT JOIN pg_database ON pg_database.oid = setdatabase
            LEFT JOIN pg_roles ON pg_roles.oid = setrole
            WHERE setting ~ %(settings)s
                AND (datname IS NULL OR datname = current_database())
                -- From whom rows are hidden; who may not log in has no session.
                AND (rolname IS NULL OR rolname = current_user
                    OR rolcanlogin AND setting ^@ 'session_replication_role=')
                AND (rolname IS NULL OR EXISTS (
                    SELECT FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace
                    AND relname = ANY(%(tables)s) AND has_table_privilege(
                        rolname, pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                ))
            UNION ALL
            SELECT 'session_replication_role=' || role
            FROM current_setting('session_replication_role') role
            WHERE role <> 'origin'""",
            settings=SETTINGS,
            tables=tables,
        )
    )
    return [text for [text] in rows]
