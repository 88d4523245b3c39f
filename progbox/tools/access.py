"""Access as part of the SQL: the rules of the record decide, row by row."""

from odoo.fields import Domain
from odoo.tools import SQL

TRUE, FALSE = SQL("TRUE"), SQL("FALSE")


def by_model(env, mode, alias, otherwise, documents=False, models=None):
    """Return whether the caller may read or write the record of a row, as SQL.

    A CASE, for PostgreSQL asks one question per row then. An OR of "IN (…)" would
    first list all that the caller may read, of every model.

    :param str mode: "read" or "write"
    :param SQL alias: of a row with ``res_model`` and ``res_id``
    :param SQL otherwise: the answer for rows without a record
    :param bool documents: whether it is a row of documents, with a type
    :param models: names of the models that rows can be of, where they are known:
        planning the rules of all others would take longer than asking them
    """
    branches = [
        SQL(
            "WHEN %s THEN %s",
            name,
            env[name]._progbox_access_sql(mode, alias, documents),
        )
        for name in known(env, models)
    ]
    if not branches:
        return otherwise
    return SQL(
        "(CASE %s.res_model %s ELSE %s END)", alias, SQL(" ").join(branches), otherwise
    )


def known(env, models=None):
    """Return the names of the models with a tab, of some or of all."""
    return [
        name
        for name in env["progbox.mixin"]._progbox_models()
        if models is None or name in models
    ]


def exists(query, alias):
    """Return whether the record of a row is one of a query, as SQL.

    :param odoo.tools.Query query: of the records that the caller may read, or None
    :param SQL alias: of a row with ``res_id``
    """
    if query is None or query.is_empty():
        return FALSE
    return SQL(
        "EXISTS (SELECT FROM %s WHERE %s.id = %s.res_id AND %s OFFSET 0)",
        query.from_clause,
        SQL.identifier(query.table),
        alias,
        query.where_clause or TRUE,
    )


def allowed(records, condition):
    """Return the ids of the records for which a condition holds, in one query.

    :param SQL condition: on rows of ``place``
    :rtype: set
    """
    ids = records._origin.ids
    if not ids:
        return set()
    query = SQL(
        "SELECT place.id FROM %s place WHERE place.id = ANY(%s) AND %s",
        SQL.identifier(records._table),
        ids,
        condition,
    )
    return {id_ for (id_,) in records.env.execute_query(query)}


def domain(model, mode, operator, value):
    """Return the domain of a Boolean field that says what the caller may do.

    :param model: with ``_progbox_access_sql`` of mode and alias
    """
    if operator != "in":
        return NotImplemented
    if set(value) == {True, False}:
        return Domain.TRUE
    # The rules of every model stand in the one statement: compiling it would take
    # seconds, and running it does not.
    model.env.execute_query(SQL("SET LOCAL jit = off"))
    wanted = SQL("") if True in value else SQL("NOT")
    return Domain.custom(
        to_sql=lambda _model, alias, _query: SQL(
            "%s COALESCE(%s, FALSE)",
            wanted,
            model._progbox_access_sql(mode, SQL.identifier(alias)),
        )
    )
