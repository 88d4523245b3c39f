from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.http_common import ClientCase


@tagged("post_install", "-at_install")
class TestJavascript(ClientCase):
    def test_javascript_units(self):
        self.run_javascript_units("progbox")
