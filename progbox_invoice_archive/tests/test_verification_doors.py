from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.mail_activity import DAMAGED
from ..models.progbox_verification_finding import SEALED_FIELDS
from ..tools.ledger.verify import SEALED
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestVerificationDoors(VerificationCommon):
    """Who may start one, who hears of it, what can be printed."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "archive_manager",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def test_the_button(self):
        # As the client does: with the selected ids, even when there are none.
        runs = self.runs.with_user(self.manager)
        action = call_kw(runs, "action_verify", [[]], {})
        run = self.runs.browse(action["res_id"])
        self.assertEqual((run.state, run.door), ("pending", "button"))
        self.assertEqual(run.user_id, self.manager)

    def test_the_button_hurries_a_run_that_waits_for_its_next_try(self):
        run = self.runs._enqueue_runs(self.company, "cron")
        late = fields.Datetime.now() + timedelta(hours=5)
        run._job_write({"state": "waiting", "attempts": 6, "next_try": late})
        self.runs._enqueue_runs(self.company, "cron")
        self.assertEqual(run.next_try, late)
        self.runs.with_user(self.manager).action_verify()
        self.assertLessEqual(run.next_try, fields.Datetime.now())
        self.assertEqual((run.state, run.attempts), ("pending", 0))

    def test_verify_works_without_its_cron_and_the_type_of_its_warnings(self):
        self.env.ref("progbox_invoice_archive.ir_cron_verification").unlink()
        self.env.ref(DAMAGED).unlink()
        action = self.runs.with_user(self.manager).action_verify()
        run = self.runs.browse(action["res_id"])
        self.assertEqual(run.state, "pending")
        run._job_begin_attempt()
        run._job_process()
        # All that it has to say is that nothing would have come of it.
        self.assertEqual(
            self.found(run), {("cron_off", None), ("helper_missing", None)}
        )
        self.tamper(
            "UPDATE progbox_document SET name = 'x' WHERE id = %s",
            self.documents(self.moves[0]).id,
        )
        self.assertFound(("document_changed", self.moves[0]), ("cron_off", None))

    def test_a_run_that_is_stopped_on_the_command_line_says_so(self):
        run = self.runs._start_here(self.company, {"door": "command"})
        run._stop_here()
        self.assertEqual(run.state, "cancelled")
        self.assertEqual(run.error, "Stopped on the command line.")

    def test_the_button_is_for_archive_managers(self):
        for user in (self.billing, self.plain):
            with self.assertRaises(AccessError):
                self.runs.with_user(user).action_verify()

    def test_nobody_writes_runs_or_findings(self):
        self.tamper(
            "UPDATE progbox_document SET name = 'x' WHERE company_id = %s",
            self.company.id,
        )
        run = self.verify()
        for user in (self.manager, self.billing, self.plain):
            for record in (run, run.finding_ids[0]):
                mine = record.with_user(user)
                for attempt in (
                    lambda mine=mine: mine.write({"company_id": False}),
                    mine.unlink,
                    lambda mine=mine: mine.create({}),
                ):
                    with self.assertRaises(AccessError):
                        attempt()
        with self.assertRaises(AccessError):
            run.with_user(self.plain).read(["state"])
        self.assertTrue(run.with_user(self.billing).read(["result", "progress"]))

    def test_another_company_s_runs_stay_hidden(self):
        other = self.setup_other_company()["company"]
        self.archived_without_render("X/1", company=other)
        run = self.runs._start_here(other, {"door": "command"})
        run._job_process()
        self.assertNotIn(run, self.runs.with_user(self.manager).search([]))

    def test_once_a_month_for_each_archive(self):
        self.runs._enqueue_monthly()
        run = self.runs.search([("company_id", "=", self.company.id)])
        self.assertEqual((run.state, run.door), ("pending", "cron"))
        without = self.setup_other_company()["company"]
        self.assertFalse(self.runs.search([("company_id", "=", without.id)]))

    def alerts(self):
        return self.server["mail.activity"].search(
            [
                ("progbox_company_id", "=", self.company.id),
                ("summary", "like", "verification"),
            ]
        )

    def test_a_finding_warns_the_manager_once_until_all_is_well(self):
        self.company.progbox_archive_user_id = self.manager
        document = self.documents(self.moves[0])
        change = "UPDATE progbox_document SET name = %s WHERE id = %s"
        name = document.name
        self.verify()
        self.assertFalse(self.alerts())
        self.tamper(change, "x", document.id)
        self.verify()
        self.verify()
        self.assertEqual(self.alerts().user_id, self.manager)
        self.tamper(change, name, document.id)
        self.verify(since=fields.Date.today())
        self.assertTrue(self.alerts(), "a part was taken for the whole")
        self.verify()
        self.assertFalse(self.alerts())

    def test_new_damage_and_a_new_manager_make_a_new_warning(self):
        self.company.progbox_archive_user_id = self.manager
        change = "UPDATE progbox_document SET name = 'x' WHERE id = %s"
        self.tamper(change, self.documents(self.moves[0]).id)
        self.verify()
        self.assertIn("(1)", self.alerts().summary)
        self.tamper(change, self.documents(self.moves[1]).id)
        self.verify()
        self.assertIn("(2)", self.alerts().summary)
        successor = self.manager.copy({"login": "successor", "name": "Successor"})
        self.company.progbox_archive_user_id = successor
        self.verify()
        self.assertEqual(self.alerts().user_id, successor)

    def test_a_verification_that_is_given_up_warns_the_manager(self):
        self.company.progbox_archive_user_id = self.manager
        run = self.runs._start_here(self.company, {"door": "command"})
        with mute_logger("odoo.addons.progbox_invoice_archive"):
            run._job_fail(ZeroDivisionError())
            self.assertFalse(self.alerts())
            run._job_fail(ZeroDivisionError(), give_up=True)
        self.assertEqual(self.alerts().user_id, self.manager)
        self.assertIn("could not run", self.alerts().summary)
        self.verify()
        self.assertFalse(self.alerts())

    def test_the_report(self):
        self.tamper(
            "UPDATE progbox_document SET name = 'x' WHERE id = %s",
            self.documents(self.moves[0]).id,
        )
        run = self.verify()
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "progbox_invoice_archive.report_verification", run.ids
        )
        text = html.decode()
        self.assertIn(self.moves[0].name, text)
        self.assertNotIn(self.moves[1].name, text)
        self.assertIn(run.last_hash, text)
        self.assertIn("no certificate", text)
        for claim in ("NF525", "NF461", "certified"):
            self.assertNotIn(claim, text)

    def test_values_have_the_names_of_the_screens(self):
        self.tamper(
            "UPDATE progbox_document SET partner_name = 'x', size = 1 WHERE id = %s",
            self.documents(self.moves[0]).id,
        )
        finding = self.verify().finding_ids
        self.assertEqual(finding.what, "partner, size")
        self.assertIn("in the database: Client, Size (bytes).", finding.message)
        self.assertRegex(
            finding.expected_text, rf"^Client: {self.client.name}\nSize \(bytes\): \d\d"
        )
        self.assertEqual(finding.actual_text, "Client: x\nSize (bytes): 1")
        changed = {kind: set(names) for kind, (_model, names) in SEALED_FIELDS.items()}
        self.assertEqual(
            changed["document_changed"], set(SEALED) | {"mimetype", "seal"}
        )
        deletion = self.server["progbox.source.deletion"].new()
        self.assertEqual(changed["line_foreign"], deletion._sealed_content().keys())
        closing = self.server["progbox.closing"].new()
        self.assertEqual(
            changed["closing_changed"], closing._sealed_content().keys() | {"sealed_on"}
        )

    def test_a_finding_opens_its_invoice_and_its_document(self):
        self.tamper(
            "UPDATE progbox_document SET name = 'x' WHERE id = %s",
            self.documents(self.moves[0]).id,
        )
        finding = self.verify().finding_ids.with_user(self.manager)
        self.assertEqual(finding.action_open_record()["res_id"], self.moves[0].id)
        self.assertEqual(
            finding.action_open_document()["res_id"], self.documents(self.moves[0]).id
        )

    def test_every_kind_says_what_happened_and_what_to_do(self):
        findings = self.server["progbox.verification.finding"]
        for kind, _label in findings._fields["kind"].selection:
            finding = findings.new({"kind": kind})
            self.assertTrue(finding.message and finding.advice, kind)
