from datetime import timedelta

import psycopg2.errors

from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.misc import limited_field_access_token

from ..models.verification_beside_sql import differing_files
from .http_common import PatientCase
from .verification_common import VerificationCommon


@tagged("post_install", "-at_install")
class TestEvidenceBeside(VerificationCommon, PatientCase):
    """What serves an archived file, and what says that it must be there."""

    INVOICES = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.documents(cls.moves[0])
        cls.attachment = cls.document._content_attachment()
        cls.folder = cls.document.folder_id
        cls.other = cls.setup_other_company()["company"]

    def test_each_changed_value_is_found(self):
        file, document, folder = self.attachment.id, self.document.id, self.folder.id
        number = self.moves[0].name
        for kind, value, table, assignment, id_ in (
            ("opened_wide", "access_token", "ir_attachment",
             "access_token = 'x'", file),
            ("opened_wide", "public", "ir_attachment", "public = TRUE", file),
            ("opened_wide", "type", "ir_attachment", "type = 'url'", file),
            ("opened_wide", "url", "ir_attachment", "url = 'http://x'", file),
            ("opened_wide", "file name", "ir_attachment", "name = 'x.pdf'", file),
            ("opened_wide", "file company", "ir_attachment",
             f"company_id = {self.other.id}", file),
            ("opened_wide", "created by", "progbox_document",
             "create_uid = 2", document),
            ("folder_changed", "locked", "progbox_folder", "locked = FALSE", folder),
            ("folder_changed", "company", "progbox_folder",
             f"company_id = {self.other.id}", folder),
            ("folder_changed", "path", "progbox_folder",
             f"parent_path = '{folder}/'", folder),
            ("start_changed", None, "res_company",
             "progbox_archive_started = now() AT TIME ZONE 'UTC' + interval '1 day'",
             self.company.id),
        ):  # fmt: skip
            with self.subTest(value, kind=kind), self.env.cr.savepoint() as savepoint:
                self.tamper(f"UPDATE {table} SET {assignment} WHERE id = %s", id_)  # pylint: disable=sql-injection
                run = self.verify()
                findings = run.finding_ids.filtered(lambda f, kind=kind: f.kind == kind)
                self.assertTrue(findings, run.finding_ids.mapped("kind"))
                if value:
                    self.assertEqual(findings[:1].what, value)
                if kind == "opened_wide":
                    self.assertEqual(findings.number, number)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_an_equality_made_by_somebody_hides_nothing(self):
        self.tamper(
            "UPDATE ir_attachment SET url = 'evil' WHERE id = %s", self.attachment.id
        )
        self.env.cr.execute(
            """CREATE FUNCTION public.alike(varchar, varchar) RETURNS boolean
            LANGUAGE sql AS $$ SELECT $1::text = $2::text OR 'evil' IN ($1::text) $$;
            CREATE OPERATOR public.= (
                LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.alike
            )"""
        )
        [row] = differing_files(self.env, self.company, 0, self.document.id)
        self.assertEqual(row[0], self.document.id)

    def test_the_database_refuses_it_all(self):
        self.env.flush_all()
        file, document = self.attachment.id, self.document.id
        for attack in (
            f"UPDATE ir_attachment SET access_token = 'x' WHERE id = {file}",
            f"UPDATE progbox_document SET create_uid = 2 WHERE id = {document}",
            "UPDATE progbox_document SET create_date = create_date - interval '1 s'"
            f" WHERE id = {document}",
            f"UPDATE res_company SET progbox_archive_started = NULL"
            f" WHERE id = {self.company.id}",
            f"UPDATE res_company SET progbox_archive_started ="
            f" progbox_archive_started + interval '1 day' WHERE id = {self.company.id}",
        ):
            self.assertRefused(attack)

    def test_a_whole_archive_that_is_gone_is_missed(self):
        self.company.progbox_archive_started -= timedelta(days=1)
        for model in ("seal", "document", "folder", "verification", "archive_job",
                      "access_log", "access_log_seal"):  # fmt: skip
            where = " AND locked" if model == "folder" else ""
            self.tamper(
                f"DELETE FROM progbox_{model} WHERE company_id = %s{where}",  # pylint: disable=sql-injection
                self.company.id,
            )
        self.assertIn(self.company, self.runs._companies())
        self.assertFound(
            *(("invoice_missing", move) for move in self.moves),
        )

    def test_a_start_that_is_put_off_once_the_ledger_is_gone(self):
        for model in ("seal", "document", "folder", "verification", "access_log",
                      "access_log_seal"):  # fmt: skip
            where = " AND locked" if model == "folder" else ""
            self.tamper(
                f"DELETE FROM progbox_{model} WHERE company_id = %s{where}",  # pylint: disable=sql-injection
                self.company.id,
            )
        put_off = (
            "UPDATE res_company SET progbox_archive_started ="
            f" now() AT TIME ZONE 'UTC' + interval '1 day' WHERE id = {self.company.id}"
        )
        self.assertRefused(put_off)
        self.tamper(put_off)
        self.assertIn(self.company, self.runs._companies())
        self.assertIn(("start_changed", None), self.found(self.verify()))

    def test_a_token_opens_nothing_of_the_archive(self):
        for call in (
            lambda: self.attachment.generate_access_token(),
            lambda: self.attachment.write({"access_token": "known"}),
        ):
            with self.assertRaises(UserError):
                call()
        self.assertFalse(self.attachment._get_raw_access_token())
        # As whoever owns the database has put it there, or an older version of Odoo.
        self.tamper(
            "UPDATE ir_attachment SET access_token = 'known', public = TRUE"
            " WHERE id = %s",
            self.attachment.id,
        )
        signed = limited_field_access_token(self.attachment, "raw", scope="binary")
        file, document = self.attachment.id, self.document.id
        for user in (None, "plain"):
            if user:
                self.authenticate(user, user)
            for token in ("known", signed):
                for url in (
                    f"/web/content/{file}?access_token={token}",
                    f"/web/content?model=ir.attachment&id={file}&access_token={token}",
                    f"/web/content/progbox.document/{document}/content"
                    f"?access_token={token}",
                    f"/web/image/{file}?access_token={token}",
                    f"/mail/attachment/pdf_first_page/{file}?access_token={token}",
                ):
                    with self.subTest(url=url, user=user):
                        response = self.url_open(url)
                        self.assertNotIn(b"%PDF", response.content)
        binary = self.env["ir.binary"].with_user(self.plain)
        with self.assertRaises(AccessError):
            binary._find_record(None, "ir.attachment", file, "known", "raw")

    def test_a_zip_of_attachments_is_a_download(self):
        self.authenticate("billing", "billing")
        self.env.flush_all()
        response = self.url_open(
            "/mail/attachment/zip",
            data={
                "file_ids": str(self.attachment.id),
                "zip_name": "x.zip",
                "csrf_token": Request.csrf_token(self),
            },
        )
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        log = self.server["progbox.access.log"].search(
            [("document_ref", "=", self.document.id)], order="id desc", limit=1
        )
        self.assertEqual(log.kind, "download")


