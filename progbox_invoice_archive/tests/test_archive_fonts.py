from contextlib import closing
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..exceptions import CharactersWithoutFont
from ..tools.discarded import Discarded
from ..tools.report import fonts
from ..tools.sentinels import AS_IT_IS, SELF_CONTAINED
from .common import ArchiveCommon

KNOWN = ([0x20], [0x2FFF])  # Latin and more, but nothing of East Asia
BUYER = "株式会社テスト"


@tagged("post_install", "-at_install")
class TestArchiveFonts(ArchiveCommon):
    """An invoice that would lose characters waits for a person."""

    def setUp(self):
        super().setUp()
        self.with_fonts(KNOWN)
        self.client.name = BUYER

    def with_fonts(self, covered):
        def answer():
            return covered

        answer.cache_clear = lambda: None
        self.patch(fonts, "_covered", answer)

    def test_it_waits_and_says_which_characters_and_which_fonts(self):
        move = self.archived()
        job = self.jobs_of(move)
        self.assertFalse(self.documents(move))
        self.assertTrue(job.to_fix)
        self.assertTrue(job.acceptable)
        self.assertIn("株 (U+682A)", job.error)
        self.assertIn(f"({len(set(BUYER))})", job.error)
        self.assertIn("fonts-noto-cjk", job.error)
        self.assertEqual(move.progbox_archive_state, "fix")

    def test_it_is_archived_when_the_fonts_are_there(self):
        move = self.archived()
        self.with_fonts(([0x20], [0x10FFFF]))
        self.run_jobs(move)
        self.assertEqual(self.jobs_of(move).state, "done")
        self.assertEqual(len(self.documents(move)), 1)

    def test_a_manager_may_archive_it_as_it_is(self):
        move = self.archived()
        job = self.jobs_of(move)
        manager = self.user_of(
            "manager", "progbox_invoice_archive.group_archive_manager"
        )
        job.with_user(manager).action_archive_as_it_is()
        self.run_jobs(move)
        self.assertEqual(job.state, "done")
        self.assertEqual(len(self.documents(move)), 1)

    def test_nobody_else_may(self):
        job = self.jobs_of(self.archived())
        for user in (self.billing, self.plain):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                job.with_user(user).action_archive_as_it_is()
        self.assertFalse(job.as_it_is)

    def test_other_failures_are_not_accepted(self):
        self.client.name = "Maçonnerie"
        broken = patch.object(
            type(self.env["account.move.send"]),
            "_progbox_generate",
            side_effect=ValueError("broken"),
        )
        with broken, self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"):
            job = self.jobs_of(self.archived())
        self.assertTrue(job.to_fix)
        self.assertFalse(job.acceptable)
        job.action_archive_as_it_is()
        self.assertFalse(job.as_it_is)

    def test_many_characters_are_counted(self):
        self.client.name = "".join(chr(0x4E00 + n) for n in range(50))
        error = self.jobs_of(self.archived()).error
        self.assertIn("(50)", error)
        self.assertEqual(error.count("U+"), 20)

    def test_only_the_archiver_asks(self):
        """A page for a person is shown with its gaps: the person can see them."""
        html = f"<html><head></head><body><p>{BUYER}</p></body></html>"
        reports = self.env["ir.actions.report"].with_context(
            progbox_self_contained=SELF_CONTAINED
        )
        self.assertIn(BUYER, reports._progbox_inline(html))
        with closing(Discarded(self.env.cr)) as savepoint:
            ahead = reports.with_context(progbox_ahead=savepoint)
            with self.assertRaises(CharactersWithoutFont):
                ahead._progbox_inline(html)
            accepted = ahead.with_context(progbox_as_it_is=AS_IT_IS)
            self.assertIn(BUYER, accepted._progbox_inline(html))

    def test_a_server_without_fontconfig_archives_and_says_so(self):
        unknown = fonts.FontsUnknown("no fc-list")
        with (
            patch.object(fonts, "_covered", side_effect=unknown),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING") as log,
        ):
            move = self.archived()
            state = self.env["ir.actions.report"]._progbox_renderer_state()
        self.assertEqual(len(self.documents(move)), 1)
        self.assertIn("fc-list", log.output[0])
        self.assertIn("fontconfig", state["message"])
