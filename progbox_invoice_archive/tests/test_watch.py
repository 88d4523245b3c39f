from datetime import timedelta
from html import unescape
from unittest.mock import patch

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import progbox_watch
from ..models.mail_activity import STOPPED
from ..tools.ledger.verify import Finding
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
        """Return the scheduled actions that are watched, by their XML id."""
        return {
            xmlid: self.env.ref(xmlid).sudo()
            for xmlid, cron in self.watch._expected_crons().items()
            if cron.is_used
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
                    ("put_off", lambda crons: crons.write({"nextcall": self.ago(-99)})),
                    ("missing", lambda crons: crons.unlink()),
                    ("missing", lambda crons: crons.write({"code": "pass"})),
                ):
                    with self.env.cr.savepoint() as savepoint:
                        break_it(crons)
                        self.assertEqual(
                            [f.actual for f in self.watch._findings(self.company)],
                            [f"{name} {state}"],
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

    def test_an_invoice_whose_job_is_put_off(self):
        self.company.progbox_archive_started -= timedelta(days=1)
        job = self.jobs_of(self.posted())
        for put_off in (
            {"next_try": self.ago(-9999)},
            {"reason": "history"},
            {"state": "waiting"},
        ):
            with self.subTest(put_off), self.env.cr.savepoint() as savepoint:
                job._job_write({"next_try": self.ago(-9999), **put_off})
                self.assertFalse(self.kinds())
                self.tamper(
                    "UPDATE progbox_archive_job SET create_date = %s WHERE id = %s",
                    self.ago(2),
                    job.id,
                )
                self.assertEqual(self.kinds(), ["job_late"])
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertRefused(
            "UPDATE progbox_archive_job SET create_date = create_date +"
            f" interval '1 day' WHERE id = {job.id}"
        )

    def test_a_job_that_is_made_anew_again_and_again(self):
        self.company.progbox_archive_started -= timedelta(days=9)
        move = self.posted()
        job = self.jobs_of(move)
        job._job_finish("cancelled")
        dated = "UPDATE progbox_archive_job SET create_date = %s WHERE id = %s"
        forged = self.jobs_of(self.posted())
        self.tamper(dated, self.ago(-9999), forged.id)
        self.assertEqual(self.kinds(), ["job_late"], "dated ahead")
        forged._job_finish("cancelled")
        self.server["progbox.archive.job"]._enqueue_moves(move, "posting")
        self.assertFalse(self.kinds())
        # An invoice that was a draft meanwhile is posted anew.
        self.tamper(dated, self.ago(5), job.id)
        self.assertFalse(self.kinds())
        self.tamper(dated, self.ago(1.5), job.id)
        self.assertEqual(self.kinds(), ["job_late"])
        self.filed(move)
        self.server["progbox.archive.job"]._enqueue_moves(move, "changed")
        self.assertFalse(self.kinds(), "it has a document")

    def test_an_invoice_may_wait_for_its_authority(self):
        self.company.write({"progbox_authority_wait": True})
        self.company.write({"progbox_authority_days": 3})
        self.company.progbox_archive_started -= timedelta(days=1)
        job = self.jobs_of(self.posted())
        job._job_write({"state": "waiting", "next_try": self.ago(-1)})
        for days, kinds in ((3, []), (5, ["job_late"])):
            self.tamper(
                "UPDATE progbox_archive_job SET create_date = %s WHERE id = %s",
                self.ago(days),
                job.id,
            )
            self.assertEqual(self.kinds(), kinds)

    def test_a_verification_that_is_put_off(self):
        run = self.runs.create({"company_id": self.company.id, "door": "cron"})
        self.assertFalse(self.kinds())
        for state, column in (("pending", "next_try"), ("running", "lease_until")):
            run._job_write({"state": state, column: self.ago(-9999)})
            self.tamper(
                "UPDATE progbox_verification SET create_date = %s WHERE id = %s",
                self.ago(2),
                run.id,
            )
            self.assertEqual(self.kinds(), ["verification_late"])
        run._job_write({"lease_until": False})
        self.assertEqual(self.kinds(), ["verification_late"])
        # One that a worker is at goes on.
        run._job_write({"lease_until": self.ago(-0.01)})
        self.assertFalse(self.kinds())
        for attack in ("create_date = create_date + interval '1 day'", "door = 'x'"):
            self.assertRefused(
                f"UPDATE progbox_verification SET {attack} WHERE id = {run.id}"
            )

    def test_a_verification_of_the_future(self):
        run = self.verify()
        ahead = "UPDATE progbox_verification SET {} = %s WHERE id = %s"
        self.tamper(ahead.format("done_on"), self.ago(-9999), run.id)
        self.assertFalse(self.kinds(), "the archive is of today")
        self.tamper(
            "UPDATE progbox_seal SET sealed_on = %s WHERE company_id = %s",
            self.ago(50),
            self.company.id,
        )
        self.assertIn("verification_late", self.kinds())
        self.verify()
        self.assertNotIn("verification_late", self.kinds())
        run = self.runs.create({"company_id": self.company.id, "door": "cron"})
        self.tamper(ahead.format("create_date"), self.ago(-9999), run.id)
        self.assertIn("verification_late", self.kinds())

    def test_what_was_switched_off_is_said_until_somebody_answers_for_it(self):
        keeper = self.env["res.partner"].create(
            {"name": "Keeper", "email": "keeper@example.com"}
        )
        company = self.company
        company.progbox_certificate_partner_ids = keeper
        closing = self.server["progbox.closing"]._close(company, fields.Date.today())
        company.progbox_stamp_since = self.ago(-0.1)
        self.assertEqual(self.kinds(), ["stamp_off"])
        company.progbox_certificate_partner_ids = False
        self.assertEqual(self.kinds(), ["stamp_off"], "none was sent yet")
        closing.mail_ids._job_finish("done")
        self.assertEqual(self.kinds(), ["stamp_off", "certificate_off"])
        notes = self.server["progbox.access.log"].search(
            [("company_id", "=", company.id), ("kind", "=", "share")], order="id"
        )
        self.assertIn("go to: keeper@example.com", notes[0].note)
        self.assertIn("go to: –", notes[-1].note)
        run = self.verify()
        self.assertEqual(run.finding_counts, {"stamp_off": 1, "certificate_off": 1})
        views = etree.fromstring(
            self.env.ref("progbox_invoice_archive.progbox_verification_view_form").arch
        )
        buttons = views.findall(".//button[@name='action_acknowledge']")
        self.assertEqual(
            [button.get("invisible") for button in buttons], ["not can_acknowledge"] * 2
        )
        findings = run.finding_ids.with_user(self.manager)
        self.assertEqual(findings.mapped("can_acknowledge"), [True, True])
        findings.action_acknowledge()
        self.assertEqual(findings.mapped("can_acknowledge"), [False, False])
        self.assertFalse(self.watch._told(company))

    def test_a_verification_that_is_overdue(self):
        run = self.verify()
        self.assertFalse(self.kinds())
        self.tamper(
            "UPDATE progbox_verification SET done_on = %s WHERE id = %s",
            self.ago(50),
            run.id,
        )
        self.assertEqual(self.kinds(), ["verification_late"])
        self.verify(since=fields.Date.today())
        self.assertEqual(self.kinds(), ["verification_late"], "a part is not all")
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
        job = self.jobs_of(self.posted(date=fields.Date.to_string(self.ago(70))))
        job._job_write({"reason": "history"})
        self.assertFalse(self.kinds(), "the archiver comes to it first")
        job._job_write({"next_try": self.ago(-9999)})
        self.assertEqual(self.kinds(), ["closing_late"])
        job._job_write({"next_try": self.ago(-0.5)})
        self.assertFalse(self.kinds())
        for days in (40, -9999):
            self.tamper(
                "UPDATE progbox_archive_job SET create_date = %s WHERE id = %s",
                self.ago(days),
                job.id,
            )
            self.assertIn("closing_late", self.kinds(), "put off again and again")
        job._job_finish("cancelled")
        last = fields.Date.today().replace(day=1) - timedelta(days=1)
        self.server["progbox.closing"]._close(self.company, last.replace(day=1))
        self.assertEqual(self.kinds(), ["closing_late"], "an older one is open still")
        self.server["progbox.closing"]._close_due(self.company)
        self.assertFalse(self.kinds())

    def test_the_page_of_the_archive_warns_who_looks_after_it(self):
        folders = self.env["progbox.folder"]
        self.assertEqual(folders.with_user(self.manager).tree_start()["warnings"], [])
        self.env.ref("progbox_invoice_archive.ir_cron_closing").unlink()
        [warning] = folders.with_user(self.manager).tree_start()["warnings"]
        self.assertIn("close the months of the archive (missing): months stay", warning)
        self.assertEqual(folders.with_user(self.billing).tree_start()["warnings"], [])

    def test_the_page_waits_for_one_lock(self):
        """Whoever works for several companies is told once of what is common."""
        other = self.setup_other_company()["company"]
        self.manager.company_ids |= other
        self.env.ref("progbox_invoice_archive.ir_cron_closing").active = False
        locked = patch.object(
            type(self.watch), "_own_findings", return_value=[Finding("unchecked")]
        )
        with locked as look:
            warnings = (
                self.watch.with_user(self.manager)
                .with_context(allowed_company_ids=(self.company | other).ids)
                ._warnings()
            )
        look.assert_called_once()
        self.assertEqual(len(warnings), 2)
        self.assertNotIn(self.company.name, warnings[0])
        self.assertIn(self.company.name, warnings[1])

    def test_the_next_posting_looks_and_not_the_one_after(self):
        self.filed()
        self.env.ref("progbox_invoice_archive.ir_cron_archive").active = False
        self.env.flush_all()
        hooks = self.env.cr.postcommit
        self.startPatcher(patch.dict(progbox_watch._looked, clear=True))
        for told in (True, False):
            hooks.clear()
            self.posted()
            with self.enter_registry_test_mode():
                hooks.run()
            self.env.invalidate_all()
            self.assertEqual(bool(self.alerts()), told)
            self.alerts().unlink()
        key = (self.env.cr.dbname, self.company.id)
        progbox_watch._looked[key] -= progbox_watch.LOOK_EVERY
        hooks.clear()
        failing = patch.object(
            type(self.watch), "_look", side_effect=ValueError("of the watch alone")
        )
        with failing as look, mute_logger(progbox_watch.__name__):
            self.posted()
            look.assert_not_called()
            with self.enter_registry_test_mode():
                hooks.run()
            look.assert_called_once()

    def test_a_posting_that_was_rolled_back_has_not_looked(self):
        hooks = self.env.cr.postcommit
        self.startPatcher(patch.dict(progbox_watch._looked, clear=True))
        self.watch._look_when_posted(self.company)
        hooks.clear()
        with patch.object(type(self.watch), "_look") as look:
            # Two in one transaction, which looks once.
            for _time in range(2):
                self.watch._look_when_posted(self.company)
            with self.enter_registry_test_mode():
                hooks.run()
            look.assert_called_once()

    def test_what_comes_while_an_alert_is_open_is_told(self):
        cron = self.env.ref("progbox_invoice_archive.ir_cron_closing_mail")
        cron.active = False
        self.watch._look(self.company)
        alert = self.alerts()
        before = alert.note
        self.env.ref("progbox_invoice_archive.ir_cron_closing").active = False
        self.watch._look(self.company)
        self.assertEqual(self.alerts(), alert)
        self.assertNotIn("close the months of the archive", before)
        self.assertIn("close the months of the archive", alert.note)

    def test_emails_that_do_not_leave(self):
        mails = self.server["mail.mail"]
        mine = {"progbox_company_id": self.company.id, "auto_delete": False}
        mails.create([{"state": "exception"}, {"state": "outgoing", **mine}])
        self.assertFalse(self.kinds())
        mail = mails.create({"state": "exception", **mine})
        self.assertEqual(self.kinds(), ["mail_failed"])
        run = self.verify()
        self.assertIn("did not leave: 1", run.finding_ids.message)
        mail.state = "outgoing"
        self.assertFalse(self.kinds())
        with freeze_time(self.ago(-1.1)):
            self.crons_on_time()
            self.assertEqual(self.kinds(), ["mail_failed"])

    def test_scheduled_actions_have_names_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env.ref("base.module_progbox_invoice_archive")._update_translations(
            ["fr_FR"]
        )
        cron = self.env.ref("progbox_invoice_archive.ir_cron_closing")
        cron.active = False
        finding = self.verify().finding_ids
        french = cron.with_context(lang="fr_FR").name
        self.assertNotEqual(french, cron.name)
        self.assertIn(cron.name, finding.message)
        self.assertIn(french, finding.with_context(lang="fr_FR").message)
        self.manager.lang = "fr_FR"
        folders = self.env["progbox.folder"].with_user(self.manager)
        [warning] = folders.with_context(lang="fr_FR").tree_start()["warnings"]
        self.assertIn(french, warning)
        self.watch._look(self.company)
        self.assertIn(french, unescape(self.alerts().note))
        # As an older version has kept it, or an add-on that is gone.
        for kind, actual in (
            ("cron_off", "ProGBox: archive posted invoices (off)"),
            ("cron_off", "gone.ir_cron_gone off"),
            ("helper_missing", "gone.model gone.record"),
        ):
            self.assertEqual(self.watch._words(kind, actual), actual)

    def test_all_scheduled_actions_of_ours_are_watched(self):
        expected = self.watch._expected_crons()
        for addon in self.watch._watched_addons():
            crons = self.server["ir.model.data"].search(
                [("module", "=", addon), ("model", "=", "ir.cron")]
            )
            with self.subTest(addon):
                self.assertEqual(
                    {xmlid for xmlid in expected if xmlid.startswith(f"{addon}.")},
                    set(crons.mapped("complete_name")),
                )
        for xmlid, cron in expected.items():
            with self.subTest(xmlid):
                action = self.env.ref(xmlid)
                self.assertEqual(cron.name, action.name)
                self.assertEqual(
                    cron.every,
                    timedelta(days=31)
                    if action.interval_type == "months"
                    else timedelta(**{action.interval_type: action.interval_number}),
                )

    def test_the_manager_is_told_and_it_is_taken_back(self):
        cron = self.env.ref("progbox_invoice_archive.ir_cron_archive")
        cron.active = False
        for _time in range(2):
            self.watch._look_daily()
            alert = self.alerts()
            self.assertEqual(alert.user_id, self.manager)
        self.assertIn("archive posted invoices (switched off): invoices", alert.note)
        self.assertEqual(self.verify().finding_counts, {"cron_off": 1})
        cron.active = True
        self.watch._look_daily()
        self.assertFalse(self.alerts())
