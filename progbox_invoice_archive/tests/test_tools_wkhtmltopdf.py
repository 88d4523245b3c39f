import errno
import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import psutil

from odoo.tests import BaseCase

from ..tools.report.wkhtmltopdf import RendererFailure, to_pdf

PDF = r"printf '%%PDF-1.4\n%%%%EOF\n'"


def has_ended(pid):
    """Whether a process does nothing any more, buried or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class TestToolsWkhtmltopdf(BaseCase):
    """Its failures, played by small scripts in its place."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        patcher = patch("tempfile.tempdir", str(self.temporary))
        patcher.start()
        self.addCleanup(patcher.stop)

    def run_script(self, script, timeout=10, **parts):
        binary = self.folder / "wkhtmltopdf"
        binary.write_text(f"#!/bin/sh\nfor out; do :; done\n{script}\n")
        binary.chmod(0o755)
        return to_pdf(str(binary), ["--quiet"], "<p>é</p>", timeout, **parts)

    def assert_fails(self, reason, script, timeout=10):
        with self.assertRaises(RendererFailure) as caught:
            self.run_script(script, timeout)
        self.assertEqual(caught.exception.reason, reason)
        self.assertEqual(list(self.temporary.iterdir()), [])
        return caught.exception.detail

    def test_the_pdf_is_given_and_nothing_left_behind(self):
        own = 'case "$TMPDIR" in *progbox.render.*) echo > "$TMPDIR/own";; *) exit 3'
        pdf = self.run_script(f'{own}; esac; {PDF} > "$out"')
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_header_and_footer_are_handed_over(self):
        script = f'{{ {PDF}; cat "$3" "$5"; echo "$@"; echo %%EOF; }} > "$out"'
        pdf = self.run_script(script, header="<b>H</b>", footer="<b>F</b>").decode()
        self.assertIn("<b>H</b><b>F</b>", pdf)
        self.assertRegex(pdf, "--header-html .* --footer-html .*body.html")

    def test_a_program_that_cannot_start_is_missing(self):
        said = "libQt5WebKit.so.5: cannot open shared object file"
        detail = self.assert_fails("missing", f"echo {said} >&2; exit 127")
        self.assertIn(said, detail)

    def test_a_crash_tells_the_signal_and_what_was_said(self):
        detail = self.assert_fails("crash", "echo no memory >&2; kill -SEGV $$")
        self.assertIn("signal 11", detail)
        self.assertIn("no memory", detail)

    def test_an_exit_status_is_a_failure_even_with_a_page(self):
        detail = self.assert_fails("crash", f'{PDF} > "$out"; exit 2')
        self.assertIn("exit status 2", detail)

    def test_a_network_error_is_a_failure_even_with_a_page(self):
        said = "Exit with code 1 due to network error: HostNotFoundError"
        detail = self.assert_fails(
            "network", f'{PDF} > "$out"; echo {said} >&2; exit 1'
        )
        self.assertIn("HostNotFoundError", detail)

    def test_no_page_half_a_page_and_something_else_are_failures(self):
        self.assert_fails("output", "exit 0")
        self.assert_fails("output", ': > "$out"')
        self.assert_fails("output", 'printf "%%PDF-1.4 cut off" > "$out"')
        self.assert_fails("output", 'echo "<html>" > "$out"')

    def test_it_is_stopped_with_all_its_children(self):
        pids = self.folder / "pids"
        begin = time.monotonic()
        # Time enough for the shell to begin, and much less than its child takes.
        self.assert_fails("timeout", f"sleep 600 & echo $! > {pids}; wait", timeout=2)
        self.assertLess(time.monotonic() - begin, 60)
        pid = int(pids.read_text())
        end = time.monotonic() + 20
        while not has_ended(pid):
            self.assertLess(time.monotonic(), end, "it goes on")
            time.sleep(0.05)

    def test_a_missing_binary_is_said(self):
        with self.assertRaises(RendererFailure) as caught:
            to_pdf(str(self.folder / "nothing"), [], "", 5)
        self.assertEqual(caught.exception.reason, "missing")

    def test_a_full_disk_is_said(self):
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with patch.object(Path, "write_bytes", side_effect=full):
            with self.assertRaises(RendererFailure) as caught:
                to_pdf("wkhtmltopdf", [], "", 5)
        self.assertEqual(caught.exception.reason, "disk")
        self.assertIn("No space left", caught.exception.detail)
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_table_of_a_thousand_rows_becomes_several(self):
        rows = "".join(f"<tr><td>{n}{'x' * 4096}</td></tr>" for n in range(1200))
        html = (
            f'<html><body><table class="t"><tbody>{rows}</tbody></table></body></html>'
        )
        script = f'{{ {PDF}; cat "$2"; echo %%EOF; }} > "$out"'
        binary = self.folder / "wkhtmltopdf"
        binary.write_text(f"#!/bin/sh\nfor out; do :; done\n{script}\n")
        binary.chmod(0o755)
        page = to_pdf(str(binary), ["--quiet"], html, 20).decode()
        self.assertEqual(page.count('<table class="t">'), 3)
        self.assertEqual(page.count("<tr>"), 1200)
        for last in (499, 999):
            self.assertLess(page.index(f"<td>{last}x"), page.index(f"<td>{last + 1}x"))
