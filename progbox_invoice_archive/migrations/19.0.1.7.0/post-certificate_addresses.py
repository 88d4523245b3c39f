from odoo import SUPERUSER_ID, api

from odoo.addons.progbox_invoice_archive.models.certificate_addresses import (
    put_on_record,
)


def migrate(cr, version):
    """Note who gets the closing certificates in the access log, as it is now."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for company in env["res.company"].with_context(active_test=False).search([]):
        put_on_record(company)
