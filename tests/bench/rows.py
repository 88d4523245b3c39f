"""Many rows at once, for the benchmarks."""

from odoo.tools import SQL


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
