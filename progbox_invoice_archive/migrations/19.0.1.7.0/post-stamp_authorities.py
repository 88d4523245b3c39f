from odoo import SUPERUSER_ID, api

from odoo.addons.progbox_invoice_archive.models.stamp_authorities import (
    note_authorities,
)


def migrate(cr, version):
    """Put on record which time-stamping authorities are trusted already.

    Stamps from before keep counting when one of these has made them.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    for company in env["res.company"].with_context(active_test=False).search([]):
        note_authorities(company)
