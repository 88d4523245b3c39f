import base64
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..models.progbox_package import CHECK_STAMPS
from ..models.progbox_time_stamp import LOCAL_OPTION
from ..tools import time_stamp
from .stamp_authority import DRIPPING, Authority, authorities
from .verification_common import VerificationCommon


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
                    self.assertIn("server itself, which is not asked", stamp.error)
        self.assertEqual(self.http.queries, queries)

    def test_only_addresses_of_the_network_are_asked(self):
        for text in ("169.254.169.254", "127.1.2.3", "::1", "fe80::1%eth0", "ff02::1"):
            self.assertTrue(time_stamp._is_local(text), text)
        for text in ("192.0.2.1", "10.0.0.7", "2001:db8::1", "::ffff:192.0.2.1"):
            self.assertFalse(time_stamp._is_local(text), text)

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

    def test_a_certificate_that_was_exchanged(self):
        self.stamped()
        self.company.progbox_stamp_certificates = self.foreign.pem
        self.assertFound(("stamp_invalid", None))
        # Who changes the authority keeps the former certificate.
        self.company.progbox_stamp_certificates = self.foreign.pem + self.authority.pem
        self.assertIntact(self.verify())

    def test_the_database_refuses_forged_stamps(self):
        _closing, stamp = self.stamped()
        self.env.flush_all()
        row = "company_id, state, sequence, hash"
        for attack in (
            f"UPDATE progbox_time_stamp SET token = NULL WHERE id = {stamp.id}",
            f"UPDATE progbox_time_stamp SET hash = 'x' WHERE id = {stamp.id}",
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
