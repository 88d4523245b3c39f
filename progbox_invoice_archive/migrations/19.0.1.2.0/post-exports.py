from odoo import SUPERUSER_ID, api
from odoo.fields import Domain


def migrate(cr, version):
    """Remove the files of the exports from before."""
    attachments = api.Environment(cr, SUPERUSER_ID, {})["ir.attachment"]
    attachments.search(
        Domain("res_model", "=", "progbox.export") & Domain("res_field", "=", "content")
    ).unlink()
