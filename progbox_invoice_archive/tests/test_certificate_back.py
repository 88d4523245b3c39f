import base64
import io
import runpy
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pypdfium2
from PIL import Image

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..exceptions import JobError
from ..models import certificate_addresses, progbox_closing_mail
from ..models.progbox_closing_mail import REPORT
from .verification_common import VerificationCommon

VERIFICATION_REPORT = "progbox_invoice_archive.progbox_verification_report"


@tagged("post_install", "-at_install")
class TestCertificateBack(VerificationCommon):
    """A certificate goes out by e-mail, and comes back as evidence."""

    INVOICES = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.env["res.partner"].create(
            {"name": "Cabinet Duval", "email": "duval@example.com"}
        )
        cls.company.progbox_certificate_partner_ids = cls.keeper
        cls.closing = cls.server["progbox.closing"]._close(
            cls.company, fields.Date.to_date("2026-11-01")
        )
        cls.manager = new_test_user(
            cls.env,
            "certificate_manager",
            groups="progbox_invoice_archive.group_archive_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.pdf, cls.picture = cls.printed(REPORT, cls.closing)

    @classmethod
    def printed(cls, report, record):
        """Return a report as PDF, and a scan of its first page."""
        reports = cls.server["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        pdf, _kind = reports._render_qweb_pdf(report, record.ids)
        page = pypdfium2.PdfDocument(pdf)[0]
        return pdf, page.render(scale=200 / 72, grayscale=True).to_pil()

    def scan(self, picture, kind):
        out = io.BytesIO()
        picture.save(out, kind)
        return out.getvalue()

    def compared_with(self, content, **values):
        """Return the lines that a verification takes from a file."""
        wizard = self.env["progbox.verification.wizard"].with_user(self.manager)
        wizard = wizard.create(
            {
                "company_id": self.company.id,
                "certificate": base64.b64encode(content),
                "certificate_name": "certificate.pdf",
                **values,
            }
        )
        run = self.runs.browse(wizard.action_verify()["res_id"])
        anchors = [tuple(anchor) for anchor in run.anchors]
        run._job_finish("cancelled")
        return anchors

    def test_the_certificate_or_a_scan_of_it_is_read(self):
        seal = self.closing.seal_id
        before = (self.closing.last_sequence, self.closing.last_hash)
        own = (seal.sequence, seal.hash)
        self.assertEqual(self.compared_with(self.pdf), [before, own])
        turned = self.picture.rotate(3, expand=True, fillcolor=255)
        for name, content in {
            "picture": self.scan(self.picture, "PNG"),
            "photo": self.scan(turned, "JPEG"),
            "scan": self.scan(self.picture, "PDF"),
        }.items():
            with self.subTest(name):
                self.assertEqual(self.compared_with(content), [own])
        typed = f"{own[0]}:{own[1]}"
        self.assertEqual(self.compared_with(self.pdf, anchor=typed), [own, before, own])

    def test_so_is_the_report_of_a_verification(self):
        run = self.verify()
        pdf, picture = self.printed(VERIFICATION_REPORT, run)
        last = (run.last_sequence, run.last_hash)
        self.assertEqual(self.compared_with(pdf), [last])
        self.assertEqual(self.compared_with(self.scan(picture, "PNG")), [last])

    def test_what_is_no_certificate_says_so(self):
        empty = self.scan(Image.new("L", (300, 300), 255), "PDF")
        # Pillow reads more kinds than are taken; for some of them it runs programs.
        other_kind = self.scan(self.picture, "PPM")
        for content in (b"junk", b"%PDF-1.4 junk", empty, other_kind):
            with self.subTest(content[:20]), self.assertRaises(UserError) as raised:
                self.compared_with(content)
            self.assertIn("names no line of the ledger", str(raised.exception))

    def test_a_certificate_of_another_ledger_is_a_finding(self):
        sequence, hash_ = self.compared_with(self.pdf)[1]
        self.assertIntact(self.verify(anchors=[[sequence, hash_]]))
        run = self.verify(anchors=[[sequence, f"$1${'0' * 64}"]])
        self.assertEqual(run.finding_ids.kind, "line_foreign")

    # -- by e-mail -------------------------------------------------------

    def test_the_certificate_goes_to_those_who_are_chosen(self):
        job = self.closing.mail_ids
        self.assertEqual((job.state, job.sent_to), ("pending", False))
        defaults = self.server["ir.default"]
        defaults.set("mail.mail", "email_cc", "thief@example.com")
        defaults.set("mail.mail", "scheduled_date", "2099-01-01 00:00:00")
        rendered = "odoo.addons.base.models.ir_actions_report.IrActionsReport"
        with patch(f"{rendered}._render_qweb_pdf", return_value=(self.pdf, "pdf")):
            job._job_process()
        self.assertEqual(job.state, "done", job.error)
        mail = self.env["mail.mail"].search([], order="id desc", limit=1)
        self.assertEqual(mail.recipient_ids, self.keeper)
        self.assertFalse(mail.email_cc or mail.scheduled_date)
        self.assertEqual(mail.attachment_ids.raw, self.pdf)
        self.assertIn("2026", mail.subject)
        self.assertIn("keep this e-mail", mail.body_html)
        self.assertIn("duval@example.com", self.closing.mail_state)

    def test_a_contact_that_is_not_what_was_chosen_is_said(self):
        job = self.closing.mail_ids
        for values, words in (
            ({"email": False}, "has no valid"),
            ({"email": "x"}, "has no valid"),
            ({"email": "duval@example.com, thief@example.com"}, "has no valid"),
            ({"email": "thief@example.com"}, "not the one of when"),
            ({"active": False}, "is archived"),
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                self.keeper.write(values)
                job._job_process()
                self.assertEqual((job.state, job.sent_to), ("pending", False))
                self.assertIn(words, job.error)
                self.assertIn("Cabinet Duval", job.error)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_an_address_is_chosen_anew_in_the_settings(self):
        job, company = self.closing.mail_ids, self.company
        # Saving the settings for another reason confirms nothing, nor loses anybody.
        for values in ({"email": "x"}, {"email": "new@example.com", "active": False}):
            self.keeper.write(values)
            self.env["res.config.settings"].create({}).execute()
            self.assertEqual(company.progbox_certificate_partner_ids, self.keeper)
        self.keeper.active = True
        with self.assertRaises(JobError):
            job._recipients()
        company.progbox_certificate_partner_ids = False
        company.progbox_certificate_partner_ids = self.keeper
        self.assertEqual(job._recipients(), self.keeper)
        nowhere = self.keeper.create({"name": "Nowhere", "email": "x"})
        with self.assertRaisesRegex(ValidationError, "Nowhere .* no valid e-mail"):
            company.progbox_certificate_partner_ids += nowhere

    def test_nobody_is_said(self):
        job = self.closing.mail_ids
        self.company.progbox_certificate_partner_ids = False
        job._job_process()
        self.assertEqual(job.state, "cancelled")

    def test_an_archived_contact_has_its_closings_asked_for(self):
        self.keeper.active = False
        self.server["progbox.closing.mail"]._enqueue_mail(self.closing)
        self.assertEqual(len(self.closing.mail_ids), 2)

    def test_certificates_wait_for_a_deleted_cron(self):
        mails = self.server["progbox.closing.mail"]
        mails._job_crons().unlink()
        self.closing.mail_ids._job_fail(JobError("mailbox"), give_up=True)
        mails._enqueue_mail(self.closing)
        mails._retry_daily(self.company)
        self.assertEqual(set(self.closing.mail_ids.mapped("state")), {"pending"})

    def test_a_certificate_that_did_not_leave_is_a_finding(self):
        job = self.closing.mail_ids
        self.assertIntact(self.verify())
        not_sent = ("certificate_not_sent", None)
        with patch.object(progbox_closing_mail, "PATIENCE", -timedelta(days=1)):
            self.keeper.email = "x"
            job._job_process()
            run = self.assertFound(not_sent)
            self.assertIn("Cabinet Duval", run.finding_ids.message)
            # Whoever removes the order to send it is noticed, too.
            self.tamper("DELETE FROM progbox_closing_mail")
            self.assertFound(not_sent)
            self.company.progbox_certificate_partner_ids = False
            self.assertIntact(self.verify())

    def test_addresses_are_those_on_record(self):
        """Whoever changes the row, or the list, is found; a choice is not."""
        self.assertIntact(self.verify())
        thief = self.env["res.partner"].create(
            {"name": "Thief", "email": "thief@example.com"}
        )
        forged = (
            "UPDATE res_company SET progbox_certificate_addresses ="
            " jsonb_build_object(%s::text, 'thief@example.com')",
            self.keeper.id,
        )
        emptied = ("DELETE FROM progbox_certificate_partner_rel",)
        added = (
            "INSERT INTO progbox_certificate_partner_rel (company_id, partner_id)"
            " VALUES (%s, %s)",
            self.company.id,
            thief.id,
        )
        for attack, actual in (
            (forged, "thief@example.com"),
            (emptied, ""),
            (added, "?\nduval@example.com"),
        ):
            with self.subTest(attack), self.env.cr.savepoint() as savepoint:
                self.tamper(*attack)
                run = self.assertFound(("certificate_changed", None))
                [finding] = run.finding_ids
                self.assertEqual(finding.expected, "duval@example.com")
                self.assertEqual(finding.actual or "", actual)
                savepoint.rollback()
                self.env.invalidate_all()
        other = self.keeper.create({"name": "Other", "email": "other@example.com"})
        for lang in ("fr_FR", "ro_RO", "en_US"):
            self.env["res.lang"]._activate_lang(lang)
            settings = self.company.with_context(lang=lang)
            settings.progbox_certificate_partner_ids = other
            settings.progbox_certificate_partner_ids |= self.keeper
            self.assertIntact(self.verify())

    def test_who_gets_certificates_stays_on_record(self):
        now, day = fields.Datetime.now(), timedelta(days=1)
        logs = self.server["progbox.access.log"]
        about = [("company_id", "=", self.company.id), ("note", "like", ": duval@")]
        certificate_addresses.keep_on_record(self.company, now - day)
        self.assertEqual(logs.search_count(about), 1)
        certificate_addresses.keep_on_record(self.company, now + day)
        self.assertEqual(logs.search_count(about), 2)
        # Of a version that did not note it yet.
        self.tamper("DELETE FROM progbox_access_log WHERE note ~ ': duval@'")
        certificate_addresses.keep_on_record(self.company, now + day)
        self.assertEqual(logs.search_count(about), 0)
        certificate_addresses.put_on_record(self.company)
        self.assertEqual(logs.search_count(about), 1)

    def test_who_gets_them_since_an_older_version(self):
        """Contacts were chosen, and neither the settings nor the log had addresses."""
        script = "migrations/19.0.1.7.0/post-certificate_addresses.py"
        migrate = runpy.run_path(Path(__file__).parents[1] / script)["migrate"]
        logs = self.server["progbox.access.log"]
        about = [("company_id", "=", self.company.id), ("note", "like", "go to: ")]
        nowhere = self.keeper.create({"name": "Nowhere", "email": "x"})
        self.tamper("DELETE FROM progbox_access_log WHERE note ~ ': duval@'")
        self.tamper("UPDATE res_company SET progbox_certificate_addresses = NULL")
        self.tamper(
            "INSERT INTO progbox_certificate_partner_rel (company_id, partner_id)"
            " VALUES (%s, %s)",
            self.company.id,
            nowhere.id,
        )
        for _time in range(2):
            migrate(self.env.cr, "19.0.1.5.0")
            self.assertEqual(
                logs.search(about).mapped("note"),
                ["From now on, the closing certificates go to: duval@example.com"],
            )
        self.assertIntact(self.verify())
        # What the settings had noted is not noted anew from the contact.
        self.tamper("DELETE FROM progbox_access_log WHERE note ~ ': duval@'")
        self.keeper.email = "thief@example.com"
        migrate(self.env.cr, "19.0.1.6.0")
        self.assertIn("to: duval@example.com", logs.search(about).note)

    def test_what_was_given_up_is_tried_every_day(self):
        job = self.closing.mail_ids
        job._job_write({"state": "failed", "attempts": 10})
        job._retry_daily(self.company)
        self.assertEqual((job.state, job.attempts), ("pending", 0))

    def test_a_renderer_that_is_away_holds_up_no_closing(self):
        job = self.closing.mail_ids
        rendered = "odoo.addons.base.models.ir_actions_report.IrActionsReport"
        refusal = UserError("Unable to find Wkhtmltopdf")
        with patch(f"{rendered}._render_qweb_pdf", side_effect=refusal):
            job._job_process()
        self.assertEqual(job.state, "pending")
        self.assertIn("could not be printed", job.error)
