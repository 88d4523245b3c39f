from odoo import SUPERUSER_ID, api

from odoo.addons.progbox_invoice_archive.models.progbox_archive_catchup import (
    SEEN_UNTIL,
)


def migrate(cr, version):
    """Have replies of authorities found that came before they were archived."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["ir.config_parameter"].set_param(SEEN_UNTIL, False)
