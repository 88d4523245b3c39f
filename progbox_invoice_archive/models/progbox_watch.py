from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.ledger.verify import Finding
from .progbox_closing import GRACE_DAYS
from .progbox_job_mixin import JOB_CODE
from .verification_texts import TEXTS

MANAGERS = "progbox_invoice_archive.group_archive_manager"
# How long work may lie, beyond when it was due, before somebody is told.
PATIENCE = timedelta(days=1)
# A month, and some days for a server that rests.
VERIFIED_EVERY = timedelta(days=38)
# What a month that is over waits for beyond the days that its closing leaves.
CLOSING_PATIENCE = timedelta(days=GRACE_DAYS + 3)


class ProgboxWatch(models.AbstractModel):
    """Sees that the work of the archive goes on, and says so when it does not.

    Whoever may, can switch a scheduled action off: then nothing of it reports itself.
    So this is asked by others: by each verification, by the page of the archive, and by
    Odoo's own daily clean-up.
    """

    _name = "progbox.watch"
    _description = "Watch over the Archive's Work"

    @api.model
    def _expected_crons(self):
        """Hook: what has to run, by model and code.

        :return: dictionary of the names of scheduled actions
        """
        return {
            ("progbox.archive.job", JOB_CODE): "archive posted invoices",
            ("progbox.archive.catchup", "model._run()"): (
                "find invoices the archive lacks"
            ),
            ("progbox.closing", "model._run()"): "close the months of the archive",
            ("progbox.source.deletion", JOB_CODE): (
                "enter deleted invoices into the ledger"
            ),
            ("progbox.verification", JOB_CODE): "verify archives that are queued",
            ("progbox.verification", "model._enqueue_monthly()"): (
                "monthly verification of the archives"
            ),
        }

    @api.model
    def _findings(self, company):
        """Return what of the work for the archive of a company does not go on.

        :param res.company company: whose
        :return: list of Finding
        """
        self.env.flush_all()
        return [*self._cron_findings(), *self._company_findings(company)]

    @api.model
    def _cron_findings(self):
        """Return the scheduled actions that are gone, off, or do not come to run."""
        expected = self._expected_crons()
        rows = self.env.execute_query(
            SQL(
                """SELECT model.model, action.code, max(cron.nextcall)
                    FILTER (WHERE cron.active)
                FROM ir_cron cron
                JOIN ir_act_server action ON action.id = cron.ir_actions_server_id
                JOIN ir_model model ON model.id = action.model_id
                WHERE model.model = ANY(%s) AND action.state = 'code'
                GROUP BY model.model, action.code""",
                list({model for model, _code in expected}),
            )
        )
        next_calls = {(model, code.strip()): call for model, code, call in rows if code}
        late = fields.Datetime.now() - PATIENCE
        findings = []
        for key, name in expected.items():
            if key not in next_calls:
                state = "missing"
            elif next_calls[key] is None:
                state = "off"
            elif next_calls[key] < late:
                state = "late"
            else:
                continue
            findings.append(Finding("cron_off", actual=f"ProGBox: {name} ({state})"))
        return findings

    @api.model
    def _company_findings(self, company):
        now = fields.Datetime.now()
        over = (now - CLOSING_PATIENCE).date().replace(day=1)
        month = over - relativedelta(months=1)
        [[jobs, verified, unclosed]] = self.env.execute_query(
            SQL(
                """SELECT
                    (SELECT count(*) FROM progbox_archive_job
                    WHERE company_id = %(company)s
                    AND state IN ('pending', 'running', 'waiting')
                    AND reason != 'history' AND next_try < %(late)s),
                    COALESCE(
                        (SELECT max(done_on) FROM progbox_verification
                        WHERE company_id = %(company)s AND state = 'done'),
                        (SELECT sealed_on FROM progbox_seal
                        WHERE company_id = %(company)s AND sequence = 1)
                    ),
                    NOT EXISTS (
                        SELECT FROM progbox_closing WHERE company_id = %(company)s
                        AND month = %(month)s
                    ) AND EXISTS (
                        SELECT FROM progbox_seal WHERE company_id = %(company)s
                        AND sequence = 1 AND sealed_on < %(over)s
                    ) AND EXISTS (
                        SELECT FROM progbox_document WHERE company_id = %(company)s
                        AND seal_id IS NOT NULL AND document_date < %(over)s
                    )""",
                company=company.id,
                late=now - PATIENCE,
                month=month,
                over=over,
            )
        )
        findings = []
        if jobs:
            findings.append(Finding("job_late", actual=str(jobs)))
        if verified and verified < now - VERIFIED_EVERY:
            findings.append(Finding("verification_late", actual=f"{verified:%Y-%m-%d}"))
        # While the archiver is busy with a month, its closing waits for it.
        if unclosed and not self.env["progbox.closing"]._archiver_is_busy(
            company, over
        ):
            findings.append(Finding("closing_late", actual=f"{month:%Y-%m}"))
        return findings

    @api.model
    def _told(self, company):
        """Return the same, each with a sentence in the language of the environment.

        :return: list of (Finding, sentence)
        """
        return [
            (
                finding,
                self.env._(TEXTS[finding.kind][0], actual=finding.actual),
            )
            for finding in self._findings(company)
        ]

    @api.model
    def _warnings(self):
        """Return what the page of the archive warns of, for who looks after it."""
        if not self.env.user.has_group(MANAGERS):
            return []
        companies = self.env.companies
        several = len(companies) > 1
        watch = self.sudo()
        return list(
            dict.fromkeys(
                f"{company.display_name}: {message}"
                if several and finding.kind != "cron_off"
                else message
                for company in companies
                for finding, message in watch._told(company)
            )
        )

    @api.model
    def _look(self, companies):
        """Tell the managers of archives what does not go on, or take that back.

        :param res.company companies: whose archives
        """
        alerts = self.env["mail.activity"].sudo()
        for company in companies:
            told = alerts._progbox_to_manager(company)
            watch = self.with_env(told.env)
            messages = [message for _finding, message in watch._told(company)]
            told._progbox_report_stopped(company, messages)

    @api.autovacuum
    def _look_daily(self):
        """Look from Odoo's own clean-up: none of our scheduled actions is needed."""
        self._look(self.env["progbox.verification"]._companies())
