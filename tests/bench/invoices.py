"""Customer invoices for the benchmarks."""

from odoo.fields import Command


def draft_invoices(env, count, lines=3):
    """As many committed draft invoices of one client, in the demo company."""
    client = env["res.partner"].search([("name", "=", "Bench")]) or env[
        "res.partner"
    ].create({"name": "Bench", "street": "1 quai des Mesures", "city": "Lyon"})
    client.invoice_edi_format = False
    values = {
        "move_type": "out_invoice",
        "partner_id": client.id,
        "invoice_date": "2026-11-02",
        "invoice_line_ids": [
            Command.create({"name": f"Poste {n}", "quantity": n, "price_unit": 100})
            for n in range(1, lines + 1)
        ],
    }
    invoices = env["account.move"].create([values] * count)
    env.cr.commit()
    return invoices


def posted_invoices(env, count, lines=3):
    """The same, posted; with the archive each has its job then."""
    invoices = draft_invoices(env, count, lines)
    invoices.action_post()
    env.cr.commit()
    return invoices
