import datetime
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class Unit(NamedTuple):
    """What gets a chapter of its own in a backup: an invoice, most of the time.

    :param res_model, res_id: the record
    :param number: what people call it
    :param position: what it is sorted by within its contract
    :param group: (key, name) of the file it goes into
    """

    res_model: str
    res_id: int
    number: str
    partner: str
    date: datetime.date | None
    contract: str
    position: tuple
    group: tuple


class ProgboxCompilationUnits(models.AbstractModel):
    """Which invoices a backup has, in which order, and in which file.

    Plain SQL over what the requester may read: ten thousand records would not fit
    into the memory of a worker.
    """

    _name = "progbox.compilation.units"
    _description = "Invoices of an Invoice Backup"

    @api.model
    def _units(self, job):
        """Return the units of a backup in their order; to be extended.

        :param progbox.compilation job: as its requester
        :return: list of Unit, and the ids of the invoices that the requester may
            not read any more
        """
        units = self._units_of_moves(job) + self._units_of_documents(job)
        there = {unit.res_id for unit in units if unit.res_model == "account.move"}
        gone = [id_ for id_ in self._selected_ids(job) if id_ not in there]
        return sorted(units, key=self._sort_key(job)), gone

    @api.model
    def _selected_ids(self, job):
        rows = self.env.execute_query(
            SQL(
                "SELECT move_id FROM progbox_compilation_move_rel"
                " WHERE compilation_id = %s ORDER BY move_id",
                job.id,
            )
        )
        return [id_ for [id_] in rows]

    @api.model
    def _sort_key(self, job):
        arranged = {id_: place for place, id_ in enumerate(job.arranged or [])}
        last = len(arranged)

        def key(unit):
            date = unit.date or datetime.date.max
            by = {
                "contract": (not unit.contract, unit.contract, unit.position),
                "date": (date, unit.position),
                "partner": (unit.partner.casefold(), date, unit.position),
                "manual": (arranged.get(unit.res_id, last), unit.position),
            }[job.sort_by]
            return (unit.group[0], by, unit.res_id)

        return key

    @api.model
    def _units_of_moves(self, job):
        moves = self.env["account.move"]
        moves.flush_model()
        self.env["res.partner"].flush_model(["name"])
        readable = moves._search(
            Domain("id", "in", self._selected_ids(job))
            & Domain("company_id", "=", job.company_id.id)
            & Domain("move_type", "!=", "entry")
        )
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT move.id, move.name, move.state, %(day)s AS day,
                    %(period)s AS period, partner.id AS partner_id,
                    COALESCE(partner.name, move.invoice_partner_display_name, '')
                        AS partner,
                    COALESCE(%(contract)s, '') AS contract,
                    COALESCE(move.sequence_prefix, '') AS prefix,
                    COALESCE(move.sequence_number, 0) AS number
                FROM account_move move
                LEFT JOIN res_partner partner
                    ON partner.id = move.commercial_partner_id
                WHERE move.id IN %(readable)s""",
                day=moves._progbox_day_sql("move"),
                period=moves._progbox_period_sql("move"),
                contract=self._contract_sql(),
                readable=readable.subselect(),
            )
        )
        periods = self._period_names({row["period"] for row in rows if row["period"]})
        return [
            Unit(
                "account.move",
                row["id"],
                self._number(row),
                row["partner"],
                row["day"],
                row["contract"],
                (row["prefix"], row["number"], row["id"]),
                self._group(
                    job, row["partner_id"], row["partner"], row["period"], periods
                ),
            )
            for row in rows
        ]

    @api.model
    def _contract_sql(self):
        """Return what an invoice names as its contract; to be extended.

        The order it comes from; for a bill without one, the vendor's reference.
        """
        return SQL(
            "NULLIF(trim(COALESCE(NULLIF(move.invoice_origin, ''), move.ref)), '')"
        )

    @api.model
    def _number(self, row):
        if row["name"] and row["name"] != "/":
            return row["name"]
        return self.env._("Draft %(id)s", id=row["id"])

    @api.model
    def _units_of_documents(self, job):
        documents = self.env["progbox.document"].search_fetch(
            Domain("id", "in", job.document_ids.ids)
            & Domain("company_id", "=", job.company_id.id),
            ["name", "number", "partner_name", "document_date"],
        )
        return [
            Unit(
                "progbox.document",
                document.id,
                document.number or document.name,
                document.partner_name or "",
                document.document_date or None,
                "",
                ("", 0, document.id),
                self._group_of_document(job, document),
            )
            for document in documents
        ]

    @api.model
    def _group_of_document(self, job, document):
        period = self.env["progbox.billing.period"].browse()
        if document.document_date:
            period = period._of_day(job.company_id, document.document_date)
        return self._group(
            job,
            document.partner_name,
            document.partner_name or "",
            period.id,
            self._period_names(period.ids),
        )

    @api.model
    def _group(self, job, partner_id, partner, period, periods):
        """Return the key and the name of the file that an invoice goes into."""
        if job.split_by == "partner":
            # Two clients of one name are two files.
            return f"{partner.casefold()} {partner_id or ''}", partner
        if job.split_by == "period":
            return periods.get(period, ("", ""))
        return "", ""

    @api.model
    def _period_names(self, ids):
        periods = self.env["progbox.billing.period"].browse(ids)
        return {
            period.id: (period.date_from.isoformat(), period.display_name)
            for period in periods
        }
