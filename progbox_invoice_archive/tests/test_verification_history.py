from odoo.tests import tagged

from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestVerificationOfHistory(VerificationCommon):
    """Years of invoices are taken up: what is still to come is no damage."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old = cls.env["account.move"].union(
            *(cls.posted(date="2024-05-02") for _number in range(3))
        )
        cls.forget(cls.old)
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE account_move SET create_date = '2024-05-02' WHERE id IN %s",
            [cls.old._ids],
        )
        cls.env.invalidate_all()
        cls.company.progbox_archive_history = True

    def test_what_is_still_to_be_archived_is_counted(self):
        self.old[0]._progbox_enqueue("history")
        self.posted()
        run = self.verify()
        self.assertIntact(run)
        self.assertEqual(run.still_to_archive, 4, "two of the history, and the queue")
        report = "progbox_invoice_archive.report_verification"
        html = self.env["ir.actions.report"]._render_qweb_html(report, run.ids)[0]
        self.assertIn("still to be archived", html.decode())

    def test_nothing_is_to_come_without_the_wish(self):
        self.company.progbox_archive_history = False
        run = self.verify()
        self.assertIntact(run)
        self.assertEqual(run.still_to_archive, 0)

    def test_what_has_been_stopped_comes_again(self):
        self.old._progbox_enqueue("history")
        self.jobs._cancel_history(self.company)
        run = self.verify()
        self.assertIntact(run)
        self.assertEqual(run.still_to_archive, 3)

    def test_what_was_given_up_is_a_finding(self):
        self.old._progbox_enqueue("history")
        self.jobs_of(self.old[0])._job_write({"state": "failed", "error": "No."})
        run = self.assertFound(("invoice_missing", self.old[0]))
        self.assertEqual(run.still_to_archive, 2)

    def test_the_alarm_counts_apart(self):
        self.old._progbox_enqueue("history")
        self.jobs_of(self.old[0])._job_write({"state": "failed", "error": "No."})
        self.verify()
        alarms = self.server["mail.activity"].search(
            [("progbox_company_id", "=", self.company.id)]
        )
        alarm = alarms.filtered(lambda alarm: "found something" in alarm.summary)
        self.assertIn("(1)", alarm.summary)
        self.assertIn("2 invoices are still to be archived", alarm.note)

    def test_an_invoice_of_today_without_a_job_is_a_finding(self):
        self.company.progbox_archive_started = "2020-01-01"
        forgotten = self.posted()
        self.forget(forgotten)
        self.old._progbox_enqueue("history")
        run = self.assertFound(("invoice_missing", forgotten))
        self.assertEqual(run.still_to_archive, 3)
