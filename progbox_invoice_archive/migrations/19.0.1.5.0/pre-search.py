from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tools.search_words import plain_sql


def migrate(cr, version):
    """Fill in by what documents are found, in one statement.

    Odoo would read every document and every invoice for it.
    """
    cr.execute(
        "ALTER TABLE progbox_document ADD COLUMN IF NOT EXISTS search_text varchar"
    )
    cr.execute(
        SQL(
            """UPDATE progbox_document SET search_text = %s
            FROM progbox_document document
            LEFT JOIN account_move move
                ON document.res_model = 'account.move' AND move.id = document.res_id
            WHERE document.id = progbox_document.id""",
            plain_sql(
                SQL(
                    "concat_ws(' ', document.number, document.partner_name,"
                    " move.invoice_origin, move.payment_reference, move.ref,"
                    " document.name)"
                )
            ),
        )
    )
    # The guards look at each row at the end: with that open, no table is altered.
    cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cr.execute("SET CONSTRAINTS ALL DEFERRED")
