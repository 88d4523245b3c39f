import base64
import io
import subprocess
import tempfile
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pikepdf
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..models import progbox_access_log_seal, stamp_authorities
from ..models.progbox_closing_mail import REPORT
from ..models.progbox_package import CHECK_STAMPS
from ..models.progbox_time_stamp import LOCAL_OPTION
from ..tools import time_stamp
from .stamp_authority import DRIPPING, Authority, authorities
from .verification_common import VerificationCommon


def fingerprint_of(authority):
    [certificate] = time_stamp.load_certificates(authority.pem)
    return time_stamp.fingerprint(certificate)


@tagged("post_install", "-at_install")
class TestTimeStamps(VerificationCommon):
    """An authority outside dates the ledger, and nobody dates it back."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder, cls.http = cls.enterClassContext(authorities())
        cls.authority = Authority(folder / "authority")
        cls.foreign = Authority(folder / "foreign", "Foreign")
        cls.old = Authority(folder / "old", "Old", -timedelta(days=1))
        cls.stamps = cls.server["progbox.time.stamp"]
        cls.startClassPatcher(patch.dict(config.options, {LOCAL_OPTION: "True"}))
        cls.company.write(
            {
                "progbox_stamp_url": cls.http.address,
                "progbox_stamp_certificates": cls.authority.pem,
            }
        )

    def setUp(self):
        super().setUp()
        self.http.respond = self.authority.answer

    def closed(self):
        closing = self.server["progbox.closing"]._close(
            self.company, fields.Date.to_date("2026-11-01")
        )
        return closing, closing.stamp_ids

    def stamped(self):
        closing, stamp = self.closed()
        stamp._job_process()
        self.assertEqual(stamp.state, "done", stamp.error)
        return closing, stamp

    # -- asking ----------------------------------------------------------

    def test_a_closing_is_stamped_by_a_job(self):
        closing, stamp = self.closed()
        self.assertEqual((stamp.state, stamp.token), ("pending", False))
        self.assertEqual(stamp.hash, closing.seal_id.hash)
        stamp._job_process()
        self.assertEqual(stamp.state, "done", stamp.error)
        self.assertLess(fields.Datetime.now() - stamp.stamped_on, timedelta(minutes=1))
        self.assertTrue(closing.stamp_state)
        self.assertIntact(self.verify())

    def test_a_closing_does_not_need_the_cron_of_its_stamp(self):
        self.stamps._job_crons().unlink()
        _closing, stamp = self.closed()
        self.stamps._enqueue_daily(self.company)
        self.assertEqual((stamp.state, stamp.attempts), ("pending", 0))

    def enclosed(self, closings):
        """Return what is attached to the certificates of closings, printed at once."""
        reports = self.server["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        content, _kind = reports._render_qweb_pdf(REPORT, closings.ids)
        with pikepdf.open(io.BytesIO(content)) as pdf:
            return {
                name: file.get_file().read_bytes()
                for name, file in pdf.attachments.items()
            }

    def test_the_printed_certificate_carries_the_stamp(self):
        closing, stamp = self.stamped()
        enclosed = self.enclosed(closing)
        self.assertEqual(enclosed, dict(stamp._files()))
        self.assertEqual(len(enclosed), 2)

    def test_certificates_printed_at_once_carry_the_stamps_of_all(self):
        first, stamp = self.stamped()
        self.filed()
        second, later = self.stamped()
        stamps = dict((stamp + later)._files())
        self.assertEqual(len(stamps), 4)
        # With more pages than closings, Odoo cannot tell which page is whose.
        span = patch.object(type(first), "_number_span", return_value=["INV"] * 3000)
        for pages, printed in (("one each", nullcontext()), ("more", span)):
            with self.subTest(pages), printed:
                self.assertEqual(self.enclosed(first + second), stamps)

    def test_stamps_of_several_companies_say_whose_they_are(self):
        closing, stamp = self.stamped()
        other = self.setup_other_company(name="Dupont/Fils")["company"]
        settings = ("progbox_stamp_url", "progbox_stamp_certificates")
        other.write({name: self.company[name] for name in settings})
        theirs = self.server["progbox.closing"]._close(other, closing.month)
        later = theirs.stamp_ids
        later._job_process()
        names = [name for name, _content in (closing + theirs)._stamp_files()]
        self.assertEqual(
            names,
            [
                f"{line} {name}.{kind}"
                for line, name in (
                    (stamp.sequence, self.company.name),
                    (later.sequence, "Dupont_Fils"),
                )
                for kind in ("tsr", "txt")
            ],
        )

    def test_the_end_of_a_ledger_that_moved_is_stamped_once(self):
        for _day in range(2):
            self.stamps._enqueue_daily(self.company)
        stamp = self.stamps.search([("company_id", "=", self.company.id)])
        self.assertEqual(stamp.sequence, self.seals()[-1].sequence)
        self.filed()
        self.stamps._enqueue_daily(self.company)
        self.assertEqual(len(self.stamps._of(self.company)), 2)

    def test_without_an_authority_nothing_is_asked(self):
        self.company.progbox_stamp_url = False
        self.closed()
        self.stamps._enqueue_daily(self.company)
        self.assertFalse(self.stamps._of(self.company))

    def test_answers_that_prove_nothing_are_not_kept(self):
        _closing, stamp = self.closed()
        text = stamp._text()
        for name, respond, words in (
            (
                "another text",
                lambda _query: self.authority.answer_about("1:x"),
                "proves",
            ),
            (
                "a nonce of its own",
                lambda _q: self.authority.answer_about(text),
                "proves",
            ),
            ("a foreign signer", self.foreign.answer, "proves"),
            ("an expired certificate", self.old.answer, "proves"),
            ("a page", lambda _query: b"<html>", "proves"),
            ("no end", lambda _query: b"x" * (1 << 19), "proves"),
            ("silence", lambda _query: None, "does not answer"),
            ("a byte at a time", lambda _query: DRIPPING, "does not answer"),
        ):
            self.http.respond = respond
            patience = 20 if words == "proves" else 0.3
            with self.subTest(name), patch.object(time_stamp, "PATIENCE", patience):
                if name == "an expired certificate":
                    self.company.progbox_stamp_certificates = self.old.pem
                stamp._job_write({"attempts": 1})
                stamp._job_process()
                self.assertEqual((stamp.state, stamp.token), ("pending", False))
                self.assertIn(words, stamp.error)
                self.assertGreater(stamp.next_try, fields.Datetime.now())
            self.company.progbox_stamp_certificates = self.authority.pem
        self.http.respond = self.authority.answer
        stamp._job_process()
        self.assertEqual(stamp.state, "done", "another try succeeds")

    def test_a_date_that_is_not_now_is_not_kept(self):
        _closing, stamp = self.closed()
        with freeze_time(fields.Datetime.now() + timedelta(hours=3)):
            stamp._job_process()
        self.assertFalse(stamp.token)
        self.assertIn("clock", stamp.error)

    def test_what_was_given_up_is_asked_for_every_day(self):
        _closing, stamp = self.closed()
        stamp._job_write({"state": "failed", "attempts": 10})
        self.stamps._enqueue_daily(self.company)
        self.assertEqual((stamp.state, stamp.attempts), ("pending", 0))

    def test_the_server_itself_is_not_asked(self):
        _closing, stamp = self.closed()
        queries = self.http.queries
        port = self.http.address.rpartition(":")[2]
        with patch.dict(config.options, {LOCAL_OPTION: "False"}):
            for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):
                with self.subTest(host):
                    self.company.progbox_stamp_url = f"http://{host}:{port}"
                    stamp._job_write({"attempts": 1})
                    stamp._job_process()
                    self.assertEqual((stamp.state, stamp.token), ("pending", False))
                    self.assertIn("around it, which is not asked", stamp.error)
        self.assertEqual(self.http.queries, queries)

    def test_only_addresses_of_the_internet_are_asked(self):
        for text in (
            *("169.254.169.254", "127.1.2.3", "::1", "fe80::1%eth0", "ff02::1"),
            *("10.0.0.7", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0"),
            *("fd00::1", "224.0.0.1", "::ffff:10.0.0.7", "64:ff9b::a9fe:a9fe"),
            *("2002:a9fe:a9fe::", "255.255.255.255", "192.0.2.1"),
        ):
            self.assertFalse(time_stamp._is_public(text), text)
        for text in ("9.9.9.9", "2620:fe::9", "::ffff:9.9.9.9", "64:ff9b::909:909"):
            self.assertTrue(time_stamp._is_public(text), text)

    def test_nobody_is_followed_elsewhere(self):
        _closing, stamp = self.closed()
        queries = self.http.queries
        self.http.moved_to = self.http.address
        self.addCleanup(setattr, self.http, "moved_to", None)
        stamp._job_process()
        self.assertIn("does not answer", stamp.error)
        self.assertEqual(self.http.queries, queries + 1)

    def test_settings_take_addresses_and_certificates_only(self):
        for values in (
            {"progbox_stamp_url": "ftp://tsa.example.com"},
            {"progbox_stamp_url": "tsa.example.com"},
            {"progbox_stamp_url": "http://[tsa"},
            {"progbox_stamp_certificates": "a certificate"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.company.write(values)
        for address in ("https://me:secret@tsa.example.com", "https://me:secret@[x"):
            with self.subTest(address), self.assertRaises(ValidationError) as raised:
                self.company.progbox_stamp_url = address
            self.assertIn("leave out the name", str(raised.exception))
            self.assertNotIn("secret", str(raised.exception))

    def test_messages_name_no_password(self):
        _closing, stamp = self.closed()
        # As it may have been entered before that was refused.
        address = f"http://me:secret@{self.http.address[7:]}?key=secret"
        self.tamper(
            "UPDATE res_company SET progbox_stamp_url = %s WHERE id = %s",
            address,
            self.company.id,
        )
        self.http.respond = self.foreign.answer
        stamp._job_process()
        self.assertIn(self.http.address, stamp.error)
        self.assertNotIn("secret", f"{stamp.error} {stamp.error_detail}")

    def test_only_who_looks_after_the_archive_reads_the_settings(self):
        names = [
            "progbox_stamp_url",
            "progbox_stamp_certificates",
            "progbox_stamp_since",
            "progbox_certificate_partner_ids",
        ]
        for group, may in (
            ("base.group_portal", False),
            ("base.group_erp_manager", False),
            ("progbox_invoice_archive.group_archive_reader", False),
            ("progbox_invoice_archive.group_archive_manager", True),
            ("base.group_system", True),
        ):
            user = new_test_user(
                self.env,
                group,
                groups=group,
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
            company = self.company.with_user(user)
            for name in names:
                with self.subTest(group=group, name=name):
                    if may:
                        self.assertTrue(company.read([name]))
                        continue
                    with self.assertRaises(AccessError):
                        company.read([name])
                    with self.assertRaises(AccessError):
                        company.search([(name, "!=", False)])
        self.env["res.config.settings"].with_user(user).create(
            {"progbox_stamp_url": "https://tsa.example.com"}
        ).execute()
        self.assertEqual(self.company.progbox_stamp_url, "https://tsa.example.com")

    # -- verifying -------------------------------------------------------

    def test_a_ledger_written_anew_does_not_carry_the_old_dates(self):
        _closing, stamp = self.stamped()
        seal = stamp.closing_id.seal_id
        self.tamper(
            "UPDATE progbox_seal SET hash = %s WHERE id = %s", f"$1${'0' * 64}", seal.id
        )
        run = self.verify()
        finding = run.finding_ids.filtered(
            lambda f: f.sequence == stamp.sequence and f.kind == "line_changed"
        )
        self.assertTrue(finding, run.finding_ids.mapped("kind"))
        # Whoever writes all of it anew has the hash of the stamp's row, too.
        self.tamper(
            "UPDATE progbox_time_stamp SET hash = %s WHERE id = %s",
            f"$1${'0' * 64}",
            stamp.id,
        )
        self.assertIn("stamp_invalid", self.verify().finding_ids.mapped("kind"))

    def test_a_stamp_made_long_after_its_line(self):
        self.stamped()
        self.tamper(
            "UPDATE progbox_seal SET sealed_on = sealed_on - interval '90 days'"
            " WHERE kind = 'closing' AND company_id = %s",
            self.company.id,
        )
        self.assertIn("stamp_late", self.verify().finding_ids.mapped("kind"))

    def test_a_stamp_that_was_tampered_with(self):
        _closing, stamp = self.stamped()
        other = self.foreign.answer_about(stamp._text())
        for name, kind, query, values in (
            ("foreign", "stamp_invalid", "token = %s", [other]),
            ("wrong", "stamp_invalid", "token = %s",
             [self.authority.answer_about("x")]),
            ("junk", "stamp_invalid", "token = %s", [b"junk"]),
            ("date", "stamp_invalid",
             "stamped_on = stamped_on - interval '9 days'", []),
            ("taken away", "stamp_missing", "token = NULL, create_date = '2026-01-01'",
             []),
        ):  # fmt: skip
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                if query == "token = %s":
                    values = [self.as_kept(values[0])]
                self.tamper(
                    f"UPDATE progbox_time_stamp SET {query} WHERE id = %s",
                    *values,
                    stamp.id,
                )
                self.assertEqual(self.found(self.verify()), {(kind, None)})
                savepoint.rollback()
                self.env.invalidate_all()

    def as_kept(self, token):
        field = self.stamps._fields["token"]
        return field.convert_to_column(base64.b64encode(token), self.stamps)

    def test_a_stamp_that_was_removed(self):
        self.stamped()
        self.tamper("DELETE FROM progbox_time_stamp")
        self.assertFound(("stamp_missing", None))

    def test_stamps_that_were_switched_off(self):
        self.stamped()
        self.company.progbox_stamp_url = False
        self.assertFound(("stamp_off", None))

    def test_a_certificate_without_an_address_asks_nobody(self):
        other = self.setup_other_company()["company"]
        self.assertFalse(stamp_authorities.on_record(other))
        other.progbox_stamp_certificates = self.authority.pem
        self.assertTrue(stamp_authorities.on_record(other))
        self.assertFalse(self.stamps._off_findings(other))
        other.progbox_stamp_url = self.http.address
        other.write({"progbox_stamp_url": False, "progbox_stamp_since": False})
        [finding] = self.stamps._off_findings(other)
        self.assertEqual(finding.kind, "stamp_off")

    def test_a_certificate_that_was_exchanged(self):
        self.stamped()
        self.company.progbox_stamp_certificates = self.foreign.pem
        self.assertFound(("stamp_invalid", None))
        # Who changes the authority keeps the former certificate.
        self.company.progbox_stamp_certificates = self.foreign.pem + self.authority.pem
        self.assertIntact(self.verify())

    # -- whom it trusts, on record ---------------------------------------

    def authority_lines(self):
        return self.server["progbox.access.log"].search(
            [("company_id", "=", self.company.id), ("kind", "=", "authority")],
            order="id",
        )

    def trust_in_database(self, pem):
        self.tamper(
            "UPDATE res_company SET progbox_stamp_certificates = %s WHERE id = %s",
            pem,
            self.company.id,
        )

    def test_each_change_of_the_authority_is_a_line_of_the_log(self):
        [line] = self.authority_lines()
        mine, other = map(fingerprint_of, (self.authority, self.foreign))
        self.assertIn(mine, line.note)
        self.assertIn(self.http.address, line.note)
        self.company.progbox_stamp_certificates = self.foreign.pem
        self.company.progbox_stamp_url = "https://tsa.example.com/a;b c?key=secret"
        *_before, certificate, address = self.authority_lines()
        self.assertIn(other, certificate.note)
        self.assertNotIn(mine, certificate.note)
        self.assertIn("https://tsa.example.com/a;b%20c ", address.note)
        self.assertNotIn("secret", address.note)
        self.assertEqual(address.user_ref, self.env.uid)
        # What does not change is no line, and is found to be on record.
        self.company.progbox_stamp_url = self.company.progbox_stamp_url
        self.assertEqual(len(self.authority_lines()), 3)
        self.assertIntact(self.verify())
        self.company.write(
            {"progbox_stamp_url": False, "progbox_stamp_certificates": False}
        )
        self.assertEqual(len(self.authority_lines()), 4)

    def test_stamps_keep_who_vouched_for_them(self):
        _closing, stamp = self.stamped()
        self.assertEqual(stamp.authority, fingerprint_of(self.authority))
        page = self.server["ir.qweb"]._render(
            "progbox_invoice_archive.report_closing",
            {"docs": stamp.closing_id, "env": self.server},
        )
        self.assertIn(stamp.authority, page)

    def test_an_authority_that_came_by_the_database(self):
        self.stamped()
        for name, pem in (
            ("added", self.authority.pem + self.foreign.pem),
            ("broken", self.authority.pem[:-60]),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.trust_in_database(pem)
                self.assertIn(
                    "authority_changed", self.verify().finding_ids.mapped("kind")
                )
                savepoint.rollback()
            self.env.invalidate_all()
        self.tamper(
            "UPDATE res_company SET progbox_stamp_url = 'https://other.example.com'"
            " WHERE id = %s",
            self.company.id,
        )
        self.assertFound(("authority_changed", None))
        self.company.progbox_stamp_url = "https://other.example.com"
        self.assertIntact(self.verify())

    def test_a_stamp_made_anew_by_another_authority(self):
        _closing, stamp = self.stamped()
        stamp_on = "UPDATE progbox_time_stamp SET {} WHERE id = %s"
        token = self.as_kept(self.foreign.answer_about(stamp._text()))
        other = fingerprint_of(self.foreign)
        # As an administrator adds it, some days after the stamp was made.
        for name, query, values in (
            ("recorded otherwise", "token = %s", [token]),
            ("recorded anew", "token = %s, authority = %s", [token, other]),
            ("recorded nowhere", "token = %s, authority = NULL", [token]),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                with freeze_time(fields.Datetime.now() + timedelta(days=3)):
                    self.company.progbox_stamp_certificates = (
                        self.authority.pem + self.foreign.pem
                    )
                self.assertIntact(self.verify())
                self.tamper(stamp_on.format(query), *values, stamp.id)
                self.assertFound(("stamp_authority", None))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_stamp_from_before_authorities_were_on_record(self):
        _closing, stamp = self.stamped()
        self.tamper(
            "UPDATE progbox_time_stamp SET authority = NULL WHERE id = %s", stamp.id
        )
        self.tamper(
            "UPDATE progbox_access_log SET accessed_on = accessed_on"
            " + interval '9 days' WHERE kind = 'authority'"
        )
        self.assertIntact(self.verify())

    def test_what_is_trusted_stays_on_record(self):
        self.stamped()
        mine = fingerprint_of(self.authority)
        [line] = self.authority_lines()
        since = stamp_authorities.on_record(self.company)[mine]
        log = self.server["progbox.access.log"]
        log._gc_access_log()
        self.assertEqual(self.authority_lines(), line)
        # Whenever the clean-up comes, even after a retention that was made shorter.
        self.company.progbox_log_retention_days = 90
        later = fields.Datetime.now() + timedelta(days=200)
        with freeze_time(later), self.defenceless():
            log._gc_access_log()
        again = self.authority_lines()
        self.assertNotIn(line, again)
        self.assertEqual(again.accessed_on, later.replace(microsecond=0))
        self.assertIn(f"{since:%Y-%m-%d}", again.note)
        self.assertEqual(stamp_authorities.on_record(self.company), {mine: since})
        with freeze_time(later):
            self.assertFalse(
                {"stamp_authority", "authority_changed"}
                & set(self.verify().finding_ids.mapped("kind"))
            )
        # What nobody has noted is not noted by the server itself.
        self.trust_in_database(self.foreign.pem)
        with freeze_time(later + timedelta(days=9999)):
            stamp_authorities.keep_on_record(self.company, fields.Datetime.now())
        self.assertEqual(self.authority_lines(), again)

    def test_no_line_is_dated_back(self):
        """Nobody puts an authority on record before what is sealed already."""
        other = fingerprint_of(self.foreign)
        log, seals = (
            self.server["progbox.access.log"],
            self.stamps.env["progbox.access.log.seal"],
        )
        with patch.object(progbox_access_log_seal, "SETTLED", timedelta(seconds=-1)):
            seals._seal_lines(self.company)
            before = seals._last(self.company)
            note = f"{other} (2000-01-01)"
            with self.defenceless():
                for _number in range(2):
                    with freeze_time("2025-01-01"):
                        log._log("authority", company=self.company, note=note)
                    known = stamp_authorities.on_record(self.company)
                    self.assertGreaterEqual(known[other], before.last_on)
                    seals._seal_lines(self.company)
            # The seal of a line that is dated back makes the next one no older.
            self.assertEqual(seals._last(self.company).last_on.year, 2025)
            last = seals._last(self.company)
            since = {other: "2001-01-01T00:00:00Z"}
            for forged in (since, {other: "x"}, {other: 1}, "x"):
                seals._append(
                    self.company,
                    "lines",
                    last.last_ref + 1,
                    last.last_ref + 1,
                    fields.Datetime.now(),
                    authorities=forged,
                )
        known = stamp_authorities.on_record(self.company)
        self.assertGreaterEqual(known[other], before.last_on)

    def test_the_database_refuses_forged_stamps(self):
        _closing, stamp = self.stamped()
        self.env.flush_all()
        row = "company_id, state, sequence, hash"
        for attack in (
            f"UPDATE progbox_time_stamp SET token = NULL WHERE id = {stamp.id}",
            f"UPDATE progbox_time_stamp SET hash = 'x' WHERE id = {stamp.id}",
            f"UPDATE progbox_time_stamp SET authority = 'x' WHERE id = {stamp.id}",
            f"DELETE FROM progbox_time_stamp WHERE id = {stamp.id}",
            f"INSERT INTO progbox_time_stamp ({row}, token) SELECT company_id,"
            " 'pending', sequence, hash, 'x' FROM progbox_seal LIMIT 1",
            f"INSERT INTO progbox_time_stamp ({row}) SELECT company_id, 'done',"
            " sequence, hash FROM progbox_seal LIMIT 1",
            f"INSERT INTO progbox_time_stamp ({row}) SELECT company_id, 'pending',"
            " sequence, 'x' FROM progbox_seal LIMIT 1",
            "TRUNCATE progbox_time_stamp",
        ):
            self.assertRefused(attack)

    # -- without Odoo ----------------------------------------------------

    def test_openssl_checks_what_is_exported(self):
        _closing, stamp = self.stamped()
        packages = self.server["progbox.package"]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            package = packages._package(self.company, [], hides=True)
            packages._add_evidence(package, self.company, folder / "..")
            texts = {text.name: text for text in package.texts}
            self.assertIn("openssl ts -verify", self.content_of(texts["CHECK.txt"]))
            (folder / "stamps").mkdir()
            for path, text in texts.items():
                if path.startswith("stamps/") or path == "ledger.jsonl":
                    (folder / path).write_bytes(b"".join(text.blocks(package.read)))
            self.assertIn("genuine", self.check(folder))
            exported = (folder / "stamps/authority.pem").read_text()
            self.assertIn(f"# SHA-256 {stamp.authority}", exported)
            self.assertIn(f"line {stamp.sequence}: Time stamp:", self.check(folder))
            ledger = folder / "ledger.jsonl"
            for path, content in (
                (folder / f"stamps/{stamp.sequence}.txt", b"1:x"),
                (ledger, ledger.read_bytes().replace(stamp.hash.encode(), b"$1$0")),
                (folder / "stamps/authority.pem", self.foreign.pem.encode()),
            ):
                before = path.read_bytes()
                path.write_bytes(content)
                with (
                    self.subTest(path.name),
                    self.assertRaises(subprocess.CalledProcessError),
                ):
                    self.check(folder)
                path.write_bytes(before)

    def check(self, folder):
        return subprocess.run(
            ["bash", "-c", CHECK_STAMPS],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def content_of(self, entry):
        return b"".join(entry.blocks(None)).decode()
