from pathlib import Path

from odoo.tests import tagged

from odoo.addons.web.tests import test_js

TESTS = Path(__file__).parents[1] / "static/tests"


@tagged("post_install", "-at_install")
class TestJavascript(test_js.HOOTCommon):
    def test_javascript_units(self):
        names = sorted(path.name.split(".")[0] for path in TESTS.glob("*.test.js"))
        hashes = [self._generate_hash(f"@progbox/{name}") for name in names]
        self.browser_js(
            "/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id="
            + "&id=".join(hashes),
            code="",
            login="admin",
            timeout=300,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
