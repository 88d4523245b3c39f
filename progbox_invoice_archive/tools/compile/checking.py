"""Goes through a finished PDF; runs in a child process."""

import re
import shutil
import subprocess

import pikepdf

from .failure import Failure

# Objects that QPDF may hold in memory at a time
SLICE = 20_000
POPPLER = "pdfinfo"
PAGE_LINE = re.compile(rb"^Page +(\d+) size:", re.MULTILINE)


def check_with_qpdf(_report, path, pages):
    """Read every object of a PDF, and compare the number of pages."""
    try:
        _check_with_qpdf(path, pages)
    except (MemoryError, Failure):
        raise
    except Exception as error:  # QPDF and pikepdf raise what they like
        raise Failure("check_failed", f"QPDF: {error!r}") from error


def _check_with_qpdf(path, pages):
    objects, start = 1, 0
    while start < objects:
        # Reading in steps does not touch the streams, and a file of any size is read
        # through a window: a map of the file would count as memory.
        with pikepdf.open(
            path, access_mode=pikepdf.AccessMode.stream, attempt_recovery=False
        ) as pdf:
            if not start:
                _compare(len(pdf.pages), pages, "QPDF")
                _look_at_pages(pdf)
                objects = int(pdf.trailer.Size)
            for number in range(max(1, start), min(objects, start + SLICE)):
                pdf.get_object(number, 0)
            if warnings := pdf.get_warnings():
                raise Failure("check_failed", "QPDF: " + "; ".join(warnings))
        start += SLICE


def _look_at_pages(pdf):
    for index, page in enumerate(pdf.pages):
        try:
            page.mediabox, page.resources  # noqa: B018
        except Exception as error:
            raise Failure("check_failed", f"QPDF: {error!r}", index) from error


def check_with_second_reader(_report, path, pages):
    """Have Poppler load all pages, or pypdf where there is no Poppler."""
    if program := shutil.which(POPPLER):
        _check_with_poppler(program, path, pages)
    else:
        check_with_pypdf(path, pages)


def _check_with_poppler(program, path, pages):
    command = [program, "-f", "1", "-l", str(pages + 1), path]
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if answer.returncode:
        said = answer.stderr.decode(errors="replace").strip()
        raise Failure("check_failed", f"Poppler: {answer.returncode}: {said}")
    _compare(len(PAGE_LINE.findall(answer.stdout)), pages, "Poppler")


def check_with_pypdf(path, pages):
    import pypdf

    found = 0
    with open(path, "rb") as file:
        try:
            for page in pypdf.PdfReader(file).pages:
                page.mediabox  # noqa: B018
                found += 1
        except MemoryError:
            raise
        except Exception as error:  # so does pypdf
            raise Failure("check_failed", f"pypdf: {error!r}", found) from error
    _compare(found, pages, "pypdf")


def _compare(found, wanted, reader):
    if found != wanted:
        raise Failure("check_failed", f"{reader}: {found} pages, not {wanted}")
