"""Many rows at once, for the benchmarks."""

import contextlib

from odoo.tools import SQL


@contextlib.contextmanager
def unguarded(env, table):
    """Fill a table without asking triggers, keys and indexes for each row.

    The indexes are built at the end; keys to other tables do not come back.
    """
    name, cr = SQL.identifier(table), env.cr
    cr.execute(
        "SELECT conname FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'f'",
        [table],
    )
    for [key] in cr.fetchall():
        cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", name, SQL.identifier(key)))
    cr.execute(
        "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index"
        " JOIN pg_class ON pg_class.oid = indexrelid"
        " WHERE indrelid = %s::regclass AND NOT indisunique",
        [table],
    )
    indexes = cr.fetchall()
    for index, _definition in indexes:
        cr.execute(SQL("DROP INDEX %s", SQL.identifier(index)))
    cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", name))
    yield
    cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", name))
    env["progbox.ledger.guards"]._guards_enable([table])
    for _index, definition in indexes:
        cr.execute(definition)


def copy_rows(record, rows, values):
    """Copy the row of a record with SQL.

    :param SQL rows: a table; the row is copied once for each of its rows
    :param dict values: SQL of what differs, by column; `rows` is that table
    :return: the new ids, in their order
    """
    record.env.flush_all()
    record.env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND column_name != 'id'",
        [record._table],
    )
    columns = [name for [name] in record.env.cr.fetchall()]
    selected = SQL(", ").join(
        values.get(name, SQL("template.%s", SQL.identifier(name))) for name in columns
    )
    record.env.cr.execute(
        SQL(
            "INSERT INTO %s (%s)"
            " SELECT %s FROM %s template, (SELECT * FROM %s) rows"
            " WHERE template.id = %s RETURNING id",
            SQL.identifier(record._table),
            SQL(", ").join(map(SQL.identifier, columns)),
            selected,
            SQL.identifier(record._table),
            rows,
            record.id,
        )
    )
    return [id_ for [id_] in record.env.cr.fetchall()]
