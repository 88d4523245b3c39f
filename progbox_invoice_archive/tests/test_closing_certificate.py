from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged

from .common import ArchiveCommon
from .report_common import images_of, pages_of

LANGUAGES = {
    "en_US": ("Closing Certificate", "November 2026", "Where the ledger stood"),
    "fr_FR": ("Attestation de clôture", "novembre 2026", "État du registre"),
    "ro_RO": ("Certificat de închidere", "noiembrie 2026", "Situația registrului"),
}
COPY = "copy of the database that was neutralized on 2026-12-11"


@tagged("post_install", "-at_install")
class TestClosingCertificate(ArchiveCommon):
    """What is printed and kept outside, in the language of whoever prints it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in LANGUAGES:
            cls.env["res.lang"]._activate_lang(code)
        cls.env["ir.module.module"]._load_module_terms(
            ["progbox_invoice_archive"], list(LANGUAGES)
        )
        for number in ("INV/1", "INV/10", "INV/9"):
            cls.archived_without_render(number)
        with freeze_time("2026-12-10"):
            closings = cls.server["progbox.closing"]
            cls.closing = closings._close(cls.company, date(2026, 11, 2))
        cls.reports = cls.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )

    def html(self, report, record, lang="en_US"):
        render = self.reports.with_context(lang=lang)._render_qweb_html
        return render(f"progbox_invoice_archive.{report}", record.ids)[0].decode()

    def test_it_speaks_three_languages(self):
        for lang, texts in LANGUAGES.items():
            page = self.html("report_closing", self.closing, lang)
            for text in (*texts, self.closing.last_hash):
                with self.subTest(lang=lang, text=text):
                    self.assertIn(text, page)

    def test_its_name_fits_the_month(self):
        self.assertEqual(self.closing.display_name, "Closing of November 2026")
        closing = self.closing.with_context(lang="fr_FR")
        self.assertEqual(closing.display_name, "Clôture de novembre 2026")
        with freeze_time("2026-11-10"):
            october = closing._close(self.company, date(2026, 10, 2))
        self.assertEqual(october.display_name, "Clôture d'octobre 2026")

    def test_the_page_on_paper_says_what_was_closed(self):
        pdf, kind = self.reports.with_context(lang="fr_FR")._render_qweb_pdf(
            "progbox_invoice_archive.report_closing", self.closing.ids
        )
        self.assertEqual(kind, "pdf")
        pages = pages_of(pdf)
        self.assertEqual(len(pages), 1)
        text = "".join("".join(pages).split())
        for part in ("Attestationdeclôture", "novembre2026", self.closing.last_hash):
            self.assertIn(part, text)
        self.assertIn(self.closing.seal_id._anchor_text(), text)
        self.assertIn("INV/1–INV/10", text)
        self.assertRegex(images_of(pdf), r"image\s+400\s+400")
        self.assertNotIn("neutralis", text)

    def test_a_copy_says_so_on_every_page_that_leaves_it(self):
        run = self.server["progbox.verification"]._start_here(
            self.company, {"door": "command"}
        )
        run._job_process()
        self.assertEqual(self.copies(run), [False] * 3)
        self.env["ir.config_parameter"].sudo().set_param(
            "progbox_invoice_archive.copied_on", "2026-12-11"
        )
        self.assertEqual(self.copies(run), [True] * 3)

    def copies(self, run):
        """Return whether certificate, report and export call themselves a copy."""
        check = self.env["progbox.package"]._check_text(self.company)
        texts = (
            self.html("report_closing", self.closing),
            self.html("report_verification", run),
            check,
        )
        return [COPY in " ".join(text.split()) for text in texts]
