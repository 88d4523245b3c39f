from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    progbox_company_id = fields.Many2one(
        "res.company",
        string="Archive of",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
