"""What QPDF cannot open or save may open in another reader, which writes it anew.

PDFium comes with the package pypdfium2; Poppler, with the system, may be missing.
"""

import os
import shutil
import subprocess
import tempfile
import time
from functools import partial

import pypdfium2

from .limits import die_with
from .messages import Failure

POPPLER = "pdftocairo"
POPPLER_SECONDS = 30
# The pages are looked at in so many pixels for each point: enough to see ink.
SCALE = 0.25
LONGEST = 1_000  # pixels, of a page that is as large as a house
PAINTING_SECONDS = 8  # of the processor, for the pages of one file
TOLERANCE = 4  # shades of grey
PAINTER = "pdftoppm"


def count_pages(path):
    """Return how many pages PDFium finds, or 0."""
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            return len(pdf)
    except pypdfium2.PdfiumError:
        return 0


def has_files_inside(path):
    """Whether PDFium finds files attached to a PDF."""
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            return pdf.count_attachments() > 0
    except pypdfium2.PdfiumError:
        return False


def with_pdfium(path, target, number=None):
    """Write the pages anew; what is hidden between them stays behind.

    :param number: index of the only page to be written
    """
    wanted = None if number is None else [number]
    try:
        with pypdfium2.PdfDocument(path) as pdf, pypdfium2.PdfDocument.new() as copy:
            copy.import_pages(pdf, wanted)
            copy.save(target)
    except pypdfium2.PdfiumError as error:
        raise Failure("damaged", f"PDFium: {error}") from error


def with_poppler(path, target, number=None):
    """As with_pdfium."""
    _run_poppler(POPPLER, ["-pdf", *_only(number), path, target])


def _only(number):
    return [] if number is None else ["-f", str(number + 1), "-l", str(number + 1)]


def _run_poppler(name, arguments, said=subprocess.DEVNULL):
    if not (program := shutil.which(name)):
        raise Failure("damaged", "Poppler is not installed")
    try:
        answer = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.DEVNULL,
            timeout=POPPLER_SECONDS,
            preexec_fn=partial(die_with, os.getpid()),
        )
    except subprocess.TimeoutExpired as error:
        raise Failure("timeout", f"Poppler: {error}") from error
    if answer.returncode:
        raise Failure("damaged", f"Poppler: {answer.returncode}")


def poppler_sees(path, number):
    """Whether Poppler paints anything on a page."""
    from PIL import Image  # few children ever need it

    size = str(round(72 * SCALE))
    with tempfile.TemporaryFile() as said:
        try:
            arguments = ["-gray", "-r", size, *_only(number), path]
            _run_poppler(PAINTER, arguments, said)
            said.seek(0)
            return _ink(Image.open(said)) > 0
        except (Failure, OSError, ValueError):
            return False  # it paints nothing that can be looked at


def inks(path, numbers=None):
    """Return how much PDFium paints on pages: {index: pixels that are not paper}

    Nothing of a file that it does not open, none of a page that it does not load.

    :param numbers: indexes of pages; None: all. Where painting takes long, the last
        ones are left out
    """
    found, end = {}, time.process_time() + PAINTING_SECONDS
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            for number in range(len(pdf)) if numbers is None else numbers:
                if numbers is not None and time.process_time() > end:
                    break
                found[number] = _ink_of(pdf, number)
    except pypdfium2.PdfiumError:
        return found
    return found


def _ink_of(pdf, number):
    try:
        page = pdf[number]
    except (IndexError, pypdfium2.PdfiumError):
        return 0
    scale = min(SCALE, LONGEST / max(1, *page.get_size()))
    painted = page.render(scale=scale, may_draw_forms=False).to_pil()
    page.close()
    return _ink(painted)


def _ink(image):
    """The pixels that differ from the paper, which is the lightest colour."""
    counts = image.convert("L").histogram()
    lightest = max(tone for tone, count in enumerate(counts) if count)
    return sum(counts[: max(0, lightest - TOLERANCE)])


# In the order in which they are asked, with the code of what to know afterwards.
READERS = (("by_pdfium", with_pdfium), ("by_poppler", with_poppler))
