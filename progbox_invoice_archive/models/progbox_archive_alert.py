from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain

FAILING = "progbox_invoice_archive.mail_activity_type_archive"
DAMAGED = "progbox_invoice_archive.mail_activity_type_integrity"


class ProgboxArchiveAlert(models.AbstractModel):
    """Tells the archive manager, once, what needs a person."""

    _name = "progbox.archive.alert"
    _description = "Archive Alert"

    @api.model
    def _raise_for(self, company):
        """Give the manager of the company one activity, while he has none open.

        :param res.company company: whose invoice could not be archived
        """
        manager = company._progbox_archive_manager()
        _ = self.with_context(lang=manager.lang).env._
        self._tell(
            manager,
            company,
            FAILING,
            _("Archive of %(company)s: invoices to fix", company=company.display_name),
            _(
                "Some invoices could not be archived. Open Documents > Archiving "
                "> To Fix: each line says what happened and what to do."
            ),
        )

    @api.model
    def _clear_for(self, company):
        """Take the activity back when nothing is left to fix."""
        alerts = self._open_alerts(company, FAILING)
        if alerts and not self.env["progbox.archive.job"].sudo().search_count(
            Domain("company_id", "=", company.id) & Domain("to_fix", "=", True),
            limit=1,
        ):
            alerts.unlink()

    @api.model
    def _report_verification(self, run):
        """Tell the manager what a verification found, or that all is well again.

        :param progbox.verification run: one that has come to its end
        """
        company = run.company_id
        if not run.finding_count:
            # A part of the ledger says nothing about the rest.
            if not run.since:
                self._open_alerts(company, DAMAGED).unlink()
            return
        manager = company._progbox_archive_manager()
        _ = self.with_context(lang=manager.lang).env._
        self._tell(
            manager,
            company,
            DAMAGED,
            _(
                "Archive of %(company)s: the verification found something",
                company=company.display_name,
            ),
            _(
                "%(count)s findings. Open Documents > Archiving > Integrity: each "
                "line says what happened and what to do.",
                count=run.finding_count,
            ),
        )

    @api.model
    def _tell(self, manager, company, kind, summary, note):
        """Give a manager one activity, while none of this kind is open.

        :param str kind: XML id of the activity's type
        """
        if not manager or self._open_alerts(company, kind):
            return
        self.env["mail.activity"].with_user(SUPERUSER_ID).create(
            {
                "activity_type_id": self.env.ref(kind).id,
                "user_id": manager.id,
                "date_deadline": fields.Date.context_today(
                    self.with_context(tz=manager.tz)
                ),
                "progbox_company_id": company.id,
                "summary": summary,
                "note": note,
            }
        )

    @api.model
    def _open_alerts(self, company, kind):
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                Domain("activity_type_id", "=", self.env.ref(kind).id)
                & Domain("progbox_company_id", "=", company.id)
                # Else anybody's own activity would keep the manager in the dark.
                & Domain("create_uid", "=", SUPERUSER_ID)
            )
        )
