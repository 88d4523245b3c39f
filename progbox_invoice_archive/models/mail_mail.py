from odoo import fields, models


class MailMail(models.Model):
    """Knows the e-mails of an archive: one that cannot be sent is said there."""

    _inherit = "mail.mail"

    progbox_company_id = fields.Many2one(
        "res.company",
        string="Archive of",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
