from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    progbox_period_mode = fields.Selection(
        related="company_id.progbox_period_mode", readonly=False
    )
    progbox_period_unit = fields.Selection(
        related="company_id.progbox_period_unit", readonly=False
    )
    progbox_period_day = fields.Integer(
        related="company_id.progbox_period_day", readonly=False
    )
    progbox_period_weekday = fields.Selection(
        related="company_id.progbox_period_weekday", readonly=False
    )
    progbox_period_due_days = fields.Integer(
        related="company_id.progbox_period_due_days", readonly=False
    )
    progbox_period_due_rule = fields.Selection(
        related="company_id.progbox_period_due_rule", readonly=False
    )
    progbox_backup_days = fields.Integer(
        related="company_id.progbox_backup_days", readonly=False
    )
