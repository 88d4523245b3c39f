"""Our side of `bench_compile`, also as a program whose memory is measured.

Usage: compiling.py FOLDER TARGET LAST-PAGE < list of files
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "progbox_invoice_archive"))

from tools.pdf import Part, assemble, inspect_files  # noqa: E402


def compile_files(files, last, folder, target):
    """Inspect files named INVOICE-KIND.pdf and compile them, with a last page.

    :return: (seconds of the inspection, pages)
    """
    with tempfile.TemporaryDirectory(dir=folder) as work:
        start = time.perf_counter()
        parts = [_part(inspection) for inspection in inspect_files(files, work)]
        inspection_s = time.perf_counter() - start
        parts.append(Part(last, 1, "Left out"))
        assembled = assemble(parts, target, folder=work, title="Invoice backup")
    return inspection_s, assembled.pages


def _part(inspection):
    number = f"INV/{inspection.name[:5]}"
    return Part(inspection.ready, inspection.pages, inspection.name, (number,), number)


if __name__ == "__main__":
    compile_files(sys.stdin.read().split(), sys.argv[3], *sys.argv[1:3])
