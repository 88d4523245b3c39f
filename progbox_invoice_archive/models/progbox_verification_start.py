import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .progbox_job_mixin import OPEN_STATES


class ProgboxVerification(models.Model):
    """How runs come about: queued by a button or a cron, or begun at once."""

    _inherit = "progbox.verification"

    @api.model
    def _enqueue(self, companies, door, **values):
        """Queue a run for each company, unless one is under way.

        :param res.company companies: whose archives
        :param str door: a key of the field ``door``
        :return: the open runs, one per company
        """
        runs = self.sudo().search(self._open_domain(companies))
        new = self.sudo().create(
            [
                {"company_id": company.id, "door": door, "user_id": self.env.uid}
                | values
                for company in companies - runs.company_id
            ]
        )
        if door == "button":
            # Somebody is waiting: also for the run that a failure has put off.
            runs.filtered(lambda run: run.state != "running")._job_write(
                {"state": "pending", "attempts": 0, "next_try": fields.Datetime.now()}
            )
        self._job_trigger()
        return (runs | new).with_env(self.env)

    @api.model
    def _enqueue_monthly(self):
        """Cron: queue a run for each company that has an archive."""
        self._enqueue(self._companies(), "cron")

    @api.model
    def _open_domain(self, companies):
        return Domain("company_id", "in", companies.ids) & Domain(
            "state", "in", OPEN_STATES
        )

    @api.model
    def _companies(self):
        """Return the companies that have an archive, or once had one."""
        query = SQL(
            """SELECT company_id FROM progbox_seal
            UNION SELECT company_id FROM progbox_folder WHERE locked
            UNION SELECT company_id FROM progbox_verification
            ORDER BY company_id"""
        )
        ids = [id_ for [id_] in self.env.execute_query(query)]
        return self.env["res.company"].browse(ids)

    @api.model
    def _start_here(self, company, values, ledger=None):
        """Begin a run in this process, instead of one that is queued.

        :param dict values: field values of the run
        :param ledger: iterable of bytes, an exported ledger to compare with
        :return: the run, with its lease taken
        :raise UserError: while another worker verifies this company
        """
        runs = self.sudo()
        queued = runs.search(self._open_domain(company))
        alive = queued & runs.search(
            Domain("state", "=", "running")
            & Domain("lease_until", ">=", fields.Datetime.now())
        )
        if alive or len(queued.try_lock_for_update()) < len(queued):
            raise UserError(
                self.env._(
                    "The archive of %(company)s is being verified by %(worker)s.",
                    company=company.display_name,
                    worker=alive.lease_holder or "?",
                )
            )
        if queued:
            told = queued.with_context(lang=queued._job_language())
            queued._job_finish(
                "cancelled", told.env._("A run from the command line took its place.")
            )
            queued.flush_recordset()
        run = runs.create({"company_id": company.id, "user_id": self.env.uid, **values})
        if ledger:
            run._keep_ledger(ledger)
        run._job_begin_attempt()
        return run

    def _stop_here(self):
        """End a run that was interrupted on the command line."""
        told = self.with_context(lang=self._job_language())
        self._job_finish("cancelled", told.env._("Stopped on the command line."))

    @api.model
    def _parse_anchor(self, text):
        """Read a line of the ledger and its hash, as reports and certificates print it.

        :param str text: ``12:$1$0a…``
        :return: (sequence, hash)
        :raise UserError: for anything else
        """
        match = re.fullmatch(r"(\d+):(\$1\$[0-9a-f]{64})", "".join(text.split()))
        if not match:
            raise UserError(
                self.env._(
                    "%(text)s is no line of the ledger with its hash. Reports and "
                    "certificates print it as LINE:HASH, such as 12:$1$0a…",
                    text=text,
                )
            )
        return int(match[1]), match[2]

    def _keep_ledger(self, blocks):
        attachments = self.env["ir.attachment"]
        attachments._progbox_adopt(
            attachments._progbox_stage(blocks),
            {
                "name": "ledger.jsonl",
                "mimetype": "application/jsonl",
                "res_model": self._name,
                "res_id": self.id,
                "res_field": "ledger",
                "company_id": self.company_id.id,
            },
        )
        self.invalidate_recordset(["ledger"])

    def _ledger_attachment(self):
        """Return what holds the exported ledger, without reading it."""
        attachments = self.env["ir.attachment"].sudo()
        return attachments.search(
            Domain("res_model", "=", self._name)
            & Domain("res_id", "=", self.id)
            & Domain("res_field", "=", "ledger"),
            limit=1,
        )
