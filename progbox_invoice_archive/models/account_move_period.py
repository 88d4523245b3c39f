from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class AccountMove(models.Model):
    """Every invoice knows the billing period of its date."""

    _inherit = "account.move"

    progbox_period_id = fields.Many2one(
        "progbox.billing.period",
        string="Billing Period",
        compute="_compute_progbox_period_id",
        search="_search_progbox_period_id",
        groups="progbox_invoice_archive.group_archive_reader",
    )

    @api.depends("company_id", "invoice_date", "date", "move_type")
    def _compute_progbox_period_id(self):
        periods = self.env["progbox.billing.period"].sudo()
        for scope, moves in self.grouped(lambda m: m._progbox_scope_key()).items():
            days = [day for move in moves if (day := move._progbox_day())]
            ours = periods.browse()
            if days:
                ours = periods.search(
                    Domain("scope_key", "=", scope)
                    & Domain("date_from", "<=", max(days))
                    & Domain("date_to", ">=", min(days))
                )
            for move in moves:
                day = move.is_invoice(include_receipts=True) and move._progbox_day()
                move.progbox_period_id = day and next(
                    (p.id for p in ours if p.date_from <= day <= p.date_to), False
                )

    def _search_progbox_period_id(self, operator, value):
        periods = self.env["progbox.billing.period"]
        if operator in ("any", "any!"):
            value = set(periods.search(value).ids)
        elif operator in ("ilike", "=ilike", "like"):
            value = set(periods.search(Domain("display_name", operator, value)).ids)
        elif operator != "in":
            return NotImplemented
        ids = tuple(value)
        return Domain.custom(
            to_sql=lambda moves, alias, _query: SQL(
                "COALESCE(%s, 0) IN %s",
                moves._progbox_period_sql(alias),
                tuple(id_ or 0 for id_ in ids) or (-1,),
            ),
            predicate=lambda move: move.progbox_period_id.id in ids,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Lists are grouped by the period, although no column holds it."""
        if field_expr == "progbox_period_id":
            self._check_field_access(self._fields[field_expr], "read")
            return self._progbox_period_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    def _progbox_scope_key(self):
        """Return whose periods an invoice is in: a period's ``scope_key``.

        To be extended together with ``_progbox_scope_sql``.
        """
        return self.company_id.id

    @api.model
    def _progbox_scope_sql(self, alias):
        return SQL("%s.company_id", SQL.identifier(alias))

    def _progbox_day(self):
        """Return the day that decides about the period."""
        return self.invoice_date or self.date

    @api.model
    def _progbox_day_sql(self, alias):
        return SQL(
            "COALESCE(%(move)s.invoice_date, %(move)s.date)",
            move=SQL.identifier(alias),
            to_flush=[self._fields["invoice_date"], self._fields["date"]],
        )

    @api.model
    def _progbox_period_sql(self, alias):
        self.env["progbox.billing.period"].flush_model(
            ["scope_key", "date_from", "date_to"]
        )
        return SQL(
            """(SELECT period.id FROM progbox_billing_period period
            WHERE period.scope_key = %(scope)s
            AND %(move)s.move_type != 'entry'
            AND %(day)s BETWEEN period.date_from AND period.date_to)""",
            scope=self._progbox_scope_sql(alias),
            move=SQL.identifier(alias),
            day=self._progbox_day_sql(alias),
        )
