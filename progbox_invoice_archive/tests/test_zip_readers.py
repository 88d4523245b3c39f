import io
import shutil
import struct
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest.mock import patch
from zlib import crc32

from odoo.tests import BaseCase, tagged

from ..tools.package import entry as package_entry
from ..tools.package.entry import FileChanged
from ..tools.package.index import Index
from ..tools.package.package import Package
from ..tools.package.zip_size import plain_zip_size, zip_size

LOCAL_HEADER = struct.Struct("<4sHHHHHLLLHH")
DESCRIPTOR = 1 << 3
CONTENTS = {"factures/Été/INV_1.pdf": b"one" * 999, "B.xml": b"<a/>", "C.txt": b""}
# Reads a zip from its beginning to its end, as whatever gets it through a pipe does.
SMALL = ("-Xmx64m", "-XX:CompressedClassSpaceSize=32m", "-XX:+UseSerialGC")
JAVA = """
import java.io.*;
import java.util.zip.*;
public class ReadZip {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        try (ZipInputStream zip = new ZipInputStream(System.in)) {
            ZipEntry entry;
            while ((entry = zip.getNextEntry()) != null) {
                out.println(zip.readAllBytes().length + " " + entry.getName());
            }
        }
    }
}
"""

COMMONS = Path("/usr/share/java/commons-compress.jar")
COMMONS_JAVA = """
import java.io.*;
import org.apache.commons.compress.archivers.zip.*;
public class ReadCommons {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        try (ZipArchiveInputStream zip = new ZipArchiveInputStream(System.in)) {
            ZipArchiveEntry entry;
            while ((entry = zip.getNextZipEntry()) != null) {
                out.println(zip.readAllBytes().length + " " + entry.getName());
            }
        }
    }
}
"""


def local_headers(content):
    """Yield (flags, CRC, sizes, name, bytes), read from the beginning of a zip."""
    position = 0
    while content[position : position + 4] == b"PK\x03\x04":
        (
            _sign,
            _version,
            flags,
            method,
            _time,
            _day,
            crc,
            packed,
            size,
            name,
            extra,
        ) = LOCAL_HEADER.unpack_from(content, position)
        assert method == zipfile.ZIP_STORED
        position += LOCAL_HEADER.size
        path = content[position : position + name].decode()
        position += name + extra
        yield flags, crc, (packed, size), path, content[position : position + size]
        position += size
    assert content[position : position + 4] == b"PK\x01\x02"


