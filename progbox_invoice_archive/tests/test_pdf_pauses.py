import subprocess
from unittest.mock import patch

from ..tools.pdf import (
    Cancelled,
    CompileError,
    Part,
    PartRefused,
    Paused,
    limited_child,
)
from ..tools.pdf.check import Check, CheckFailed
from ..tools.pdf.child import check as child_check
from ..tools.pdf.child import pausing
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .pdf_common import PdfCase, poppler_texts, qpdf_check

SLOW_PAGES = """
from child.page_copier import Copier
copy_page = Copier.copy_page
def copy_slowly(*arguments, **options):
    time.sleep(0.03)
    return copy_page(*arguments, **options)
Copier.copy_page = copy_slowly
"""


def child_begins_with(code):
    """Have what works on PDFs begin with some Python."""
    paths, work, rest = limited_child.BOOT.partition("from child.main")
    boot = f"{paths}\nimport os, time\n{code}\n{work}{rest}"
    return patch.object(limited_child, "BOOT", boot)


class TestPdfPauses(PdfCase):
    """An assembly that is called again and again is the same, and loses no time."""

    def setUp(self):
        super().setUp()
        self.kept = self.work / "kept"
        long = collection.plain(
            self.folder / "long.pdf", *[f"page {number}" for number in range(30)]
        )
        layered = collection.layered(self.folder / "layered.pdf", "shown", "hidden")
        linked = collection.linked(self.folder / "linked.pdf", "one", "two")
        self.parts = [
            self.part(path, title=path.stem, group=("all",), label="N")
            for path in (long, layered, linked, long)
        ]
        self.waits = 0

    def paused(self):
        """Whether to pause: not yet where it would not even begin."""
        self.waits += 1
        return self.waits > 2

    def assemble_once(self, parts, **options):
        self.waits = 0
        options = {"numbers": "{page}", "paused": self.paused} | options
        # Else it may be done before this process, on a busy machine, asks for a pause.
        with child_begins_with(SLOW_PAGES):
            return self.assemble(parts, kept=self.kept, **options)

    def assemble_in_slices(self, parts, **options):
        """Return how many pauses it took."""
        for pauses in range(200):
            try:
                self.assemble_once(parts, **options)
            except Paused:
                self.assertFalse(self.target.exists())
            else:
                return pauses
        self.fail("it does not come to an end")

    def content(self):
        command = ["qpdf", "--qdf", "--static-id", self.target, "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def test_in_slices_and_at_once_is_the_same(self):
        self.assemble(self.parts, numbers="{page}")
        texts, size = poppler_texts(self.target), self.target.stat().st_size
        self.target.unlink()
        # A child that hears of it before it begins pauses after each page.
        with patch.object(limited_child, "TICK", 0.001):
            pauses = self.assemble_in_slices(self.parts)
        self.assertGreater(pauses, 1)
        self.assertEqual(poppler_texts(self.target), texts)
        self.assertEqual(qpdf_check(self.target)[0], 0)
        # What is written of a page does not depend on where it was paused, but for
        # the fonts of the numbers.
        self.assertLess(abs(self.target.stat().st_size - size), 20_000)
        self.assertFalse(list(self.work.glob("kept*")))

    def test_other_parts_begin_anew(self):
        with self.assertRaises(Paused):
            self.assemble_once(self.parts)
        self.assemble(self.parts[1:], kept=self.kept)
        self.assertEqual(len(poppler_texts(self.target)), 33)

    def test_what_a_killed_server_wrote_after_the_last_pause_is_forgotten(self):
        with self.assertRaises(Paused):
            self.assemble_once(self.parts)
        with open(self.kept / "result.pdf", "ab") as file:
            file.write(b"junk" * 1000)
        with self.assertRaises(Cancelled):
            self.assemble(self.parts, kept=self.kept, cancelled=lambda: True)
        self.assemble(self.parts, kept=self.kept)
        self.assertEqual(qpdf_check(self.target)[0], 0)
        self.assertEqual(len(poppler_texts(self.target)), 63)

    def test_the_search_for_a_part_pauses_too(self):
        go_on = Check.go_on
        spoiled = collection.plain(self.folder / "spoiled.pdf", "spoiled")
        self.parts.insert(2, Part(spoiled, 1))

        def refuse(check, state=None):
            if "spoiled" in " ".join(poppler_texts(check._path)):
                raise CheckFailed("somewhere")
            return go_on(check, state)

        with patch.object(Check, "go_on", refuse), self.assertRaises(PartRefused) as c:
            self.assemble_in_slices(self.parts)
        self.assertEqual(c.exception.index, 2)
        self.assertFalse(self.kept.exists())

    def test_trying_a_part_alone_pauses_too(self):
        go_on, tried, half = Check.go_on, [], {"half": "of it"}

        def in_two_halves(check, state=None):
            if check._path.name == "result.pdf":
                if not tried:
                    raise CheckFailed("page 1", page=0)
                return go_on(check, state)
            tried.append(state)
            return go_on(check) if state else half

        with patch.object(Check, "go_on", in_two_halves):
            self.assemble_in_slices(self.parts)
        self.assertEqual(tried, [None, half])
        self.assertEqual(len(poppler_texts(self.target)), 63)

    def test_a_slow_disk_is_no_fault_of_a_part(self):
        with (
            child_begins_with("os.fdatasync = lambda _file: time.sleep(60)"),
            # Enough for the page that is being written, even on a busy machine.
            patch.object(limited_child, "PAUSE_SECONDS", 5),
            self.assertRaises(CompileError) as caught,
        ):
            self.assemble_in_slices(self.parts)
        self.assertEqual(caught.exception.code, "timeout")

    def test_the_check_without_poppler_pauses_too(self):
        path = collection.plain(self.folder / "three.pdf", "1", "2", "3")
        place, asked = 0, patch.object(pausing, "is_asked", return_value=True)
        for wanted in (1, 2, None):
            with asked:
                place = child_check.check_with_pypdf(path, 3, place)
            self.assertEqual(place, wanted)

    def test_a_part_that_does_not_come_to_a_pause_is_given_up(self):
        slow = hostile.slow(self.folder / "slow.pdf", 400_000)
        parts = [self.parts[1], Part(slow, 1)]
        with (
            patch.object(limited_child, "PAUSE_SECONDS", 0.3),
            self.assertRaises(PartRefused) as caught,
        ):
            self.assemble_in_slices(parts)
        self.assertEqual(caught.exception.index, 1)
        self.assertEqual(caught.exception.refusal, "timeout")
