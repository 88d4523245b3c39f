from unittest.mock import patch

from odoo import Command
from odoo.tests import new_test_user, tagged

from ..exceptions import RenderError
from ..models import ir_actions_report
from ..tools.report import page_html
from .common import ArchiveCommon
from .report_common import picture


@tagged("post_install", "-at_install")
class TestSecurityPictures(ArchiveCommon):
    """Whoever writes the text of an invoice chooses its pictures."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.binary = cls.server["ir.binary"]
        # Attached to a setting of the system: no business of an accountant.
        cls.secret = cls.server["ir.attachment"].create(
            {
                "name": "passport.png",
                "raw": picture(),
                "res_model": "ir.config_parameter",
                "res_id": cls.server["ir.config_parameter"].search([], limit=1).id,
            }
        )
        cls.url = f"/web/image/{cls.secret.id}"

    def as_reader(self, user):
        return self.binary.with_context(progbox_reader_id=user.id)

    def assert_unreadable(self, binary, url):
        with self.assertRaises(RenderError, msg=url):
            binary._progbox_data_uri(url)

    def test_the_archiver_reads_no_picture_that_the_person_may_not_read(self):
        for binary in (self.binary, self.as_reader(self.billing)):
            for url in (
                self.url,
                f"/web/content/{self.secret.id}",
                f"/web/image?model=ir.attachment&id={self.secret.id}&field=raw",
                f"/web/image/ir.attachment/{self.secret.id}/datas",
                f"{self.url}?access_token=guessed",
            ):
                self.assert_unreadable(binary, url)

    def test_no_other_field_is_read_as_a_picture(self):
        for url in (
            f"/web/image/res.users/{self.billing.id}/login",
            f"/web/image/res.users/{self.billing.id}/password",
            f"/web/image/res.company/{self.company.id}/name",
        ):
            self.assert_unreadable(self.as_reader(self.billing), url)

    def test_a_picture_of_another_company_stays_there(self):
        other = self.setup_other_company()["company"]
        document = self.archived_without_render(company=other)
        both = new_test_user(
            self.env,
            "both",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | other).ids)],
        )
        binary = self.as_reader(both).with_company(self.company)
        self.assert_unreadable(
            binary, f"/web/content/progbox.document/{document.id}/content"
        )

    def test_what_the_person_may_read_is_in_the_page(self):
        own = self.env["ir.attachment"].with_user(self.billing)
        own = own.create({"name": "own.png", "raw": picture()})
        binary = self.as_reader(self.billing)
        token = self.secret.generate_access_token()[0]
        for reader, url in (
            (binary, f"/web/image/{own.id}"),
            (self.binary, f"{self.url}?access_token={token}"),
            (
                self.binary.with_company(self.company),
                f"/web/image/res.company/{self.company.id}/logo",
            ),
        ):
            if url.endswith("logo"):
                self.company.logo = own.datas
            uri = reader._progbox_data_uri(url)
            self.assertTrue(uri.startswith("data:image/png"), url)

    def test_a_page_is_made_with_the_rights_of_whoever_posted(self):
        seen = []

        def look(deposits, move, *_args, **_options):
            seen.append(deposits.env.context["progbox_reader_id"])
            raise RenderError("no page needed", "")

        Deposit = type(self.env["progbox.archive.deposit"])
        move = self.draft()
        move.with_user(self.billing).action_post()
        with patch.object(Deposit, "_find_generated", look):
            self.run_jobs(move)
        self.assertEqual(seen, [self.billing.id])

    def test_a_picture_in_the_terms_keeps_the_secret_out_of_the_archive(self):
        move = self.draft(narration=f'<p><img src="{self.url}"/></p>')
        move.with_user(self.billing).action_post()
        self.run_jobs(move)
        self.assertFalse(self.documents(move))
        self.assertIn("picture", self.jobs_of(move).error)

    def test_an_address_that_leads_to_itself_is_refused(self):
        loop = self.env["ir.attachment"].create(
            {"name": "loop", "type": "url", "url": "/web/image/1"}
        )
        loop.url = f"/web/image/{loop.id}"
        self.assert_unreadable(self.as_reader(self.env.user), loop.url)

    def test_a_page_of_too_many_large_pictures_is_refused(self):
        read = self.env["ir.actions.report"]._progbox_picture_reader
        url = "/web/static/img/logo.png"
        self.assertTrue(read()(url))
        with (
            patch.object(ir_actions_report, "PICTURES_LIMIT", 100),
            self.assertRaises(RenderError),
        ):
            read()(url)

    def test_no_spelling_makes_the_renderer_fetch(self):
        asked = []

        def uri(url):
            asked.append(url)
            return "data:,"

        root = page_html.parse(
            '<p style="background:URL(http://a.example/1)">x</p>'
            '<svg><image xlink:href="http://a.example/2"/></svg>'
        )
        page_html.make_self_contained(root, None, uri, uri)
        self.assertEqual(asked, ["http://a.example/1", "http://a.example/2"])
        self.assertNotIn("a.example", page_html.to_text(root))