@tagged("-at_install", "post_install")
class TestZipReaders(BaseCase):
    """A streamed zip, and the programs that open it, from a disk or through a pipe."""

    def package(self, contents=None, announced=None, index=False):
        """Return a finished package that has not looked at its files."""
        contents = CONTENTS if contents is None else contents
        announced = announced or {}

        def read(name):
            if (content := contents.get(name)) is None:
                raise FileNotFoundError(name)
            yield content[:5]
            yield content[5:]

        made = Package(read, index=Index(".", 1) if index else None)
        if index:
            made.index.add(["Size", "File"])
        for name in {**contents, **announced}:
            size = announced.get(name, len(contents.get(name) or b""))
            entry = made.add_file(name, name, size)
            entry.key = name
            if index:
                entry.line = made.index.add([str(size), name])
        made.finish("Problems", read=False)
        return made

    def sent(self, made):
        """Return the zip, which is as long as was announced."""
        size = made.zip_size
        content = b"".join(made.zip_stream())
        self.assertEqual(len(content), size)
        return content

    def opened(self, made):
        file = zipfile.ZipFile(io.BytesIO(self.sent(made)))
        self.assertIsNone(file.testzip())
        return file

    def run_reader(self, *command):
        """Run a program that gets the zip through a pipe."""
        return subprocess.run(
            command,
            input=self.sent(self.package()),
            check=True,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        ).stdout.decode()

    def test_length_and_checksum_stand_before_each_file(self):
        found = {}
        for flags, crc, sizes, name, content in local_headers(
            self.sent(self.package())
        ):
            self.assertFalse(flags & DESCRIPTOR, name)
            self.assertEqual(crc, crc32(content), name)
            self.assertEqual(sizes, (len(content), len(content)), name)
            found[name] = content
        self.assertEqual(found.pop("MANIFEST.sha256").count(b"\n"), len(CONTENTS))
        self.assertEqual(found, CONTENTS)

    def test_the_length_is_known_whatever_the_index_says(self):
        made = self.package(index=True)
        made.index.add(["1,5 €;株式会社", 'He said "no",\tthen'])
        made.finish("Problèmes", read=False)
        made.add_problem("missing", "Été")
        made.finish("Problèmes", read=False)
        file = self.opened(made)
        self.assertIn("Été is missing", file.read("PROBLEMS.txt").decode())
        self.assertIn("株式会社", file.read("index.csv").decode())

    def test_a_plain_zip_is_as_long_as_any(self):
        overhead = 3 * (30 + 46) + 2 * 14 + 22
        sizes = [(4, 0), (9, 70), (1, zipfile.ZIP64_LIMIT - overhead - 70)]
        length = sum(size for _name, size in sizes)
        self.assertEqual(plain_zip_size(3, 14, length), zipfile.ZIP64_LIMIT)
        self.assertEqual(zip_size(sizes), zipfile.ZIP64_LIMIT)
        # What is larger has longer headers.
        self.assertIsNone(plain_zip_size(3, 14, length + 1))
        self.assertIsNone(plain_zip_size(1 << 16, 0, 0))

    def test_python_and_unzip_open_it(self):
        file = self.opened(self.package())
        for name, content in CONTENTS.items():
            self.assertEqual(file.read(name), content)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package.zip"
            path.write_bytes(self.sent(self.package()))
            subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)

    def test_bsdtar_reads_it_from_a_pipe(self):
        names = self.run_reader("bsdtar", "-tf", "-").splitlines()
        self.assertEqual(names, [*CONTENTS, "MANIFEST.sha256"])

    @unittest.skipUnless(shutil.which("jar"), "no Java")
    def test_jar_lists_it_from_a_pipe_and_from_a_file(self):
        expected = [*CONTENTS, "MANIFEST.sha256"]
        small = [f"-J{option}" for option in SMALL]
        command = ("jar", *small, "-J-Dstdout.encoding=UTF-8")
        self.assertEqual(self.run_reader(*command, "t").splitlines(), expected)
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            file.write(self.sent(self.package()))
            file.flush()
            listed = self.run_reader(*command, "tf", file.name)
        self.assertEqual(listed.splitlines(), expected)

    def read_by_java(self, name, program, *options):
        """Let a Java program read the zip from a pipe, and find everything."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / f"{name}.java"
            source.write_text(program)
            command = ("java", *SMALL, *options, str(source))
            lines = self.run_reader(*command).splitlines()
        self.assertEqual(
            lines[:-1], [f"{len(content)} {name}" for name, content in CONTENTS.items()]
        )

    @unittest.skipUnless(shutil.which("javac"), "no Java")
    def test_java_reads_it_from_a_pipe(self):
        self.read_by_java("ReadZip", JAVA)

    @unittest.skipUnless(shutil.which("javac") and COMMONS.exists(), "no library")
    def test_commons_compress_reads_it_from_a_pipe(self):
        self.read_by_java("ReadCommons", COMMONS_JAVA, "-cp", str(COMMONS))

    def test_a_long_file_is_not_kept_in_memory(self):
        with patch.object(package_entry, "LONGEST_KEPT", 6):
            file = self.opened(self.package())
        for name, content in CONTENTS.items():
            self.assertEqual(file.read(name), content)

    def test_a_long_file_that_changes_between_two_looks_breaks_the_zip(self):
        looks = iter((b"abcdef" * 99, b"fedcba" * 99))
        made = Package(lambda _name: [next(looks)])
        made.add_file("long", "long", 6 * 99)
        with (
            patch.object(package_entry, "LONGEST_KEPT", 6),
            self.assertRaises(FileChanged),
        ):
            b"".join(made.zip_stream())

    def test_what_is_missing_is_found_on_the_way(self):
        """The zip is complete, as long as announced, and says what it lacks."""
        lost = {"A/lost.pdf": 5000}
        made = self.package({**CONTENTS, "A/lost.pdf": None}, lost, index=True)
        file = self.opened(made)
        self.assertNotIn("A/lost.pdf", file.namelist())
        self.assertEqual(made.problems, ["A/lost.pdf is missing."])
        self.assertEqual(made.sent_keys, list(CONTENTS))
        problems = file.read("PROBLEMS.txt").decode().rstrip(" ")
        self.assertEqual(problems, "Problems\n\nA/lost.pdf is missing.\n")
        self.assertIn("5000,missing", file.read("index.csv").decode())
        with tempfile.TemporaryDirectory() as folder:
            file.extractall(folder)
            subprocess.run(
                ["sha256sum", "-c", "MANIFEST.sha256"],
                cwd=folder,
                check=True,
                capture_output=True,
            )

    def test_every_file_may_be_missing(self):
        lost = {f"A/{number}.pdf": 300 for number in range(50)}
        made = self.package(dict.fromkeys(lost), lost, index=True)
        file = self.opened(made)
        self.assertEqual(
            set(file.namelist()), {"index.csv", "PROBLEMS.txt", "MANIFEST.sha256"}
        )
        self.assertEqual(len(made.problems), 50)

    def test_a_shorter_file_is_there_as_it_is(self):
        made = self.package(announced={"factures/Été/INV_1.pdf": 9000})
        file = self.opened(made)
        self.assertEqual(len(file.read("factures/Été/INV_1.pdf")), 2997)
        self.assertIn("2997 bytes instead of 9000", made.problems[0])

    def test_a_longer_file_is_left_out(self):
        made = self.package(announced={"factures/Été/INV_1.pdf": 2000})
        file = self.opened(made)
        self.assertNotIn("factures/Été/INV_1.pdf", file.namelist())
        self.assertIn("left out", file.read("PROBLEMS.txt").decode())

    def test_an_emptied_file_is_missing(self):
        made = self.package(announced={"C.txt": 900})
        self.assertNotIn("C.txt", self.opened(made).namelist())
        self.assertEqual(made.problems, ["C.txt is missing."])

    def test_a_list_that_does_not_fit_is_cut_and_still_text(self):
        lost = {f"É{number}.pdf": 1 for number in range(3)}
        made = self.package(dict.fromkeys(lost), lost)
        made.words = made.words._replace(missing="é" * 500)
        text = self.opened(made).read("PROBLEMS.txt").decode()
        self.assertIn("éé", text)

    def test_without_room_for_the_list_it_breaks(self):
        made = self.package({"a": None}, {"a": 1})
        with self.assertRaises(FileChanged):
            b"".join(made.zip_stream())

    def test_the_end_comes_last_and_alone(self):
        pieces = list(self.package().zip_stream())
        self.assertEqual(pieces[-1][:4], b"PK\x05\x06")
        self.assertEqual(len(pieces[-1]), 22)
