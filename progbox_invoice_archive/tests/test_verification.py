import hashlib
import json
from datetime import timedelta

from odoo.tests import tagged

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
        days = [seal.sealed_on.date() for seal in self.seals()]
        self.assertEqual(self.verify(since=days[0]).position, len(self.moves))
        run = self.verify(since=days[-1] + timedelta(days=1))
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
