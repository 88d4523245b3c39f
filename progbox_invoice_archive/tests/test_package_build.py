import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.package import build as package_build
from ..tools.package.build import PackageBuild
from ..tools.package.entry import FileChanged
from ..tools.package.package import Package
from ..tools.package.zip_size import zip_size
from ..tools.package.zip_writer import ZipWriter

FILES = {f"A/{number}é.pdf": b"%d" % number * number for number in range(1, 40)}
GIGABYTE = 1 << 30


def read(name):
    """Yield a file in two blocks."""
    content = FILES[name]
    yield content[:7]
    yield content[7:]


def package():
    made = Package(read)
    for name, content in FILES.items():
        made.add_file(name, name, len(content))
    made.finish("Problems")
    return made


@tagged("-at_install", "post_install")
class TestPackageBuild(BaseCase):
    """A zip or a folder that several processes write one after the other."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # Tells after each file how far it is.
        self.enterContext(patch.object(package_build, "PIECE", -1))

    def planned(self):
        build = PackageBuild(self.folder / "build")
        build.make_plan(package(), {"total": len(FILES) + 1})
        return build

    def check_zip(self, build):
        with zipfile.ZipFile(build.zip) as made:
            self.assertIsNone(made.testzip())
            content = {name: made.read(name) for name in made.namelist()}
        self.assertEqual(len(content.pop("MANIFEST.sha256").splitlines()), len(FILES))
        self.assertEqual(content, FILES)

    def test_each_process_goes_on_where_the_last_one_stopped(self):
        build = self.planned()
        position, processes = 0, 0
        while position < build.facts["total"]:
            steps = PackageBuild(build.folder).write_zip(read, position)
            # One file each, and an end without warning.
            position = next(steps)
            steps.close()
            processes += 1
        self.assertEqual(processes, build.facts["total"])
        for _position in PackageBuild(build.folder).write_zip(read, position):
            self.fail("Everything is written.")
        self.check_zip(build)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 39), st.integers(0, 39), st.binary(max_size=50))
    def test_what_was_not_told_any_more_is_written_again(self, told, more, rubbish):
        with tempfile.TemporaryDirectory() as folder:
            build = PackageBuild(Path(folder))
            build.make_plan(package(), {})
            steps = build.write_zip(read, 0)
            for _file in range(min(told + more, len(FILES) + 1)):
                next(steps)
            steps.close()
            with open(build.zip, "ab") as file:
                file.write(rubbish)
            list(PackageBuild(build.folder).write_zip(read, told))
            self.check_zip(build)

    def test_a_folder_goes_on_too(self):
        build = self.planned()
        target = self.folder / "written"
        steps = build.write_folder(target, read, 0)
        positions = [next(steps) for _file in range(10)]
        steps.close()
        self.assertFalse(target.exists())
        list(PackageBuild(build.folder).write_folder(target, read, positions[-1] - 3))
        for name, content in FILES.items():
            self.assertEqual((target / name).read_bytes(), content)
        self.assertEqual([p.name for p in self.folder.glob(".*")], [])

    def test_a_file_that_changed_since_the_plan_stops_it(self):
        build = self.planned()
        for content in (b"", b"x" * 100):
            with (
                patch.dict(FILES, {"A/7é.pdf": content}),
                self.assertRaises(FileChanged),
            ):
                list(build.write_zip(read, 0))

    def test_nothing_but_the_zip_stays(self):
        build = self.planned()
        list(build.write_zip(read, 0))
        build.clean_up()
        self.assertEqual(list(build.folder.iterdir()), [build.zip])


@tagged("-at_install", "post_install")
class TestZipSize(BaseCase):
    """The length of a zip, beside the library that writes it."""

    def sizes_of_library(self, files):
        writer, length = ZipWriter(), 0
        for number, (name, size) in enumerate(files):
            length += len(writer.begin(f"{number}".rjust(name, "x"), size, 0)) + size
        return length + sum(map(len, writer.end()))

    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(5, 300),
                st.integers(0, 100)
                | st.integers(GIGABYTE * 2 - 200_000_000, GIGABYTE * 2 + 10)
                | st.integers(0, 9 * GIGABYTE),
            ),
            max_size=12,
        )
    )
    def test_it_is_what_the_library_says(self, files):
        self.assertEqual(zip_size(files), self.sizes_of_library(files))

    def test_it_is_right_where_the_number_of_files_needs_another_end(self):
        for count in (65_534, 65_535, 65_536):
            made = Package(lambda _source: [b"x"])
            for number in range(count):
                made.add_file(f"{number:05}", number, 1, "digest")
            size = made.zip_size
            self.assertEqual(size, sum(map(len, made.zip_stream())), count)
