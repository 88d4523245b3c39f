from pathlib import Path

from odoo.tests import HttpCase, tagged

from odoo.addons.web.tests import test_js

TESTS = Path(__file__).parents[1] / "static/tests"


@tagged("post_install", "-at_install")
class TestJavascript(HttpCase):
    def test_javascript_units(self):
        names = sorted(path.name.split(".")[0] for path in TESTS.glob("*.test.js"))
        suites = [f"@progbox/{name}" for name in names]
        hashes = [test_js.HOOTCommon._generate_hash(self, suite) for suite in suites]
        self.browser_js(
            "/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id="
            + "&id=".join(hashes),
            code="",
            login="admin",
            timeout=300,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
