from odoo import fields, models

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]


class ResCompany(models.Model):
    """How a company cuts its time into billing periods, and what it keeps."""

    _inherit = "res.company"

    progbox_period_mode = fields.Selection(
        [("automatic", "Made by themselves"), ("manual", "Made by people")],
        string="Billing Periods",
        default="automatic",
        required=True,
    )
    progbox_period_unit = fields.Selection(
        [("month", "Every month"), ("week", "Every week")],
        string="Period Length",
        default="month",
        required=True,
    )
    progbox_period_day = fields.Integer(
        string="From Day",
        default=1,
        required=True,
        help="Day of the month on which periods begin; in a shorter month its last.",
    )
    progbox_period_weekday = fields.Selection(
        WEEKDAYS, string="From Weekday", default="0", required=True
    )
    progbox_period_due_days = fields.Integer(
        string="Due After (Days)", default=30, required=True
    )
    progbox_period_due_rule = fields.Selection(
        [("days", "to the day"), ("month_end", "at the end of that month")],
        string="Due Date",
        default="days",
        required=True,
    )
    progbox_backup_days = fields.Integer(
        string="Invoice Backups Kept For (Days)",
        default=30,
        required=True,
        help="Compiled backups are copies: they are removed after these days.",
    )

    _progbox_period_day_check = models.Constraint(
        "CHECK(progbox_period_day BETWEEN 1 AND 31)",
        "Billing periods begin on a day from 1 to 31.",
    )
    _progbox_period_due_check = models.Constraint(
        "CHECK(progbox_period_due_days >= 0)",
        "Invoices are due after the end of their period, not before.",
    )
    _progbox_backup_days_check = models.Constraint(
        "CHECK(progbox_backup_days >= 1)",
        "Compiled backups are kept for one day at least.",
    )
