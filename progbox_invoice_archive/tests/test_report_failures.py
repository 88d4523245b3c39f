from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..exceptions import RenderError
from ..models import ir_actions_report, progbox_long_job_mixin
from ..tools.report import wkhtmltopdf
from .report_common import ReportCase


@tagged("post_install", "-at_install")
class TestReportFailures(ReportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.invoice()

    def failure_of(self, reason):
        failure = wkhtmltopdf.RendererFailure(reason, "what it said")
        with (
            patch.object(wkhtmltopdf, "to_pdf", side_effect=failure),
            self.assertRaises(RenderError) as caught,
        ):
            self.render(self.move)
        return caught.exception

    def test_each_failure_says_what_to_do_and_keeps_the_detail_apart(self):
        said = set()
        for reason in ("missing", "timeout", "crash", "network", "output", "disk"):
            error = self.failure_of(reason)
            self.assertEqual(error.detail, "what it said")
            self.assertNotIn("what it said", str(error))
            said.add(str(error))
        self.assertEqual(len(said), 6)

    def test_the_time_limit_is_a_parameter(self):
        parameter = "progbox_invoice_archive.render_timeout"
        self.env["ir.config_parameter"].set_param(parameter, "0.001")
        with self.assertRaises(RenderError) as caught:
            self.render(self.move)
        self.assertIn(parameter, str(caught.exception))

    def test_a_scheduled_action_ends_before_its_server_is_ended(self):
        reports = self.reports()
        # A run that has begun at 1000.
        action = reports.with_context(cron_end_time=1010)
        for own, now, cron, real, workers, seconds in (
            (reports, 1000, 50, 120, 0, 60),
            (action, 1000, 50, 120, 0, 40),
            (action, 1015, 50, 120, 0, 25),
            (action, 1099, 50, 120, 0, 1),
            (action, 1000, 0, 60, 0, 50),
            (action, 1000, 0, 60, 2, 60),
            (action, 1000, -1, 60, 2, 50),
        ):
            limits = {
                "limit_time_real_cron": cron,
                "limit_time_real": real,
                "workers": workers,
            }
            with (
                self.subTest(limits, now=now),
                patch.dict(config.options, limits),
                patch.object(
                    progbox_long_job_mixin, "time", **{"monotonic.return_value": now}
                ),
                patch.object(wkhtmltopdf, "to_pdf") as to_pdf,
            ):
                own._progbox_to_pdf("<p/>", [])
                self.assertEqual(to_pdf.call_args.args[3], seconds)
                to_pdf.side_effect = wkhtmltopdf.RendererFailure("timeout", "")
                with self.assertRaises(RenderError) as caught:
                    own._progbox_to_pdf("<p/>", [])
                named = "limit_time_real" in str(caught.exception)
                self.assertEqual(named, seconds < 60)

    def test_a_pdf_that_is_none_is_refused(self):
        with (
            self.calls_to_renderer(b"%PDF-1.4 nothing in it %%EOF"),
            self.assertRaises(RenderError),
        ):
            self.render(self.move)

    def test_a_frame_of_another_server_is_a_failure(self):
        html = (
            '<html><body><iframe srcdoc="a"></iframe><embed data="x"/>%s</body></html>'
        )
        html %= '<object data="/nowhere.svg"></object>'
        with self.assertRaises(RenderError) as caught:
            self.reports()._run_wkhtmltopdf([html])
        self.assertIn("network", caught.exception.detail)

    def test_broken_style_sheets_are_no_look_for_an_invoice(self):
        sheet = self.env.ref("web.asset_styles_company_report")
        sheet.raw = b".a { color: ; $$ }"
        self.styles_have_changed()
        with self.assertLogs("odoo.addons.base.models.assetsbundle", "WARNING"):
            with self.assertRaises(RenderError):
                self.render(self.move)

    def test_settings_learn_what_the_renderer_is(self):
        reports = self.env["ir.actions.report"]
        found = reports._progbox_renderer_state()
        self.assertEqual((found["state"], found["version"]), ("ok", _wkhtml().version))
        self.assertIn(found["version"], reports._progbox_renderer_version())
        self.assertIn("Qt)", reports._progbox_renderer_version())
        messages = {found["message"]}
        for state in ("install", "upgrade", "broken", "ok"):
            info = _wkhtml()._replace(state=state, is_patched_qt=True)
            with patch.object(ir_actions_report, "_wkhtml", lambda i=info: i):
                messages.add(reports._progbox_renderer_state()["message"])
        self.assertEqual(len(messages), 5)
