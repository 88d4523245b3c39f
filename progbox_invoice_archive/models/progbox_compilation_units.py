import datetime
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.sorting import natural_key


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

    A model, so that other add-ons extend it: what else a backup holds in
    ``_find_units``, other orders in ``_sort_keys``, what an invoice names as its
    contract in ``_contract_sql``.
    """

    _name = "progbox.compilation.units"
    _description = "Invoices of an Invoice Backup"

    @api.model
    def _units(self, job):
        """Return the units of a backup in their order.

        :param progbox.compilation job: as its requester
        :return: list of Unit, and the ids of the invoices that the requester may
            not read any more
        """
        units = self._find_units(job)
        there = {unit.res_id for unit in units if unit.res_model == "account.move"}
        gone = [id_ for id_ in job._selected_move_ids() if id_ not in there]
        return sorted(units, key=self._sort_key(job)), gone

    @api.model
    def _find_units(self, job):
        """Return the units of a backup in any order; to be extended.

        :param job: progbox.compilation, or the wizard that asks for one
        """
        return self._units_of_moves(job) + self._units_of_documents(job)

    @api.model
    def _sort_key(self, job):
        """Return the function that gives what a unit is sorted by."""
        arranged = {id_: place for place, id_ in enumerate(job.arranged or [])}
        last = len(arranged)

        def by_hand(unit):
            return (arranged.get(unit.res_id, last), unit.position)

        by = {"manual": by_hand, **self._sort_keys()}[job.sort_by]
        return lambda unit: (
            natural_key(unit.group[0]),
            unit.group,
            by(unit),
            unit.res_id,
        )

    @api.model
    def _sort_keys(self):
        """Return the orders that people choose from; to be extended.

        :return: by the key of ``sort_by``, a function that gives what a Unit is
            sorted by
        """

        def day(unit):
            return unit.date or datetime.date.max

        return {
            # What names no contract comes last, by client or vendor.
            "contract": lambda unit: (
                not unit.contract,
                natural_key(unit.contract or unit.partner),
                unit.position,
            ),
            "date": lambda unit: (day(unit), unit.position),
            "partner": lambda unit: (
                natural_key(unit.partner),
                day(unit),
                unit.position,
            ),
        }

    @api.model
    def _units_of_moves(self, job):
        """Return the invoices that the requester may read.

        Plain SQL: ten thousand records would not fit into the memory of a worker.
        """
        moves = self.env["account.move"]
        moves.flush_model()
        self.env["res.partner"].flush_model(["name"])
        readable = moves._search(
            Domain("id", "in", job._selected_move_ids())
            & Domain("company_id", "=", job.company_id.id)
            & Domain("move_type", "!=", "entry")
        )
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT move.id, move.name, move.ref, %(day)s AS day,
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

        The order it comes from, else the client's reference. A bill's reference is
        the vendor's number of that one bill, so it is no contract.
        """
        return SQL(
            """COALESCE(
                NULLIF(trim(move.invoice_origin), ''),
                CASE WHEN move.move_type NOT IN %s
                    THEN NULLIF(trim(move.ref), '') END
            )""",
            tuple(self.env["account.move"]._progbox_vendor_types()),
        )

    @api.model
    def _number(self, row):
        if row["name"] and row["name"] != "/":
            return row["name"]
        return self.env._("Draft %(id)s", id=row["ref"] or row["id"])

    @api.model
    def _units_of_documents(self, job):
        documents = self.env["progbox.document"].search_fetch(
            Domain("id", "in", job.document_ids.ids)
            & Domain("company_id", "=", job.company_id.id),
            ["name", "number", "partner_name", "document_date"],
        )
        renumbered = documents._renumbered()
        return [
            Unit(
                "progbox.document",
                document.id,
                documents._number_text(
                    document.number or document.name, renumbered.get(document.id)
                ),
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
            # Two of one name are two files.
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
