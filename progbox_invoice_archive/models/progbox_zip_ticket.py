from odoo import api, fields, models


# Transient, but no wizard: nobody fills it in.
class ProgboxZipTicket(models.TransientModel):  # pylint: disable=no-wizard-in-models
    """What somebody has chosen to download: an address cannot carry it.

    The ticket gives no right: with it, its owner gets what they may read by then.
    """

    _name = "progbox.zip.ticket"
    _inherit = "progbox.own.values.mixin"
    _description = "Ticket for a Zip"

    name = fields.Char(required=True, readonly=True)
    company_ids = fields.Many2many("res.company", required=True, readonly=True)
    domain = fields.Json(required=True, readonly=True)

    @api.model
    def _issue(self, companies, domain, stem):
        """Return a ticket for the user of the environment.

        :param res.company companies: of the documents
        :param domain: which of their documents
        :param str stem: name of the zip, without extension
        """
        ticket = self.sudo().create(
            {"name": stem, "company_ids": companies.ids, "domain": list(domain)}
        )
        return ticket.with_env(self.env)

    def _redeem(self):
        """Return what the ticket stands for: companies, domain and name of the zip.

        :raise AccessError: for anybody but its owner
        """
        self.check_access("read")
        return self.sudo().company_ids.with_env(self.env), self.domain, self.name
