import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import psutil

from ..tools.pdf import (
    Cancelled,
    CompileError,
    Item,
    Part,
    check,
    limited_child,
)
from ..tools.pdf.child import check as checks_of_child
from ..tools.pdf.child.messages import Failure
from . import pdf_collection as collection
from .pdf_common import PdfCase, has_ended

# Imports each module of the child's, from its folder alone.
ALONE = """
import importlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
sys.path.append(str(folder.parent))
for path in folder.glob("*.py"):
    importlib.import_module(f"{folder.name}.{path.stem}")
"""
# A reader that never answers; it says which process it is.
STUCK = "#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 1000\n"


class TestPdfChildren(PdfCase):
    """What children start ends with them, and they do not talk without end."""

    def setUp(self):
        super().setUp()
        self.path = collection.plain(self.folder / "one.pdf", "one")
        self.said = self.folder / "said"

    def stuck_reader(self):
        program = self.folder / "pdfinfo"
        program.write_text(STUCK.format(self.said))
        program.chmod(0o700)
        path = os.pathsep.join((str(self.folder), os.environ["PATH"]))
        return patch.dict(os.environ, PATH=path)

    def assertEnded(self):
        """The reader has begun, and is gone."""
        try:
            reader = psutil.Process(int(self.said.read_text()))
        except psutil.NoSuchProcess:
            return
        self.wait_for(lambda: has_ended(reader))

    def test_a_reader_ends_when_somebody_cancels(self):
        with self.stuck_reader(), self.assertRaises(Cancelled):
            self.assemble([Part(self.path, 1)], cancelled=self.said.exists)
        self.assertEnded()

    def test_a_reader_ends_when_its_time_is_up(self):
        with self.stuck_reader(), self.assertRaises(CompileError):
            check(self.path, 1, seconds=4)
        self.assertEnded()

    def test_a_reader_that_hangs_finds_fault(self):
        with (
            self.stuck_reader(),
            patch.object(checks_of_child, "POPPLER_SECONDS", 4),
            self.assertRaises(Failure) as caught,
        ):
            checks_of_child.check_with_second_reader(None, str(self.path), 1)
        self.assertEqual(caught.exception.code, "check_failed")
        self.assertEnded()

    def test_an_answer_without_end_is_not_listened_to(self):
        item = Item(self.path, "x" * 300_000)
        self.assertIsNone(self.inspect_one(item).refusal)
        with patch.object(limited_child, "MAX_ANSWER", 100_000):
            self.assertEqual(self.inspect_one(item).refusal, "crashed")

    def test_what_runs_in_a_child_needs_nothing_of_its_parent(self):
        command = [sys.executable, "-c", ALONE, limited_child.FOLDER]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(command, check=True, cwd=self.folder, env=environment)

    def test_the_parent_loads_no_library_that_reads_foreign_files(self):
        add_on = str(limited_child.FOLDER.parents[2])
        code = "import sys; sys.path.insert(0, sys.argv[1]); import tools.pdf; "
        code += "print([name for name in ('pikepdf', 'PIL') if name in sys.modules])"
        said = subprocess.check_output([sys.executable, "-I", "-c", code, add_on])
        self.assertEqual(said.strip(), b"[]")

    def test_signals_that_the_parent_does_not_want_reach_a_child(self):
        blocked = {signal.SIGXCPU, signal.SIGUSR1}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        try:
            with limited_child.Child(self.folder, 1 << 30) as child:
                arguments = {"path": str(self.path)}
                child.ask("first_page_text", arguments, 20)
                status = Path(f"/proc/{child._process.pid}/status").read_text()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.assertRegex(status, r"SigBlk:\s0+\n")
