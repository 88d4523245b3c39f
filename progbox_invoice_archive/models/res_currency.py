from odoo import api, models
from odoo.fields import Domain


class ResCurrency(models.Model):
    _inherit = "res.currency"

    @api.model
    def _progbox_totals_writer(self, names):
        """Return a function that writes amounts: "€ 1,200.00 · $ 300.00".

        It takes a dictionary of amounts by the name of their currency.

        :param names: of all the currencies that will come; one may be gone
        """
        currencies = self.with_context(active_test=False)
        by_name = {
            currency.name: currency
            for currency in currencies.search(Domain("name", "in", list(names)))
        }

        def write(totals):
            return " · ".join(
                by_name[name].format(float(total))
                if name in by_name
                else f"{total} {name}"
                for name, total in sorted(totals.items())
            )

        return write
