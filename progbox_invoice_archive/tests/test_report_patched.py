from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.base.models import ir_actions_report as odoo_report
from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..models import ir_actions_report
from .report_common import FOOTER, SELLER, ReportCase
from .test_report_pages import FETCHED


@tagged("post_install", "-at_install")
class TestReportPatched(ReportCase):
    """What wkhtmltopdf with patched Qt is given: the build itself is rare."""

    def setUp(self):
        super().setUp()
        patched = _wkhtml()._replace(is_patched_qt=True)
        for module in (odoo_report, ir_actions_report):
            self.startPatcher(patch.object(module, "_wkhtml", lambda: patched))
        with self.calls_to_renderer(b"%PDF-1.4 made elsewhere") as calls:
            self.pdf = self.render(self.invoice())
        self.args, self.body, self.header, self.footer = calls[0]

    def test_header_and_footer_stay_what_odoo_makes_them(self):
        self.assertIn(SELLER, self.header)
        self.assertIn(FOOTER, self.footer)
        self.assertIn("topage", self.footer)
        self.assertIn("function subst()", self.footer)
        self.assertNotIn(FOOTER, self.body)
        paper = self.company.paperformat_id
        margin = self.args[self.args.index("--margin-top") + 1]
        self.assertEqual(float(margin), paper.margin_top)

    def test_pages_are_left_as_they_are_made(self):
        self.assertEqual(self.pdf, b"%PDF-1.4 made elsewhere")

    def test_nothing_is_fetched_and_the_fonts_come_along(self):
        for html in (self.body, self.header, self.footer):
            self.assertIn("data:application/font-woff;base64,", html)
            self.assertEqual(FETCHED.findall(html), [])
