import shutil
import time
from unittest.mock import patch

from ..tools.compile import Cancelled, Part, PartRefused, apart
from .compilation_common import pdf_of
from .compile_common import CompileCase, poppler_texts


class TestAssemblyApart(CompileCase):
    """The work outlives whoever waits for it, and is not done twice."""

    def setUp(self):
        super().setUp()
        paths = [self.folder / f"{number}.pdf" for number in range(3)]
        for number, path in enumerate(paths):
            path.write_bytes(pdf_of(f"PAGE {number}"))
        self.parts = [self.part(path, group=("INV/1",)) for path in paths]

    def apart(self, parts=None, **options):
        options = {"folder": self.work, "title": "Invoice backup"} | options
        return apart.assemble(parts or self.parts, self.target, **options)

    def left(self):
        """Ask for it, and go away at once."""
        with self.assertRaises(Cancelled):
            self.apart(cancelled=lambda: True)

    def wait_until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def test_it_is_the_assembly_that_one_knows(self):
        seen = []
        done = self.apart(progress=lambda *progress: seen.append(progress))
        self.assertEqual(done.pages, 3)
        self.assertEqual(done.size, self.target.stat().st_size)
        self.assertEqual(poppler_texts(self.target), ["PAGE 0", "PAGE 1", "PAGE 2"])
        self.assertTrue(all(pages == 3 for _done, pages in seen))

    def test_who_comes_back_gets_what_went_on_without_him(self):
        self.left()
        self.wait_until(lambda: list(self.work.glob("*.outcome")))
        with patch.object(apart.Errand, "_start", side_effect=AssertionError):
            self.apart()
        self.assertEqual(len(poppler_texts(self.target)), 3)

    def test_another_set_of_parts_is_another_errand(self):
        self.left()
        self.assertEqual(self.apart(self.parts[:2]).pages, 2)
        self.assertEqual(self.apart().pages, 3)

    def test_a_process_that_died_is_started_anew(self):
        started, real = [], apart.Errand._start

        def start(errand, task):
            real(errand, task)
            started.append(errand)
            if len(started) == 1:
                errand._process.kill()
                errand._process.wait()

        with patch.object(apart.Errand, "_start", start):
            self.assertEqual(self.apart().pages, 3)

    def test_it_ends_when_nobody_keeps_the_folder(self):
        processes, real = [], apart.Errand._start

        def start(errand, task):
            real(errand, task)
            processes.append(errand._process)

        with patch.object(apart.Errand, "_start", start):
            self.left()
        shutil.rmtree(self.work)
        processes[0].wait(60)
        self.assertFalse(self.work.exists())

    def test_a_part_that_goes_bad_is_named_and_can_be_asked_for_again(self):
        path = self.folder / "bad.pdf"
        path.write_bytes(b"%PDF-1.4 nothing")
        for _try in range(2):
            with self.assertRaises(PartRefused) as refused:
                self.apart([*self.parts, Part(path, 1)])
            self.assertEqual(refused.exception.index, 3)
