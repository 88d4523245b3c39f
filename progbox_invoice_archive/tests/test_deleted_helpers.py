from odoo.tests import tagged

from .verification_common import VerificationCommon

HELPERS = ("ir.cron", "mail.activity.type", "mail.template", "progbox.document.type")


@tagged("post_install", "-at_install")
class TestDeletedHelpers(VerificationCommon):
    """What an administrator can delete does not stop the work of the archive."""

    # Nothing is filed: no type of document is in use yet.
    INVOICES = 0

    def helpers(self, model):
        data = self.server["ir.model.data"].search(
            [("module", "=", "progbox_invoice_archive"), ("model", "=", model)]
        )
        return self.server[model].browse(data.mapped("res_id"))

    def test_the_work_goes_on_without_them(self):
        for model in HELPERS:
            helpers = self.helpers(model)
            self.assertGreater(len(helpers), 2)
            with self.subTest(model=model), self.env.cr.savepoint() as undo:
                # A type of document that is in use is none that can be deleted.
                if model == "progbox.document.type":
                    used = self.server["progbox.document"]._read_group(
                        [("type_id", "in", helpers.ids)], ["type_id"]
                    )
                    helpers -= helpers.browse(type_.id for [type_] in used)
                helpers.unlink()
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
