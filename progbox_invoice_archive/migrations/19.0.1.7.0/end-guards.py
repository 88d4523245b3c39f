from odoo import SUPERUSER_ID, api

from odoo.addons.progbox_invoice_archive.models import guards_lines

REPAIRED = "progbox_invoice_archive.guards_repaired"


def migrate(cr, version):
    """Enter into the ledger when guards were found lifted, instead of a parameter."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    parameters = env["ir.config_parameter"]
    repaired = parameters.get_param(REPAIRED)
    if not repaired:
        return
    # The guards of before know no such line.
    env["progbox.ledger.guards"]._guards_ensure()
    for company in guards_lines.companies(env):
        for text in repaired.splitlines():
            found_on, guards = guards_lines.noted_before(text)
            guards_lines.note_lifted(env, company, guards, found_on)
        guards_lines.note_restored(env, company)
    parameters.set_param(REPAIRED, False)
