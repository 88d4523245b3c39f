from odoo import api, fields, models
from odoo.fields import Domain


class ProgboxArchiveAlert(models.AbstractModel):
    """Tells the archive manager, once, that invoices could not be archived."""

    _name = "progbox.archive.alert"
    _description = "Archive Alert"

    @api.model
    def _raise_for(self, company):
        """Give the manager of the company one activity, while he has none open.

        :param res.company company: whose invoice could not be archived
        """
        manager = company._progbox_archive_manager()
        if not manager or self._open_alerts(company):
            return
        self = self.with_context(lang=manager.lang)
        self.env["mail.activity"].sudo().create(
            {
                "activity_type_id": self._activity_type().id,
                "user_id": manager.id,
                "date_deadline": fields.Date.context_today(self),
                "progbox_company_id": company.id,
                "summary": self.env._(
                    "Archive of %(company)s: invoices to fix",
                    company=company.display_name,
                ),
                "note": self.env._(
                    "Some invoices could not be archived. Open Documents > Archiving "
                    "> To Fix: each line says what happened and what to do."
                ),
            }
        )

    @api.model
    def _clear_for(self, company):
        """Take the activity back when nothing is left to fix."""
        alerts = self._open_alerts(company)
        if alerts and not self.env["progbox.archive.job"].sudo().search_count(
            Domain("company_id", "=", company.id) & Domain("to_fix", "=", True),
            limit=1,
        ):
            alerts.unlink()

    @api.model
    def _open_alerts(self, company):
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                Domain("activity_type_id", "=", self._activity_type().id)
                & Domain("progbox_company_id", "=", company.id)
            )
        )

    @api.model
    def _activity_type(self):
        return self.env.ref("progbox_invoice_archive.mail_activity_type_archive")
