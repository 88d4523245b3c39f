import csv
import hashlib
import subprocess
import tempfile
import unicodedata
import zipfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.package import index as package_index
from ..tools.package.build import PackageBuild
from ..tools.package.entry import FileChanged
from ..tools.package.index import Index, harmless
from ..tools.package.names import Names
from ..tools.package.package import Package

WINDOWS_REFUSES = set('<>:"/\\|?*')
RESERVED = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{p}{n}" for p in ("COM", "LPT") for n in range(1, 10)),
}
TROUBLE = [";", "a;1", "-rf", "*", "~", "a\nb", "=1", "#", "%s", "$HOME", "`x`", "&"]
NAMES = (
    st.text(max_size=300)
    | st.sampled_from(TROUBLE)
    | st.sampled_from(
        [
            "..",
            ".",
            "",
            "CON",
            "nul.pdf",
            "a/b.pdf",
            "A\\B",
            "été.pdf",
            "ÉTÉ.PDF",
            "x.pdf",
        ]
    )
)


def package(*files):
    """Return a finished package of (folder, name, content)."""
    result = Package(lambda number: [files[number][2][:2], files[number][2][2:]])
    for number, (path, name, content) in enumerate(files):
        result.add_file(result.names.file(path, name), number, len(content))
    result.finish("Problems")
    return result


