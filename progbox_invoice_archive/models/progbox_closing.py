from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.sentinels import SERVER


class ProgboxClosing(models.Model):
    """What the archive of a company held for one month, at one moment.

    A closing is a line of the ledger itself, and it names the last line before
    it. Printed and kept elsewhere, it is the anchor against which cutting off the
    end of the ledger shows. What changes the month later opens a supplementary one:
    another document, an invoice that is deleted or posted anew in another month.
    """

    _name = "progbox.closing"
    _inherit = "progbox.append.only"
    _description = "Month Closing"
    _order = "month desc, number desc, id desc"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    number = fields.Integer(
        required=True,
        readonly=True,
        aggregator=None,
        help="1 for the closing of the month, more for supplementary ones.",
    )
    document_count = fields.Integer(string="Documents", readonly=True)
    new_document_count = fields.Integer(
        string="New Documents",
        readonly=True,
        help="Documents that the closing before this one did not have.",
    )
    totals = fields.Json(
        readonly=True,
        help="Amount of the invoices that were not deleted in Odoo, each once, in its "
        "current version; by currency, as decimal texts.",
    )
    totals_text = fields.Char(string="Total", compute="_compute_totals_text")
    last_sequence = fields.Integer(string="Last Line", readonly=True, aggregator=None)
    last_hash = fields.Char(string="Hash of the Last Line", readonly=True)
    seal_id = fields.Many2one(
        "progbox.seal", required=True, readonly=True, ondelete="restrict"
    )
    closed_on = fields.Datetime(required=True, readonly=True)
    closed_by = fields.Char(readonly=True)

    _month_unique = models.Constraint(
        "UNIQUE(company_id, month, number)", "This month has this closing already."
    )

    @api.depends("month", "number")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for closing in self:
            month = closing._month_text()
            closing.display_name = (
                self.env._("%(month)s, closing", month=month)
                if closing.number <= 1
                else self.env._(
                    "%(month)s, supplementary closing %(number)s",
                    month=month,
                    number=closing.number - 1,
                )
            )

    def _month_text(self):
        """Return the month as a person of the current language writes it."""
        return format_date(self.env, self.month, date_format="MMMM y")

    @api.depends("totals")
    @api.depends_context("lang")
    def _compute_totals_text(self):
        names = {name for closing in self for name in closing.totals or {}}
        writer = self.env["res.currency"]._progbox_totals_writer(names)
        for closing in self:
            closing.totals_text = writer(closing.totals or {})

    def _refusal(self):
        return self.env._(
            "A month is closed for good. What comes later makes a supplementary "
            "closing."
        )

    # ------------------------------------------------------------------
    # Closing
    # ------------------------------------------------------------------

    @api.model
    def _close(self, company, month):
        """Close one month, whether it is over or not.

        :param date month: any day of it
        :rtype: progbox.closing
        """
        seals = self.env["progbox.seal"]
        seals._lock()
        month = month.replace(day=1)
        former = self.search(
            Domain("company_id", "=", company.id) & Domain("month", "=", month),
            order="number desc",
            limit=1,
        )
        last = seals.sudo()._last(company)
        values = {
            "company_id": company.id,
            "month": month,
            "number": former.number + 1,
            **self._month_values(company, month, former.last_sequence),
            "last_sequence": last.sequence,
            "last_hash": last.hash,
            "closed_by": self.env.user.name,
        }
        seal = seals._append(company, "closing", self.new(values)._sealed_content())
        sealer = self.sudo().with_context(progbox_server=SERVER)
        closing = sealer.create(
            {**values, "seal_id": seal.id, "closed_on": seal.sealed_on}
        )
        return closing.with_env(self.env)

    def _sealed_content(self):
        """Return what the ledger vouches for, as JSON has it."""
        self.ensure_one()
        return {
            "month": self.month and f"{self.month:%Y-%m}",
            "number": self.number,
            "documents": self.document_count,
            "new_documents": self.new_document_count,
            "totals": self.totals or {},
            "last_sequence": self.last_sequence,
            "last_hash": self.last_hash or None,
            "closed_by": self.closed_by,
        }

    @api.model
    def _month_values(self, company, month, former_sequence):
        """Return count and totals of a month, as field values.

        :param int former_sequence: last line that the closing before knew
        """
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        [[count, new]] = self.env.execute_query(
            SQL(
                """SELECT count(*), count(*) FILTER (WHERE seal.sequence > %s)
                FROM progbox_document document
                JOIN progbox_seal seal ON seal.id = document.seal_id
                WHERE %s""",
                former_sequence or 0,
                self._month_sql(company, month),
            )
        )
        totals = self.env.execute_query(
            SQL(
                """SELECT currency_name, sum(amount_total)::text
                FROM %s AS invoice GROUP BY currency_name""",
                documents._invoices_sql(self._month_sql(company, month)),
            )
        )
        return {
            "document_count": count,
            "new_document_count": new,
            "totals": dict(totals),
        }

    @api.model
    def _month_sql(self, company, month):
        return SQL(
            "document.seal_id IS NOT NULL AND document.company_id = %s"
            " AND document.document_date >= %s AND document.document_date < %s",
            company.id,
            month,
            month + relativedelta(months=1),
        )
