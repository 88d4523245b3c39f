"""What QPDF cannot open or save may open in another reader, which writes it anew.

PDFium comes with the package pypdfium2; Poppler, with the system, may be missing.
"""

import os
import shutil
import subprocess
from functools import partial

import pypdfium2

from .limits import die_with
from .messages import Failure

POPPLER = "pdftocairo"
POPPLER_SECONDS = 30
# The pages are looked at in so many pixels for each point: enough to see ink.
SCALE = 0.25


def count_pages(path):
    """Return how many pages PDFium finds, or 0."""
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            return len(pdf)
    except pypdfium2.PdfiumError:
        return 0


def with_pdfium(path, target):
    """Write the pages anew; what is hidden between them stays behind."""
    try:
        with pypdfium2.PdfDocument(path) as pdf, pypdfium2.PdfDocument.new() as copy:
            copy.import_pages(pdf)
            copy.save(target)
    except pypdfium2.PdfiumError as error:
        raise Failure("damaged", f"PDFium: {error}") from error


def with_poppler(path, target):
    if not (program := shutil.which(POPPLER)):
        raise Failure("damaged", "Poppler is not installed")
    try:
        answer = subprocess.run(
            [program, "-pdf", path, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=POPPLER_SECONDS,
            preexec_fn=partial(die_with, os.getpid()),
        )
    except subprocess.TimeoutExpired as error:
        raise Failure("timeout", f"Poppler: {error}") from error
    if answer.returncode:
        raise Failure("damaged", f"Poppler: {answer.returncode}")


def has_empty_page(path):
    """Whether nothing is seen on one of the pages; unknown counts as empty."""
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            return any(not _has_ink(page) for page in pdf)
    except pypdfium2.PdfiumError:
        return True


def _has_ink(page):
    painted = page.render(scale=SCALE, may_draw_forms=False).to_pil().convert("L")
    darkest, lightest = painted.getextrema()
    return darkest != lightest


# In the order in which they are asked, with the code of what to know afterwards.
READERS = (("by_pdfium", with_pdfium), ("by_poppler", with_poppler))
