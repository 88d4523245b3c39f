import runpy
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..tools.ledger.verify import Finding
from .verification_common import VerificationCommon

DELETION_COLUMNS = {
    "deleted_by": "deleted_by = 'Somebody else'",
    "deleted_on": "deleted_on = deleted_on + interval '1 day'",
    "documents": "document_ids = '[]'",
    "number": "number = 'INV/OTHER'",
}


@tagged("post_install", "-at_install")
class TestDeletionTampering(VerificationCommon):
    """An invoice that is gone is in the ledger, and what the ledger says is so."""

    INVOICES = 3

    def setUp(self):
        super().setUp()
        self.victim = self.moves[-1]
        self.number = self.victim.name

    def delete(self):
        """Delete an invoice as Odoo does; return the job that tells the ledger."""
        self.victim.button_draft()
        self.victim.unlink()
        return self.server["progbox.source.deletion"].search([], order="id desc")[0]

    def delete_past_odoo(self):
        move = self.victim.id
        self.tamper("DELETE FROM progbox_archive_job WHERE move_id = %s", move)
        self.tamper("DELETE FROM account_move WHERE id = %s", move)

    def test_what_odoo_deletes_is_no_finding(self):
        deletion = self.delete()
        self.assertIntact(self.verify())
        deletion._job_process()
        self.assertEqual(self.seals()[-1:], deletion.seal_id)
        self.assertIntact(self.verify())

    def test_an_invoice_deleted_past_odoo(self):
        document = self.documents(self.victim)
        self.delete_past_odoo()
        run = self.assertFound(("source_gone", self.number))
        self.assertEqual(run.finding_ids.document_id, document)
        run.finding_ids.with_user(self.manager()).action_acknowledge()
        later = self.verify()
        self.assertIntact(later)
        self.assertEqual(later.acknowledged_count, 1)

    def manager(self):
        return new_test_user(
            self.env,
            "finder",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_what_was_acknowledged_before_the_log_named_it(self):
        manager = self.manager()
        script = "migrations/19.0.1.7.0/post-acknowledged.py"
        migrate = runpy.run_path(Path(__file__).parents[1] / script)["migrate"]
        self.delete_past_odoo()
        finding = self.assertFound(("source_gone", self.number)).finding_ids
        finding.write(
            {
                "acknowledged_by": manager.name,
                "acknowledged_on": fields.Datetime.now(),
            }
        )
        self.env.flush_all()
        migrate(self.env.cr, "19.0.1.6.0")
        self.assertFound(("source_gone", self.number))
        logs = self.env["progbox.access.log"].with_user(manager)
        logs._log("verification", company=self.company, note="Acknowledged: gone")
        for _time in range(2):
            migrate(self.env.cr, "19.0.1.6.0")
        self.assertIntact(self.verify())
        named = [("note", "like", f"#{finding.id}:")]
        self.assertEqual(logs.sudo().search_count(named), 1)

    def test_an_acknowledgement_that_nobody_has_made(self):
        """Of the row alone, before the invoice goes."""
        run = self.runs._start_here(self.company, {"door": "command"})
        gone = {"model": "account.move", "record": self.victim.id}
        run._add_findings([Finding("source_gone", content=gone)])
        finding = run.finding_ids
        self.env.flush_all()
        acknowledged = (
            "UPDATE progbox_verification_finding SET acknowledged_by = 'Mitchell',"
            f" acknowledged_on = {{}} WHERE id = {finding.id}"
        )
        now = "now() AT TIME ZONE 'UTC'"
        self.assertRefused(acknowledged.format(now))
        self.assertFalse(finding.can_acknowledge)
        with self.assertRaisesRegex(UserError, "still going on"):
            finding.with_user(self.manager()).action_acknowledge()
        run._job_process()
        self.env.flush_all()
        self.assertRefused(acknowledged.format("'2020-01-01'"))
        self.env.cr.execute(acknowledged.format(now))
        # Nor by a line that names nobody who has an account here, or somebody else.
        self.env.cr.execute(
            "INSERT INTO progbox_access_log (company_id, accessed_on, kind, note)"
            f" VALUES (%s, {now}, 'verification', %s)",
            [self.company.id, f"Acknowledged by Mitchell, #{finding.id}:"],
        )
        logs = self.server["progbox.access.log"]
        logs._log("verification", company=self.company, note=f"#{finding.id}: x")
        self.delete_past_odoo()
        self.assertFound(("source_gone", self.number))

    def test_a_deletion_that_never_got_into_the_ledger(self):
        deletion = self.delete()
        deletion._job_write({"state": "failed"})
        self.assertFound(("source_gone", self.number))

    def test_a_deletion_that_is_kept_out_of_the_ledger(self):
        deletion = self.delete()
        now = fields.Datetime.now()
        deletion._job_write({"next_try": now + timedelta(days=9999)})
        self.assertIntact(self.verify())
        for days in (-2, 2):
            self.tamper(
                "UPDATE progbox_source_deletion SET deleted_on = %s WHERE id = %s",
                now + timedelta(days=days),
                deletion.id,
            )
            self.assertFound(("source_gone", self.number))

    def test_a_note_removed_before_it_got_into_the_ledger(self):
        deletion = self.delete()
        self.tamper("DELETE FROM progbox_source_deletion WHERE id = %s", deletion.id)
        self.assertFound(("source_gone", self.number))

    def test_the_line_removed_from_the_end(self):
        deletion = self.delete()
        deletion._job_process()
        self.tamper("DELETE FROM progbox_seal WHERE id = %s", deletion.seal_id.id)
        self.assertFound(("source_gone", self.number))

    def test_the_note_removed_afterwards(self):
        deletion = self.delete()
        deletion._job_process()
        self.tamper("DELETE FROM progbox_source_deletion WHERE id = %s", deletion.id)
        run = self.assertFound(
            ("line_foreign", self.number), ("source_gone", self.number)
        )
        foreign = run.finding_ids.filtered(lambda f: f.kind == "line_foreign")
        self.assertIn("Odoo has noted no such deletion.", foreign.message)

    def test_every_value_of_a_note(self):
        deletion = self.delete()
        deletion._job_process()
        sealed = set(deletion._sealed_content())
        self.assertEqual(sealed, {*DELETION_COLUMNS, "model", "record"})
        for value, assignment in DELETION_COLUMNS.items():
            with self.subTest(value), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE progbox_source_deletion SET {assignment} WHERE id = %s",  # pylint: disable=sql-injection
                    deletion.id,
                )
                run = self.assertFound(("line_foreign", self.number))
                self.assertRegex(run.finding_ids.expected, f"^{value}: ")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_note_forged_for_an_invoice_that_is_there(self):
        self.tamper(
            """INSERT INTO progbox_source_deletion (
                state, company_id, res_model, res_id, number, document_ids, deleted_by,
                deleted_on
            ) VALUES (
                'pending', %s, 'account.move', %s, %s, '[]', 'Mitchell', now()
            )""",
            self.company.id,
            self.victim.id,
            self.number,
        )
        forged = self.server["progbox.source.deletion"].search([], order="id desc")[0]
        forged._job_process()
        run = self.assertFound(("line_foreign", self.number))
        self.assertIn("still in Odoo", run.finding_ids.message)
