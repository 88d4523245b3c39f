import errno
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import psutil

from .. import tools
from ..tools.pdf import (
    Cancelled,
    CompileError,
    Item,
    Limits,
    Part,
    PartRefused,
    assembly,
    inspect_files,
)
from ..tools.pdf.check import Check, CheckFailed
from ..tools.pdf.child import main as child_main
from ..tools.pdf.child.limits import LARGEST_FILE
from ..tools.pdf.child.messages import Failure
from ..tools.pdf.limited_child import Child
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .pdf_common import PdfCase, has_ended, poppler_texts

ADD_ON = os.path.dirname(os.path.dirname(tools.__file__))
# What another Odoo would do; it is killed or short of space.
PROGRAM = """
import resource, sys
sys.path.insert(0, {add_on!r})
from tools.pdf import *
print("ready", flush=True)
{code}
"""


def children():
    """The processes that this one has started for PDF files."""
    return [
        child
        for child in psutil.process_iter(["ppid", "cmdline"])
        if child.info["ppid"] == os.getpid()
        and "child.main" in " ".join(child.info["cmdline"] or ())
    ]


class TestPdfFailures(PdfCase):
    """Whatever happens: nothing half done at the target, nothing left running."""

    def setUp(self):
        super().setUp()
        self.paths = [
            collection.plain(self.folder / f"{number}.pdf", f"text {number}")
            for number in range(40)
        ]
        self.parts = [Part(path, 1) for path in self.paths]

    def assertNothing(self):
        self.assertFalse(self.target.exists())
        self.assertFalse(list(self.work.iterdir()))
        self.assertFalse(children())

    def program(self, code):
        values = {
            "paths": [str(path) for path in self.paths],
            "work": str(self.work),
            "target": str(self.target),
        }
        setting = "\n".join(f"{key} = {value!r}" for key, value in values.items())
        code = PROGRAM.format(add_on=ADD_ON, code=f"{setting}\n{code}")
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def test_a_slow_file_is_given_up_and_the_next_one_read(self):
        slow = hostile.slow(self.folder / "slow.pdf")
        self.assertIsNone(self.inspect_one(slow).refusal)
        start = time.monotonic()
        found = self.inspect(slow, slow, limits=Limits(seconds=0.2))
        self.assertEqual([each.refusal for each in found], ["timeout"] * 2)
        # Most of it is the start of two children. By default, a file has a minute.
        self.assertLess(time.monotonic() - start, 30)
        self.assertIsNone(self.inspect(slow, self.paths[0])[1].refusal)

    def test_a_child_that_dies_takes_no_other_file_with_it(self):
        seen = []
        for inspection in inspect_files(self.paths, self.work):
            seen.append(inspection)
            if len(seen) in (1, 15):
                for child in children():
                    child.kill()
        self.assertEqual([each.path for each in seen], self.paths)
        crashed = [each for each in seen if each.refusal]
        self.assertTrue(all(each.refusal == "crashed" for each in crashed), crashed)
        self.assertLessEqual(len(crashed), 4)  # what two children had at hand, twice

    def test_a_file_that_kills_its_reader_has_no_more_time_than_others(self):
        given, clock = [], SimpleNamespace(monotonic=iter([100, 121]).__next__)

        def die(_child, _task, _arguments, seconds, **_options):
            given.append(seconds)
            raise Failure("crashed")

        timed = patch(f"{inspect_files.__module__}.time", clock)
        with patch.object(Child, "ask", die), timed:
            [found] = inspect_files(self.paths[:1], self.work, Limits(seconds=30))
        self.assertEqual(found.refusal, "crashed")
        self.assertEqual(given, [30, 9])

    def test_an_assembly_survives_the_death_of_its_child_once(self):
        deaths = []

        def kill(done, _pages):
            if not deaths:
                for child in children():  # the one that reads the result, too
                    child.kill()
                deaths.append(done)

        self.assemble(self.parts, progress=kill)
        self.assertTrue(deaths)
        wanted = [f"text {number}" for number in range(40)]
        self.assertEqual(poppler_texts(self.target), wanted)

    def test_an_assembly_can_be_cancelled(self):
        with self.assertRaises(Cancelled):
            self.assemble(self.parts, cancelled=lambda: True)
        self.assertNothing()

    def test_an_assembly_that_is_cancelled_in_the_middle_stops(self):
        path = collection.plain(self.folder / "long.pdf", *["page"] * 1000)
        asked = []

        def cancelled():
            asked.append(True)
            return len(asked) > 3

        start = time.monotonic()
        with self.assertRaises(Cancelled):
            self.assemble([Part(path, 1000)] * 200, cancelled=cancelled)
        # Most of it is the start of the children.
        self.assertLess(time.monotonic() - start, 30)
        self.assertNothing()

    def test_inspections_can_be_cancelled(self):
        with self.assertRaises(Cancelled):
            self.inspect(*self.paths, cancelled=lambda: True)
        self.assertNothing()

    def test_inspections_that_nobody_wants_any_more_end(self):
        inspections = inspect_files(self.paths, self.work)
        next(inspections)
        inspections.close()
        self.assertNothing()

    def test_an_assembly_has_its_time(self):
        with self.assertRaises(CompileError) as caught:
            self.assemble(self.parts, seconds=0.01)
        self.assertEqual(caught.exception.code, "timeout")
        self.assertNothing()

    def test_progress_goes_up_to_all_pages(self):
        reports = []
        self.assemble(self.parts, progress=lambda *report: reports.append(report))
        self.assertEqual(reports[-1], (40, 40))
        self.assertEqual(reports, sorted(reports))

    def test_a_killed_server_leaves_no_process_behind(self):
        for work in (
            "list(inspect_files(paths * 1000, work))",
            "assemble([Part(path, 1) for path in paths * 1000], target,"
            " folder=work, title='x')",
        ):
            with self.program(work) as server:
                server.stdout.readline()
                started = self.wait_for(
                    lambda server=server: psutil.Process(server.pid).children()
                )
                server.send_signal(signal.SIGKILL)
                server.wait()
            for child in started:
                self.wait_for(lambda child=child: has_ended(child))
            self.assertFalse(self.target.exists())

    def test_a_busy_child_of_a_killed_server_does_not_go_on(self):
        slow = hostile.slow(self.folder / "slow.pdf", 1_000_000)
        with self.program(f"list(inspect_files([{str(slow)!r}], work))") as server:
            server.stdout.readline()
            [child] = self.wait_for(lambda: psutil.Process(server.pid).children())
            self.wait_for(lambda: child.cpu_times().user > 0.5)  # it reads the file
            server.kill()
            server.wait()
        self.wait_for(lambda: has_ended(child), seconds=3)

    def test_a_full_disk_is_told_apart(self):
        for number, code in (
            (errno.ENOSPC, "disk_full"),
            (errno.EDQUOT, "disk_full"),
            (errno.EFBIG, "too_large"),
            (errno.EIO, "crashed"),
        ):
            said = io.StringIO()

            def task(_report, number=number):
                raise OSError(number, os.strerror(number))

            answer = child_main._answer(task, {}, said)
            json.dumps(answer)
            self.assertEqual(answer["failure"][0], code)
        for work in (lambda: self.inspect(self.paths[0]), self.assemble_parts):
            full = patch.object(Child, "ask", side_effect=Failure("disk_full"))
            with full, self.assertRaises(CompileError) as caught:
                work()
            self.assertEqual(caught.exception.code, "disk_full")
        self.assertNothing()

    def assemble_parts(self):
        return self.assemble(self.parts)

    def test_the_limit_of_files_is_no_full_disk(self):
        for work, code in (
            (
                "print(*{each.refusal for each in inspect_files(paths[-2:], work)})",
                "too_large None",
            ),
            (
                "assemble([Part(path, 1) for path in paths], target, folder=work,"
                " title='x')",
                "too_large",
            ),
        ):
            if work.startswith("print"):
                self.paths.append(self.folder / "large.pdf")
                collection.encrypted(self.paths[-1], "x" * 1000)
            with self.program(
                "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))\n"
                f"try: {work}\n"
                "except CompileError as error: print(error.code)"
            ) as server:
                said = server.communicate(timeout=120)[0]
            self.assertEqual(set(said.split()), {"ready", *code.split()}, work)
            self.assertFalse(self.target.exists())

    def test_only_the_result_may_be_of_any_size(self):
        limits = set()

        def limits_now():
            pids = [child.pid for child in psutil.Process().children()]
            return {resource.prlimit(pid, resource.RLIMIT_FSIZE)[0] for pid in pids}

        def look(*_report):
            # The one that reads the result may still be starting: nobody waits for it.
            self.wait_for(lambda: LARGEST_FILE in limits_now())
            limits.update(limits_now())

        self.assemble(self.parts, progress=look)
        own = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        self.assertEqual(limits, {own, LARGEST_FILE})

    def test_a_reader_writes_no_more_than_a_file_and_nothing_into_the_memory(self):
        said, program = self.folder / "said", self.folder / "pdftocairo"
        program.write_text(
            f"#!{sys.executable}\nimport os, resource, sys\n"
            "sys.stderr.write('x' * 100)\n"
            "open(sys.argv[-1], 'wb').write(b'half')\n"
            f"print(resource.getrlimit(resource.RLIMIT_FSIZE)[0], sys.argv[-1],"
            f" os.readlink('/proc/self/fd/2'), file=open({str(said)!r}, 'w'))\n"
            "sys.exit(1)"
        )
        program.chmod(0o700)
        self.paths[0].write_bytes(b"%PDF-1.4\nnothing\nstartxref\n9\n%%EOF\n")
        path = os.pathsep.join((str(self.folder), os.environ["PATH"]))
        with patch.dict(os.environ, PATH=path):
            self.assertRefused(self.paths[0], "damaged")
        limit, written, errors = said.read_text().split()
        self.assertEqual((int(limit), errors), (LARGEST_FILE, os.devnull))
        self.assertFalse(Path(written).exists())

    def test_memory_of_the_assembly_is_limited(self):
        with patch.object(assembly, "MEMORY", 1 << 20):
            with self.assertRaises(CompileError) as caught:
                self.assemble(self.parts)
        self.assertNotIsInstance(caught.exception, PartRefused)
        self.assertNothing()

    def test_a_machine_where_no_child_starts_blames_no_file(self):
        with patch.object(sys, "executable", "/bin/false"):
            for work in (lambda _: self.assemble(self.parts), self.inspect):
                with self.assertRaises(CompileError) as caught:
                    work(self.paths[0])
                self.assertEqual(caught.exception.code, "crashed")
                self.assertIn("/bin/false", caught.exception.detail)

    def test_a_part_that_went_bad_is_named(self):
        self.paths[7].write_bytes(b"%PDF-1.7 gone")
        with self.assertRaises(PartRefused) as caught:
            self.assemble(self.parts)
        self.assertEqual(caught.exception.index, 7)
        self.assertEqual(caught.exception.refusal, "damaged")
        self.assertNothing()

    def test_a_part_with_other_pages_than_expected_is_named(self):
        parts = [*self.parts, Part(self.paths[0], 2)]
        with self.assertRaises(PartRefused) as caught:
            self.assemble(parts)
        self.assertEqual(caught.exception.index, 40)
        self.assertIn("1 pages, not 2", caught.exception.detail)

    def checks(self, refuse):
        """Have a function look at each result before the readers do."""
        go_on, seen = Check.go_on, []

        def looked_at(check, state=None):
            path = Path(check._path)
            if path.name == "result.pdf":
                seen.append(path)
                refuse(path, len(seen))
            return go_on(check, state)

        return patch.object(Check, "go_on", looked_at), seen

    def test_a_part_that_spoils_the_result_is_written_anew(self):
        def refuse_once(_path, times):
            if times == 1:
                raise CheckFailed("page 5", page=5)

        checks, seen = self.checks(refuse_once)
        with checks:
            self.assemble(self.parts)
        self.assertEqual(len(seen), 2)
        self.assertEqual(poppler_texts(self.target)[5], "text 5")

    def test_a_part_that_spoils_the_result_is_searched(self):
        spoiled = self.folder / "spoiled.pdf"
        collection.plain(spoiled, "spoiled")
        self.parts[23] = Part(spoiled, 1)

        def refuse(path, _times):
            if "spoiled" in poppler_texts(path):
                raise CheckFailed("somewhere")

        with self.checks(refuse)[0], self.assertRaises(PartRefused) as caught:
            self.assemble(self.parts)
        self.assertEqual(caught.exception.index, 23)
        self.assertNothing()

    def test_a_part_that_spoils_the_result_again_is_named(self):
        def refuse(_path, _times):
            raise CheckFailed("page 5", page=5)

        with self.checks(refuse)[0], self.assertRaises(PartRefused) as caught:
            self.assemble(self.parts)
        self.assertEqual(caught.exception.index, 5)
        self.assertEqual(caught.exception.refusal, "damaged")
        self.assertNothing()

    def test_a_part_that_no_reader_stands_is_not_assembled_again(self):
        crowd = hostile.crowd(self.folder / "crowd.pdf", 20_000)
        self.parts[7] = Part(crowd, 1)
        checks, seen = self.checks(lambda *_args: None)
        with checks, self.assertRaises(PartRefused) as caught:
            self.assemble(self.parts)
        self.assertEqual(caught.exception.index, 7)
        self.assertEqual(caught.exception.refusal, "unshowable")
        self.assertEqual(len(seen), 1)
        self.assertNothing()

    def test_a_page_that_holds_the_second_reader_up_is_found_alone(self):
        crowd = hostile.crowd(self.folder / "crowd.pdf", 20_000)
        self.assertRefused(crowd, "unshowable")
        self.assertReady(hostile.crowd(self.folder / "group.pdf", 900), 1)

    def test_a_child_knows_nothing_of_the_servers_secrets(self):
        seen = []
        with patch.dict(os.environ, PGPASSWORD="secret"):
            inspections = inspect_files(self.paths, self.work)
            next(inspections)
            seen += [child.environ() for child in children()]
            inspections.close()
        self.assertTrue(seen)
        self.assertFalse([each for each in seen if "PGPASSWORD" in each])

    def test_modules_beside_the_files_are_not_run(self):
        (self.work / "json.py").write_text("open('run', 'w')")
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.work)
        self.assertIsNone(self.inspect_one(Item(self.paths[0])).refusal)
        self.assertFalse((self.work / "run").exists())
