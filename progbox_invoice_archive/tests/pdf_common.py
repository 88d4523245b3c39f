import io
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import pypdf
from PIL import Image

from odoo.tests import BaseCase

from ..tools.pdf import Part, assemble, inspect_files
from . import pdf_collection as collection


class PdfCase(BaseCase):
    """Real files in a folder, real child processes, and two readers for the result."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.target = self.folder / "result.pdf"

    def inspect(self, *paths, **options):
        return list(inspect_files(paths, self.work, **options))

    def inspect_one(self, path, **options):
        [inspection] = self.inspect(path, **options)
        return inspection

    def assertRefused(self, path, code, **options):
        inspection = self.inspect_one(path, **options)
        self.assertEqual(inspection.refusal, code, inspection.detail)
        self.assertIsNone(inspection.ready)

    def assertReady(self, path, pages, changes=()):
        inspection = self.inspect_one(path)
        self.assertIsNone(inspection.refusal, inspection.detail)
        self.assertEqual(inspection.pages, pages)
        self.assertEqual(inspection.changes, list(changes))
        return inspection

    def wait_for(self, condition, seconds=20):
        for _attempt in range(seconds * 20):
            if found := condition():
                return found
            time.sleep(0.05)
        self.fail(f"it did not happen within {seconds} seconds")

    def plain(self, name, *texts, **options):
        return collection.plain(self.folder / f"{name}.pdf", *texts, **options)

    def reader(self):
        """The result in pypdf."""
        reader = pypdf.PdfReader(self.target)
        self.addCleanup(reader.close)
        return reader

    def part(self, path, **options):
        inspection = self.inspect_one(path)
        self.assertIsNone(inspection.refusal, inspection.detail)
        return Part(inspection.ready, inspection.pages, **options)

    def assemble(self, parts, **options):
        options = {"folder": self.work, "title": "Invoice backup"} | options
        return assemble(parts, self.target, **options)

    def compile(self, *paths, **options):
        """Assemble files and read the texts of the result's pages with Poppler."""
        self.assemble([self.part(path) for path in paths], **options)
        return poppler_texts(self.target)


def has_ended(process):
    """Whether a process does nothing any more, buried or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def poppler_texts(path):
    """The text of each page, read by Poppler."""
    command = ["pdftotext", path, "-"]
    said = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [" ".join(page.split()) for page in said.split("\f")[:-1]]


def poppler_image(path, page=1):
    """A page as Poppler paints it, a pixel for each point."""
    numbers = ["-f", str(page), "-l", str(page)]
    command = ["pdftoppm", "-png", "-cropbox", "-r", "72", *numbers, path]
    painted = subprocess.run(command, capture_output=True, check=True).stdout
    return Image.open(io.BytesIO(painted))


def pypdf_texts(path):
    """The text of each page, read by pypdf."""
    with pypdf.PdfReader(path) as reader:
        return [" ".join(page.extract_text().split()) for page in reader.pages]


def qpdf_check(path):
    """What QPDF says of a file, and its exit status."""
    answer = subprocess.run(["qpdf", "--check", path], capture_output=True)
    return answer.returncode, answer.stdout + answer.stderr
