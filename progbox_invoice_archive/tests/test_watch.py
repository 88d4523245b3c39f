from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..models.mail_activity import STOPPED
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestWatch(VerificationCommon):
    """Work that has been switched off, or lies, is said the same day."""

    INVOICES = 1

    def setUp(self):
        super().setUp()
        self.watch = self.server["progbox.watch"]
        self.manager = self.user_of(
            "watcher", "progbox_invoice_archive.group_archive_manager"
        )
        self.company.progbox_archive_user_id = self.manager

    def ago(self, days):
        return fields.Datetime.now() - timedelta(days=days)

    def kinds(self):
        return [finding.kind for finding in self.watch._findings(self.company)]

    def crons(self):
        """Return the scheduled actions that are watched, by their name."""
        return {
            name: self.env.ref(xmlid).sudo()
            for xmlid, (_model, _code, name, _interval) in (
                self.watch._expected_crons().items()
            )
        }

    def alerts(self):
        return self.env["mail.activity"]._progbox_open_alerts(self.company, STOPPED)

    def test_an_archive_that_is_looked_after(self):
        self.assertFalse(self.watch._findings(self.company))
        self.watch._look(self.company)
        self.assertFalse(self.alerts())

    def test_each_scheduled_action_is_watched(self):
        for name, crons in self.crons().items():
            with self.subTest(cron=name):
                self.assertTrue(crons)
                for state, break_it in (
                    ("off", lambda crons: crons.write({"active": False})),
                    ("late", lambda crons: crons.write({"nextcall": self.ago(2)})),
                    ("put off", lambda crons: crons.write({"nextcall": self.ago(-99)})),
                    ("missing", lambda crons: crons.unlink()),
                    ("missing", lambda crons: crons.write({"code": "pass"})),
                ):
                    with self.env.cr.savepoint() as savepoint:
                        break_it(crons)
                        self.assertEqual(
                            [f.actual for f in self.watch._findings(self.company)],
                            [f"ProGBox: {name} ({state})"],
                        )
                        savepoint.rollback()
                    self.env.invalidate_all()

    def test_another_action_that_does_the_same_does_not_count(self):
        cron = self.env.ref("progbox_invoice_archive.ir_cron_closing_mail")
        decoy = cron.copy()
        decoy.active = True
        self.assertFalse(self.kinds())
        cron.active = False
        self.assertEqual(self.kinds(), ["cron_off"])

    def test_an_invoice_that_waits_for_days(self):
        move = self.posted()
        self.assertFalse(self.kinds())
        job = self.jobs_of(move)
        self.tamper(
            "UPDATE progbox_archive_job SET next_try = %s WHERE id = %s",
            self.ago(2),
            job.id,
        )
        self.assertEqual(self.kinds(), ["job_late"])
        self.assertIn("job_late", self.verify().finding_counts)

    def test_a_verification_that_is_overdue(self):
        run = self.verify()
        self.assertFalse(self.kinds())
        self.tamper(
            "UPDATE progbox_verification SET done_on = %s WHERE id = %s",
            self.ago(50),
            run.id,
        )
        self.assertEqual(self.kinds(), ["verification_late"])
        late = self.verify()
        self.assertEqual(late.finding_counts, {"verification_late": 1})
        self.assertFalse(self.kinds(), "the overdue verification has been made")

    def test_a_month_that_is_not_closed(self):
        self.verify()
        self.filed(self.posted(date=fields.Date.to_string(self.ago(70))))
        self.assertFalse(self.kinds(), "the archive is as young as its first line")
        self.tamper(
            "UPDATE progbox_seal SET sealed_on = %s WHERE company_id = %s",
            self.ago(70),
            self.company.id,
        )
        self.assertEqual(self.kinds(), ["closing_late"])
        self.server["progbox.closing"]._close_due(self.company)
        self.assertFalse(self.kinds())

    def test_the_page_of_the_archive_warns_who_looks_after_it(self):
        folders = self.env["progbox.folder"]
        self.assertEqual(folders.with_user(self.manager).tree_start()["warnings"], [])
        self.env.ref("progbox_invoice_archive.ir_cron_closing").unlink()
        [warning] = folders.with_user(self.manager).tree_start()["warnings"]
        self.assertIn("close the months of the archive (missing)", warning)
        self.assertEqual(folders.with_user(self.billing).tree_start()["warnings"], [])

    def test_the_manager_is_told_and_it_is_taken_back(self):
        cron = self.env.ref("progbox_invoice_archive.ir_cron_archive")
        cron.active = False
        for _time in range(2):
            self.watch._look_daily()
            alert = self.alerts()
            self.assertEqual(alert.user_id, self.manager)
        self.assertIn("archive posted invoices (off)", alert.note)
        self.assertEqual(self.verify().finding_counts, {"cron_off": 1})
        cron.active = True
        self.watch._look_daily()
        self.assertFalse(self.alerts())
