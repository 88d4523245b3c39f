import hashlib
import json
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models import progbox_long_job_mixin, progbox_verification_reader
from ..models.progbox_verification_check import ProgboxVerificationCheck
from ..models.progbox_verification_texts import SEALED_FIELDS
from ..tools.verify import SEALED
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestIntactArchives(VerificationCommon):
    """What happens every day is no damage."""

    def test_an_intact_archive(self):
        run = self.verify()
        self.assertIntact(run)
        last = self.seals()[-1]
        self.assertEqual(run.position, len(self.seals()))
        self.assertEqual(run.total, run.position)
        self.assertEqual(run.files, len(self.moves))
        self.assertEqual((run.last_sequence, run.last_hash), (last.sequence, last.hash))
        self.assertTrue(run.started_on and run.done_on)
        self.assertGreater(run.volume, 100)

    def test_the_access_log_knows_of_the_run(self):
        run = self.verify()
        line = self.env["progbox.access.log"].search(
            [("kind", "=", "verification"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(line.note, run.display_name)

    def test_versions_and_reposting(self):
        move = self.moves[1]
        move.button_draft()
        self.assertIntact(self.verify())
        move.action_post()
        self.assertIntact(self.verify())
        self.filed(move, b"%PDF another version")
        self.assertEqual(len(self.documents(move)), 2)
        self.assertIntact(self.verify())

    def test_a_deleted_invoice_and_its_number_used_again(self):
        move = self.moves[-1]
        number = move.name
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertIntact(self.verify())
        again = self.draft()
        again.name = number
        again.action_post()
        self.filed(again)
        self.assertIntact(self.verify())

    def test_files_moved_into_the_database_and_back(self):
        attachments = self.server["ir.attachment"]
        parameters = self.env["ir.config_parameter"].sudo()
        ids = [self.documents(move)._content_attachment().id for move in self.moves]
        stored = attachments.browse(ids)
        for storage in ("db", "file"):
            parameters.set_param("ir_attachment.location", storage)
            stored._migrate()
            self.env.flush_all()
            self.assertEqual(all(stored.mapped("store_fname")), storage == "file")
            run = self.verify()
            self.assertIntact(run)
            self.assertEqual(run.files, len(self.moves))

    def test_an_invoice_whose_job_is_at_work_is_not_missing(self):
        self.company.progbox_archive_started = "2020-01-01"
        self.posted()
        self.assertIntact(self.verify())

    def test_currencies_that_round_differently_later(self):
        self.env["res.currency"].search([("name", "=", "USD")]).rounding = 0.0001
        self.assertIntact(self.verify())

    def test_a_stranger_recomputes_the_chain(self):
        """With the description alone: nothing of this add-on is used."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT payload, previous_hash, hash FROM progbox_seal"
            " WHERE company_id = %s ORDER BY sequence",
            [self.company.id],
        )
        previous = ""
        rows = self.env.cr.fetchall()
        for number, (payload, previous_hash, hash_) in enumerate(rows, 1):
            digest = hashlib.sha256((previous + payload).encode()).hexdigest()
            assert (previous_hash or "") == previous
            assert hash_ == "$1$" + digest
            line = json.loads(payload)
            assert line["sequence"] == number
            with open(self.path_of(line["document"]), "rb") as file:
                assert hashlib.sha256(file.read()).hexdigest() == line["sha256"]
            previous = hash_
        self.assertEqual(len(rows), len(self.moves))

    def path_of(self, document_id):
        self.env.cr.execute(
            "SELECT store_fname FROM ir_attachment WHERE res_field = 'content'"
            " AND res_model = 'progbox.document' AND res_id = %s",
            [document_id],
        )
        return f"{self.env['ir.attachment']._filestore()}/{self.env.cr.fetchone()[0]}"

    def test_only_what_was_sealed_since(self):
        today = fields.Date.today()
        self.assertEqual(self.verify(since=today).position, len(self.moves))
        run = self.verify(since=today + timedelta(days=1))
        self.assertIntact(run)
        self.assertEqual(run.position, 0)

    def test_another_company_has_its_own_ledger(self):
        other = self.setup_other_company()["company"]
        self.archived_without_render("X/1", company=other)
        run = self.runs._start_here(other, {"door": "command"})
        run._job_process()
        self.assertIntact(run)
        self.assertEqual(run.position, 1)
        self.assertIntact(self.verify())


@tagged("post_install", "-at_install")
class TestVerificationRuns(VerificationCommon):
    """A run comes to its end, whatever happens on the way."""

    def setUp(self):
        super().setUp()
        path = self.path(self.moves[4])
        self.addCleanup(path.write_bytes, path.read_bytes())
        self.startPatcher(patch.object(progbox_verification_reader, "PAGE_SIZE", 2))
        self.startPatcher(patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", 0))

    def damage(self):
        self.path(self.moves[4]).write_bytes(b"forged")

    def outcome(self, run):
        return (
            run.state,
            run.position,
            run.files,
            run.volume,
            run.last_sequence,
            run.last_hash,
            run.finding_counts,
            sorted((f.kind, f.sequence, f.number) for f in run.finding_ids),
        )

    def test_a_run_goes_on_where_its_time_was_up(self):
        self.damage()
        whole = self.outcome(self.verify())
        run = self.runs._start_here(self.company, {"door": "command"})
        attempts = 0
        while run._job_process(lambda: 0) or run.state != "done":
            attempts += 1
            self.assertEqual((run.state, run.attempts), ("pending", 0))
            self.assertFalse(run.lease_until)
            run._job_begin_attempt()
        self.assertGreater(attempts, 3)
        self.assertEqual(self.outcome(run), whole)

    def test_a_killed_worker_s_run_is_taken_over(self):
        self.damage()
        whole = self.outcome(self.verify())
        run = self.runs._start_here(self.company, {"door": "command"})
        steps = run._job_steps()
        run._job_write(next(steps))
        run._job_write(next(steps))
        steps.close()
        # The other worker is dead: it has written up to here.
        run._job_write({"lease_holder": "elsewhere:1:1"})
        ready = self.runs._job_ready_domain()
        self.assertNotIn(run, self.runs.search(ready))
        run._job_process()
        self.assertEqual(run.state, "running", "a living worker was disturbed")
        run._job_write({"lease_until": fields.Datetime.now() - timedelta(seconds=1)})
        self.assertIn(run, self.runs.search(ready))
        self.run_cron()
        self.assertEqual(run.attempts, 2)
        self.assertEqual(self.outcome(run), whole)

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "progbox_invoice_archive.ir_cron_verification"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def test_who_lost_the_lease_writes_nothing_more(self):
        run = self.runs._enqueue(self.company, "cron")
        add_findings = type(run)._add_findings
        positions = []

        def take_over(this, findings):
            if this.position:
                positions.append(this.position)
                this._job_write({"lease_holder": "elsewhere:1:1"})
            return add_findings(this, findings)

        with patch.object(type(run), "_add_findings", take_over):
            self.run_cron()
        self.assertEqual(positions, [2])
        # Rolled back to the last commit: the other one goes on from there.
        self.assertEqual((run.state, run.position), ("running", 2))

    def test_an_error_is_kept_and_the_run_comes_again(self):
        run = self.runs._enqueue(self.company, "cron")

        def fail(check, *arguments):
            raise ZeroDivisionError

        with (
            patch.object(ProgboxVerificationCheck, "_check_beside", fail),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            self.run_cron()
        self.assertEqual(run.state, "pending")
        self.assertIn("ZeroDivisionError", run.error)
        self.assertEqual(run.position, len(self.moves))
        run._job_write({"next_try": fields.Datetime.now()})
        self.run_cron()
        self.assertIntact(run)

    def test_two_runs_of_one_company_never_at_once(self):
        run = self.runs._enqueue(self.company, "button")
        self.assertEqual(self.runs._enqueue(self.company, "cron"), run)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.runs.create({"company_id": self.company.id, "door": "cron"})
        run._job_begin_attempt()
        with self.assertRaisesRegex(UserError, "is being verified by"):
            self.runs._start_here(self.company, {"door": "command"})

    def test_the_command_line_goes_first(self):
        queued = self.runs._enqueue(self.company, "button")
        self.assertIntact(self.verify())
        self.assertEqual(queued.state, "cancelled")
        self.assertEqual(queued.result, "failed")

    def test_many_findings_are_counted_and_the_first_listed(self):
        path = "odoo.addons.progbox_invoice_archive.models.progbox_verification"
        self.tamper(
            "UPDATE progbox_document SET partner_name = 'x' WHERE company_id = %s",
            self.company.id,
        )
        with patch(f"{path}.LISTED_PER_KIND", 2):
            run = self.verify()
        self.assertEqual(len(run.finding_ids), 2)
        self.assertEqual(run.finding_count, len(self.moves))
        self.assertEqual(run.findings_by_kind, [["Document changed", len(self.moves)]])


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
        self.assertEqual(changed["document_changed"], set(SEALED) | {"seal"})
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
