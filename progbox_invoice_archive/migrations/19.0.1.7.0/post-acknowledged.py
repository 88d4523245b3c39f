from odoo import SUPERUSER_ID, api
from odoo.fields import Domain


def migrate(cr, version):
    """Put on record what was acknowledged before: without it, nobody believes it."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    findings = env["progbox.verification.finding"].search(
        Domain("acknowledged_on", "!=", False)
    )
    findings._note_acknowledged()