@tagged("post_install", "-at_install")
class TestBornUnfinished(VerificationCommon):
    """Nothing is created as if its work were done, nothing finished goes."""

    INVOICES = 1

    def test_runs_and_findings_are_what_they_were(self):
        self.tamper(
            "UPDATE ir_attachment SET access_token = 'x' WHERE id = %s",
            self.documents(self.moves)._content_attachment().id,
        )
        run = self.verify()
        finding = run.finding_ids
        self.env.flush_all()
        company = self.company.id
        for attack in (
            "INSERT INTO progbox_verification (company_id, door, state)"
            f" VALUES ({company}, 'cron', 'done')",
            f"DELETE FROM progbox_verification WHERE id = {run.id}",
            "UPDATE progbox_verification SET finding_counts = NULL"
            f" WHERE id = {run.id}",
            f"UPDATE progbox_verification SET state = 'cancelled' WHERE id = {run.id}",
            "TRUNCATE progbox_verification CASCADE",
            "INSERT INTO progbox_verification_finding (verification_id, kind, level,"
            " acknowledged_on) SELECT verification_id, kind, level, now()"
            f" FROM progbox_verification_finding WHERE id = {finding.id}",
            "INSERT INTO progbox_verification_finding (verification_id, kind, level)"
            f" VALUES ({run.id}, 'source_gone', 'error')",
            f"DELETE FROM progbox_verification_finding WHERE id = {finding.id}",
            "UPDATE progbox_verification_finding SET kind = 'clock'"
            f" WHERE id = {finding.id}",
        ):
            self.assertRefused(attack)

    def test_a_job_is_born_to_be_done_and_stays(self):
        self.env.flush_all()
        job = self.jobs_of(self.moves)[:1]
        self.assertEqual(job.state, "done")
        columns = "move_id, company_id, reason, state"
        values = f"{self.moves.id}, {self.company.id}, 'posting'"
        for attack in (
            f"INSERT INTO progbox_archive_job ({columns}) VALUES ({values}, 'done')",
            f"INSERT INTO progbox_archive_job ({columns}, done_on)"
            f" VALUES ({values}, 'pending', now())",
            f"DELETE FROM progbox_archive_job WHERE id = {job.id}",
            "TRUNCATE progbox_archive_job",
        ):
            self.assertRefused(attack)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            job.sudo().unlink()
        # With its invoice it goes: who deletes that is noted elsewhere.
        draft = self.posted()
        draft.button_draft()
        jobs = self.jobs_of(draft)
        self.assertTrue(jobs)
        draft.unlink()
        self.assertFalse(jobs.exists())

    def test_a_line_of_the_log_names_who_did_it(self):
        self.env.flush_all()
        user = self.billing
        columns = "accessed_on, kind, company_id, user_ref, user_name, user_login"
        insert = (
            f"INSERT INTO progbox_access_log ({columns})"
            f" VALUES (now(), 'view', {self.company.id}, %s, %s, %s)"
        )
        right = (user.id, user.name, user.login)
        self.env.cr.execute(insert, right)
        for wrong in (
            (user.id, "Somebody else", user.login),
            (user.id, user.name, "admin"),
            (1 << 30, user.name, user.login),
            (None, user.name, user.login),
        ):
            text = self.env.cr.mogrify(insert, wrong).decode()
            self.assertRefused(text)

    def test_a_note_of_a_deletion_names_who_did_it(self):
        columns = (
            "company_id, res_model, res_id, document_ids, deleted_on, create_uid,"
            " deleted_by, state"
        )
        values = f"{self.company.id}, 'account.move', 1, '[]', now(), 2"
        for who, state in ((self.billing.name, "pending"), ("OdooBot", "done")):
            self.assertRefused(
                f"INSERT INTO progbox_source_deletion ({columns})"
                f" VALUES ({values}, '{who}', '{state}')"
            )

    def test_a_share_that_is_closed_stays_closed(self):
        share, _token = self.env["progbox.share"]._share(
            self.documents(self.moves).folder_id.with_user(self.env.user),
            {
                "kind": "link",
                "lang": "en_US",
                "include_future": False,
                "expires_on": "2027-01-01",
            },
        )
        share._revoke()
        self.env.flush_all()
        row = f"WHERE id = {share.id}"
        for assignment in (
            "revoked_on = NULL",
            "expires_on = NULL",
            "expires_on = '2030-01-01'",
            "token_hash = 'x'",
            "include_future = TRUE",
            "company_id = company_id + 1",
        ):
            self.assertRefused(f"UPDATE progbox_share SET {assignment} {row}")
        self.assertRefused(f"DELETE FROM progbox_share {row}")
        self.assertRefused(
            f"INSERT INTO progbox_share_choice (share_id, document_ref)"
            f" VALUES ({share.id}, 1)"
        )
        self.assertRefused("UPDATE progbox_share_choice SET document_ref = 1")
