from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError


class ProgboxClosingWizard(models.TransientModel):
    """Closes a month by hand, when nobody wants to wait for the cron."""

    _name = "progbox.closing.wizard"
    _description = "Close a Month"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    month = fields.Date(
        required=True,
        default=lambda self: (
            fields.Date.context_today(self).replace(day=1) - timedelta(days=1)
        ),
        help="Any day of the month to close.",
    )

    def action_close(self):
        """Close the month and open what was closed."""
        self.ensure_one()
        self.env.user._check_archive_manager(self.company_id)
        month = self.month.replace(day=1)
        if month > fields.Date.context_today(self):
            raise UserError(self.env._("This month has not begun yet."))
        closings = self.env["progbox.closing"]
        if not closings._has_news(self.company_id, month):
            raise UserError(
                self.env._(
                    "The archive has nothing for this month that is not closed already."
                )
            )
        return closings._close(self.company_id, month)._get_records_action()
