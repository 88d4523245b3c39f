import csv
import io
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .compilation_common import CompilationCommon, pdf_of

MODELS = "odoo.addons.progbox_invoice_archive.models"
BARE = {"with_cover": False, "with_numbers": False}


@tagged("post_install", "-at_install")
class TestCompilationMessage(CompilationCommon):
    """Who asked is told, with all that is missing, and what is kept has its end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("FIRST")
        cls.manager.notification_type = "inbox"

    def mails(self):
        return self.server["mail.mail"].search(
            [("email_to", "ilike", "compiler@example.com")]
        )

    def test_who_has_an_inbox_gets_an_email_with_the_link_too(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        job = self.compiled(self.move, **BARE)
        [mail] = self.mails()
        self.assertEqual(mail.state, "outgoing")
        self.assertIn(f"/odoo/invoice-backups/{job.id}", mail.body_html)
        self.assertIn(job.name, mail.subject)
        in_french = job.with_user(self.manager).with_context(lang="fr_FR")
        self.assertEqual(mail.subject, in_french._notification_title())
        self.assertTrue(self.inbox_messages())

    def inbox_messages(self):
        return self.server["mail.message"].search(
            [("notified_partner_ids", "in", self.manager.partner_id.ids)]
        )

    def test_who_gets_his_messages_by_email_gets_one(self):
        self.manager.notification_type = "email"
        before = self.server["mail.mail"].search_count([])
        self.compiled(self.move, **BARE)
        self.assertEqual(self.server["mail.mail"].search_count([]), before + 1)

    def test_a_backup_that_is_given_up_is_told_by_email(self):
        job = self.server["progbox.compilation"].browse(
            self.request(self.move, None, BARE).id
        )
        job._job_begin_attempt()
        with self.assertLogs(MODELS, "WARNING"):
            job._job_fail(UserError("The roof is leaking."), give_up=True)
        [mail] = self.mails()
        self.assertIn("The roof is leaking.", mail.body_html)

    def test_a_long_list_of_what_is_missing_is_attached_whole(self):
        names = {f"=sheet {number}.xlsx" for number in range(5)}
        for name in names:
            self.attach(self.move, name, b"PK a sheet")
        with patch(f"{MODELS}.progbox_compilation.LISTED_IN_MESSAGE", 2):
            self.compiled(self.move, **BARE)
        [mail] = self.mails()
        for holder in (mail, self.inbox_messages()[:1]):
            [file] = holder.attachment_ids
            text = file.raw.decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text)))[1:]
            self.assertEqual({row[1].removeprefix("'") for row in rows}, names)
            self.assertTrue(all(row[1][0] == "'" for row in rows), "no formulas")
            self.assertTrue(all(row[2] for row in rows))
        self.assertIn("5 files", mail.body_html)

    def test_only_gaps_are_a_warning(self):
        name = "INV (detached by Mitchell Admin on 11/02/2026).pdf"
        self.attach(self.move, name, pdf_of("OLD"))
        job = self.compiled(self.move, **BARE)
        self.assertEqual((job.left_out_count, job.gap_count), (1, 0))
        self.attach(self.move, "sheet.xlsx", b"PK a sheet")
        job = self.compiled(self.move, **BARE)
        self.assertEqual((job.left_out_count, job.gap_count), (2, 1))

    # ------------------------------------------------------------------
    # Expiry
    # ------------------------------------------------------------------

    def half_done(self):
        """Return a backup that was given up after the first of its two files."""
        other = self.env["res.partner"].create({"name": "Aubin"})
        moves = self.move | self.invoice("AUBIN", partner_id=other.id)
        job = self.request(moves, None, {**BARE, "split_by": "partner"})
        job = self.server["progbox.compilation"].browse(job.id)
        job._job_begin_attempt()
        for progress in job._job_steps():
            job._job_write(progress or {})
            if job.finished:
                break
        with self.assertLogs(MODELS, "WARNING"):
            job._job_fail(UserError("The roof is leaking."), give_up=True)
        return job

    def test_the_files_of_a_backup_that_was_given_up_are_kept_for_its_days(self):
        self.company.progbox_backup_days = 5
        begin = fields.Date.today()
        job = self.half_done()
        self.assertEqual((job.state, job.result_count), ("failed", 1))
        days = (begin, fields.Date.today())
        self.assertIn(job.expires_on, [fields.Date.add(day, days=5) for day in days])
        document = job.result_ids
        with freeze_time(fields.Date.add(job.expires_on, days=1)):
            job._gc_compilations()
        self.assertFalse(document.exists())
        job.action_retry()
        self.run_job(job)
        self.assertEqual((job.state, job.result_count), ("done", 2))
        self.assertEqual(job.page_count, 2)

    def test_a_backup_that_is_retried_keeps_its_finished_files(self):
        job = self.half_done()
        kept = job.result_ids
        job.action_retry()
        self.run_job(job)
        self.assertEqual((job.state, job.result_count), ("done", 2))
        self.assertIn(kept, job.result_ids)

    def test_compiled_again_it_keeps_its_name(self):
        job = self.request(self.move, name="Customer invoices, November 2026")
        again = self.compilations.browse(job.action_compile_again()["res_id"])
        self.assertEqual(again.name, job.name)
