import logging
import time
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..tools.ledger.verify import Finding
from .account_move import ARCHIVED_TYPES, EINVOICE_TYPE
from .declared_pieces import RIGHTS, missing_pieces
from .progbox_closing import GRACE_DAYS
from .progbox_job_mixin import JOB_CODE, OPEN_STATES
from .verification_check import is_of_the_moment, unchecked, waiting_at_most
from .verification_texts import TEXTS

_logger = logging.getLogger(__name__)

MANAGERS = "progbox_invoice_archive.group_archive_manager"
# How long work may lie, beyond when it was due, before somebody is told.
PATIENCE = timedelta(days=1)
# A month, and some days for a server that rests.
VERIFIED_EVERY = timedelta(days=38)
# What a month that is over waits for beyond the days that its closing leaves.
CLOSING_PATIENCE = timedelta(days=GRACE_DAYS + 3)
# Two clocks are never the same. What is dated later than that was not made yet.
AHEAD = timedelta(hours=1)
# How long an old job lets a month be open.
BUSY_FOR = timedelta(days=31)
# The page of the archive opens, whatever somebody has locked.
LOCK_PATIENCE = "5s"
# Seconds after which the next posting looks again, and when each company was looked
# at, by database and id; each process looks for itself.
LOOK_EVERY = 3600
_looked = {}
# Files of one kind that are named.
MOST_NAMED = 5
# The same for all companies.
COMMON_KINDS = ("cron_off", "helper_missing", "right_missing")


class WatchedCron(NamedTuple):
    """A scheduled action that has to run.

    :param str model: that its code is called on
    :param str code: what it runs
    :param str name: what a person knows it by, translated
    :param str why: what does not happen without it, translated
    :param timedelta every: how often it runs, as the module ships it
    :param timedelta patience: how late it may be
    :param bool is_used: whether anything needs it now
    """

    model: str
    code: str
    name: str
    why: str
    every: timedelta
    patience: timedelta = PATIENCE
    is_used: bool = True


def _due(database, company_ids):
    """Return the companies that nobody has looked at for an hour."""
    now = time.monotonic()
    return [
        id_
        for id_ in company_ids
        if now - _looked.get((database, id_), -LOOK_EVERY) >= LOOK_EVERY
    ]


def _look_by_itself(registry, company_ids):
    """Look in a transaction of its own: a posting does not fail with it.

    Only now they count as looked at: the posting may have been taken back.
    """
    company_ids = _due(registry.db_name, company_ids)
    if not company_ids:
        return
    now = time.monotonic()
    _looked.update({(registry.db_name, id_): now for id_ in company_ids})
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            archived = env["progbox.verification"]._companies()
            env["progbox.watch"]._look(archived.browse(company_ids) & archived)
    except Exception:
        # Another process may look at the same moment; the next posting does again.
        _logger.warning("The archive's work could not be looked at", exc_info=True)


