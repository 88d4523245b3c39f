from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import formatLang

from .progbox_job_mixin import OPEN_STATES, UNFINISHED_STATES


class ProgboxCompilation(models.Model):
    """What becomes of a backup: the download, the end of its days."""

    _inherit = "progbox.compilation"

    summary = fields.Char(compute="_compute_summary")

    @api.depends("state", "page_count", "size", "left_out_count")
    @api.depends_context("lang")
    def _compute_summary(self):
        for job in self:
            job.summary = job._summary() if job.state == "done" else False

    def _summary(self):
        if not self.page_count:
            return self.env._("None of the files could be put into a backup.")
        done = self.env._(
            "Invoices: %(invoices)s · Pages: %(pages)s · %(size)s",
            invoices=self.unit_count,
            pages=self.page_count,
            size=self._size_text(self.size),
        )
        if self.left_out_count:
            left_out = self.env._(
                "Files left out: %(count)s", count=self.left_out_count
            )
            return f"{done} · {left_out}"
        return done

    @api.model
    def _size_text(self, size):
        """Return a number of bytes as the lists show it: "61.3 kB"."""
        size, units = size or 0, ("B", "kB", "MB", "GB")
        while size >= 1000 and len(units) > 1:
            size, units = size / 1000, units[1:]
        digits = 1 if units[0] != "B" and size < 100 else 0
        number = formatLang(self.env, size, digits=digits)
        return {
            "B": self.env._("%(number)s B", number=number),
            "kB": self.env._("%(number)s kB", number=number),
            "MB": self.env._("%(number)s MB", number=number),
            "GB": self.env._("%(number)s GB", number=number),
        }[units[0]]

    # ------------------------------------------------------------------
    # The end of the job
    # ------------------------------------------------------------------

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        for job in self:
            job._remove_folder()
            if state == "done":
                job._log_result()
                job._as_requester()._notify_done()
        if state == "cancelled":
            self._documents().unlink()
        return result

    def _job_on_error(self):
        if self.state == "failed":
            self._remove_folder()
        return super()._job_on_error()

    def _log_result(self):
        log = self._as_requester().env["progbox.access.log"]
        documents = self._lines("in").document_id.filtered("locked")
        if documents:
            log._log("compilation", documents=documents, note=self.name)
        else:
            log._log("compilation", company=self.company_id, note=self.name)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def _open(self):
        """Return the action that shows this backup, and how far it is."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_compilation_action"
        )
        return {**action, "res_id": self.id, "views": [(False, "form")]}

    def action_download(self):
        """Download the backup, or show the files when there are several."""
        self.ensure_one()
        self.check_access("read")
        documents = self.result_ids
        if not documents:
            raise UserError(
                self.env._("The backup is not there any more. Compile it again.")
            )
        if len(documents) > 1:
            action = self.env["ir.actions.actions"]._for_xml_id(
                "progbox_invoice_archive.progbox_document_action"
            )
            return {**action, "domain": [("id", "in", documents.ids)], "context": {}}
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/progbox.document/{documents.id}/content?download=1",
            "target": "download",
        }

    def action_compile_again(self):
        """Compile the same invoices anew, as they are now."""
        self.ensure_one()
        self.env.user._check_archive_manager()
        job = self.sudo()
        again = self._request(
            self.env["account.move"].browse(job.move_ids.ids),
            self.env["progbox.document"].browse(job.document_ids.ids),
            job._choices(),
            name=job.name,
            arranged=job.arranged,
            excluded=job.excluded,
        )
        return again._open()

    def _documents(self):
        return self.env["progbox.document"].sudo().search(self._result_domain())

    # ------------------------------------------------------------------
    # Clean-up
    # ------------------------------------------------------------------

    @api.autovacuum
    def _gc_compilations(self):
        """Remove the backups that have been kept long enough, and left folders."""
        old = self.sudo().search(
            Domain("expires_on", "<", fields.Date.today())
            & Domain("state", "not in", OPEN_STATES)
        )
        old._documents().unlink()
        # Who retries it has all of its files made anew.
        old.filtered(lambda job: job.state == "failed")._job_write(
            {"finished": False, "page_count": 0, "size": 0, "expires_on": False}
        )
        staging = self.env["ir.attachment"]._progbox_staging_folder()
        for folder in staging.glob("compilation-*"):
            job = self.sudo().browse(int(folder.name.rpartition("-")[2]))
            if job.exists().state not in UNFINISHED_STATES:
                job._remove_folder()
