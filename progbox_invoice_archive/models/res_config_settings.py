from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, config

from ..tools.planning import without_compiling
from .progbox_zip import DEFAULT_LIMIT, LIMIT_PARAMETER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    progbox_archive_folder = fields.Char(
        related="company_id.progbox_archive_folder", readonly=False
    )
    progbox_archive_frozen = fields.Boolean(related="company_id.progbox_archive_frozen")
    progbox_archive_user_id = fields.Many2one(
        related="company_id.progbox_archive_user_id", readonly=False
    )
    progbox_log_retention_days = fields.Integer(
        related="company_id.progbox_log_retention_days", readonly=False
    )
    progbox_stamp_url = fields.Char(
        related="company_id.progbox_stamp_url", readonly=False
    )
    progbox_stamp_certificates = fields.Text(
        related="company_id.progbox_stamp_certificates", readonly=False
    )
    progbox_certificate_partner_ids = fields.Many2many(
        related="company_id.progbox_certificate_partner_ids", readonly=False
    )
    progbox_authority_wait = fields.Boolean(
        related="company_id.progbox_authority_wait", readonly=False
    )
    progbox_authority_days = fields.Integer(
        related="company_id.progbox_authority_days", readonly=False
    )
    progbox_archive_history = fields.Boolean(
        related="company_id.progbox_archive_history"
    )
    progbox_workers = fields.Integer(
        string="Archive Workers",
        compute="_compute_progbox_workers",
        inverse="_inverse_progbox_workers",
        help="How many scheduled actions archive invoices side by side.",
    )
    progbox_cron_threads = fields.Integer(compute="_compute_progbox_workers")
    progbox_total_count = fields.Integer(compute="_compute_progbox_counts")
    progbox_archived_count = fields.Integer(compute="_compute_progbox_counts")
    progbox_queued_count = fields.Integer(compute="_compute_progbox_counts")
    progbox_fix_count = fields.Integer(compute="_compute_progbox_counts")
    progbox_missing_count = fields.Integer(compute="_compute_progbox_counts")
    progbox_last_errors = fields.Text(compute="_compute_progbox_last_errors")
    progbox_zip_limit = fields.Integer(
        string="Zip Directly up to (MB)",
        config_parameter=LIMIT_PARAMETER,
        default=DEFAULT_LIMIT,
        help="A larger zip is built in the background first, so that an interrupted "
        "download can go on.",
    )
    progbox_copied_on = fields.Char(
        string="Copied On",
        config_parameter="progbox_invoice_archive.copied_on",
        readonly=True,
        help="This database is a neutralized copy, and so is the archive in it.",
    )
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
    progbox_renderer = fields.Char(compute="_compute_progbox_renderer")
    progbox_renderer_state = fields.Char(compute="_compute_progbox_renderer")
    progbox_renderer_message = fields.Text(compute="_compute_progbox_renderer")

    def _compute_progbox_workers(self):
        crons = self.env["progbox.archive.job"]._job_crons()
        self.progbox_workers = len(crons.filtered("active"))
        self.progbox_cron_threads = config["max_cron_threads"]

    def _inverse_progbox_workers(self):
        for settings in self:
            self.env["progbox.archive.job"]._job_set_workers(settings.progbox_workers)

    @api.depends("company_id")
    def _compute_progbox_counts(self):
        for settings in self:
            counts = settings._progbox_counts()
            settings.progbox_total_count = sum(counts.values())
            settings.progbox_archived_count = counts.get("archived", 0)
            settings.progbox_fix_count = counts.get("fix", 0)
            settings.progbox_missing_count = counts.get("missing", 0)
            settings.progbox_queued_count = counts.get("progress", 0) + counts.get(
                "waiting", 0
            )

    def _progbox_counts(self):
        moves = self.env["account.move"]
        without_compiling(self.env)
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT %s AS archive_state, count(*) FROM account_move move"
                    " WHERE company_id = %s AND %s GROUP BY archive_state",
                    moves._progbox_archive_state_sql(),
                    self.company_id.id,
                    moves._progbox_to_archive_sql(SQL("move")),
                )
            )
        )

    @api.depends("company_id")
    def _compute_progbox_last_errors(self):
        for settings in self:
            jobs = self.env["progbox.archive.job"].search(
                Domain("company_id", "=", settings.company_id.id)
                & Domain("to_fix", "=", True),
                order="write_date desc",
                limit=3,
            )
            settings.progbox_last_errors = "\n".join(
                f"{job.move_id.name}: {job.error}" for job in jobs
            )

    def _compute_progbox_renderer(self):
        state = self.env["ir.actions.report"]._progbox_renderer_state()
        self.progbox_renderer = state["version"]
        self.progbox_renderer_state = state["state"]
        self.progbox_renderer_message = state["message"]

    def action_progbox_archive_history(self):
        """Take up, or leave, the invoices from before the archive started."""
        self.ensure_one()
        company = self.company_id
        company.progbox_archive_history = not company.progbox_archive_history
        if company.progbox_archive_history:
            self.env["progbox.archive.catchup"]._trigger()
        else:
            self.env["progbox.archive.job"]._cancel_history(company)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_progbox_to_fix(self):
        """Open the invoices that could not be archived."""
        return self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_archive_job_action"
        )
