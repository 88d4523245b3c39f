from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain

from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import JOB_CODE
from odoo.addons.progbox_invoice_archive.models.progbox_watch import WatchedCron


class ProgboxWatch(models.AbstractModel):
    _inherit = "progbox.watch"

    @api.model
    def _watched_addons(self):
        return [*super()._watched_addons(), "progbox_dropbox"]

    @api.model
    def _expected_crons(self):
        hour, day = timedelta(hours=1), timedelta(days=1)
        # Without a connection, there is nothing to do.
        accounts = self.env["progbox.dropbox.account"].sudo()
        connected = Domain("state", "!=", "disconnected")
        is_used = bool(accounts.search_count(connected, limit=1))
        rows = {
            "transfer": WatchedCron(
                "progbox.dropbox.transfer",
                JOB_CODE,
                self.env._("ProGBox: copy documents to Dropbox"),
                self.env._("new documents are not copied to Dropbox"),
                timedelta(minutes=5),
                is_used=is_used,
            ),
            "sync": WatchedCron(
                "progbox.dropbox.account",
                "model._run_sync()",
                self.env._("ProGBox: queue what Dropbox lacks"),
                self.env._("what Dropbox lacks is not found"),
                day,
                is_used=is_used,
            ),
            "report": WatchedCron(
                "progbox.dropbox.account",
                "model._run_reports()",
                self.env._("ProGBox: summaries about Dropbox"),
                self.env._("nobody is told how the copies go"),
                day,
                is_used=is_used,
            ),
            "check": WatchedCron(
                "progbox.dropbox.check",
                JOB_CODE,
                self.env._("ProGBox: check the copies in Dropbox"),
                self.env._("the copies are not checked"),
                hour,
                is_used=is_used,
            ),
            "check_due": WatchedCron(
                "progbox.dropbox.check",
                "model._enqueue_due()",
                self.env._("ProGBox: queue the checks of Dropbox that are due"),
                self.env._("the copies are not checked"),
                day,
                is_used=is_used,
            ),
            "restore": WatchedCron(
                "progbox.dropbox.restore",
                JOB_CODE,
                self.env._("ProGBox: fetch lost files from Dropbox"),
                self.env._("lost files are not fetched"),
                hour,
                is_used=is_used,
            ),
            "anchor": WatchedCron(
                "progbox.dropbox.anchor",
                JOB_CODE,
                self.env._("ProGBox: copy closings to Dropbox"),
                self.env._("closings are not copied to Dropbox"),
                hour,
                is_used=is_used,
            ),
        }
        mine = {f"progbox_dropbox.ir_cron_{id_}": cron for id_, cron in rows.items()}
        return {**super()._expected_crons(), **mine}
