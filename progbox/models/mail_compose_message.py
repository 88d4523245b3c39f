from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"
