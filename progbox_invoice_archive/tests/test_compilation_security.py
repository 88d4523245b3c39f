from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .compilation_common import CompilationCommon, pdf_of
from .http_common import PatientCase

LOGGER = "odoo.addons.progbox_invoice_archive"
BARE = {"with_cover": False, "with_numbers": False}


@tagged("post_install", "-at_install")
class TestCompilationSecurity(CompilationCommon, PatientCase):
    """Who may not, cannot: by the buttons, by RPC, by the file's address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice("FIRST")
        cls.job = cls.compiled(cls.move, **BARE)
        cls.reader_only = new_test_user(
            cls.env,
            "archive_reader",
            groups="progbox_invoice_archive.group_archive_reader",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.portal = new_test_user(cls.env, "backup_portal", groups="base.group_portal")
        cls.other = cls.setup_other_company()["company"]
        cls.stranger = new_test_user(
            cls.env,
            "backup_stranger",
            groups="account.group_account_manager",
            company_id=cls.other.id,
            company_ids=[Command.set(cls.other.ids)],
        )

    def lowly(self):
        return (self.billing, self.reader_only, self.plain, self.portal)

    def test_only_a_manager_opens_the_wizard_or_compiles(self):
        for user in self.lowly():
            move = self.move.with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    move.action_progbox_compile()
                with self.assertRaises(AccessError):
                    self.env["progbox.compilation"].with_user(user)._request(move)
                with self.assertRaises(AccessError):
                    self.env["progbox.compile.wizard"].with_user(user).create({})

    def test_nobody_writes_backups_by_rpc(self):
        for user in (*self.lowly(), self.manager):
            jobs = self.env["progbox.compilation"].with_user(user)
            values = {"name": "x", "company_id": self.company.id}
            for attempt in (
                lambda jobs=jobs, values=values: jobs.create(values),
                lambda jobs=jobs: jobs.browse(self.job.id).write({"name": "x"}),
                lambda jobs=jobs: jobs.browse(self.job.id).unlink(),
                lambda jobs=jobs: jobs.env["progbox.compilation.file"].create(
                    {"compilation_id": self.job.id, "kind": "invoice"}
                ),
                lambda jobs=jobs: (
                    jobs.env["progbox.compilation.file"]
                    .search([], limit=1)
                    .write({"attachment_id": 1})
                ),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attempt()

    def test_backups_and_their_lines_are_for_managers(self):
        for user in self.lowly():
            for record in (self.job, self.job.file_ids):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    record.with_user(user).read(["name"])

    def test_a_reader_of_the_archive_sees_no_backup_among_the_documents(self):
        document = self.job.result_ids
        for user in (self.billing, self.reader_only):
            documents = self.env["progbox.document"].with_user(user)
            self.assertNotIn(document.id, documents.search([]).ids)
            self.assertTrue(documents.search([]), "they do see the archive")
            with self.assertRaises(AccessError):
                documents.browse(document.id).read(["name"])
            with self.assertRaises(AccessError):
                document._content_attachment().with_user(user).sudo(False).read(["raw"])
        manager = self.env["progbox.document"].with_user(self.manager)
        self.assertIn(document.id, manager.search([]).ids)

    def test_the_address_of_the_file_opens_for_managers_only(self):
        url = f"/web/content/progbox.document/{self.job.result_ids.id}/content"
        for user in (None, *self.lowly(), self.stranger):
            self.authenticate(user and user.login, user and user.login)
            with self.subTest(user=user and user.login):
                self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate("compiler", "compiler")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(answer.content.startswith(b"%PDF"))

    def test_a_manager_of_another_company_sees_and_compiles_nothing_of_ours(self):
        jobs = self.env["progbox.compilation"].with_user(self.stranger)
        self.assertFalse(jobs.search([]))
        self.assertFalse(jobs.env["progbox.compilation.file"].search([]))
        for attempt in (
            lambda: self.job.with_user(self.stranger).read(["name"]),
            lambda: self.job.with_user(self.stranger).action_cancel(),
            lambda: self.job.with_user(self.stranger).action_compile_again(),
            lambda: self.move.with_user(self.stranger).action_progbox_compile(),
            lambda: jobs._request(self.move.with_user(self.stranger)),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_the_wizard_takes_no_invoice_of_another_company_by_rpc(self):
        wizards = self.env["progbox.compile.wizard"].with_user(self.stranger)
        values = {"company_id": self.other.id, "unit_count": 1}
        with self.assertRaises(AccessError):
            wizards.create({**values, "move_ids": [Command.set(self.move.ids)]})
        wizard = wizards.create(values)
        wizard.sudo().move_ids = self.move
        with self.assertRaises(UserError):
            wizard.action_compile()

    def test_the_wizard_tries_no_file_that_somebody_names_in_a_context(self):
        # Attached to nothing: it is its creator's alone.
        secret = self.server["ir.attachment"].create(
            {"name": "secret.pdf", "raw": pdf_of("SECRET")}
        )
        file = {"attachment_id": secret.id, "category": "attachment"}
        move = self.move.with_user(self.manager)
        action = move.with_context(
            default_file_ids=[Command.create(file)]
        ).action_progbox_compile()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertNotIn(secret, wizard.file_ids.attachment_id)

    def test_the_wizard_makes_no_periods_for_another_company(self):
        wizard = (
            self.env["progbox.compile.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "company_id": self.other.id,
                    "move_ids": [Command.set(self.invoice("OLD", "2001-01-02").ids)],
                }
            )
        )
        wizard.action_create_periods()
        self.assertFalse(wizard.missing_days)
        theirs = [("company_id", "=", self.other.id), ("date_to", "<", "2002-01-01")]
        self.assertFalse(self.server["progbox.billing.period"].search(theirs))

    def test_a_bill_brings_in_no_file_that_its_main_attachment_only_names(self):
        secret = self.server["ir.attachment"].create(
            {"name": "secret.pdf", "raw": pdf_of("SECRET")}
        )
        bill = self.bill(None).with_user(self.manager)
        bill.message_main_attachment_id = secret.id
        job = self.request(self.move | bill, None, BARE)
        self.env.invalidate_all()
        job = self.run_job(job)
        self.assertEqual(job.state, "done", job.error)
        texts = "".join(self.texts(self.reader(job)))
        self.assertIn("FIRST", texts)
        self.assertNotIn("SECRET", texts)

    def test_two_companies_are_not_compiled_together(self):
        theirs = self.env["account.move"].create(
            {"move_type": "out_invoice", "company_id": self.other.id}
        )
        self.manager.company_ids |= self.other
        moves = (self.move | theirs).with_user(self.manager)
        moves = moves.with_context(allowed_company_ids=self.manager.company_ids.ids)
        with self.assertRaisesRegex(UserError, "one company at a time"):
            moves.env["progbox.compilation"]._request(moves)

    def test_who_is_no_manager_any_more_gets_nothing(self):
        job = self.request(self.move, None, BARE)
        self.manager.group_ids = self.env.ref("account.group_account_invoice")
        job = self.server["progbox.compilation"].browse(job.id)
        job._job_begin_attempt()
        with (
            self.assertLogs(LOGGER, "WARNING"),
            patch.object(self.env.cr, "rollback", lambda: None),
        ):
            job._job_process()
        self.assertIn("Only an archive manager", job.error)
        self.assertFalse(job._documents())

    def test_an_invoice_that_the_requester_may_not_read_is_named_not_shown(self):
        hidden = self.invoice("HIDDEN")
        # Afterwards nobody here may read it: a job of more than two seconds commits
        # on the way, and what was read before is forgotten.
        number = hidden.name
        job = self.request(self.move | hidden, None, BARE)
        self.env["ir.rule"].create(
            {
                "name": "hidden",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "domain_force": [("id", "!=", hidden.id)],
            }
        )
        job = self.run_job(job)
        self.assertEqual([line.code for line in job.left_out_ids], ["forbidden"])
        self.assertNotIn(number, job.left_out_ids.mapped("number"))
        self.assertNotIn("HIDDEN", "".join(self.texts(self.reader(job))))

    def test_an_attachment_that_the_requester_may_not_read_stays_out(self):
        secret = self.attach(self.move, "secret.pdf", pdf_of("SECRET"))
        self.env["ir.rule"].create(
            {
                "name": "secret",
                "model_id": self.env["ir.model"]._get_id("ir.attachment"),
                "domain_force": [("id", "!=", secret.id)],
            }
        )
        job = self.compiled(self.move, **BARE)
        self.assertEqual(self.texts(self.reader(job)), ["FIRST"])

    def test_journal_entries_are_refused(self):
        entry = self.env["account.move"].create({"date": "2026-11-02"})
        with self.assertRaisesRegex(UserError, "journal entry"):
            self.request(entry | self.move)
