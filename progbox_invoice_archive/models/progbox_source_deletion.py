from odoo import api, fields, models

from ..tools.sentinels import SERVER
from .progbox_job_mixin import JOB_FIELDS


class ProgboxSourceDeletion(models.Model):
    """A record with archived documents was deleted: the ledger will say so.

    Odoo alone decides whether an invoice may be deleted. The line is appended by a
    job, because the lock of the ledger would come after the snapshot of the user's
    transaction: the deletion would fail whenever the archiver is at work.
    """

    _name = "progbox.source.deletion"
    _inherit = ["progbox.kept.job.mixin", "progbox.words.mixin"]
    _description = "Deleted Source of Documents"
    _rec_name = "number"
    _job_cron = "progbox_invoice_archive.ir_cron_source_deletion"
    _words = ("number", "deleted_by")
    # The job goes on and writes its line of the ledger; what the note says stays.
    _server_fields = JOB_FIELDS | {"seal_id"}

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    res_model = fields.Char(string="Record Model", required=True, readonly=True)
    res_id = fields.Integer(string="Record", required=True, readonly=True)
    number = fields.Char(readonly=True)
    document_ids = fields.Json(string="Documents", required=True, readonly=True)
    # No link to the user, who may be deleted later.
    deleted_by = fields.Char(required=True, readonly=True)
    deleted_on = fields.Datetime(required=True, readonly=True)
    seal_id = fields.Many2one(
        "progbox.seal",
        string="Ledger Line",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The line of the ledger that says so.",
    )

    _res_idx = models.Index("(res_model, res_id)")
    _seal_unique = models.UniqueIndex(
        "(seal_id) WHERE seal_id IS NOT NULL", "A line of the ledger says one thing."
    )

    def _refusal(self):
        return self.env._("The server alone notes that an archived record is deleted.")

    def action_open_documents(self):
        """Show the archived documents of the deleted records."""
        ids = [id_ for deletion in self for id_ in deletion.document_ids]
        return self.env["progbox.document"].browse(ids)._get_records_action()

    # ------------------------------------------------------------------
    # Queueing and execution
    # ------------------------------------------------------------------

    @api.model
    def _note_deletions(self, deletions):
        """Note that records have been deleted by the current user, now.

        :param list deletions: field values, without by whom and when
        """
        if not deletions:
            return
        seen = {
            "deleted_by": self.env.user.name,
            "deleted_on": fields.Datetime.now(),
        }
        # The database compares: it must know the name that is written down.
        self.env["res.partner"].flush_model(["name"])
        server = self.sudo().with_context(progbox_server=SERVER)
        server.create([{**deletion, **seen} for deletion in deletions])
        self._job_trigger()

    def _job_begin_execution(self):
        # The ledger's lock comes first: see progbox.seal._lock().
        self.env["progbox.seal"]._lock()

    def _job_execute(self, prepared):
        seal = self.env["progbox.seal"]._append(
            self.company_id, "source_deleted", self._sealed_content()
        )
        self._job_write({"seal_id": seal.id})

    def _job_on_error(self):
        if self.state == "failed":
            self.env["mail.activity"]._progbox_report_ledger(self.company_id)

    def _sealed_content(self):
        """Return what the ledger says of the deletion, as JSON has it."""
        self.ensure_one()
        return {
            "deleted_by": self.deleted_by,
            "deleted_on": self.deleted_on and f"{self.deleted_on.isoformat()}Z",
            "documents": self.document_ids,
            "model": self.res_model,
            "number": self.number or None,
            "record": self.res_id,
        }
