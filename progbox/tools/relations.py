"""What the graph of relations is made of: sub-queries over stored, indexed columns.

Each takes a sub-query of ids and returns one. ``= ANY(ARRAY(…))`` and not ``IN (…)``:
PostgreSQL would guess hundreds of rows, and read whole tables for them.
"""

from odoo.tools import SQL

from .tab_query import Relation  # noqa: F401  what a model's relations are made of


def union(*queries):
    return SQL(" UNION ").join(queries)


def given(ids, query):
    """Return a query that names ids more than once, as the table ``given``.

    PostgreSQL would plan their sub-query as often as it is written, and planning is
    what a tab takes its time for.
    """
    return SQL(
        "SELECT found.id FROM (WITH given(id) AS MATERIALIZED (%s) %s) AS found(id)",
        ids,
        query,
    )


GIVEN = SQL("ANY(ARRAY(SELECT given.id FROM given))")


def families(partners):
    """Everybody of the same commercial contacts as these: children and addresses."""
    return SQL(
        """SELECT family.id FROM res_partner family
        WHERE family.commercial_partner_id = ANY(ARRAY(
            SELECT partner.commercial_partner_id FROM res_partner partner
            WHERE partner.id = ANY(ARRAY(%s))))""",
        partners,
    )


def reversals(moves):
    """The moves that reverse these, and those that these reverse."""
    return given(moves, _reversals())


def _reversals():
    return SQL(
        """SELECT note.reversed_entry_id FROM account_move note
        WHERE note.id = %(given)s AND note.reversed_entry_id IS NOT NULL
        UNION SELECT note.id FROM account_move note
        WHERE note.reversed_entry_id = %(given)s""",
        given=GIVEN,
    )


def with_reversals(moves):
    return given(moves, union(SQL("SELECT given.id FROM given"), _reversals()))


def orders_of_invoices(moves):
    """Through their lines, down payments and reversals included.

    A credit note that was made by hand has no lines of the order: hence those of the
    invoice that it reverses.
    """
    return SQL(
        """SELECT line.order_id FROM account_move_line item
        JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = item.id
        JOIN sale_order_line line ON line.id = rel.order_line_id
        WHERE item.move_id = ANY(ARRAY(%s))""",
        with_reversals(moves),
    )


def invoices_of_orders(orders):
    """The same, the other way round."""
    moves = SQL(
        """SELECT item.move_id FROM sale_order_line line
        JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
        JOIN account_move_line item ON item.id = rel.invoice_line_id
        WHERE line.order_id = ANY(ARRAY(%s))""",
        orders,
    )
    return with_reversals(moves)


def projects_of_orders(orders, named=None):
    """By any of the five columns that link them.

    A cancelled order empties ``sale_line_id`` of its project, and others stay.

    :param SQL named: the projects that the orders name, where that is known without
        looking each order up
    """
    named = named or SQL(
        "SELECT sale.project_id FROM sale_order sale"
        " WHERE sale.id = %s AND sale.project_id IS NOT NULL",
        GIVEN,
    )
    links = SQL(
        """%(named)s
        UNION SELECT line.project_id FROM sale_order_line line
        WHERE line.order_id = %(given)s AND line.project_id IS NOT NULL
        UNION SELECT project.id FROM project_project project
        WHERE project.reinvoiced_sale_order_id = %(given)s
        UNION SELECT project.id FROM sale_order_line line
        JOIN project_project project ON project.sale_line_id = line.id
        WHERE line.order_id = %(given)s
        UNION SELECT task.project_id FROM sale_order_line line
        JOIN project_task task ON task.sale_line_id = line.id
        WHERE line.order_id = %(given)s AND task.project_id IS NOT NULL""",
        named=named,
        given=GIVEN,
    )
    return given(orders, links)


def orders_of_projects(projects):
    """The same, the other way round."""
    links = SQL(
        """SELECT sale.id FROM sale_order sale
        WHERE sale.project_id = %(given)s
        UNION SELECT line.order_id FROM sale_order_line line
        WHERE line.project_id = %(given)s
        UNION SELECT project.reinvoiced_sale_order_id FROM project_project project
        WHERE project.id = %(given)s
        AND project.reinvoiced_sale_order_id IS NOT NULL
        UNION SELECT line.order_id FROM project_project project
        JOIN sale_order_line line ON line.id = project.sale_line_id
        WHERE project.id = %(given)s
        UNION SELECT line.order_id FROM project_task task
        JOIN sale_order_line line ON line.id = task.sale_line_id
        WHERE task.project_id = %(given)s""",
        given=GIVEN,
    )
    return given(projects, links)


def moves_of_projects(env, projects, move_types):
    """Moves with a line on the analytic account of the projects.

    Only ``project.account_id``: accounts of other plans are departments and the like,
    and every project of a department would get every bill of it.
    """
    return SQL(
        """SELECT item.move_id FROM account_move_line item
        JOIN account_move move ON move.id = item.move_id
        WHERE move.move_type = ANY(%s) AND %s && ARRAY(
            SELECT project.account_id::text FROM project_project project
            WHERE project.id = ANY(ARRAY(%s)) AND project.account_id IS NOT NULL)""",
        move_types,
        env["account.move.line"]._query_analytic_accounts("item"),
        projects,
    )


def projects_of_moves(env, moves):
    """The same, the other way round."""
    return SQL(
        """SELECT project.id FROM account_move_line item
        CROSS JOIN LATERAL unnest(%s) AS account(key)
        JOIN project_project project ON project.account_id = NULLIF(key, '')::int
        WHERE item.move_id = ANY(ARRAY(%s))""",
        env["account.move.line"]._query_analytic_accounts("item"),
        moves,
    )


def partners_of(table, ids):
    """The contacts that rows of a table name."""
    return SQL(
        "SELECT named.partner_id FROM %s named"
        " WHERE named.id = ANY(ARRAY(%s)) AND named.partner_id IS NOT NULL",
        SQL.identifier(table),
        ids,
    )


def of_partners(table, partners):
    """The rows of a table that name these contacts."""
    return SQL(
        "SELECT named.id FROM %s named WHERE named.partner_id = ANY(ARRAY(%s))",
        SQL.identifier(table),
        partners,
    )


def moves_of_partners(partners, move_types):
    return SQL(
        "SELECT move.id FROM account_move move"
        " WHERE move.partner_id = ANY(ARRAY(%s)) AND move.move_type = ANY(%s)",
        partners,
        move_types,
    )


def clients_of_projects(projects):
    """The clients of projects; of a project without one, those of its orders."""
    unassigned = SQL(
        "SELECT project.id FROM project_project project"
        " WHERE project.id = ANY(ARRAY(%s)) AND project.partner_id IS NULL",
        projects,
    )
    return union(
        partners_of("project_project", projects),
        partners_of("sale_order", orders_of_projects(unassigned)),
    )


def projects_of_partners(partners):
    """The same, the other way round: a project of another client is not theirs."""
    named = SQL(
        "SELECT sale.project_id FROM sale_order sale"
        " WHERE sale.partner_id = ANY(ARRAY(%s)) AND sale.project_id IS NOT NULL",
        partners,
    )
    orders = of_partners("sale_order", partners)
    return union(
        of_partners("project_project", partners),
        SQL(
            "SELECT project.id FROM project_project project"
            " WHERE project.id = ANY(ARRAY(%s)) AND project.partner_id IS NULL",
            projects_of_orders(orders, named),
        ),
    )
