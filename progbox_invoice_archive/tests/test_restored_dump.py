import json
from base64 import b64encode

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..exceptions import JobCancelled
from .verification_common import VerificationCommon

TEN = 10


@tagged("post_install", "-at_install")
class TestRestoredDump(VerificationCommon):
    """An older dump is whole by itself: what was kept outside tells what is gone."""

    INVOICES = 12

    def setUp(self):
        super().setUp()
        self.closing = (
            self.env["progbox.closing"]
            .sudo()
            ._close(self.company, self.moves[0].invoice_date)
        )
        self.lost = self.moves[-TEN:]
        self.exported = self.export()

    def export(self):
        """Return the ledger as an export keeps it."""
        self.env.flush_all()
        lines = [
            {
                "sequence": seal.sequence,
                "previous_hash": seal.previous_hash or "",
                "payload": seal.payload,
                "hash": seal.hash,
            }
            for seal in self.seals()
        ]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    def restore(self):
        """Make the database what it was before the last ten invoices."""
        gone = self.documents(self.lost[0]).union(*map(self.documents, self.lost))
        ids = gone.ids
        first = min(gone.mapped("seal_id.sequence"))
        self.tamper("DELETE FROM progbox_closing")
        self.tamper("DELETE FROM progbox_seal WHERE sequence >= %s", first)
        self.tamper("DELETE FROM progbox_document WHERE id = ANY(%s)", ids)
        self.tamper(
            """DELETE FROM ir_attachment WHERE res_id = ANY(%s)
            AND res_model = 'progbox.document'""",
            ids,
        )
        self.tamper(
            "UPDATE account_move SET state = 'draft' WHERE id = ANY(%s)", self.lost.ids
        )
        self.tamper("DELETE FROM progbox_verification_finding")
        self.tamper("DELETE FROM progbox_verification")

    def verify_with(self, ledger):
        run = self.begin(self.company, ledger)
        run._job_process()
        return run

    def begin(self, company, ledger):
        self.env.flush_all()
        return self.runs._start_here(company, {"door": "command"}, [ledger])

    def test_it_is_intact_by_itself(self):
        self.restore()
        self.assertIntact(self.verify())

    def test_the_certificate_of_a_closing_finds_the_cut(self):
        anchor = self.runs._parse_anchor(self.closing.seal_id._anchor_text())
        self.assertIntact(self.verify(anchors=[anchor]))
        self.restore()
        run = self.assertFound(("ledger_cut", None), anchors=[anchor])
        self.assertEqual(run.finding_ids.sequence, self.seals()[-1].sequence + 1)

    def test_an_exported_ledger_names_each_lost_invoice(self):
        self.assertIntact(self.verify_with(self.exported))
        self.restore()
        run = self.verify_with(self.exported)
        self.assertEqual(
            self.found(run),
            {("ledger_cut", None)}
            | {("document_missing", move.name) for move in self.lost},
        )
        lost = run.finding_ids.filtered(lambda f: f.number == self.lost[3].name)
        self.assertEqual(lost.res_id, self.lost[3].id)
        self.assertIn(self.lost[3].name.replace("/", "_"), lost.message)

    def test_what_was_archived_since_the_restore_does_not_hide_it(self):
        self.restore()
        for _number in range(TEN + 3):
            self.filed()
        found = self.found(self.verify_with(self.exported))
        self.assertEqual(
            found,
            {("line_replaced", move.name) for move in self.lost}
            | {("line_replaced", None)},
        )

    def test_a_run_that_was_interrupted_goes_on_with_the_copy(self):
        self.restore()
        run = self.begin(self.company, self.exported)
        steps = run._job_steps()
        run._job_write(next(steps))
        steps.close()
        run._job_process()
        self.assertEqual(run.finding_counts, {"document_missing": TEN, "ledger_cut": 1})

    def test_a_copy_that_proves_nothing(self):
        lines = self.exported.splitlines(keepends=True)
        forged = lines[4].replace(b"2026", b"2025", 1)
        copies = {
            "empty": (1, b""),
            "nonsense": (1, b"\x00\xff not JSON"),
            "endless": (1, b"x" * (3 << 20)),
            "changed": (5, b"".join([*lines[:4], forged, *lines[5:]])),
            "without beginning": (1, b"".join(lines[1:])),
            "with a gap": (4, b"".join(lines[:3] + lines[4:])),
        }
        for name, (number, copy) in copies.items():
            with self.subTest(name):
                run = self.begin(self.company, copy)
                with self.assertRaisesRegex(JobCancelled, f"Line {number} of the file"):
                    list(run._job_steps())
                self.assertFalse(run.finding_ids)
                run._job_finish("cancelled")
                self.assertEqual(run.result, "failed")

    def test_the_ledger_of_another_company(self):
        other = self.env["res.company"].create({"name": "Toiture Nord"})
        self.archived_without_render(company=other)
        run = self.begin(other, self.exported)
        with self.assertRaisesRegex(JobCancelled, "Toiture Nord"):
            list(run._job_steps())

    # ------------------------------------------------------------------
    # The wizard
    # ------------------------------------------------------------------

    def manager(self):
        return new_test_user(
            self.env,
            "restorer",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def wizard(self, user, **values):
        return self.env["progbox.verification.wizard"].with_user(user).create(values)

    def test_a_manager_enters_what_he_has_kept(self):
        form = Form(self.env["progbox.verification.wizard"].with_user(self.manager()))
        form.anchor = f" {self.closing.seal_id._anchor_text()} "
        form.ledger = b64encode(self.exported)
        action = form.save().action_verify()
        run = self.runs.browse(action["res_id"]).sudo()
        self.assertEqual(run.anchors, [[13, self.closing.seal_id.hash]])
        self.assertEqual(run.door, "button")
        self.restore_and_run(run)

    def restore_and_run(self, run):
        run._job_begin_attempt()
        run._job_process()
        self.assertIntact(run)

    def test_nothing_to_compare_with_is_refused(self):
        manager = self.manager()
        for values, reason in (
            ({}, "Enter a line"),
            ({"anchor": "12"}, "LINE:HASH"),
            ({"anchor": "12:$1$00"}, "LINE:HASH"),
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, reason):
                self.wizard(manager, **values).action_verify()
        self.runs._enqueue_runs(self.company, "cron")
        anchor = self.closing.seal_id._anchor_text()
        with self.assertRaisesRegex(UserError, "already"):
            self.wizard(manager, anchor=anchor).action_verify()

    def test_only_managers_of_the_company_may(self):
        with self.assertRaises(AccessError):
            self.wizard(self.billing, anchor="1:x")
        other = self.env["res.company"].create({"name": "Toiture Nord"})
        with self.assertRaises(AccessError):
            self.wizard(
                self.manager(),
                company_id=other.id,
                anchor=self.closing.seal_id._anchor_text(),
            ).action_verify()
