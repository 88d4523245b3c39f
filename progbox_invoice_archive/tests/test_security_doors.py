from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import PDF, ArchiveCommon
from .http_common import PatientCase


@tagged("post_install", "-at_install")
class TestSecurityDoors(ArchiveCommon):
    """What a client can put into a context or call by RPC opens no door."""

    def test_no_context_keeps_a_sent_document_out_of_the_archive(self):
        move = self.posted()
        self.jobs_of(move)._job_write({"state": "done"})
        send = self.env["account.move.send"].with_context(progbox_handing_over=True)
        send._link_invoice_documents({move: {}})
        self.assertEqual(self.jobs_of(move)[-1:].reason, "legal")

    def test_no_context_prints_something_else_than_the_archived_file(self):
        move = self.archived()
        reports = self.env["ir.actions.report"].with_context(progbox_render_anew=True)
        report = reports._get_report("account.account_invoices")
        _sent, found = reports._progbox_found_in_archive(report, {}, move.ids)
        self.assertEqual(found, move)

    def test_an_administrator_drops_no_table_of_the_archive_by_rpc(self):
        self.archived_without_render()
        admin = new_test_user(self.env, "sysadmin", "base.group_system")
        env = self.env(user=admin, su=False, context={"_force_unlink": True})
        seals = env["ir.model"].search([("model", "=", "progbox.seal")])
        notes = env["ir.model"].search([("model", "=", "progbox.source.deletion")])
        column = env["ir.model.fields"].search(
            [("model", "=", "progbox.seal"), ("name", "=", "payload")]
        )
        modules = env["ir.module.module"].search(
            [("name", "in", ("account", "progbox_invoice_archive"))]
        )
        for attempt in (
            seals.unlink,
            notes.unlink,
            column.unlink,
            *(module.module_uninstall for module in modules),
        ):
            with self.subTest(attempt=attempt), self.assertRaises(UserError):
                attempt()

    def test_nobody_silences_the_alert_with_an_activity_of_his_own(self):
        kind = "progbox_invoice_archive.mail_activity_type_integrity"
        manager = self.company._progbox_archive_manager()
        activities = self.env["mail.activity"].with_user(self.plain)
        forged = activities.create(
            {
                "activity_type_id": self.env.ref(kind).id,
                "user_id": self.plain.id,
                "progbox_company_id": self.company.id,
                "summary": "Damaged",
            }
        )
        forged.user_id = manager
        alert = self.server["mail.activity"]
        for _once_more in range(2):
            alert._progbox_tell(self.company, kind, "Damaged", "Look at it")
        told = self.server["mail.activity"].search([("summary", "=", "Damaged")])
        self.assertEqual(len(told - forged), 1)
        self.assertEqual((told - forged).user_id, manager)

    def test_no_context_removes_lines_of_the_access_log(self):
        self.archived_without_render()
        log = self.server["progbox.access.log"].with_context(_force_unlink=True)
        with self.assertRaises(UserError):
            log.search([], limit=1).unlink()


@tagged("post_install", "-at_install")
class TestSecurityReading(ArchiveCommon, PatientCase):
    def call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            "/web/dataset/call_kw",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def test_whoever_reads_a_file_by_rpc_is_written_down(self):
        document = self.archived_without_render()
        attachment = document._content_attachment()
        self.authenticate("billing", "billing")
        log = self.server["progbox.access.log"]
        mine = [("document_ref", "=", document.id), ("user_ref", "=", self.billing.id)]
        for model, id_, field in (
            ("progbox.document", document.id, "content"),
            ("ir.attachment", attachment.id, "raw"),
        ):
            with self.subTest(model=model):
                self.env.flush_all()
                before = log.search(mine)
                self.call(model, "read", [id_], ["name"])
                self.call(model, "read", [id_], [field], context={"bin_size": True})
                self.env.invalidate_all()
                if model == "progbox.document":
                    self.assertEqual(log.search(mine), before)
                self.assertTrue(self.call(model, "read", [id_], [field]))
                self.env.invalidate_all()
                self.assertEqual(log.search(mine).mapped("kind"), ["download"])

    def test_the_file_itself_comes_as_ever(self):
        document = self.archived_without_render()
        self.env.invalidate_all()
        self.assertTrue(document.with_user(self.billing).content)
        self.assertEqual(document._content_attachment().raw, PDF)
