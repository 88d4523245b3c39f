import psycopg2.errors

from odoo.exceptions import UserError
from odoo.modules import Manifest
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.declared_pieces import OWN_CHECK, RIGHTS, piece
from ..tools.declared import declared
from .share_common import ShareCommon
from .verification_common import VerificationCommon

# Data that the work makes use of.
ALONE = (
    "ir.actions.act_window",
    "ir.cron",
    "mail.activity.type",
    "mail.template",
    "progbox.document.type",
)


@tagged("post_install", "-at_install")
class TestDeletedHelpers(ShareCommon, VerificationCommon):
    """What an administrator can delete does not stop the work of the archive."""

    # Nothing is filed: no type of document is in use yet.
    INVOICES = 0

    def kinds(self):
        """Return what the add-on brings along: names by model."""
        manifest = Manifest.for_addon("progbox_invoice_archive")
        kinds = {}
        for id_, (model, _path) in declared(
            manifest.path, tuple(manifest["data"])
        ).items():
            kinds.setdefault(model, []).append(id_)
        return kinds

    def helpers(self, model):
        data = self.server["ir.model.data"].search(
            [
                ("module", "=", "progbox_invoice_archive"),
                ("model", "=", model),
                ("name", "in", self.kinds()[model]),
            ]
        )
        return self.server[model].browse(data.mapped("res_id"))

    def test_the_work_goes_on_without_them(self):
        for model in ALONE:
            with self.subTest(model=model), self.env.cr.savepoint() as undo:
                self.assert_deleted(model)
                self.work()
                undo.rollback()
            self.env.registry.clear_all_caches()
            self.env.invalidate_all()

    def test_the_work_goes_on_without_the_rest(self):
        """What the work has less to do with is deleted together."""
        rest = self.kinds().keys() - set(ALONE)
        self.assertGreater(len(rest), 6)
        for model in sorted(rest):
            with self.subTest(model=model):
                self.assert_deleted(model)
        self.work()
        self.env.registry.clear_all_caches()

    def assert_deleted(self, model):
        """Delete what there is of a kind, and check that it is said."""
        if self.delete(self.helpers(model)):
            self.assert_named(model)
        else:
            # Rights refer to each of them: the database keeps them.
            self.assertEqual(model, "res.groups")

    def delete(self, helpers):
        """Delete what can be deleted; what others need, the database keeps.

        :return: how many could be
        """
        deleted = 0
        for helper in reversed(helpers):
            try:
                with (
                    self.env.cr.savepoint(),
                    mute_logger("odoo.sql_db", "odoo.models.unlink"),
                ):
                    helper.unlink()
                    self.env.flush_all()
                deleted += 1
            except (UserError, psycopg2.errors.ForeignKeyViolation):
                self.env.invalidate_all()
        return deleted

    def assert_named(self, model):
        """Check that a person is told of what is gone."""
        findings = self.server["progbox.watch"]._told(self.company)
        kind = "helper_missing"
        if model in RIGHTS:
            kind = "right_missing"
        elif model == "ir.cron":
            kind = "cron_off"
        named = [text for finding, text in findings if finding.kind == kind]
        self.assertTrue(named, findings)
        if model not in (*OWN_CHECK, *RIGHTS):
            self.assertIn(self.env["ir.model"]._get(model).name, " ".join(named))

    def work(self):
        """Post, archive, verify, close, delete and share."""
        move = self.filed()
        self.env["mail.activity"]._progbox_report_failing(self.company)
        self.runs.action_verify()
        closing = self.server["progbox.closing"]._close(self.company, move.invoice_date)
        self.assertTrue(closing.seal_id)
        share, token = (
            self.shares()
            .sudo()
            ._share(
                self.month,
                {
                    "kind": "link",
                    "lang": "en_US",
                    "include_future": True,
                    "recipient_name": "Anna",
                    "email": "anna@example.com",
                },
            )
        )
        self.assertTrue(token)
        self.assertTrue(share.sudo()._announce(share._link_url(token)))
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.server["progbox.verification"].search(
            [("state", "=", "pending")]
        )._job_finish("cancelled")
        run = self.verify()
        self.assertEqual(run.state, "done", run.error_detail)
        self.assertFalse(
            set(run.finding_ids.mapped("kind"))
            - {"cron_off", "helper_missing", "right_missing"}
        )

    def test_a_piece_is_made_again_as_it_was(self):
        xmlid = "progbox_invoice_archive.mail_template_share"
        template = self.server.ref(xmlid)
        before = (template.name, template.subject, template.body_html)
        template.unlink()
        again = piece(self.server, xmlid)
        self.assertNotEqual(again, template)
        self.assertEqual((again.name, again.subject, again.body_html), before)
        self.assertEqual(piece(self.server, xmlid), again)

    def test_updates_reach_what_is_made_again_as_before(self):
        data = self.server["ir.model.data"]
        for name, noupdate in (
            ("mail_template_share", True),
            ("progbox_verification_action", False),
        ):
            domain = [("module", "=", "progbox_invoice_archive"), ("name", "=", name)]
            before = data.search(domain)
            self.assertEqual(before.noupdate, noupdate, name)
            self.server.ref(f"progbox_invoice_archive.{name}").unlink()
            self.assertFalse(data.search(domain), name)
            piece(self.server, f"progbox_invoice_archive.{name}")
            self.assertEqual(data.search(domain).noupdate, noupdate, name)

    def test_an_identifier_that_was_deleted_is_named(self):
        self.env.ref(
            "progbox_invoice_archive.progbox_verification_action"
        ).get_external_id()
        data = self.server["ir.model.data"].search(
            [
                ("module", "=", "progbox_invoice_archive"),
                ("name", "=", "progbox_verification_action"),
            ]
        )
        self.assertFalse(self.server["progbox.watch"]._findings(self.company))
        data.unlink()
        [finding] = self.server["progbox.watch"]._findings(self.company)
        self.assertIn("progbox_verification_action", finding.actual)
