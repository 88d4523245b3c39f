from pathlib import Path

from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.http_common import ClientCase

TESTS = Path(__file__).parents[1] / "static/tests"


@tagged("post_install", "-at_install")
class TestJavascript(ClientCase):
    def test_javascript_units(self):
        names = sorted(path.name.split(".")[0] for path in TESTS.glob("*.test.js"))
        self.run_javascript_units("progbox", names)