@tagged("-at_install", "post_install")
class TestPackageTool(BaseCase):
    """The zip, the folder and the names, without a database."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def unzip(self, made):
        path = self.folder / "package.zip"
        path.write_bytes(b"".join(made.zip_stream()))
        target = self.folder / "unzipped"
        self.run_tool("unzip", "-q", str(path), "-d", str(target))
        return target

    def write_folder(self, made):
        build = PackageBuild(self.folder / "build")
        build.make_plan(made, {})
        for _position in build.write_folder(self.folder / "written", made.read, 0):
            self.fail("This takes no time.")

    def run_tool(self, *command, cwd=None):
        return subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        ).stdout  # fmt: skip

    def test_the_length_is_known_before_the_first_byte(self):
        made = package((("Été", "11"), "Facture n° 1.pdf", b"abc"), ((), "b", b"xyz"))
        size = made.zip_size
        self.assertEqual(size, len(b"".join(made.zip_stream())))

    def test_a_zip_unpacks_and_its_manifest_is_accepted(self):
        made = package(
            ((".factures", "2026"), "Été n° 1.pdf", b"abc"),
            ((".factures", "2026"), "été n° 1.PDF", b"def"),
            (("Ș & ț",), "発票.pdf", b"ghi"),
        )
        target = self.unzip(made)
        self.assertIn(
            "OK", self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=target)
        )
        self.assertEqual((target / ".factures/2026/Été n° 1.pdf").read_bytes(), b"abc")
        self.assertEqual(
            (target / ".factures/2026/été n° 1 (2).PDF").read_bytes(), b"def"
        )

    def test_a_folder_has_the_same_files_as_the_zip(self):
        files = ((("A", "B"), "1.pdf", b"abc"), (("A",), "2.pdf", b"def"))
        unzipped = self.unzip(package(*files))
        written = self.folder / "written"
        self.write_folder(package(*files))
        self.assertEqual(self.run_tool("diff", "-r", str(unzipped), str(written)), "")

    def test_a_folder_that_cannot_be_finished_is_not_there_at_all(self):
        made = package((("A",), "1.pdf", b"abc"))
        made.files[0].size = 4
        with self.assertRaises(FileChanged):
            self.write_folder(made)
        self.assertFalse((self.folder / "written").exists())

    def test_a_folder_that_exists_is_left_alone(self):
        (self.folder / "written").mkdir()
        with self.assertRaises(FileExistsError):
            self.write_folder(package((("A",), "1.pdf", b"abc")))
        self.assertEqual(list((self.folder / "written").iterdir()), [])

    def test_a_folder_is_not_written_again_by_who_does_not_know_that_it_is(self):
        made = package((("A",), "1.pdf", b"abc"))
        self.write_folder(made)
        written = self.folder / "written/A/1.pdf"
        before = written.stat()
        self.write_folder(made)
        self.assertEqual(written.stat(), before)

    def test_what_a_killed_process_left_is_replaced(self):
        (self.folder / ".written.partial").mkdir()
        (self.folder / ".written.partial/old").touch()
        self.write_folder(package((("A",), "1.pdf", b"abc")))
        self.assertFalse((self.folder / "written/old").exists())

    def test_a_file_that_changed_meanwhile_breaks_the_zip(self):
        path = self.folder / "file"
        path.write_bytes(b"abc")
        for content in (b"ab", b"abcd"):
            made = Package()
            made.add_file("file", str(path), 3)
            path.write_bytes(content)
            with self.subTest(content=content), self.assertRaises(FileChanged):
                b"".join(made.zip_stream())
            path.write_bytes(b"abc")

    def test_the_manifest_holds_the_digest_on_record(self):
        made = Package()
        path = self.folder / "file"
        path.write_bytes(b"changed")
        recorded = hashlib.sha256(b"original").hexdigest()
        made.add_file("file", str(path), 7, recorded)
        made.finish("Problems")
        with self.assertRaises(subprocess.CalledProcessError):
            self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=self.unzip(made))

    def test_problems_are_written_down(self):
        made = Package()
        made.problems.append("INV/1 is missing.")
        made.finish("Not in this package:")
        text = (self.unzip(made) / "PROBLEMS.txt").read_text()
        self.assertEqual(text, "Not in this package:\n\nINV/1 is missing.\n")

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.tuples(st.lists(NAMES, max_size=4), NAMES), max_size=30))
    def test_names_are_safe_and_unique_whatever_people_write(self, files):
        names = Names(["MANIFEST.sha256"])
        paths = [names.file(tuple(folder), name) for folder, name in files]
        folders = {names.folder(tuple(folder)) for folder, _name in files} - {""}
        keys = [unicodedata.normalize("NFC", p.casefold()) for p in [*paths, *folders]]
        self.assertEqual(len(keys), len(set(keys)))
        for path in paths:
            self.assertLessEqual(len(path.encode()), 200)
            for part in path.split("/"):
                self.assertNotIn(part, ("", ".", ".."))
                self.assertLessEqual(len(part.encode()), 120)
                self.assertFalse(set(part) & WINDOWS_REFUSES, part)
                self.assertFalse(part != part.strip() or part.endswith("."), part)
                self.assertFalse(any(unicodedata.category(c) == "Cc" for c in part))
                self.assertNotIn(part.split(".")[0].strip().upper(), RESERVED)

    @settings(max_examples=200, deadline=None)
    @given(st.text("éÈçșțàß发票Ωж aZ09-_", min_size=1, max_size=30))
    def test_accents_and_scripts_stay_as_they_are(self, written):
        name = unicodedata.normalize("NFC", f"x{written.strip()}x")
        self.assertEqual(Names().file((), f"{name}.pdf"), f"{name}.pdf")

    @settings(max_examples=50, deadline=None)
    @given(st.lists(NAMES, min_size=1, max_size=10))
    def test_whatever_people_write_unpacks(self, written):
        made = package(*[((name,), name, b"abc") for name in written])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package.zip"
            path.write_bytes(b"".join(made.zip_stream()))
            with zipfile.ZipFile(path) as file:
                self.assertIsNone(file.testzip())
            self.run_tool("unzip", "-q", str(path), "-d", f"{folder}/out")
            self.run_tool("sha256sum", "-c", "MANIFEST.sha256", cwd=f"{folder}/out")

    def test_names_that_look_alike_are_numbered(self):
        names = Names(["MANIFEST.sha256"])
        self.assertEqual(names.file((), "MANIFEST.sha256"), "MANIFEST (2).sha256")
        self.assertEqual(names.file(("A",), "x.pdf"), "A/x.pdf")
        self.assertEqual(names.file(("A",), "X.PDF"), "A/X (2).PDF")
        self.assertEqual(names.file(("A",), "x.pdf"), "A/x (3).pdf")
        self.assertEqual(names.folder(("A", "x.pdf")), "A/x.pdf (2)")
        self.assertEqual(names.folder(("a",)), "a (2)")

    def test_what_lies_deep_keeps_a_path_that_windows_opens(self):
        names = Names()
        deep = tuple(f"{level} {'é' * 50}" for level in range(5))
        paths = [names.file(deep[:depth], f"{'x' * 150}.pdf") for depth in range(6)]
        self.assertEqual(len(set(paths)), 6)
        self.assertEqual(
            [len(path.split("/")) for path in paths], [1, 2, 2, 2, 2, 2], paths
        )
        self.assertEqual({path[-4:] for path in paths}, {".pdf"})
        self.assertLessEqual(max(len(path.encode()) for path in paths), 200)

    def test_what_is_cut_off_uncovers_no_reserved_name(self):
        name = Names().file(("A" * 119,), f"CON{' ' * 90}x.pdf")
        self.assertEqual(name.split("/")[1], "CON_.pdf")

    def test_folders_hide_only_where_they_shall(self):
        folders = ((".factures", "2026"), ("factures",), (".. ",), ("...x",))
        self.assertEqual(
            [Names().folder(folder) for folder in folders],
            [".factures/2026", "factures", "_", ".x"],
        )
        names = Names(hides=False)
        self.assertEqual(
            [names.folder(folder) for folder in folders],
            ["factures/2026", "factures (2)", "_", "x"],
        )

    def test_a_formula_is_no_formula_any_more(self):
        for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", " =1", "|x"):
            with self.subTest(text=text):
                self.assertTrue(harmless(text).startswith("'"))
        self.assertEqual(harmless("Lefèvre & fils"), "Lefèvre & fils")

    def test_what_a_spreadsheet_would_change_stays_text(self):
        for text in (
            "0001234", "1E5", "11-2026", "2026/0001", "3/4", "1,234.50", "(5)", "5 €",
            "1:30 PM", "12 mars", "MAR-2026", "Dez 26", "1. février", "2026年1月",
            "TRUE", "'t Hooft 3", "12345678901234567890", "٠١٢",
        ):  # fmt: skip
            with self.subTest(text=text):
                self.assertEqual(harmless(text), f"'{text}")
        for text in (
            "INV/2026/00001", "FAC2026", "RINV/2026/11/0001", "A1B2", "3M", "Müller 3",
            "Dupont", "EUR",
        ):  # fmt: skip
            with self.subTest(text=text):
                self.assertEqual(harmless(text), text)

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.sampled_from(["mar", "Jan", "true", "INV", "é", "1", "/", " ", "'", "="])
            | st.text(max_size=2)
        ).map("".join)
    )
    @example("Jan1")
    @example("true")
    def test_what_is_plain_at_first_sight_is_plain(self, text):
        line = " ".join(text.split())
        self.assertIn(harmless(text), (line, f"'{line}"))
        self.assertEqual(harmless(text), package_index._marked(text))

    def test_whoever_drops_one_apostrophe_has_the_text(self):
        for text in ("0001", "=1+1", "'quoted'", "''", "plain", "-", "12 mars"):
            with self.subTest(text=text):
                self.assertEqual(harmless(text).removeprefix("'"), text)

    def test_a_line_of_the_index_is_written_anew(self):
        index = Index(",", 1)
        index.add(["Number", "File"])
        number = index.add(["A;1", 'a "b".pdf'])
        index.add(["A2", "c.pdf"])
        index.replace(number, "missing; see below")
        lines = list(csv.reader(index.content().decode("utf-8-sig").splitlines(),
                                delimiter=";"))  # fmt: skip
        self.assertEqual(
            lines,
            [["Number", "File"], ["A;1", "missing; see below"], ["A2", "c.pdf"]],
        )
        self.assertEqual(harmless(None), "")
