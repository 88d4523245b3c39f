"""Compiling 900 files, 1 GB, 2,100 pages, beside the qpdf command and pypdf's append.

Our side does more: it inspects each file alone, adds bookmarks, page labels and a last
page, and has two readers check the result.
"""

import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import compiling
import pikepdf
import psutil
from compiling import compile_files
from PIL import Image
from progbox_env import paths
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

INVOICES, SMALL_INVOICES = 300, 10_000
PAGES = (1, 2, 4)  # of an invoice and its two attachments
PIXELS = 900  # a side of the picture on each page: 490 kB as JPEG
GOALS = {
    "speedup_over_qpdf": ">= 1.5",
    "speedup_over_pypdf": ">= 4",
    "peak_memory_mb": "< 200",
    "small_memory_growth_mb": "< 50",
    "unique_bytes_ratio": "<= 1.5",
}
ALIKE_INVOICES = 100
LOGO_PIXELS = 320  # a side: 410 kB with its transparency
PHOTO_PIXELS = 160  # 16 kB
TEMPLATES = 12  # different files, of which all others differ by a title
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.éèàçü€"
rl_config.useA85 = 0  # pictures as they are, as all programs but reportlab do


def run(tools, quick):
    share = 10 if quick else 1
    with tempfile.TemporaryDirectory(dir=paths.HOME) as folder:
        work = Work(Path(folder))
        work.make("large", INVOICES // share, PAGES, PIXELS)
        tools.note(f"{len(work.files)} files, {work.megabytes():,.0f} MB")
        times = tools.interleaved(
            {"ours": work.ours, "qpdf": work.qpdf, "pypdf": work.pypdf},
            rounds=3,
            after=work.check_and_remove,
        )
        figures = {
            "ours_s": times.median("ours"),
            "qpdf_s": times.median("qpdf"),
            "pypdf_s": times.median("pypdf"),
            "speedup_over_qpdf": times.ratio("qpdf", "ours"),
            "speedup_over_pypdf": times.ratio("pypdf", "ours"),
            "inspection_s": work.inspection_s,
            "peak_memory_mb": work.peak_of_ours(),
            "qpdf_peak_memory_mb": peak(work.qpdf_command()),
        }
        return figures | small(tools, work, SMALL_INVOICES // share) | alike(work)


def small(tools, work, count):
    """Many invoices of one page: a tenth of them, then all."""
    work.make("few", count // 10, (1,), 30)
    before = work.peak_of_ours()
    work.make("small", count, (1,), 30)
    tools.note(f"{len(work.files)} small invoices, {work.megabytes():,.0f} MB")
    start = time.perf_counter()
    after = work.peak_of_ours()
    return {
        "small_s": time.perf_counter() - start,
        "small_peak_memory_mb": after,
        "small_memory_growth_mb": after - before,
    }


def alike(work):
    """Invoices with one logo: what a backup of them takes, beside what differs."""
    work.make_alike("alike", ALIKE_INVOICES)
    unique = unique_bytes(work.files)
    work.ours()
    size = work.target.stat().st_size
    work.check_and_remove()
    return {"unique_bytes_ratio": size / unique, "alike_mb": size / 1e6}


def unique_bytes(paths):
    """The bytes of all streams that are not the same as another one's."""
    sizes = {}
    for path in paths:
        with pikepdf.open(path) as pdf:
            for value in pdf.objects:
                if isinstance(value, pikepdf.Stream):
                    data = value.read_raw_bytes()
                    sizes[hashlib.sha256(data).digest()] = len(data)
    return sum(sizes.values())


class Work:
    """The files, and the three ways to make one of them."""

    def __init__(self, folder):
        self.folder = folder
        self.target = folder / "result.pdf"

    def make(self, name, invoices, pages, pixels):
        """Write the files of invoices: the invoice and its attachments."""
        folder = self.folder / name
        folder.mkdir()
        maker = Maker(self.folder, pixels)
        self.files = []
        for invoice in range(invoices):
            for kind, count in enumerate(pages):
                path = folder / f"{invoice:05}-{kind}.pdf"
                maker.write(path, f"Invoice {invoice}, file {kind}", count)
                self.files.append(path)
        self.last = folder / "left-out.pdf"
        sheet = canvas.Canvas(str(self.last))
        sheet.drawString(72, 770, "Left out: plan.pdf opens with a password only.")
        sheet.save()
        self.pages = invoices * sum(pages) + 1

    def make_alike(self, name, invoices):
        """Write the files of invoices that differ by their text and a small photo."""
        folder = self.folder / name
        folder.mkdir()
        maker = Maker(self.folder, PIXELS)
        self.files = [folder / f"{invoice:05}-0.pdf" for invoice in range(invoices)]
        logo = maker.picture("PNG", "RGBA", LOGO_PIXELS)
        for path in self.files:
            maker.write_alike(path, logo)
        self.pages = invoices + 1

    def megabytes(self):
        return sum(path.stat().st_size for path in self.files) / 1e6

    def ours(self):
        result = compile_files(self.files, self.last, self.folder, self.target)
        self.inspection_s, _pages = result

    def qpdf_command(self):
        inputs = map(str, [*self.files, self.last])
        return ["qpdf", "--empty", "--pages", *inputs, "--", str(self.target)]

    def qpdf(self):
        subprocess.run(self.qpdf_command(), check=True)

    def pypdf(self):
        import pypdf

        writer = pypdf.PdfWriter()
        for path in [*self.files, self.last]:
            writer.append(path)
        writer.write(self.target)
        writer.close()

    def check_and_remove(self):
        """The same pages, whoever made them."""
        with pikepdf.open(self.target) as pdf:
            assert len(pdf.pages) == self.pages, len(pdf.pages)
        self.target.unlink()

    def peak_of_ours(self):
        """The memory of a process that does our side, with its children, in MB."""
        words = [
            sys.executable,
            compiling.__file__,
            self.folder,
            self.target,
            self.last,
        ]
        used = peak(words, "\n".join(map(str, self.files)))
        self.check_and_remove()
        return used


class Maker:
    """Writes files as invoicing programs do: fonts of their own, a logo, a photo."""

    def __init__(self, folder, pixels):
        self._folder, self._pixels = folder, pixels
        self._chance, self._count, self._templates = random.Random(1), 0, {}
        for name in ("Vera", "VeraBd", "VeraIt"):  # reportlab brings them along
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))

    def write(self, path, title, pages):
        """A file of its own: its title stands on each page."""
        templates = self._templates.setdefault(pages, [])
        if len(templates) < TEMPLATES:
            templates.append(self._template(pages))
        self._count += 1
        packed = self._count % 2  # half of the programs write object streams
        mode = pikepdf.ObjectStreamMode
        with pikepdf.open(templates[self._count % len(templates)]) as pdf:
            for page in pdf.pages:
                text = f"BT /F1 14 Tf 60 810 Td ({title}) Tj ET"
                page.contents_add(text.encode())
            pdf.save(path, object_stream_mode=mode.generate if packed else mode.disable)

    def _template(self, pages):
        path = self._folder / f"template-{pages}-{len(self._templates[pages])}.pdf"
        sheet = canvas.Canvas(str(path), pageCompression=1)
        logo = self.picture("PNG", "RGBA", 60)
        for _page in range(pages):
            sheet.setFont("VeraBd", 16)
            sheet.drawString(60, 780, "Facture")
            sheet.drawImage(logo, 450, 760, mask="auto")
            for number in range(30):
                sheet.setFont("VeraIt" if number % 5 else "Vera", 7)
                words = "".join(self._chance.choices(LETTERS, k=80))
                sheet.drawString(60, 740 - 12 * number, f"{number} {words}")
                sheet.line(60, 737 - 12 * number, 530, 737 - 12 * number)
            photo = self.picture("JPEG", "RGB", self._pixels)
            sheet.drawImage(photo, 60, 50, width=300, height=300)
            sheet.showPage()
        sheet.save()
        return path

    def write_alike(self, path, logo):
        """A page with a logo that other files have, too, and what is its own."""
        sheet = canvas.Canvas(str(path), pageCompression=1)
        sheet.setFont("VeraBd", 16)
        sheet.drawString(60, 780, f"Facture {path.stem}")
        sheet.drawImage(logo, 450, 760, width=60, height=60, mask="auto")
        photo = self.picture("JPEG", "RGB", PHOTO_PIXELS)
        sheet.drawImage(photo, 60, 50, width=300, height=300)
        sheet.save()

    def picture(self, kind, mode, pixels):
        path = self._folder / f"picture.{self._chance.random()}.{kind.lower()}"
        noise = self._chance.randbytes(pixels * pixels * len(mode))
        image = Image.frombytes(mode, (pixels, pixels), noise)
        image.save(path, kind, quality=75)
        return str(path)


def peak(command, text=""):
    """Run a command; the largest memory of it and its children together, in MB.

    Libraries that two of them share count twice.
    """
    folder = Path(__file__).parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=folder) as process:
        process.stdin.write(text.encode())
        process.stdin.close()
        largest = 0
        while process.poll() is None:
            largest = max(largest, memory(process.pid))
            time.sleep(0.01)
    assert process.returncode == 0, command[:3]
    return largest / 1e6


def memory(number):
    try:
        process = psutil.Process(number)
        family = [process, *process.children(recursive=True)]
        return sum(each.memory_info().rss for each in family)
    except psutil.NoSuchProcess:
        return 0  # one of them has just ended
