"""In which order a tab lists documents."""

from typing import NamedTuple

from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tools.search_words import plain_sql


class Order(NamedTuple):
    """What rows of ``document`` are sorted by, the newest first among equals.

    :param SQL key: of a row
    :param SQL direction: ASC or DESC
    """

    key: SQL = SQL("document.document_date")
    direction: SQL = SQL("DESC")

    @property
    def columns(self):
        """What has to be selected of a row to sort it."""
        return SQL("document.id, document.document_date, %s AS key", self.key)

    def by(self, alias):
        """Return what stands after ORDER BY.

        :param SQL alias: of a query of :attr:`columns`
        """
        return SQL(
            "%(alias)s.key %(direction)s, %(alias)s.document_date DESC,"
            " %(alias)s.id DESC",
            alias=alias,
            direction=self.direction,
        )


NEWEST = Order()


def order_of(env, sorted_by):
    """Return the order that a person has chosen by a click on a column.

    :param str sorted_by: column and direction: "name asc"; empty, and anything else:
        the newest first
    :rtype: Order
    """
    column, _space, direction = str(sorted_by or "").partition(" ")
    if column not in KEYS:
        return NEWEST
    return Order(KEYS[column](env), SQL("DESC") if direction == "desc" else SQL("ASC"))


def _name(_env):
    return plain_sql(SQL("document.name"))


def _record_name(env):
    """Return the name of the record of a row: what its model is looked for by first."""
    branches = []
    for name in env["progbox.mixin"]._progbox_models():
        model = env[name]
        field = next(iter(model._rec_names_search or ()), model._rec_name)
        if field in model._fields and model._fields[field].store:
            record = SQL(
                "SELECT %s FROM %s named WHERE named.id = document.res_id",
                model._field_to_sql("named", field),
                SQL.identifier(model._table),
            )
            branches.append(SQL("WHEN %s THEN (%s)", name, record))
    names = SQL("CASE document.res_model %s END", SQL(" ").join(branches))
    return plain_sql(SQL("(%s)::text", names))


def _type_name(env):
    types = env["progbox.document.type"]
    return plain_sql(
        SQL(
            "(SELECT %s FROM progbox_document_type kind"
            " WHERE kind.id = document.type_id)",
            types._field_to_sql("kind", "name"),
        )
    )


def _person(_env):
    return plain_sql(
        SQL(
            "(SELECT author.name FROM res_users creator"
            " JOIN res_partner author ON author.id = creator.partner_id"
            " WHERE creator.id = document.create_uid)"
        )
    )


# By column, as the client names it. Texts are sorted as they are looked for: without
# regard to accents and case.
KEYS = {
    "name": _name,
    "type": _type_name,
    "record": _record_name,
    "person": _person,
    "date": lambda _env: SQL("document.document_date"),
    "size": lambda _env: SQL("document.size"),
}
