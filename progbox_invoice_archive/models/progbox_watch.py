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
        """Hook: what has to run, and how often at least.

        :return: dictionary of (model, code, name, timedelta) by the full XML id of the
            scheduled action
        """
        hour, day = timedelta(hours=1), timedelta(days=1)
        rows = (
            ("archive", "archive.job", JOB_CODE, "archive posted invoices", hour),
            (
                "catchup",
                "archive.catchup",
                "model._run()",
                "find invoices the archive lacks",
                hour,
            ),
            (
                "closing",
                "closing",
                "model._run()",
                "close the months of the archive",
                day,
            ),
            (
                "time_stamp",
                "time.stamp",
                JOB_CODE,
                "have the ledger time-stamped",
                hour,
            ),
            (
                "closing_mail",
                "closing.mail",
                JOB_CODE,
                "send the closing certificates",
                hour,
            ),
            (
                "source_deletion",
                "source.deletion",
                JOB_CODE,
                "enter deleted invoices into the ledger",
                hour,
            ),
            (
                "verification",
                "verification",
                JOB_CODE,
                "verify archives that are queued",
                hour,
            ),
            (
                "verification_monthly",
                "verification",
                "model._enqueue_monthly()",
                "monthly verification of the archives",
                timedelta(days=31),
            ),
        )
        return {
            f"progbox_invoice_archive.ir_cron_{id_}": (f"progbox.{model}", *values)
            for id_, model, *values in rows
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
        """Return the scheduled actions that are gone, off, or do not come to run.

        Only our own are looked at: another one that does the same says nothing of how
        long it will be there.
        """
        expected = self._expected_crons()
        rows = self.env.execute_query(
            SQL(
                """SELECT data.module || '.' || data.name, model.model, action.code,
                    cron.active, cron.nextcall, now() AT TIME ZONE 'UTC'
                FROM ir_model_data data
                JOIN ir_cron cron ON cron.id = data.res_id
                JOIN ir_act_server action ON action.id = cron.ir_actions_server_id
                JOIN ir_model model ON model.id = action.model_id
                WHERE data.model = 'ir.cron' AND action.state = 'code'
                AND data.module || '.' || data.name = ANY(%s)""",
                list(expected),
            )
        )
        crons = {xmlid: values for xmlid, *values in rows}
        findings = []
        for xmlid, (model, code, name, interval) in expected.items():
            found_model, found_code, *times = crons.get(xmlid) or (None, None)
            if (found_model, (found_code or "").strip()) != (model, code):
                state = "missing"
            else:
                state = self._cron_state(interval, *times)
            if state:
                findings.append(
                    Finding("cron_off", actual=f"ProGBox: {name} ({state})")
                )
        return findings

    @api.model
    def _cron_state(self, interval, active, next_call, database_now):
        """Return why a scheduled action does not run, None when it does."""
        now = fields.Datetime.now()
        if not active:
            return "off"
        if next_call < now - PATIENCE:
            return "late"
        # A date far ahead, by itself or by a long interval, is as good as off.
        if next_call > max(now, database_now) + 2 * interval + PATIENCE:
            return "put off"
        return None

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
        told = []
        for finding in self._findings(company):
            sentence = self.env._(TEXTS[finding.kind][0])
            # A lazy text takes no values before it is translated.
            told.append((finding, sentence % {"actual": finding.actual}))
        return told

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
