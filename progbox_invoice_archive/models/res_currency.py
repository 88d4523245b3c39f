from odoo import api, models
from odoo.fields import Domain


class ResCurrency(models.Model):
    _inherit = "res.currency"

    @api.model
    def _progbox_totals_text(self, totals):
        """Return amounts as a person reads them: "€ 1,200.00 · $ 300.00".

        :param dict totals: amounts by the name of their currency, which may be gone
        """
        currencies = self.with_context(active_test=False)
        by_name = {
            currency.name: currency
            for currency in currencies.search(Domain("name", "in", list(totals)))
        }
        return " · ".join(
            by_name[name].format(float(total)) if name in by_name else f"{total} {name}"
            for name, total in sorted(totals.items())
        )