class ProgboxWatch(models.AbstractModel):
    """Sees that the work of the archive goes on, and says so when it does not.

    Whoever may, can switch a scheduled action off: then nothing of it reports itself.
    So this is asked by others: by each verification, by the page of the archive, by
    the next posting, and by Odoo's own daily clean-up.
    """

    _name = "progbox.watch"
    _description = "Watch over the Archive's Work"

    # ------------------------------------------------------------------
    # What other add-ons extend
    # ------------------------------------------------------------------

    @api.model
    def _watched_addons(self):
        """Hook: the add-ons of which nothing may be missing in the database.

        :return: list of their names
        """
        return ["progbox_invoice_archive"]

    @api.model
    def _expected_crons(self):
        """Hook: what has to run, in the language of the environment.

        :return: dictionary of WatchedCron by the full XML id of the scheduled action
        """
        hour, day = timedelta(hours=1), timedelta(days=1)
        rows = {
            "archive": WatchedCron(
                "progbox.archive.job",
                JOB_CODE,
                self.env._("ProGBox: archive posted invoices"),
                self.env._("invoices stay outside of the archive"),
                timedelta(minutes=5),
            ),
            "catchup": WatchedCron(
                "progbox.archive.catchup",
                "model._run()",
                self.env._("ProGBox: find invoices the archive lacks"),
                self.env._("invoices of other ways stay outside of the archive"),
                hour,
            ),
            "closing": WatchedCron(
                "progbox.closing",
                "model._run()",
                self.env._("ProGBox: close the months of the archive"),
                self.env._("months stay open, and the access log is not sealed"),
                day,
            ),
            "time_stamp": WatchedCron(
                "progbox.time.stamp",
                JOB_CODE,
                self.env._("ProGBox: have the ledger time-stamped"),
                self.env._("no authority is asked for time stamps"),
                hour,
            ),
            "closing_mail": WatchedCron(
                "progbox.closing.mail",
                JOB_CODE,
                self.env._("ProGBox: send the closing certificates"),
                self.env._("closing certificates stay here"),
                hour,
            ),
            "source_deletion": WatchedCron(
                "progbox.source.deletion",
                JOB_CODE,
                self.env._("ProGBox: enter deleted invoices into the ledger"),
                self.env._("the ledger does not say who deleted an invoice"),
                hour,
            ),
            "export": WatchedCron(
                "progbox.export",
                JOB_CODE,
                self.env._("ProGBox: build the exports of the archive"),
                self.env._("exports and large zips are not built"),
                hour,
            ),
            "verification": WatchedCron(
                "progbox.verification",
                JOB_CODE,
                self.env._("ProGBox: verify archives that are queued"),
                self.env._("verifications wait"),
                hour,
            ),
            "verification_monthly": WatchedCron(
                "progbox.verification",
                "model._enqueue_monthly()",
                self.env._("ProGBox: monthly verification of the archives"),
                self.env._("no verification comes by itself"),
                timedelta(days=31),
            ),
            "billing_period": WatchedCron(
                "progbox.billing.period",
                "model._run()",
                self.env._("ProGBox: make and open the billing periods"),
                self.env._("new billing periods are missing"),
                day,
            ),
            "compilation": WatchedCron(
                "progbox.compilation",
                JOB_CODE,
                self.env._("ProGBox: compile the invoice backups"),
                self.env._("invoice backups are not made"),
                hour,
            ),
        }
        return {
            f"progbox_invoice_archive.ir_cron_{id_}": cron for id_, cron in rows.items()
        }

    @api.model
    def _needed_pieces(self):
        """Hook: of what people may delete as they like, what is needed all the same.

        :return: set of XML ids of document types and folder templates
        """
        codes = {*ARCHIVED_TYPES.values(), EINVOICE_TYPE, "invoice_backup"}
        return {f"progbox_invoice_archive.document_type_{code}" for code in codes}

    # ------------------------------------------------------------------
    # Findings
    # ------------------------------------------------------------------

    @api.model
    def _findings(self, company):
        """Return what of the work for the archive of a company does not go on.

        :param res.company company: whose
        :return: list of Finding
        """
        return [*self._common_findings(), *self._own_findings(company)]

    @api.model
    def _common_findings(self):
        """Return what concerns all companies."""
        self.env.flush_all()
        return [
            *self._looked_at("scheduled actions", self._cron_findings),
            *self._looked_at("pieces", self._piece_findings),
        ]

    @api.model
    def _own_findings(self, company):
        self.env.flush_all()
        return self._looked_at("work", partial(self._company_findings, company))

    @api.model
    def _looked_at(self, part, find):
        """Return findings; that a table cannot be read, or is locked, is one, too.

        :param str part: what is looked at
        :param find: function that returns a list of Finding
        """
        try:
            with waiting_at_most(self.env.cr, LOCK_PATIENCE):
                return find()
        except psycopg2.Error as error:
            if is_of_the_moment(error):
                raise
            _logger.exception("The archive's work could not be looked at: %s", part)
            return [unchecked(part, error)]

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
        for xmlid, cron in expected.items():
            found_model, found_code, *times = crons.get(xmlid) or (None, None)
            if (found_model, (found_code or "").strip()) != (cron.model, cron.code):
                state = "missing"
            else:
                state = self._cron_state(cron, *times)
            if state and cron.is_used:
                findings.append(Finding("cron_off", actual=f"{xmlid} {state}"))
        return findings

    @api.model
    def _cron_state(self, cron, active, next_call, database_now):
        """Return why a scheduled action does not run, None when it does."""
        now = fields.Datetime.now()
        if not active:
            return "off"
        if next_call < now - cron.patience:
            return "late"
        # A date far ahead, by itself or by a long interval, is as good as off.
        if next_call > max(now, database_now) + 2 * cron.every + cron.patience:
            return "put_off"
        return None

    @api.model
    def _piece_findings(self):
        """Return what the add-ons have brought along, and somebody has deleted."""
        missing = missing_pieces(
            self.env, self._watched_addons(), self._needed_pieces()
        )
        return [
            Finding(
                "right_missing" if model in RIGHTS else "helper_missing",
                actual=" ".join((model, *xmlids)),
            )
            for model, xmlids in missing.items()
        ]

    @api.model
    def _company_findings(self, company):
        now = fields.Datetime.now()
        over = (now - CLOSING_PATIENCE).date().replace(day=1)
        [[verified, stuck, unclosed, mails]] = self.env.execute_query(
            SQL(
                """SELECT
                    COALESCE(
                        (SELECT max(done_on) FROM progbox_verification
                        WHERE company_id = %(company)s AND state = 'done'
                        AND since IS NULL AND done_on <= %(ahead)s),
                        (SELECT sealed_on FROM progbox_seal
                        WHERE company_id = %(company)s AND sequence = 1)
                    ),
                    (SELECT min(coalesce(create_date, %(now)s))
                    FROM progbox_verification
                    WHERE company_id = %(company)s AND state IN %(open)s
                    AND (create_date BETWEEN %(late)s AND %(ahead)s) IS NOT TRUE
                    AND (
                        state != 'running'
                        OR (lease_until BETWEEN %(now)s AND %(soon)s) IS NOT TRUE
                    )),
                    (SELECT min(due)::date FROM progbox_seal seal,
                        generate_series(date_trunc('month', seal.sealed_on),
                            %(over)s::date - interval '1 month', '1 month') due
                    WHERE seal.company_id = %(company)s AND seal.sequence = 1
                    AND NOT EXISTS (
                        SELECT FROM progbox_closing WHERE company_id = %(company)s
                        AND month = due
                    ) AND EXISTS (
                        SELECT FROM progbox_document WHERE company_id = %(company)s
                        AND seal_id IS NOT NULL
                        AND document_date < due + interval '1 month'
                    )),
                    (SELECT count(*) FROM mail_mail
                    WHERE progbox_company_id = %(company)s AND (
                        state = 'exception'
                        OR state = 'outgoing' AND create_date < %(late)s
                    ))""",
                company=company.id,
                open=OPEN_STATES,
                now=now,
                late=now - PATIENCE,
                soon=now + PATIENCE,
                ahead=now + AHEAD,
                over=over,
            )
        )
        findings = []
        if jobs := self._late_jobs(company, now):
            findings.append(Finding("job_late", actual=str(jobs)))
        if mails:
            findings.append(Finding("mail_failed", actual=str(mails)))
        overdue = verified and verified < now - VERIFIED_EVERY
        # Whoever puts an open verification off keeps the next ones from being queued.
        if overdue or stuck:
            since = verified or stuck
            findings.append(Finding("verification_late", actual=f"{since:%Y-%m-%d}"))
        # While the archiver is busy with a month, its closing waits for it.
        if unclosed and not self.env["progbox.closing"]._archiver_is_busy(
            company, over, BUSY_FOR
        ):
            findings.append(Finding("closing_late", actual=f"{unclosed:%Y-%m}"))
        findings += self.env["progbox.time.stamp"]._off_findings(company)
        findings += self.env["progbox.closing.mail"]._off_findings(company)
        return findings

    @api.model
    def _late_jobs(self, company, now):
        """Return how many jobs have waited for the archiver for too long.

        What the archive owes a document counts by its age as well, whatever the job
        says of its next try and its reason. It may wait for its authority. A job that
        was made anew within that time is as old as the one before it, until there is a
        document.
        """
        [[late]] = self.env.execute_query(
            SQL(
                """SELECT count(*) FROM progbox_archive_job job
                JOIN account_move move ON move.id = job.move_id
                JOIN res_company company ON company.id = job.company_id
                CROSS JOIN LATERAL (
                    SELECT %(patience)s + CASE
                        WHEN job.state = 'waiting' AND company.progbox_authority_wait
                        THEN make_interval(days => company.progbox_authority_days)
                        ELSE interval '0' END AS patience
                ) allowed
                WHERE job.company_id = %(company)s AND job.state IN %(open)s AND (
                    job.reason != 'history' AND job.next_try < %(late)s
                    OR %(expected)s AND (
                        (job.create_date BETWEEN %(now)s - allowed.patience
                            AND %(ahead)s) IS NOT TRUE
                        OR EXISTS (
                            SELECT FROM progbox_archive_job older
                            WHERE older.move_id = job.move_id
                            AND older.create_date >= %(now)s - 2 * allowed.patience
                            AND older.create_date < %(now)s - allowed.patience
                        ) AND NOT EXISTS (
                            SELECT FROM progbox_document document
                            WHERE document.res_model = 'account.move'
                            AND document.res_id = job.move_id AND %(archived)s
                        )
                    )
                )""",
                company=company.id,
                open=OPEN_STATES,
                now=now,
                late=now - PATIENCE,
                ahead=now + AHEAD,
                patience=PATIENCE,
                archived=self.env["progbox.document"]._archived_sql(SQL("document")),
                expected=self.env["progbox.archive.catchup"]._expected_sql(),
            )
        )
        return late

    # ------------------------------------------------------------------
    # What people are told
    # ------------------------------------------------------------------

    @api.model
    def _words(self, kind, actual):
        """Return what a finding has found, in the language of the environment.

        :param str kind: of the finding
        :param str actual: as it is kept, the same in each language
        """
        if kind == "cron_off":
            return self._cron_words(actual)
        if kind in COMMON_KINDS:
            return self._piece_words(actual)
        return actual

    @api.model
    def _cron_words(self, actual):
        xmlid, _blank, state = actual.partition(" ")
        cron = self._expected_crons().get(xmlid)
        states = {
            "late": self.env._("late"),
            "missing": self.env._("missing"),
            "off": self.env._("switched off"),
            "put_off": self.env._("put off"),
        }
        if not cron or state not in states:
            # Of an add-on that has been uninstalled, or of an older version.
            return actual
        found = self.env.ref(xmlid, raise_if_not_found=False)
        return self.env._(
            "%(name)s (%(state)s): %(why)s",
            name=found.sudo().name if found else cron.name,
            state=states[state],
            why=cron.why,
        )

    @api.model
    def _piece_words(self, actual):
        model, *xmlids = actual.split(" ")
        if model not in self.env:
            return actual
        names = [xmlid.partition(".")[2] for xmlid in xmlids]
        more = len(names) - MOST_NAMED
        return self.env._(
            "%(kind)s: %(names)s",
            kind=self.env["ir.model"]._get(model).sudo().name,
            names=", ".join(names[:MOST_NAMED]) + (f" + {more}" if more > 0 else ""),
        )

    @api.model
    def _part_words(self, part):
        """Return the name of a part that could not be looked at, translated."""
        names = {
            "pieces": self.env._("pieces of the add-on"),
            "scheduled actions": self.env._("scheduled actions"),
            "work": self.env._("work of the archive"),
        }
        return names.get(part, part)

    @api.model
    def _told(self, company, findings=None):
        """Return what nobody has acknowledged of it, each with a sentence.

        In the language of the environment.

        :param list findings: what was found of the company, None to look now
        :return: list of (Finding, sentence)
        """
        if findings is None:
            findings = self._findings(company)
        told = []
        for finding in self.env["progbox.verification.finding"]._without_acknowledged(
            findings, company
        ):
            sentence = self.env._(TEXTS[finding.kind][0])
            words = self._words(finding.kind, finding.actual)
            # A lazy text takes no values before it is translated.
            values = {"actual": words, "what": self._part_words(finding.what)}
            told.append((finding, sentence % values))
        return told

    @api.model
    def _warnings(self):
        """Return what the page of the archive warns of, for who looks after it."""
        if not self.env.user.has_group(MANAGERS):
            return []
        companies = self.env.companies
        several = len(companies) > 1
        watch = self.sudo()
        common = watch._told(self.env.company, watch._common_findings())
        warnings = [message for _finding, message in common]
        for company in companies:
            told = watch._told(company, watch._own_findings(company))
            warnings += [
                f"{company.display_name}: {message}" if several else message
                for _finding, message in told
            ]
            if any(finding.kind == "unchecked" for finding, _message in told):
                # The page does not wait for a lock once for each company.
                break
        return warnings

    @api.model
    def _look(self, companies):
        """Tell the managers of archives what does not go on, or take that back.

        :param res.company companies: whose archives
        """
        alerts = self.env["mail.activity"].sudo()
        common = self._common_findings()
        for company in companies:
            told = alerts._progbox_to_manager(company)
            watch = self.with_env(told.env)
            findings = [*common, *self._own_findings(company)]
            messages = [message for _finding, message in watch._told(company, findings)]
            told._progbox_report_stopped(company, messages)

    @api.model
    def _look_when_posted(self, companies):
        """Look once this transaction is done with: at most once an hour a company.

        :param res.company companies: that something was posted for
        """
        if due := _due(self.env.cr.dbname, companies.ids):
            look = partial(_look_by_itself, self.env.registry, due)
            self.env.cr.postcommit.add(look)

    @api.autovacuum
    def _look_daily(self):
        """Look from Odoo's own clean-up: none of our scheduled actions is needed."""
        self._look(self.env["progbox.verification"]._companies())
