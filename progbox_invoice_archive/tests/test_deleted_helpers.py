from odoo.tests import tagged

from .verification_common import VerificationCommon

HELPERS = ("ir.cron", "mail.activity.type", "mail.template", "progbox.document.type")


@tagged("post_install", "-at_install")
class TestDeletedHelpers(VerificationCommon):
    """What an administrator can delete does not stop the work of the archive."""

    # Nothing is filed: no type of document is in use yet.
    INVOICES = 0

    def test_the_work_goes_on_without_each_of_them(self):
        helpers = self.server["ir.model.data"].search(
            [("module", "=", "progbox_invoice_archive"), ("model", "in", HELPERS)]
        )
        self.assertGreater(len(helpers), 15)
        for model, name, res_id in [(h.model, h.name, h.res_id) for h in helpers]:
            with self.subTest(helper=name), self.env.cr.savepoint() as undo:
                in_use = self.server["progbox.document"].search_count(
                    [("type_id", "=", res_id)]
                )
                if model != "progbox.document.type" or not in_use:
                    self.server[model].browse(res_id).unlink()
                move = self.filed()
                self.env["mail.activity"]._progbox_report_failing(self.company)
                self.runs.action_verify()
                self.server["progbox.closing"]._close(self.company, move.invoice_date)
                move.button_draft()
                move.with_context(force_delete=True).unlink()
                self.server["progbox.verification"].search(
                    [("state", "=", "pending")]
                )._job_finish("cancelled")
                run = self.verify()
                self.assertEqual(run.state, "done", run.error_detail)
                undo.rollback()
            self.env.invalidate_all()
