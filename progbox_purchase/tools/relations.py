"""How purchase orders hang together with bills and projects."""

from odoo.tools import SQL


def bills_of_purchases(purchases):
    return SQL(
        """SELECT item.move_id FROM purchase_order_line line
        JOIN account_move_line item ON item.purchase_line_id = line.id
        WHERE line.order_id = ANY(ARRAY(%s))""",
        purchases,
    )


def purchases_of_bills(moves):
    return SQL(
        """SELECT line.order_id FROM account_move_line item
        JOIN purchase_order_line line ON line.id = item.purchase_line_id
        WHERE item.move_id = ANY(ARRAY(%s))""",
        moves,
    )


def purchases_of_projects(projects):
    return SQL(
        "SELECT purchase.id FROM purchase_order purchase"
        " WHERE purchase.project_id = ANY(ARRAY(%s))",
        projects,
    )


def projects_of_purchases(purchases):
    return SQL(
        "SELECT purchase.project_id FROM purchase_order purchase"
        " WHERE purchase.id = ANY(ARRAY(%s)) AND purchase.project_id IS NOT NULL",
        purchases,
    )
