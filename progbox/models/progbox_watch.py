from datetime import timedelta

from odoo import api, models

from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import JOB_CODE
from odoo.addons.progbox_invoice_archive.models.progbox_watch import WatchedCron


class ProgboxWatch(models.AbstractModel):
    _inherit = "progbox.watch"

    @api.model
    def _watched_addons(self):
        return [*super()._watched_addons(), "progbox"]

    @api.model
    def _expected_crons(self):
        hour, day = timedelta(hours=1), timedelta(days=1)
        rows = {
            "chatter": WatchedCron(
                "progbox.document.event",
                "model._tell()",
                self.env._("ProGBox: tell the chatter of new documents"),
                self.env._("records do not say what was filed with them"),
                hour,
            ),
            "reading": WatchedCron(
                "progbox.document.reading",
                JOB_CODE,
                self.env._("ProGBox: propose the types of new documents"),
                self.env._("nobody proposes what a new document is"),
                hour,
            ),
            "trash": WatchedCron(
                "progbox.document",
                "model._progbox_empty_trash()",
                self.env._("ProGBox: empty the trash"),
                self.env._("deleted documents stay in the trash"),
                day,
            ),
            "gone": WatchedCron(
                "progbox.document",
                "model._progbox_find_gone()",
                self.env._("ProGBox: find documents of deleted records"),
                self.env._("documents of deleted records stay where nobody sees them"),
                day,
            ),
            "upload": WatchedCron(
                "progbox.upload",
                JOB_CODE,
                self.env._("ProGBox: file large uploads"),
                self.env._("large uploads are not filed"),
                timedelta(minutes=15),
            ),
            "upload_look_after": WatchedCron(
                "progbox.upload",
                "model._look_after()",
                self.env._("ProGBox: look after interrupted uploads"),
                self.env._("what is left of interrupted uploads stays on the disk"),
                timedelta(minutes=15),
            ),
        }
        mine = {f"progbox.ir_cron_{id_}": cron for id_, cron in rows.items()}
        return {**super()._expected_crons(), **mine}
