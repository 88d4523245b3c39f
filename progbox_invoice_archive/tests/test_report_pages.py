import re
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.tests import tagged

from ..models import ir_actions_report
from .report_common import (
    FOOTER,
    LAYOUTS,
    REPORT,
    SELLER,
    ReportCase,
    images_of,
    pages_of,
    picture,
    pixels,
    words_of,
)

FETCHED = re.compile(
    r"""(?:<link|<base|<script[^>]+src|\bsrc\s*=\s*(?!["']?data:)|@import"""
    r"""|\burl\(\s*(?!["']?(?:data:|\#))).{0,60}"""
)


@tagged("post_install", "-at_install")
class TestReportPages(ReportCase):
    def assert_complete(self, text, move):
        for part in (SELLER, "12 rue de l'Église", "FR40303265045", FOOTER, move.name):
            self.assertIn(part, text)
        self.assertIn("Hélène Müller-Lefèvre", text)
        self.assertNotRegex(text, r"Page\s*/")

    def test_every_layout_has_all_of_the_invoice_as_text_and_the_logo(self):
        move = self.invoice(["Fenêtre à double vitrage", "Étanchéité", "Façade"])
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self.use_layout(layout)
                pdf = self.render(move)
                pages = pages_of(pdf)
                self.assertEqual(len(pages), 1)
                self.assert_complete(pages[0], move)
                self.assertIn("Étanchéité", pages[0])
                self.assertIn("370,35", pages[0].replace(".", ","))
                self.assertRegex(images_of(pdf), r"\b240 +100\b")

    def test_every_layout_names_seller_number_and_page_on_the_pages_that_follow(self):
        move = self.invoice([f"Étanchéité de la toiture {n}" for n in range(75)])
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self.use_layout(layout)
                pages = pages_of(self.render(move))
                self.assertGreaterEqual(len(pages), 3)
                self.assert_complete("".join(pages), move)
                for number, text in enumerate(pages, 1):
                    foot = text.rstrip().rpartition("\n")[2]
                    self.assertIn(SELLER, foot)
                    self.assertIn(move.name, foot)
                    self.assertRegex(foot, rf"{number} ?/ ?{len(pages)}$")
                rows = re.findall(r"toiture (\d+)", "".join(pages))
                self.assertEqual(rows, [str(n) for n in range(75)])

    def test_pages_are_the_same_to_the_pixel_with_the_wait_of_odoo(self):
        move = self.invoice([f"Façade {n}" for n in range(40)])
        self.use_layout("wave")
        quick = self.render(move)
        with (
            patch.object(ir_actions_report, "NO_DELAY", "1000"),
            self.calls_to_renderer() as calls,
        ):
            slow = self.render(move)
        self.assertIn("1000", calls[0][0])
        self.assertEqual(len(pixels(quick)), 2)
        self.assertEqual(pixels(quick), pixels(slow))

    def test_nothing_is_fetched_and_no_server_is_needed(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            self.env["ir.config_parameter"].set_param("report.url", url)
            with self.calls_to_renderer() as calls:
                self.render(self.invoice())
            server.settimeout(0)
            with self.assertRaises(BlockingIOError):
                server.accept()
        _args, body, header, footer = calls[0]
        self.assertFalse(header or footer)
        self.assertEqual(FETCHED.findall(body), [])
        self.assertNotIn("@font-face", body)
        self.assertIn("data:image/png", body)

    def test_changed_colours_are_on_the_next_page(self):
        move = self.invoice()
        self.render(move)
        self.company.primary_color = "#12ab34"
        self.styles_have_changed()
        with self.calls_to_renderer() as calls:
            self.render(move)
        self.assertIn("#12ab34", calls[0][1])

    def test_arabic_reads_from_right_to_left_and_nothing_overlaps(self):
        partner = self.customer.copy(
            {"name": "شركة الأفق 12 للمقاولات", "lang": "ar_001"}
        )
        move = self.invoice([f"نوافذ زجاجية {n}" for n in range(45)], partner)
        for layout in ("standard", "bubble"):
            with self.subTest(layout=layout):
                self.use_layout(layout)
                pdf = self.render(move)
                text = "".join(pages_of(pdf))
                self.assertIn("نوافذ زجاجية", text)
                self.assertIn(move.name, text)
                words = words_of(pdf, 1)
                self.assertTrue(
                    all(0 < left and right < 595 for left, right, _w in words)
                )
                amount = next(word for word in words if "123.45" in word[2])
                number = next(word for word in words if word[2] == "1")
                self.assertLess(amount[1], 200)
                self.assertGreater(number[0], 350)

    def test_romanian_letters_are_text(self):
        partner = self.customer.copy({"name": "Ștefan Țărână", "lang": "ro_RO"})
        move = self.invoice(["Țiglă ceramică și șindrilă", "Învelitoare"], partner)
        text = "".join(pages_of(self.render(move)))
        for words in ("Ștefan Țărână", "Țiglă ceramică și șindrilă", "Învelitoare"):
            self.assertIn(words, text)

    def test_a_word_without_end_leaves_the_amounts_on_the_sheet(self):
        pdf = self.render(self.invoice(["x" * 400]))
        amounts = [right for _l, right, word in words_of(pdf, 1) if "123" in word]
        self.assertTrue(amounts)
        self.assertLess(max(amounts), 590)

    def test_names_of_any_length_stay_in_the_foot(self):
        self.company.name = "Société à responsabilité limitée " * 8
        move = self.invoice([f"Façade {n}" for n in range(40)])
        pdf = self.render(move)
        self.assertEqual(len(pages_of(pdf)), 2)
        foot = words_of(pdf, 2)[-3:]
        self.assertEqual("".join(word for _l, _r, word in foot)[-3:], "2/2")
        self.assertLess(max(right for _l, right, _w in foot), 590)

    def test_a_picture_with_an_address_is_on_the_page(self):
        logo = self.env["ir.attachment"].create(
            {"name": "a.png", "raw": picture((90, 80))}
        )
        self.company.report_footer = f'<p><img src="/web/image/{logo.id}"/></p>'
        self.assertRegex(images_of(self.render(self.invoice())), r"\b90 +80\b")

    def test_everything_else_is_rendered_as_before(self):
        move = self.invoice()
        report = self.env["ir.actions.report"]._get_report(REPORT)
        for context in ({}, {"progbox_self_contained": True}):
            plain = report.with_context(**context)
            html = plain._render_qweb_html(REPORT, move.ids)[0]
            bodies, _ids, header, footer, args = plain._prepare_html(
                html, report_model="account.move"
            )
            self.assertIn("<link", bodies[0])
            self.assertIn("o_company_", header)
            self.assertIn("o_footer_content", footer)
            self.assertFalse(args)
            command = plain._build_wkhtmltopdf_args(report.get_paperformat(), False)
            self.assertEqual(command[command.index("--javascript-delay") + 1], "1000")

    def test_no_file_is_left_behind(self):
        with TemporaryDirectory() as folder, patch("tempfile.tempdir", folder):
            self.render(self.invoice())
            self.assertEqual(list(Path(folder).iterdir()), [])
