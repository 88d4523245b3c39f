from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.misc import clean_context

from ..tools.plural import counted

FAILING = "progbox_invoice_archive.mail_activity_type_archive"
DAMAGED = "progbox_invoice_archive.mail_activity_type_integrity"
LEDGER = "progbox_invoice_archive.mail_activity_type_ledger"
STOPPED = "progbox_invoice_archive.mail_activity_type_stopped"


class MailActivity(models.Model):
    """Tells the archive manager, once, what needs a person.

    Other add-ons tell theirs through :meth:`_progbox_tell`, with a type of their own.
    """

    _inherit = "mail.activity"

    progbox_company_id = fields.Many2one(
        "res.company",
        string="Archive of",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )

    @api.model
    def _progbox_report_failing(self, company):
        """Give the manager of the company one activity, while none is open.

        :param res.company company: whose invoice could not be archived
        """
        self = self._progbox_to_manager(company)
        self._progbox_tell(
            company,
            FAILING,
            self.env._(
                "Archive of %(company)s: invoices to fix", company=company.display_name
            ),
            self.env._(
                "Some invoices could not be archived. Open Documents > Archiving "
                "> To Fix: each line says what happened and what to do."
            ),
        )

    @api.model
    def _progbox_clear_failing(self, company):
        """Take the activity back when nothing is left to fix."""
        alerts = self._progbox_open_alerts(company, FAILING)
        if alerts and not self.env["progbox.archive.job"].sudo().search_count(
            Domain("company_id", "=", company.id) & Domain("to_fix", "=", True),
            limit=1,
        ):
            alerts.unlink()

    @api.model
    def _progbox_report_verification(self, run):
        """Tell the manager what a verification found, or that all is well again.

        :param progbox.verification run: one that has come to its end
        """
        company = run.company_id
        if not run.finding_count:
            # A part of the ledger says nothing about the rest.
            if not run.since:
                self._progbox_open_alerts(company, DAMAGED).unlink()
            return
        self = self._progbox_to_manager(company)
        advice = self.env._(
            "Open Documents > Archiving > Integrity: each line says what happened "
            "and what to do."
        )
        if run.still_to_archive:
            text = self.env._(
                "Besides, %(count)s invoice is still to be archived: the archiver "
                "comes to it by itself.|Besides, %(count)s invoices are still to be "
                "archived: the archiver comes to them by itself."
            )
            advice += " " + counted(self.env, text, run.still_to_archive)
        self._progbox_tell(
            company,
            DAMAGED,
            self.env._(
                "Archive of %(company)s: the verification of %(date)s found something "
                "(%(count)s)",
                company=company.display_name,
                count=run.finding_count,
                date=format_date(self.env, fields.Date.context_today(self)),
            ),
            advice,
        )

    @api.model
    def _progbox_report_unverified(self, run):
        """Tell the manager that a verification has been given up."""
        company = run.company_id
        self = self._progbox_to_manager(company)
        self._progbox_tell(
            company,
            DAMAGED,
            self.env._(
                "Archive of %(company)s: the verification could not run",
                company=company.display_name,
            ),
            self.env._(
                "Open Documents > Archiving > Integrity: the newest verification says "
                "what happened. Then verify again."
            ),
        )

    @api.model
    def _progbox_report_ledger(self, company):
        """Tell the manager that something did not get into the ledger."""
        self = self._progbox_to_manager(company)
        self._progbox_tell(
            company,
            LEDGER,
            self.env._(
                "Archive of %(company)s: the ledger is not complete",
                company=company.display_name,
            ),
            self.env._(
                "A month could not be closed, or a deleted invoice has no line yet. "
                "Open Documents > Archiving > Deleted Invoices and retry what was "
                "given up, then close the month under Archiving > Closings: what is "
                "wrong is shown there."
            ),
        )

    @api.model
    def _progbox_clear_ledger(self, company):
        """Take that back, when nothing has been given up any more."""
        alerts = self._progbox_open_alerts(company, LEDGER)
        if alerts and not self.env["progbox.source.deletion"].sudo().search_count(
            Domain("company_id", "=", company.id) & Domain("state", "=", "failed"),
            limit=1,
        ):
            alerts.unlink()

    @api.model
    def _progbox_report_stopped(self, company, messages):
        """Tell the manager what work for the archive does not go on, or take it back.

        :param messages: list of sentences; empty when all goes on
        """
        if not messages:
            self._progbox_open_alerts(company, STOPPED).unlink()
            return
        self._progbox_tell(
            company,
            STOPPED,
            self.env._(
                "Archive of %(company)s: work has stopped", company=company.display_name
            ),
            Markup("<br/>").join(messages),
        )

    @api.model
    def _progbox_to_manager(self, company):
        """Return this model in the language of the company's archive manager."""
        return self.with_context(lang=company._progbox_archive_manager().lang)

    @api.model
    def _progbox_tell(self, company, kind, summary, note, others=None):
        """Give the manager one activity; one that says something else makes room.

        :param str kind: XML id of the activity's type
        :param res.users others: who is told the same besides the manager, each once
        """
        manager = company._progbox_archive_manager()
        people = manager | others if others else manager
        activity_type = self._progbox_alert_type(kind)
        if not people or not activity_type:
            return
        alerts = self._progbox_open_alerts(company, kind)
        same = alerts.filtered(
            lambda alert: alert.user_id in people and alert.summary == summary
        )
        # What came since is told beside it.
        same.filtered(lambda alert: alert.note != note).note = note
        # Out of date, or somebody's who has left.
        (alerts - same).unlink()
        # pylint: disable-next=context-overridden
        clean = self.with_context(clean_context(self.env.context))
        clean.with_user(SUPERUSER_ID).create(
            [
                {
                    "activity_type_id": activity_type.id,
                    "user_id": user.id,
                    "date_deadline": fields.Date.context_today(
                        self.with_context(tz=user.tz)
                    ),
                    "active": True,
                    "progbox_company_id": company.id,
                    "summary": summary,
                    "note": note,
                }
                for user in people - same.user_id
            ]
        )

    @api.model
    def _progbox_alert_type(self, kind):
        """Return the type of an alert; one that has been deleted is made again."""
        if found := self._progbox_known_type(kind):
            return found
        values = {"name": self.env._("Archive"), "icon": "fa-exclamation-triangle"}
        types = self.env["mail.activity.type"].sudo()
        return types._load_records(
            [{"xml_id": kind, "values": values, "noupdate": True}]
        )

    @api.model
    def _progbox_known_type(self, kind):
        """Return the type of an alert, empty when it has been deleted."""
        types = self.env["mail.activity.type"]
        return self.env.ref(kind, raise_if_not_found=False) or types

    @api.model
    def _progbox_open_alerts(self, company, kind):
        """Return what a manager of the company has been told and not dealt with."""
        return self.sudo().search(
            Domain("activity_type_id", "in", self._progbox_known_type(kind).ids)
            & Domain("progbox_company_id", "=", company.id)
            # Activities that people made themselves are no alerts.
            & Domain("create_uid", "=", SUPERUSER_ID)
        )
