import tempfile
from datetime import timedelta
from pathlib import Path

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.progbox_invoice_archive.tools.pdf.first_page import first_page_text

KEPT_DAYS = 7
GC_LIMIT = 10000
EMPLOYEE = "hr.employee"


class ProgboxDocumentReading(models.Model):
    """Reads the first page of a new document, to propose what it is.

    A person's choice stands. The child process that opens the foreign file is limited
    and can be killed.
    """

    _name = "progbox.document.reading"
    _inherit = "progbox.job.mixin"
    _description = "First Page to Read"
    _job_cron = "progbox.ir_cron_reading"

    document_id = fields.Many2one(
        "progbox.document", required=True, index=True, ondelete="cascade", readonly=True
    )

    @api.model
    def _queue(self, document):
        self.sudo().create({"document_id": document.id})
        self._job_trigger()

    def _job_language(self):
        return self.create_uid.lang or self.env.lang

    def _job_prepare(self):
        """Return the text of the first page, in a list: an empty one is a result."""
        document = self.document_id
        if document.type_chosen:
            return None
        attachment = document._content_attachment()
        with tempfile.TemporaryDirectory() as folder:
            path = attachment._progbox_local_path(Path(folder) / "file.pdf")
            return [first_page_text(path, folder)]

    def _job_execute(self, prepared):
        document = self.document_id
        if not prepared or document.type_chosen or document.trashed_on:
            return
        types = self.env["progbox.document.type"]
        found = types.browse(types._of_page(prepared[0]) or ())
        if not found or found == document.type_id:
            return
        if document.res_model == EMPLOYEE and found.employee_may_read:
            # Only a person opens a file to the employee.
            return
        document._progbox_series().write({"type_id": found.id})

    @api.autovacuum
    def _gc_readings(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        over = Domain("done_on", "<", limit) & Domain(
            "state", "in", ("done", "cancelled")
        )
        self.sudo().search(over, limit=GC_LIMIT).unlink()
