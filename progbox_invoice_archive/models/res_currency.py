from odoo import api, models
from odoo.fields import Domain
from odoo.tools import ormcache


class ResCurrency(models.Model):
    _inherit = "res.currency"

    @api.model
    @ormcache(cache="stable")
    def _progbox_ids(self):
        """Return the ids of all currencies by name, also of those not in use.

        Odoo clears this cache when a currency comes, goes or gets another name.
        """
        currencies = self.sudo().with_context(active_test=False)
        return dict(currencies._read_group(Domain.TRUE, ["name"], ["id:max"]))

    @api.model
    def _progbox_totals_writer(self, names):
        """Return a function that writes amounts: "€ 1,200.00 · $ 300.00".

        It takes a dictionary of amounts by the name of their currency.

        :param names: of all the currencies that will come; one may be gone
        """
        ids = self._progbox_ids()
        by_name = {name: self.browse(ids[name]) for name in names if name in ids}

        def write(totals):
            return " · ".join(
                by_name[name].format(float(total))
                if name in by_name
                else f"{total} {name}"
                for name, total in sorted(totals.items())
            )

        return write
