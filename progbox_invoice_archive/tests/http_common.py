"""What tests of a running server share, those of the add-ons above as well."""

from pathlib import Path
from unittest.mock import patch

from odoo.tests import HttpCase
from odoo.tools.misc import file_path

from odoo.addons.web.tests import test_js

from ..tools.pdf import first_page


class PatientCase(HttpCase):
    """Waits for a busy machine: Odoo's own clients give up after 12 and 60 seconds."""

    def url_open(self, url, *args, timeout=120, **options):
        return super().url_open(url, *args, timeout=timeout, **options)

    def first_page(self, document):
        """Ask for the picture of a document; drawing it may take its time."""
        with patch.object(first_page, "PICTURE_SECONDS", 60):
            return self.url_open(f"/progbox/document/{document.id}/first_page")

    def make_jsonrpc_request(self, route, *args, timeout=120, **options):
        return super().make_jsonrpc_request(route, *args, timeout=timeout, **options)

    def browser_js(self, url_path, code, *args, timeout=180, **options):
        return super().browser_js(url_path, code, *args, timeout=timeout, **options)

    def start_tour(self, url_path, tour_name, *args, timeout=180, **options):
        return super().start_tour(
            url_path, tour_name, *args, timeout=timeout, **options
        )


class ClientCase(PatientCase):
    """A client of the server: calls methods, and runs unit tests of JavaScript."""

    def call(self, model, method, *args, **kwargs):
        """Return what a client gets by RPC, or None when it is refused."""
        self.env.flush_all()
        answer = self.url_open(
            "/web/dataset/call_kw",
            json={
                "params": {
                    "model": model, "method": method, "args": args, "kwargs": kwargs,
                }
            },
        ).json()  # fmt: skip
        self.env.invalidate_all()
        return answer.get("result")

    def run_javascript_units(self, addon):
        """Run the unit tests of an add-on, those in its ``static/tests``."""
        files = Path(file_path(f"{addon}/static/tests")).glob("*.test.js")
        names = sorted(file.name.removesuffix(".test.js") for file in files)
        suites = [f"@{addon}/{name}" for name in names]
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
