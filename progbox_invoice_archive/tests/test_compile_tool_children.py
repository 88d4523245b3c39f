import os
from unittest.mock import patch

import psutil

from ..tools.compile import (
    Cancelled,
    CompileError,
    Item,
    Part,
    check,
    checking,
    child,
)
from ..tools.compile.failure import Failure
from . import pdf_collection as collection
from .compile_common import CompileCase, has_ended

# A reader that never answers; it says which process it is.
STUCK = "#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 1000\n"


class TestCompileToolChildren(CompileCase):
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
        self.wait_for(lambda: has_ended(reader), seconds=2)

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
            patch.object(checking, "POPPLER_SECONDS", 2),
            self.assertRaises(Failure) as caught,
        ):
            checking.check_with_second_reader(None, str(self.path), 1)
        self.assertEqual(caught.exception.code, "check_failed")
        self.assertEnded()

    def test_an_answer_without_end_is_not_listened_to(self):
        item = Item(self.path, "x" * 300_000)
        self.assertIsNone(self.inspect_one(item).refusal)
        with patch.object(child, "MAX_ANSWER", 100_000):
            self.assertEqual(self.inspect_one(item).refusal, "crashed")
