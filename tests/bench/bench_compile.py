"""Compiling 900 files, 1 GB, 2,100 pages, beside the qpdf command and pypdf's append.

Our side does more: it inspects each file alone, adds bookmarks, page labels and a last
page, and has two readers check the result.
"""

import io
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pikepdf
import psutil
from pikepdf import Dictionary, Name, Stream
from PIL import Image
from progbox_env import paths
from reportlab.pdfgen import canvas

sys.path.append(str(paths.ROOT / "progbox_invoice_archive/tools"))
INVOICES, SMALL_INVOICES = 300, 10_000
PAGES = (1, 2, 4)  # of an invoice and its two attachments
PIXELS = 900  # a side of the picture on each page: 490 kB as JPEG
GOALS = {
    "speedup_over_qpdf": ">= 1.5",
    "speedup_over_pypdf": ">= 4",
    "peak_memory_mb": "< 200",
    "small_memory_growth_mb": "< 50",
}
LINE = "line {} of what was done on the building site, and what it costs"


def run(tools, quick):
    share = 10 if quick else 1
    with tempfile.TemporaryDirectory(dir=paths.HOME) as folder:
        work = Work(Path(folder))
        work.make("large", INVOICES // share, PAGES, PIXELS)
        tools.note(f"{len(work.files)} files, {work.megabytes():,.0f} MB")
        times = tools.interleaved(
            {"ours": work.ours, "qpdf": work.qpdf, "pypdf": work.pypdf}, rounds=5
        )
        figures = {
            "ours_s": times.median("ours"),
            "qpdf_s": times.median("qpdf"),
            "pypdf_s": times.median("pypdf"),
            "speedup_over_qpdf": times.ratio("qpdf", "ours"),
            "speedup_over_pypdf": times.ratio("pypdf", "ours"),
            **work.steps,
            "peak_memory_mb": work.peak_of_ours(),
            "qpdf_peak_memory_mb": peak(work.qpdf_command()),
        }
        return figures | small(tools, work, SMALL_INVOICES // share)


def small(tools, work, count):
    """Many invoices of one page: a tenth of them, then all."""
    work.make("small", count, (1,), 30)
    files = work.files
    tools.note(f"{len(files)} small files")
    work.files = files[: count // 10]
    before = work.peak_of_ours()
    work.files = files
    start = time.perf_counter()
    after = work.peak_of_ours()
    return {
        "small_s": time.perf_counter() - start,
        "small_peak_memory_mb": after,
        "small_memory_growth_mb": after - before,
    }


class Work:
    """The files, and the three ways to make one of them."""

    def __init__(self, folder):
        self.folder = folder
        self.target = folder / "result.pdf"
        self.steps = {}

    def make(self, name, invoices, pages, pixels):
        """Write the files of invoices: the invoice and its attachments."""
        folder = self.folder / name
        folder.mkdir()
        maker = Maker(pixels)
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

    def megabytes(self):
        return sum(path.stat().st_size for path in self.files) / 1e6

    def ours(self):
        from compile import Part, assemble, inspect_files

        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            start = time.perf_counter()
            parts = [
                Part(
                    each.ready,
                    each.pages,
                    each.name,
                    (f"INV/{each.name[:5]}",),
                    f"INV/{each.name[:5]}",
                )
                for each in inspect_files(self.files, folder)
            ]
            self.steps = {"inspection_s": time.perf_counter() - start}
            parts.append(Part(self.last, 1, "Left out"))
            assemble(parts, self.target, folder=folder, title="Invoice backup")
        self._check_and_remove(sum(part.pages for part in parts))

    def qpdf_command(self):
        inputs = map(str, [*self.files, self.last])
        return ["qpdf", "--empty", "--pages", *inputs, "--", str(self.target)]

    def qpdf(self):
        subprocess.run(self.qpdf_command(), check=True)
        self._check_and_remove()

    def pypdf(self):
        import pypdf

        writer = pypdf.PdfWriter()
        for path in [*self.files, self.last]:
            writer.append(path)
        writer.write(self.target)
        writer.close()
        self._check_and_remove()

    def _check_and_remove(self, pages=None):
        with pikepdf.open(self.target) as pdf:
            assert pages is None or len(pdf.pages) == pages, len(pdf.pages)
        self.target.unlink()

    def peak_of_ours(self):
        """The memory of a process that does our side, with its children, in MB."""
        program = (
            "import sys; from bench_compile import Work; from pathlib import Path;"
            "work = Work(Path(sys.argv[1])); work.last = Path(sys.argv[2]);"
            "work.files = [Path(line.strip()) for line in sys.stdin]; work.ours()"
        )
        words = [sys.executable, "-c", program, str(self.folder), str(self.last)]
        return peak(words, "\n".join(map(str, self.files)))


class Maker:
    """Writes files with text and a picture on each page."""

    def __init__(self, pixels):
        chance = random.Random(1)
        self.pixels, self.pictures = pixels, []
        for _number in range(12):
            noise = chance.randbytes(pixels * pixels * 3)
            image, buffer = Image.frombytes("RGB", (pixels,) * 2, noise), io.BytesIO()
            image.save(buffer, "JPEG", quality=75)
            self.pictures.append(buffer.getvalue())
        self.count = 0

    def write(self, path, title, pages):
        with pikepdf.new() as pdf:
            font = pdf.make_indirect(
                Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
            )
            for number in range(pages):
                self._add_page(pdf, font, f"{title}, page {number}")
            packed = self.count % 2  # half of the programs write object streams
            mode = pikepdf.ObjectStreamMode
            pdf.save(path, object_stream_mode=mode.generate if packed else mode.disable)

    def _add_page(self, pdf, font, title):
        picture = Stream(
            pdf,
            self.pictures[self.count % len(self.pictures)],
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=self.pixels,
            Height=self.pixels,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
        self.count += 1
        lines = [title, *(LINE.format(number) for number in range(30))]
        drawn = " ".join(f"({line}) Tj 0 -12 Td" for line in lines)
        content = f"BT /F 10 Tf 50 790 Td {drawn} ET q 300 0 0 300 50 50 cm /P Do Q"
        page = pdf.add_blank_page(page_size=(595, 842))
        page.Resources = Dictionary(Font={"/F": font}, XObject={"/P": picture})
        page.Contents = Stream(pdf, content.encode())


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
